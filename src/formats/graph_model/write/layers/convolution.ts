import type { JsonObject, Weight } from "../../../../model/mod.ts";
import { countWindows, type LayerCall, pairOf, requireChannelsLast } from "../../../export/mod.ts";
import { flagAttribute, floatAttribute, listAttribute, textAttribute } from "../../attributes.ts";
import type { GraphWriter, WrittenTensor } from "../graph_writer.ts";
import { finishLayer } from "./activations.ts";
import type { LayerWriter } from "./layer_writer.ts";

const CHANNELS_LAST = { data_format: textAttribute("NHWC") };

function findKernel(graph: GraphWriter, call: LayerCall, role: string): Weight {
  const kernel = call.weights.get(role);
  if (kernel) return kernel;
  throw graph.refusal(call, `has no ${role} among the weights, wanted one`);
}

/** Numbers for rows and columns as an attribute that has one for batch and channels too. */
function pairAttribute([rows, columns]: readonly [number, number]): JsonObject {
  return listAttribute([1, rows, columns, 1]);
}

/** Padding and strides as attributes. */
export function describeWindows({ config }: LayerCall, strides: readonly [number, number]) {
  return {
    ...CHANNELS_LAST,
    padding: textAttribute(config.padding === "same" ? "SAME" : "VALID"),
    strides: pairAttribute(strides),
  };
}

/** Windows of a pooling as attributes. */
export function describePool(
  call: LayerCall,
  extents: readonly [number, number],
  strides: readonly [number, number],
): JsonObject {
  return { ...describeWindows(call, strides), ksize: pairAttribute(extents) };
}

/** A node with a kernel, the bias behind it where the layer has one, and the activation. */
function withBias(
  graph: GraphWriter,
  call: LayerCall,
  add: (name: string) => WrittenTensor,
): WrittenTensor {
  const bias = call.weights.get("bias");
  return finishLayer(graph, call, (name) => {
    if (bias === undefined) return add(name);
    const product = add(`${name}/product`);
    const operand = graph.addFloats(call.layer, "bias", bias.shape, bias.values);
    return graph.add(name, "BiasAdd", [product, operand], product.shape, CHANNELS_LAST);
  });
}

function refuseGroups(graph: GraphWriter, call: LayerCall): void {
  if (Number(call.config.groups ?? 1) <= 1) return;
  throw graph.refusal(call, "has groups, which TensorFlow.js leaves out; set groups to 1");
}

/** A convolution with some kernel of a layer. */
function addConvolution(
  graph: GraphWriter,
  call: LayerCall,
  input: WrittenTensor,
  role: string,
  name: string,
): WrittenTensor {
  const isDepthwise = role === "depthwise_kernel";
  const isPointwise = role === "pointwise_kernel";
  const { shape, values } = findKernel(graph, call, role);
  const [rows, columns, channels, filters] = shape;
  const strides = isPointwise ? [1, 1] as const : pairOf(call.config.strides, [1, 1]);
  const dilations = isPointwise ? [1, 1] as const : pairOf(call.config.dilation_rate, [1, 1]);
  const extents = [(rows - 1) * dilations[0] + 1, (columns - 1) * dilations[1] + 1];
  const size = countWindows(call, input, extents, strides);
  const kernel = graph.addFloats(call.layer, role, shape, values);
  return graph.add(
    name,
    isDepthwise ? "DepthwiseConv2dNative" : "Conv2D",
    [input, kernel],
    [...size, isDepthwise ? channels * filters : filters],
    { ...describeWindows(call, strides), dilations: pairAttribute(dilations) },
  );
}

function convolution(role: string): LayerWriter {
  return (graph, call, [input]) => {
    requireChannelsLast(graph, call);
    refuseGroups(graph, call);
    const isDilated = Math.max(...pairOf(call.config.dilation_rate, [1, 1])) > 1;
    if (role === "depthwise_kernel" && isDilated) {
      throw graph.refusal(
        call,
        "is dilated, which TensorFlow.js leaves out; set dilation_rate to 1",
      );
    }
    return withBias(graph, call, (name) => addConvolution(graph, call, input, role, name));
  };
}

