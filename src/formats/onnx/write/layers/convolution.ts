import type { Weight } from "../../../../model/mod.ts";
import { type GraphWriter, inOnnxOrder, type WrittenTensor } from "../graph_writer.ts";
import { expandPieces } from "../../values.ts";
import { finishLayer } from "./activations.ts";
import { type LayerCall, pairOf, requireChannelsLast } from "../../../export/mod.ts";
import { describeWindows, type LayerWriter } from "./options.ts";

/** H × W × I × O to O × I × H × W; a depthwise H × W × C × M to C·M × 1 × H × W. */
function transposeKernel({ shape, values }: Weight, isDepthwise: boolean) {
  const [rows, columns, channels, filters] = shape;
  const inputs = isDepthwise ? 1 : channels, outputs = isDepthwise ? channels * filters : filters;
  const taps = rows * columns;
  const turned = new Float32Array(values.length);
  for (let tap = 0; tap < taps; tap++) {
    for (let i = 0; i < inputs; i++) {
      for (let o = 0; o < outputs; o++) {
        turned[(o * inputs + i) * taps + tap] = values[(tap * inputs + i) * outputs + o];
      }
    }
  }
  return { shape: [outputs, inputs, rows, columns], values: turned };
}

function findKernel(graph: GraphWriter, call: LayerCall, ...roles: string[]): Weight {
  const kernel = roles.map((role) => call.weights.get(role)).find((weight) => weight);
  if (kernel) return kernel;
  throw graph.refusal(call, `has no ${roles[0]} among the weights, wanted one`);
}

interface ConvolutionParts {
  readonly graph: GraphWriter;
  readonly call: LayerCall;
  readonly input: WrittenTensor;
  readonly kernel: Weight;
  readonly role: string;
  readonly isDepthwise: boolean;
}

/** Attributes and operands of a Conv without bias, and the shape of what it makes. */
function describeConvolution(parts: ConvolutionParts) {
  const { graph, call, input, kernel, role, isDepthwise } = parts;
  requireChannelsLast(graph, call);
  const strides = pairOf(call.config.strides, [1, 1]);
  const dilations = pairOf(call.config.dilation_rate, [1, 1]);
  if (isDepthwise && Math.max(...dilations) > 1) {
    throw graph.refusal(call, "is dilated, which TensorFlow.js leaves out; set dilation_rate to 1");
  }
  if (Number(call.config.groups ?? 1) > 1) {
    throw graph.refusal(call, "has groups, which TensorFlow.js leaves out; set groups to 1");
  }
  const [rows, columns, channels] = kernel.shape;
  const extents: [number, number] = [
    (rows - 1) * dilations[0] + 1,
    (columns - 1) * dilations[1] + 1,
  ];
  const { attributes, size } = describeWindows(call, input, extents, strides);
  const turned = transposeKernel(kernel, isDepthwise);
  return {
    operands: [input.name, graph.addFloats(call.layer, role, turned.shape, turned.values)],
    shape: [...size, turned.shape[0]],
    attributes: {
      kernel_shape: [rows, columns],
      dilations,
      ...attributes,
      group: isDepthwise ? channels : 1,
    },
  };
}

function addBias(graph: GraphWriter, { layer, weights }: LayerCall): string[] {
  const bias = weights.get("bias");
  return bias ? [graph.addFloats(layer, "bias", bias.shape, bias.values)] : [];
}

function convolution(isDepthwise: boolean): LayerWriter {
  return (graph, call, [input]) => {
    const roles = isDepthwise ? ["depthwise_kernel", "kernel"] : ["kernel"];
    const kernel = findKernel(graph, call, ...roles);
    const parts = { graph, call, input, kernel, role: roles[0], isDepthwise };
    const { operands, shape, attributes } = describeConvolution(parts);
    const all = [...operands, ...addBias(graph, call)];
    return finishLayer(graph, call, { shape }, (name) => graph.add(name, "Conv", all, attributes));
  };
}

