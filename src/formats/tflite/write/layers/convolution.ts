import type { Weight } from "../../../../model/mod.ts";
import { countWindows, type LayerCall, pairOf, requireChannelsLast } from "../../../export/mod.ts";
import { PADDINGS } from "../../model.ts";
import { kernelOf, normalizesChannels, readNormalization } from "../fuse_layers.ts";
import type { GraphWriter } from "../graph_writer.ts";
import { finishLayer } from "./activations.ts";
import type { LayerWriter } from "./layer_writer.ts";

/** Versions of operations that read integer kernels beside floats, per channel. */
const INTEGER_VERSIONS = { CONV_2D: 5, DEPTHWISE_CONV_2D: 6, FULLY_CONNECTED: 12 };

/** Version of FULLY_CONNECTED from which on it keeps all axes but the last. */
const AXES_VERSION = 5;

/** Version of TRANSPOSE_CONV from which on it has a bias. */
const BIASED_TRANSPOSE = 3;

function findKernel(graph: GraphWriter, call: LayerCall, role: string): Weight {
  const kernel = kernelOf(call, role);
  if (kernel) return kernel;
  throw graph.refusal(call, `has no ${role} among the weights, wanted one`);
}

/** Moves the last axis of a matrix of rows × columns to the front. */
function turn(values: ArrayLike<number>, columns: number): Float32Array {
  const rows = values.length / columns;
  return Float32Array.from(
    { length: values.length },
    (_, index) => values[(index % rows) * columns + Math.floor(index / rows)],
  );
}

/** The bias of a layer, zeros where it has none. */
function addBias(graph: GraphWriter, { layer, weights }: LayerCall, channels: number): number {
  const values = weights.get("bias")?.values ?? new Float32Array(channels);
  return graph.addFloats(layer, "bias", [channels], values);
}

/** Padding and strides as options. */
export function describeWindows({ config }: LayerCall, strides: readonly [number, number]) {
  const padding = PADDINGS.indexOf(config.padding === "same" ? "same" : "valid");
  return { padding, strideHeight: strides[0], strideWidth: strides[1] };
}

function convolution(isDepthwise: boolean): LayerWriter {
  const role = isDepthwise ? "depthwise_kernel" : "kernel";
  const operator = isDepthwise ? "DEPTHWISE_CONV_2D" : "CONV_2D";
  return (graph, call, [input]) => {
    requireChannelsLast(graph, call);
    const kernel = findKernel(graph, call, role);
    const [rows, columns, channels, filters] = kernel.shape;
    const strides = pairOf(call.config.strides, [1, 1]);
    const dilations = pairOf(call.config.dilation_rate, [1, 1]);
    if (isDepthwise && Math.max(...dilations) > 1) {
      throw graph.refusal(
        call,
        "is dilated, which TensorFlow.js leaves out; set dilation_rate to 1",
      );
    }
    if (Number(call.config.groups ?? 1) > 1) {
      throw graph.refusal(call, "has groups, which TensorFlow.js leaves out; set groups to 1");
    }
    const extents = [(rows - 1) * dilations[0] + 1, (columns - 1) * dilations[1] + 1];
    const size = countWindows(call, input, extents, strides);
    const outputs = isDepthwise ? channels * filters : filters;
    const { index, isInteger } = isDepthwise
      ? graph.addKernel(
        ...[call.layer, role, [1, rows, columns, outputs]] as const,
        Float32Array.from(kernel.values),
        3,
      )
      : graph.addKernel(
        ...[call.layer, role, [filters, rows, columns, channels]] as const,
        turn(kernel.values, filters),
        0,
      );
    const bias = addBias(graph, call, outputs);
    return finishLayer(graph, call, (name, activation) =>
      graph.add(
        name,
        operator,
        [input, index, bias],
        [...size, outputs],
        [isDepthwise ? "DepthwiseConv2DOptions" : "Conv2DOptions", {
          ...describeWindows(call, strides),
          ...(isDepthwise && { multiplier: filters }),
          activation,
          dilationHeight: dilations[0],
          dilationWidth: dilations[1],
        }],
        isInteger ? INTEGER_VERSIONS[operator] : 1,
      ));
  };
}

