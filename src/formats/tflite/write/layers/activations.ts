import { ownValue } from "../../../../base/mod.ts";
import {
  activationOf,
  eluFormula,
  type LayerCall,
  numberOf,
  PARTS_FORMULAS,
} from "../../../export/mod.ts";
import {
  fusedNumber,
  type GraphWriter,
  type NodeOptions,
  type WrittenTensor,
} from "../graph_writer.ts";
import type { OperatorName } from "../../model.ts";
import type { LayerWriter } from "./layer_writer.ts";

/** Nodes that change values one by one, each named after the one that they are for. */
class Pointwise {
  readonly #graph: GraphWriter;
  readonly #name: string;
  readonly #shape: WrittenTensor["shape"];
  #count = 0;

  constructor(graph: GraphWriter, name: string, { shape }: WrittenTensor) {
    this.#graph = graph;
    this.#name = name;
    this.#shape = shape;
  }

  /** A node on the way. */
  do(
    operator: OperatorName,
    inputs: readonly (WrittenTensor | number)[],
    options?: NodeOptions,
  ): WrittenTensor {
    const name = `${this.#name}/step${++this.#count}`;
    const operands = inputs.map((input) => typeof input === "number" ? this.#number(input) : input);
    return this.#graph.add(name, operator, operands, this.#shape, options);
  }

  /** The last node. */
  end(
    operator: OperatorName,
    inputs: readonly (WrittenTensor | number)[],
    options?: NodeOptions,
  ): WrittenTensor {
    const operands = inputs.map((input) => typeof input === "number" ? this.#number(input) : input);
    return this.#graph.add(this.#name, operator, operands, this.#shape, options);
  }

  #number(value: number): number {
    return this.#graph.addFloats("constant", String(value), [], [value]);
  }
}

type Formula = (steps: Pointwise, x: WrittenTensor) => WrittenTensor;

const plain = (operator: OperatorName, options?: NodeOptions): Formula => (steps, x) =>
  steps.end(operator, [x], options);

/** Activations by their name in lower case, without underscores. */
const FORMULAS: Readonly<Record<string, Formula>> = {
  relu: plain("RELU"),
  relu6: plain("RELU6"),
  elu: eluFormula(1),
  sigmoid: plain("LOGISTIC"),
  tanh: plain("TANH"),
  softmax: plain("SOFTMAX", ["SoftmaxOptions", { beta: 1 }]),
  logsoftmax: plain("LOG_SOFTMAX"),
  exponential: plain("EXP"),
  gelu: plain("GELU", ["GeluOptions", { isApproximate: false }]),
  gelunew: plain("GELU", ["GeluOptions", { isApproximate: true }]),
  ...PARTS_FORMULAS,
};

function write(graph: GraphWriter, name: string, x: WrittenTensor, formula: Formula) {
  return formula(new Pointwise(graph, name, x), x);
}

function writeActivation(graph: GraphWriter, call: LayerCall, x: WrittenTensor): WrittenTensor {
  const activation = activationOf(call);
  if (activation === "linear") return x;
  const formula = ownValue(FORMULAS, activation);
  if (formula) return write(graph, call.name, x, formula);
  throw graph.refusal(
    call,
    `has activation ${activation}, wanted one of ${Object.keys(FORMULAS).join(", ")}; replace it`,
  );
}

/**
 * A layer's own work with its activation: fused to its node, or a node behind it.
 *
 * @param graph The graph.
 * @param call The layer.
 * @param add Adds the node under a name, with the number of the activation that is fused to it.
 * @param canFuse Whether the operation does activations on the way.
 * @returns What the layer makes.
 * @throws {InputError} When there is no such activation.
 */
export function finishLayer(
  graph: GraphWriter,
  call: LayerCall,
  add: (name: string, activation: number) => WrittenTensor,
  canFuse = true,
): WrittenTensor {
  const activation = activationOf(call);
  const fused = canFuse || activation === "linear" ? fusedNumber(activation) : undefined;
  if (fused !== undefined) return add(call.name, fused);
  return writeActivation(graph, call, add(`${call.name}/linear`, 0));
}

/** A formula with numbers from the options of the layer. */
const withOptions = (formulaOf: (call: LayerCall) => Formula): LayerWriter => (graph, call, [x]) =>
  write(graph, call.name, x, formulaOf(call));

const writeRelu = withOptions(({ config }) => (steps, x) => {
  const bound = config.max_value ?? undefined;
  if (bound === undefined) return steps.end("RELU", [x]);
  if (bound === 6) return steps.end("RELU6", [x]);
  return steps.end("MINIMUM", [steps.do("RELU", [x]), Number(bound)]);
});

/** x where it is larger than theta, zero elsewhere. */
const writeThreshold: LayerWriter = (graph, call, [x]) => {
  const theta = graph.addFloats(call.name, "theta", [], [numberOf(call, "theta", 1)]);
  const mask = graph.addMask(`${call.name}/mask`, x, theta);
  return graph.add(call.name, "MUL", [x, mask], x.shape, ["MulOptions", {}]);
};

const writePRelu: LayerWriter = (graph, call, [x]) => {
  const { shape, values } = call.weights.get("alpha")!;
  const slopes = graph.addFloats(call.layer, "alpha", shape, values);
  return graph.add(call.name, "PRELU", [x, slopes], x.shape);
};

const writeRescaling: LayerWriter = (graph, call, [x]) => {
  const { scale = 1, offset = 0 } = call.config;
  const isUsable = [scale, offset].every((value) => Number.isFinite(value));
  if (!isUsable) {
    throw graph.refusal(
      call,
      `has a scale or offset for each channel, wanted one number; replace it`,
    );
  }
  const formula: Formula = (steps, values) =>
    steps.end("ADD", [steps.do("MUL", [values, Number(scale)]), Number(offset)]);
  return write(graph, call.name, x, formula);
};

const writeSoftmax: LayerWriter = (graph, call, [x]) => {
  const axis = numberOf(call, "axis", -1);
  if (axis === -1 || axis === x.shape.length) return write(graph, call.name, x, FORMULAS.softmax);
  throw graph.refusal(call, `runs along axis ${axis}, wanted the channels, -1`);
};

/** Layers that change values one by one. */
export const activationLayers: Readonly<Record<string, LayerWriter>> = {
  Activation: (graph, call, [x]) => writeActivation(graph, call, x),
  ReLU: writeRelu,
  LeakyReLU: withOptions((call) =>
    plain("LEAKY_RELU", ["LeakyReluOptions", { alpha: numberOf(call, "alpha", 0.3) }])
  ),
  ELU: withOptions((call) => eluFormula(numberOf(call, "alpha", 1))),
  ThresholdedReLU: writeThreshold,
  PReLU: writePRelu,
  Rescaling: writeRescaling,
  Softmax: writeSoftmax,
};
