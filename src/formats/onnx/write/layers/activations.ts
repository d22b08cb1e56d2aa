import { ownValue } from "../../../../base/mod.ts";
import { type GraphWriter, inOnnxOrder, type WrittenTensor } from "../graph_writer.ts";
import type { OnnxAttribute } from "../../messages.ts";
import { activationOf, type LayerCall } from "../../../export/mod.ts";
import type { LayerWriter } from "./options.ts";

/** Activations that are one node. */
const OPERATORS: Readonly<
  Record<string, readonly [operator: string, attributes?: Record<string, OnnxAttribute>]>
> = {
  relu: ["Relu"],
  elu: ["Elu", { alpha: 1 }],
  selu: ["Selu"],
  sigmoid: ["Sigmoid"],
  tanh: ["Tanh"],
  softplus: ["Softplus"],
  softsign: ["Softsign"],
  hardsigmoid: ["HardSigmoid", { alpha: 0.2, beta: 0.5 }],
  softmax: ["Softmax"],
  logsoftmax: ["LogSoftmax"],
};

/** The axis in ONNX of the channels of a tensor. */
function channelAxis({ shape }: WrittenTensor): number {
  return shape.length === 3 ? 1 : -1;
}

/**
 * Writes the activation of a layer.
 *
 * @param graph The graph.
 * @param call The layer.
 * @param input What the activation reads.
 * @param name Name of what it makes.
 * @returns What it makes.
 * @throws {InputError} When ONNX has no such activation.
 */
export function writeActivation(
  graph: GraphWriter,
  call: LayerCall,
  input: WrittenTensor,
  name = call.name,
): WrittenTensor {
  const activation = activationOf(call);
  const known = ownValue(OPERATORS, activation);
  if (known) {
    const isOverChannels = activation.endsWith("softmax");
    const attributes = isOverChannels ? { axis: channelAxis(input) } : known[1];
    graph.add(name, known[0], [input.name], attributes);
  } else if (activation === "relu6") {
    writeClip(graph, name, input, 6);
  } else if (activation === "swish" || activation === "silu") {
    const gate = graph.add(graph.partName(name, "gate"), "Sigmoid", [input.name]);
    graph.add(name, "Mul", [input.name, gate]);
  } else if (activation === "mish") {
    const positive = graph.add(graph.partName(name, "positive"), "Softplus", [input.name]);
    const gate = graph.add(graph.partName(name, "gate"), "Tanh", [positive]);
    graph.add(name, "Mul", [input.name, gate]);
  } else if (activation === "gelu") {
    writeGelu(graph, name, input);
  } else {
    throw graph.refusal(
      call,
      `has activation ${activation}, wanted one of ${Object.keys(OPERATORS).join(", ")}, ` +
        `relu6, swish, mish or gelu; replace it`,
    );
  }
  return { name, shape: input.shape, pieces: input.pieces };
}

/** GELU by parts, as opset 17 has no node for it: x · (½ + ½ · erf(x / √2)). */
function writeGelu(graph: GraphWriter, name: string, input: WrittenTensor): void {
  const part = (role: string, operator: string, ...inputs: string[]) =>
    graph.add(graph.partName(name, role), operator, inputs);
  const scale = graph.addFloats(name, "scale", [], [Math.SQRT1_2]);
  const half = graph.addFloats(name, "half", [], [0.5]);
  const erf = part("erf", "Erf", part("scaled", "Mul", input.name, scale));
  const gate = part("gate", "Add", part("half_erf", "Mul", erf, half), half);
  graph.add(name, "Mul", [input.name, gate]);
}

/** Whether the layer's activation changes anything. */
export function hasActivation(call: LayerCall): boolean {
  return activationOf(call) !== "linear";
}

/** A layer's own work under its name, and its activation behind it, if it has one. */
export function finishLayer(
  graph: GraphWriter,
  call: LayerCall,
  linear: Omit<WrittenTensor, "name">,
  write: (name: string) => void,
): WrittenTensor {
  const { name } = call;
  write(name);
  const tensor = { name, ...linear };
  if (!hasActivation(call)) return tensor;
  return writeActivation(graph, call, tensor, graph.partName(name, activationOf(call)));
}

function writeClip(
  graph: GraphWriter,
  name: string,
  input: WrittenTensor,
  high: number,
): void {
  const bounds = [0, high].map((bound, index) =>
    graph.addFloats(name, ["low", "high"][index], [], [bound])
  );
  graph.add(name, "Clip", [input.name, ...bounds]);
}

const writeRelu: LayerWriter = (graph, call, [input]) => {
  const bound = call.config.max_value;
  if (bound === undefined || bound === null) graph.add(call.name, "Relu", [input.name]);
  else writeClip(graph, call.name, input, Number(bound));
  return { ...input, name: call.name, maps: undefined };
};

/** Slopes of one shape with what the layer reads; shared axes have an extent of 1. */
const writePRelu: LayerWriter = (graph, call, [input]) => {
  const { shape, values } = call.weights.get("alpha")!;
  const [height, width, channels] = shape;
  const isMap = shape.length === 3;
  const turned = isMap
    ? Float32Array.from(values, (_, index) => {
      const position = index % (height * width), channel = Math.floor(index / (height * width));
      return values[position * channels + channel];
    })
    : inOnnxOrder(input, values);
  const extents = isMap ? [channels, height, width] : shape;
  const slope = graph.addOrdered(call, "alpha", input, extents, turned);
  graph.add(call.name, "PRelu", [input.name, slope]);
  return { ...input, name: call.name, maps: undefined };
};

const writeRescaling: LayerWriter = (graph, call, [input]) => {
  const [scale, offset] = [call.config.scale ?? 1, call.config.offset ?? 0].map(Number);
  if (!Number.isFinite(scale) || !Number.isFinite(offset)) {
    throw graph.refusal(
      call,
      `has a scale or offset for each channel, wanted one number; replace it`,
    );
  }
  const factor = graph.addFloats(call.name, "scale", [], [scale]);
  const scaled = graph.add(graph.partName(call.name, "scaled"), "Mul", [input.name, factor]);
  graph.add(call.name, "Add", [scaled, graph.addFloats(call.name, "offset", [], [offset])]);
  return { ...input, name: call.name, maps: undefined };
};

const writeSoftmax: LayerWriter = (graph, call, [input]) => {
  const axis = Number(call.config.axis ?? 1);
  if (axis !== -1 && axis !== input.shape.length) {
    throw graph.refusal(call, `runs along axis ${axis}, wanted the channels, -1`);
  }
  graph.add(call.name, "Softmax", [input.name], { axis: channelAxis(input) });
  return { ...input, name: call.name, maps: undefined };
};

function unary(operator: string, option: string, fallback: number): LayerWriter {
  return (graph, call, [input]) => {
    const alpha = Number(call.config[option] ?? fallback);
    graph.add(call.name, operator, [input.name], { alpha });
    return { ...input, name: call.name, maps: undefined };
  };
}

/** Layers that change values one by one. */
export const activationLayers: Readonly<Record<string, LayerWriter>> = {
  Activation: (graph, call, [input]) =>
    hasActivation(call) ? writeActivation(graph, call, input) : input,
  ReLU: writeRelu,
  LeakyReLU: unary("LeakyRelu", "alpha", 0.3),
  ELU: unary("Elu", "alpha", 1),
  ThresholdedReLU: unary("ThresholdedRelu", "theta", 1),
  PReLU: writePRelu,
  Rescaling: writeRescaling,
  Softmax: writeSoftmax,
};