/** Conv2DTranspose: H × W × O × I to O × H × W × I. It reads the shape of what it makes. */
const writeTransposed: LayerWriter = (graph, call, [input]) => {
  requireChannelsLast(graph, call);
  const kernel = findKernel(graph, call, "kernel");
  const [rows, columns, filters, channels] = kernel.shape;
  const strides = pairOf(call.config.strides, [1, 1]);
  const size = [rows, columns].map((extent, axis) => {
    const from = input.shape[axis];
    if (from === null) {
      throw graph.refusal(call, "reads maps of open size, wanted a fixed one; fix the image size");
    }
    const excess = call.config.padding === "same" ? 0 : Math.max(0, extent - strides[axis]);
    return from * strides[axis] + excess;
  });
  const turned = Float32Array.from({ length: kernel.values.length }, (_, index) => {
    const [channel, rest] = [index % channels, Math.floor(index / channels)];
    const [tap, filter] = [rest % (rows * columns), Math.floor(rest / (rows * columns))];
    return kernel.values[(tap * filters + filter) * channels + channel];
  });
  const shape = [filters, rows, columns, channels];
  const { index } = graph.addKernel(call.layer, "kernel", shape, turned);
  const operands = [
    graph.addBatchShape(call.name, input, [...size, filters]),
    index,
    input,
    addBias(graph, call, filters),
  ];
  return finishLayer(graph, call, (name, activation) =>
    graph.add(
      ...[name, "TRANSPOSE_CONV", operands, [...size, filters]] as const,
      ["TransposeConvOptions", { ...describeWindows(call, strides), activation }],
      BIASED_TRANSPOSE,
    ), false);
};

/** Dense: a matrix product for a vector, a 1×1 convolution for maps. */
const writeDense: LayerWriter = (graph, call, [input]) => {
  const { shape, values } = findKernel(graph, call, "kernel");
  const [rows, units] = shape;
  const turned = turn(values, units);
  const bias = addBias(graph, call, units);
  if (input.shape.length === 3) {
    const { index, isInteger } = graph.addKernel(
      ...[call.layer, "kernel_1x1", [units, 1, 1, rows], turned, 0] as const,
    );
    const version = isInteger ? INTEGER_VERSIONS.CONV_2D : 1;
    const options = { ...describeWindows(call, [1, 1]), dilationWidth: 1, dilationHeight: 1 };
    return finishLayer(graph, call, (name, activation) =>
      graph.add(
        ...[name, "CONV_2D", [input, index, bias], input.shape.with(-1, units)] as const,
        ["Conv2DOptions", { ...options, activation }],
        version,
      ));
  }
  const { index, isInteger } = graph.addKernel(
    ...[call.layer, "kernel", [units, rows], turned, 0] as const,
  );
  const keepsAxes = input.shape.length > 1;
  const floatVersion = keepsAxes ? AXES_VERSION : 1;
  const version = isInteger ? INTEGER_VERSIONS.FULLY_CONNECTED : floatVersion;
  return finishLayer(graph, call, (name, activation) =>
    graph.add(
      ...[name, "FULLY_CONNECTED", [input, index, bias], input.shape.with(-1, units)] as const,
      ["FullyConnectedOptions", { activation, ...(keepsAxes && { keepsAxes }) }],
      version,
    ));
};

/** BatchNormalization that no kernel takes in. */
const writeBatchNormalization: LayerWriter = (graph, call, [input]) => {
  if (!normalizesChannels(call, input.shape.length)) {
    throw graph.refusal(call, "normalizes another axis, wanted the channels, -1");
  }
  const channels = input.shape.at(-1)!;
  const { factors, shifts } = readNormalization(call, channels);
  const [factor, shift] = [["factors", factors] as const, ["shifts", shifts] as const]
    .map(([role, values]) => graph.addFloats(call.layer, role, [channels], values));
  const scaled = graph.add(
    ...[`${call.name}/scaled`, "MUL", [input, factor], input.shape] as const,
    ["MulOptions", {}],
  );
  return graph.add(call.name, "ADD", [scaled, shift], input.shape, ["AddOptions", {}]);
};

/** Layers with kernels, and BatchNormalization. */
export const weightedLayers: Readonly<Record<string, LayerWriter>> = {
  Conv2D: convolution(false),
  DepthwiseConv2D: convolution(true),
  Conv2DTranspose: writeTransposed,
  Dense: writeDense,
  BatchNormalization: writeBatchNormalization,
};