/** A convolution of every channel, and one of all of them at every position. */
const writeSeparable: LayerWriter = (graph, call, [input]) => {
  requireChannelsLast(graph, call);
  const depthwise = addConvolution(
    ...[graph, call, input, "depthwise_kernel", `${call.name}/depthwise`] as const,
  );
  return withBias(
    graph,
    call,
    (name) => addConvolution(graph, call, depthwise, "pointwise_kernel", name),
  );
};

/** Conv2DTranspose. It reads the shape of what it makes. */
const writeTransposed: LayerWriter = (graph, call, [input]) => {
  requireChannelsLast(graph, call);
  const { shape, values } = findKernel(graph, call, "kernel");
  const [rows, columns, filters] = shape;
  const strides = pairOf(call.config.strides, [1, 1]);
  const size = [rows, columns].map((extent, axis) => {
    const from = input.shape[axis];
    if (from === null) {
      throw graph.refusal(call, "reads maps of open size, wanted a fixed one; fix the image size");
    }
    const excess = call.config.padding === "same" ? 0 : Math.max(0, extent - strides[axis]);
    return from * strides[axis] + excess;
  });
  const whole = [...size, filters];
  const target = graph.addBatchShape(call.name, input, whole);
  const kernel = graph.addFloats(call.layer, "kernel", shape, values);
  return withBias(
    graph,
    call,
    (name) =>
      graph.add(name, "Conv2DBackpropInput", [target, kernel, input], whole, {
        ...describeWindows(call, strides),
        dilations: pairAttribute([1, 1]),
      }),
  );
};

/** Dense: a matrix product, of a vector or of the last axis of any tensor. */
const writeDense: LayerWriter = (graph, call, [input]) => {
  const { shape, values } = findKernel(graph, call, "kernel");
  const kernel = graph.addFloats(call.layer, "kernel", shape, values);
  const made = input.shape.with(-1, shape[1]);
  const isVector = input.shape.length === 1;
  const operator = isVector ? "MatMul" : "BatchMatMulV2";
  const sides = isVector ? ["transpose_a", "transpose_b"] : ["adj_x", "adj_y"];
  const attributes = Object.fromEntries(sides.map((side) => [side, flagAttribute(false)]));
  return withBias(
    graph,
    call,
    (name) => graph.add(name, operator, [input, kernel], made, attributes),
  );
};

const STATISTICS = [["gamma", 1], ["beta", 0], ["moving_mean", 0], ["moving_variance", 1]] as const;

/** BatchNormalization; what has no rows and columns is normalized as maps of one. */
const writeBatchNorm: LayerWriter = (graph, call, [input]) => {
  const rank = input.shape.length;
  const axis = Number([call.config.axis ?? -1].flat()[0]);
  if (axis !== -1 && axis !== rank) {
    throw graph.refusal(call, "normalizes another axis, wanted the channels, -1");
  }
  const channels = input.shape.at(-1)!;
  const statistics = STATISTICS.map(([role, fallback]) => {
    const values = call.weights.get(role)?.values ?? new Float32Array(channels).fill(fallback);
    return graph.addFloats(call.layer, role, [channels], values);
  });
  const attributes = {
    ...CHANNELS_LAST,
    epsilon: floatAttribute(Number(call.config.epsilon ?? 1e-3)),
    is_training: flagAttribute(false),
  };
  const normalize = (name: string, maps: WrittenTensor) =>
    graph.add(name, "FusedBatchNormV3", [maps, ...statistics], maps.shape, attributes);
  if (rank === 3) return normalize(call.name, input);
  if (input.shape.includes(null)) {
    throw graph.refusal(call, "reads a tensor of open size, wanted a fixed one; fix the size");
  }
  const positions = (input.shape as number[]).slice(0, -1).reduce((all, size) => all * size, 1);
  const maps = graph.addReshape(`${call.name}/maps`, input, [positions, 1, channels]);
  const normal = normalize(`${call.name}/normal`, maps);
  return graph.addReshape(call.name, normal, input.shape as number[]);
};

/** Layers with kernels, and BatchNormalization. */
export const weightedLayers: Readonly<Record<string, LayerWriter>> = {
  Conv2D: convolution("kernel"),
  DepthwiseConv2D: convolution("depthwise_kernel"),
  SeparableConv2D: writeSeparable,
  Conv2DTranspose: writeTransposed,
  Dense: writeDense,
  BatchNormalization: writeBatchNorm,
};
