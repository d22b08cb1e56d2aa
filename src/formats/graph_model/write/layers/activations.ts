import { ownValue } from "../../../../base/mod.ts";
import type { JsonObject } from "../../../../model/mod.ts";
import {
  activationOf,
  eluFormula,
  type LayerCall,
  numberOf,
  type PartOperator,
  type Parts,
  PARTS_FORMULAS,
} from "../../../export/mod.ts";
import { flagAttribute, floatAttribute, typeAttribute } from "../../attributes.ts";
import type { GraphWriter, WrittenTensor } from "../graph_writer.ts";
import type { LayerWriter } from "./layer_writer.ts";

/** Operations of the parts as TensorFlow calls them. */
const PARTS: Readonly<Record<PartOperator, string>> = {
  ABS: "Abs",
  ADD: "AddV2",
  DIV: "RealDiv",
  ELU: "Elu",
  EXP: "Exp",
  LOG: "Log",
  LOGISTIC: "Sigmoid",
  MINIMUM: "Minimum",
  MUL: "Mul",
  NEG: "Neg",
  RELU: "Relu",
  TANH: "Tanh",
};

/** Nodes that change values one by one, each named after the one that they are for. */
class Pointwise implements Parts<WrittenTensor> {
  readonly #graph: GraphWriter;
  readonly #name: string;
  readonly #shape: WrittenTensor["shape"];
  #count = 0;

  constructor(graph: GraphWriter, name: string, { shape }: WrittenTensor) {
    this.#graph = graph;
    this.#name = name;
    this.#shape = shape;
  }

  do(operator: PartOperator, inputs: readonly (WrittenTensor | number)[]): WrittenTensor {
    return this.#add(`${this.#name}/part${++this.#count}`, PARTS[operator], inputs);
  }

  end(operator: PartOperator, inputs: readonly (WrittenTensor | number)[]): WrittenTensor {
    return this.#add(this.#name, PARTS[operator], inputs);
  }

  /** The last node, of an operation that is no part of others. */
  finish(
    operator: string,
    inputs: readonly (WrittenTensor | number)[],
    attributes?: JsonObject,
  ): WrittenTensor {
    return this.#add(this.#name, operator, inputs, attributes);
  }

  /** Error function of x. */
  erf(x: WrittenTensor): WrittenTensor {
    return this.#add(`${this.#name}/part${++this.#count}`, "Erf", [x]);
  }

  #add(
    name: string,
    operator: string,
    inputs: readonly (WrittenTensor | number)[],
    attributes?: JsonObject,
  ): WrittenTensor {
    const operands = inputs.map((input) =>
      typeof input === "number"
        ? this.#graph.addFloats("constant", String(input), [], [input])
        : input
    );
    return this.#graph.add(name, operator, operands, this.#shape, attributes);
  }
}

type Formula = (parts: Pointwise, x: WrittenTensor) => WrittenTensor;

const plain = (operator: string, attributes?: JsonObject): Formula => (parts, x) =>
  parts.finish(operator, [x], attributes);

/** gelu(x) = x / 2 · (1 + erf(x / √2)). */
const gelu: Formula = (parts, x) => {
  const share = parts.do("ADD", [parts.erf(parts.do("MUL", [x, Math.SQRT1_2])), 1]);
  return parts.end("MUL", [parts.do("MUL", [x, 0.5]), share]);
};

/** gelu by tanh: x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 · x³))). */
const geluByTanh: Formula = (parts, x) => {
  const cube = parts.do("MUL", [parts.do("MUL", [parts.do("MUL", [x, x]), x]), 0.044715]);
  const inner = parts.do("MUL", [parts.do("ADD", [x, cube]), Math.sqrt(2 / Math.PI)]);
  const share = parts.do("ADD", [parts.do("TANH", [inner]), 1]);
  return parts.end("MUL", [parts.do("MUL", [x, 0.5]), share]);
};

/** Activations by their name in lower case, without underscores. */
const FORMULAS: Readonly<Record<string, Formula>> = {
  ...PARTS_FORMULAS,
  relu: plain("Relu"),
  relu6: plain("Relu6"),
  elu: plain("Elu"),
  selu: plain("Selu"),
  sigmoid: plain("Sigmoid"),
  tanh: plain("Tanh"),
  softmax: plain("Softmax"),
  logsoftmax: plain("LogSoftmax"),
  exponential: plain("Exp"),
  gelu,
  gelunew: geluByTanh,
};

function write(graph: GraphWriter, name: string, x: WrittenTensor, formula: Formula) {
  return formula(new Pointwise(graph, name, x), x);
}

/**
 * A layer's own work with its activation behind it.
 *
 * @param graph The graph.
 * @param call The layer.
 * @param add Adds the layer's own work under a name.
 * @returns What the layer makes.
 * @throws {InputError} When there is no such activation.
 */