/** A depthwise convolution and a 1×1 convolution behind it. */
const writeSeparable: LayerWriter = (graph, call, [input]) => {
  const kernel = findKernel(graph, call, "depthwise_kernel");
  const parts = { graph, call, input, kernel, isDepthwise: true };
  const first = describeConvolution({ ...parts, role: "depthwise_kernel" });
  const middle = graph.partName(call.name, "depthwise");
  graph.add(middle, "Conv", first.operands, first.attributes);
  const pointwise = transposeKernel(findKernel(graph, call, "pointwise_kernel"), false);
  const name = graph.addFloats(call.layer, "pointwise_kernel", pointwise.shape, pointwise.values);
  const shape = first.shape.with(-1, pointwise.shape[0]);
  const operands = [middle, name, ...addBias(graph, call)];
  const attributes = { kernel_shape: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], group: 1 };
  return finishLayer(graph, call, { shape }, (output) => {
    graph.add(output, "Conv", operands, attributes);
  });
};

/** Conv2DTranspose: H × W × O × I to I × O × H × W. */
const writeTransposed: LayerWriter = (graph, call, [input]) => {
  requireChannelsLast(graph, call);
  const kernel = findKernel(graph, call, "kernel");
  const strides = pairOf(call.config.strides, [1, 1]);
  const isSame = call.config.padding === "same";
  const turned = transposeKernel(kernel, false);
  const excess = [0, 1].map((axis) => kernel.shape[axis] - strides[axis]);
  const pads = excess.map((extra) => isSame ? Math.max(0, extra) : 0);
  const size = [0, 1].map((axis) => {
    const from = input.shape[axis];
    if (from === null) return null;
    return from * strides[axis] + (isSame ? 0 : Math.max(0, excess[axis]));
  });
  const operands = [
    input.name,
    graph.addFloats(call.layer, "kernel", turned.shape, turned.values),
    ...addBias(graph, call),
  ];
  const shape = [...size, kernel.shape[2]];
  return finishLayer(graph, call, { shape }, (name) => {
    graph.add(name, "ConvTranspose", operands, {
      kernel_shape: kernel.shape.slice(0, 2),
      strides,
      pads: [...pads.map((pad) => Math.floor(pad / 2)), ...pads.map((pad) => Math.ceil(pad / 2))],
      output_padding: excess.map((extra) => Math.max(0, -extra)),
    });
  });
};

/** Dense: Gemm for a vector, with its rows in ONNX' order; a 1×1 convolution for maps; MatMul for P × C. */
const writeDense: LayerWriter = (graph, call, [input]) => {
  const kernel = findKernel(graph, call, "kernel");
  const [rows, units] = kernel.shape;
  const bias = addBias(graph, call);
  if (input.shape.length === 3) {
    const turned = transposeKernel({ ...kernel, shape: [1, 1, rows, units] }, false);
    const operands = [
      input.name,
      graph.addFloats(call.layer, "maps_kernel", turned.shape, turned.values),
      ...bias,
    ];
    const shape = [input.shape[0], input.shape[1], units];
    return finishLayer(graph, call, { shape }, (output) => graph.add(output, "Conv", operands));
  }
  if (input.shape.length === 2) return writePositionwise(graph, call, input, kernel);
  let values = kernel.values as Float32Array;
  if (input.pieces) {
    values = new Float32Array(values.length);
    expandPieces(input.pieces).forEach((position, row) =>
      values.set(kernel.values.subarray(row * units, (row + 1) * units), position * units)
    );
  }
  const matrix = graph.addOrdered(call, "kernel", input, [rows, units], values);
  const operands = [input.name, matrix, ...bias];
  return finishLayer(graph, call, { shape: [units] }, (output) => {
    graph.add(output, "Gemm", operands);
  });
};

function writePositionwise(
  graph: GraphWriter,
  call: LayerCall,
  input: WrittenTensor,
  kernel: Weight,
): WrittenTensor {
  const matrix = graph.addFloats(call.layer, "kernel", kernel.shape, kernel.values);
  const bias = addBias(graph, call);
  const shape = input.shape.with(-1, kernel.shape[1]);
  return finishLayer(graph, call, { shape }, (output) => {
    const product = bias.length === 0 ? output : graph.partName(output, "product");
    graph.add(product, "MatMul", [input.name, matrix]);
    if (bias.length > 0) graph.add(output, "Add", [product, ...bias]);
  });
}

/** BatchNormalization, of P × C between two Transposes. */
const writeBatchNormalization: LayerWriter = (graph, call, [input]) => {
  const { config, weights } = call;
  const axis = Number(Array.isArray(config.axis) ? config.axis[0] : config.axis ?? -1);
  if (axis !== -1 && axis !== input.shape.length) {
    throw graph.refusal(call, `normalizes axis ${axis}, wanted the channels, -1`);
  }
  const channels = input.shape.at(-1)!;
  const operands = ["gamma", "beta", "moving_mean", "moving_variance"].map((role) => {
    const missing = role === "gamma" || role === "moving_variance" ? 1 : 0;
    const values = weights.get(role)?.values ?? new Float32Array(channels).fill(missing);
    return graph.addOrdered(call, role, input, [channels], inOnnxOrder(input, values));
  });
  const epsilon = Number(config.epsilon ?? 1e-3);
  if (input.shape.length !== 2) {
    graph.add(call.name, "BatchNormalization", [input.name, ...operands], { epsilon });
    return { name: call.name, shape: input.shape, pieces: input.pieces };
  }
  const [first, normed] = ["first", "normed"].map((part) => graph.partName(call.name, part));
  graph.add(first, "Transpose", [input.name], { perm: [0, 2, 1] });
  graph.add(normed, "BatchNormalization", [first, ...operands], { epsilon });
  graph.add(call.name, "Transpose", [normed], { perm: [0, 2, 1] });
  return { name: call.name, shape: input.shape };
};

/** LayerNormalization over channels, of maps between two Transposes; over positions, without weights, by instances. */
const writeLayerNormalization: LayerWriter = (graph, call, [input]) => {
  const { config, weights } = call;
  const rank = input.shape.length, channels = input.shape.at(-1)!;
  const axes = [config.axis ?? -1].flat().map((axis) =>
    Number(axis) < 0 ? Number(axis) + rank + 1 : Number(axis)
  );
  const epsilon = Number(config.epsilon ?? 1e-3);
  const fill = (role: string, value: number) =>
    weights.get(role)?.values ?? new Float32Array(channels).fill(value);
  if (rank === 3 && axes.join() === "1,2" && weights.size === 0) {
    const operands = [1, 0].map((value, index) =>
      graph.addFloats(
        call.layer,
        ["gamma", "beta"][index],
        [channels],
        new Float32Array(channels).fill(value),
      )
    );
    graph.add(call.name, "InstanceNormalization", [input.name, ...operands], { epsilon });
    return { name: call.name, shape: input.shape };
  }
  if (axes.join() !== String(rank)) {
    throw graph.refusal(call, `normalizes axes ${axes.join(", ")}, wanted the channels, -1`);
  }
  const operands = ["gamma", "beta"].map((role, index) =>
    graph.addOrdered(call, role, input, [channels], inOnnxOrder(input, fill(role, 1 - index)))
  );
  const attributes = { axis: -1, epsilon };
  if (rank !== 3) {
    graph.add(call.name, "LayerNormalization", [input.name, ...operands], attributes);
    return { ...input, name: call.name, maps: undefined };
  }
  const last = graph.add(graph.partName(call.name, "last"), "Transpose", [input.name], {
    perm: [0, 2, 3, 1],
  });
  const normed = graph.partName(call.name, "normed");
  graph.add(normed, "LayerNormalization", [last, ...operands], attributes);
  graph.add(call.name, "Transpose", [normed], { perm: [0, 3, 1, 2] });
  return { name: call.name, shape: input.shape };
};

/** Layers with kernels, and BatchNormalization. */
export const weightedLayers: Readonly<Record<string, LayerWriter>> = {
  Conv2D: convolution(false),
  DepthwiseConv2D: convolution(true),
  SeparableConv2D: writeSeparable,
  Conv2DTranspose: writeTransposed,
  Dense: writeDense,
  BatchNormalization: writeBatchNormalization,
  LayerNormalization: writeLayerNormalization,
};