export function finishLayer(
  graph: GraphWriter,
  call: LayerCall,
  add: (name: string) => WrittenTensor,
): WrittenTensor {
  const activation = activationOf(call);
  if (activation === "linear") return add(call.name);
  return writeActivation(graph, call, add(`${call.name}/linear`));
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

/** A formula with numbers from the options of the layer. */
const withOptions = (formulaOf: (call: LayerCall) => Formula): LayerWriter => (graph, call, [x]) =>
  write(graph, call.name, x, formulaOf(call));

const writeRelu = withOptions(({ config }) => (parts, x) => {
  const bound = config.max_value ?? undefined;
  if (bound === undefined) return parts.end("RELU", [x]);
  if (bound === 6) return parts.finish("Relu6", [x]);
  return parts.end("MINIMUM", [parts.do("RELU", [x]), Number(bound)]);
});

/** x where it is larger than theta, zero elsewhere. */
const writeThreshold: LayerWriter = (graph, call, [x]) => {
  const theta = graph.addFloats(call.name, "theta", [], [numberOf(call, "theta", 1)]);
  const larger = graph.add(`${call.name}/larger`, "Greater", [x, theta], x.shape);
  const mask = graph.add(`${call.name}/mask`, "Cast", [larger], x.shape, {
    SrcT: typeAttribute("DT_BOOL"),
    DstT: typeAttribute("DT_FLOAT"),
  });
  return graph.add(call.name, "Mul", [x, mask], x.shape);
};

const writePRelu: LayerWriter = (graph, call, [x]) => {
  const { shape, values } = call.weights.get("alpha")!;
  return graph.add(call.name, "Prelu", [x, graph.addFloats(call.layer, "alpha", shape, values)], [
    ...x.shape,
  ]);
};

const writeRescaling: LayerWriter = (graph, call, [x]) => {
  const { scale = 1, offset = 0 } = call.config;
  if (![scale, offset].every((value) => Number.isFinite(value))) {
    throw graph.refusal(
      call,
      "has a scale or offset for each channel, wanted one number; replace it",
    );
  }
  return write(
    graph,
    call.name,
    x,
    (parts, values) => parts.end("ADD", [parts.do("MUL", [values, Number(scale)]), Number(offset)]),
  );
};

const writeSoftmax: LayerWriter = (graph, call, [x]) => {
  const axis = numberOf(call, "axis", -1);
  if (axis === -1 || axis === x.shape.length) return write(graph, call.name, x, FORMULAS.softmax);
  throw graph.refusal(call, `runs along axis ${axis}, wanted the channels, -1`);
};

/** Over channels or positions: (x − mean) / √(variance + ε) · γ + β. */
const writeLayerNorm: LayerWriter = (graph, call, [x]) => {
  const { config, layer, name } = call;
  const axes = [config.axis ?? -1].flat().map((axis) =>
    Number(axis) < 0 ? Number(axis) + x.shape.length + 1 : Number(axis)
  );
  const operand = graph.addIntegers(layer, "axes", axes);
  const narrow = x.shape.map((extent, axis) => axes.includes(axis + 1) ? 1 : extent);
  const mean = (part: string, tensor: WrittenTensor) =>
    graph.add(`${name}/${part}`, "Mean", [tensor, operand], narrow, {
      keep_dims: flagAttribute(true),
    });
  const epsilon = graph.addFloats(layer, "epsilon", [], [numberOf(call, "epsilon", 1e-3)]);
  const centered = graph.add(`${name}/centered`, "Sub", [x, mean("mean", x)], x.shape);
  const squares = graph.add(`${name}/squares`, "Square", [centered], x.shape);
  const variance = graph.add(
    ...[`${name}/variance`, "AddV2", [mean("squares_mean", squares), epsilon], narrow] as const,
  );
  const factor = graph.add(`${name}/factor`, "Rsqrt", [variance], narrow);
  const steps = (["gamma", "beta"] as const).flatMap((role) => {
    const weight = call.weights.get(role);
    return weight ? [{ operator: role === "gamma" ? "Mul" : "AddV2", role, ...weight }] : [];
  });
  const normal = graph.add(steps.length > 0 ? `${name}/normal` : name, "Mul", [
    ...[centered, factor],
  ], x.shape);
  return steps.reduce((tensor, { operator, role, shape, values }, index) => {
    const own = index === steps.length - 1 ? name : `${name}/scaled`;
    return graph.add(own, operator, [tensor, graph.addFloats(layer, role, shape, values)], x.shape);
  }, normal);
};

/** Layers that change values one by one, and normalizations. */
export const activationLayers: Readonly<Record<string, LayerWriter>> = {
  Activation: (graph, call, [x]) => writeActivation(graph, call, x),
  ReLU: writeRelu,
  LeakyReLU: withOptions((call) =>
    plain("LeakyRelu", { alpha: floatAttribute(numberOf(call, "alpha", 0.3)) })
  ),
  ELU: withOptions((call) => eluFormula(numberOf(call, "alpha", 1))),
  ThresholdedReLU: writeThreshold,
  PReLU: writePRelu,
  Rescaling: writeRescaling,
  Softmax: writeSoftmax,
  LayerNormalization: writeLayerNorm,
};
