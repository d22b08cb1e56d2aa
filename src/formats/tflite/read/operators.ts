import type { JsonObject, Weight } from "../../../model/mod.ts";
import { listAttribute, textAttribute } from "../../graph_model/mod.ts";
import { FUSED_ACTIVATIONS, PADDINGS } from "../model.ts";
import { translateCast } from "./translate_cast.ts";
import type { Source, Translation } from "./translation.ts";

/** How a node of the file becomes nodes of TensorFlow's operations. It returns what it makes, a list where that is more. */
export type Translator = (node: Translation) => Source | readonly Source[];

const flag = (value: boolean): JsonObject => ({ b: value });

/** The operation under another name, with its constants as they are. */
const same =
  (operator: string, attributesOf?: (node: Translation) => JsonObject): Translator => (node) =>
    node.add(operator, node.inputs, attributesOf?.(node));

/** The last node, and the activation that is fused to it. */
function finish(node: Translation, add: (suffix: string) => Source): Source {
  const number = node.number("activation");
  const activation = FUSED_ACTIVATIONS[number];
  switch (activation) {
    case "linear":
      return add("");
    case "relu":
      return node.add("Relu", [add("linear")]);
    case "relu6":
      return node.add("Relu6", [add("linear")]);
    case "tanh":
      return node.add("Tanh", [add("linear")]);
    case "relu_n1_to_1":
      return clip(node, add("linear"), -1, 1);
    default:
      throw node.refusal(`has activation ${number} fused to it, wanted ReLU, ReLU6 or tanh`);
  }
}

function clip(node: Translation, source: Source, low: number, high: number): Source {
  const bounds = [["low", low] as const, ["high", high] as const].map(([name, bound]) =>
    node.addConstant(name, [], Float32Array.of(bound))
  );
  return node.add("ClipByValue", [source, ...bounds]);
}

/** Strides, padding and dilation as attributes. */
function describeWindows(node: Translation): JsonObject {
  const padding = PADDINGS[node.number("padding")];
  if (padding === undefined) {
    throw node.refusal(`has padding ${node.number("padding")}, wanted SAME or VALID`);
  }
  const pair = (name: string) => [
    node.number(`${name}Height`, 1),
    node.number(`${name}Width`, 1),
  ];
  return {
    padding: textAttribute(padding.toUpperCase()),
    strides: listAttribute([1, ...pair("stride"), 1]),
    dilations: listAttribute([1, ...pair("dilation"), 1]),
  };
}

/** Kernel of four axes. */
function kernelOf(node: Translation): Weight & { readonly values: Float32Array } {
  const kernel = node.constant(1);
  const { shape, values } = kernel;
  if (shape.length === 4 && values instanceof Float32Array) return { ...kernel, values };
  throw node.refusal(`has a kernel of shape [${shape.join(", ")}], wanted floats of four axes`);
}

/** Moves the first axis, of so many entries, to the back. */
function turn(values: Float32Array, count: number): Float32Array {
  const inner = values.length / count;
  return Float32Array.from(
    { length: values.length },
    (_, index) => values[(index % count) * inner + Math.floor(index / count)],
  );
}

/** The bias behind a product. */
function addBias(node: Translation, product: Source, index: number, suffix: string): Source {
  const bias = node.optional(index);
  return bias === undefined ? product : node.add("BiasAdd", [product, bias], {}, suffix);
}

/** A product with its bias and activation. */
function finishProduct(
  node: Translation,
  biasAt: number,
  add: (suffix: string) => Source,
): Source {
  return finish(node, (suffix) => {
    if (node.optional(biasAt) === undefined) return add(suffix);
    return addBias(node, add("product"), biasAt, suffix);
  });
}

/** O × H × W × I to H × W × I × O. */
function translateConvolution(node: Translation): Source {
  const { shape: [filters, ...shape], values } = kernelOf(node);
  const kernel = node.addConstant("kernel", [...shape, filters], turn(values, filters));
  const attributes = describeWindows(node);
  return finishProduct(
    node,
    2,
    (suffix) => node.add("Conv2D", [node.input(0), kernel], attributes, suffix),
  );
}

/** 1 × H × W × C·M, as H × W × C × M has it. */
function translateDepthwise(node: Translation): Source {
  const { shape: [one, rows, columns, outputs], values } = kernelOf(node);
  const multiplier = node.number("multiplier", 1);
  const channels = outputs / multiplier;
  if (one !== 1 || !Number.isSafeInteger(channels)) {
    throw node.refusal(
      `has a kernel of shape [${[one, rows, columns, outputs].join(", ")}] ` +
        `for ${multiplier} outputs a channel, wanted 1 × rows × columns × outputs`,
    );
  }
  const kernel = node.addConstant("kernel", [rows, columns, channels, multiplier], values);
  const attributes = describeWindows(node);
  return finishProduct(
    node,
    2,
    (suffix) => node.add("DepthwiseConv2dNative", [node.input(0), kernel], attributes, suffix),
  );
}

/** O × H × W × I to H × W × O × I. */
function transposedKernel(node: Translation): Source {
  const { shape: [filters, rows, columns, channels], values } = kernelOf(node);
  const taps = rows * columns;
  const turned = Float32Array.from({ length: values.length }, (_, index) => {
    const [channel, rest] = [index % channels, Math.floor(index / channels)];
    const [filter, tap] = [rest % filters, Math.floor(rest / filters)];
    return values[(filter * taps + tap) * channels + channel];
  });
  return node.addConstant("kernel", [rows, columns, filters, channels], turned);
}

function translateTransposed(node: Translation): Source {
  const attributes = describeWindows(node);
  const operands = [node.input(0), transposedKernel(node), node.input(2)];
  return finishProduct(
    node,
    3,
    (suffix) => node.add("Conv2DBackpropInput", operands, attributes, suffix),
  );
}

/** Places of options of MediaPipe's transposed convolution, three numbers of 32 bits; its paddings count from one. */
const MEDIAPIPE_OPTIONS = ["padding", "strideWidth", "strideHeight"];

/** Convolution2DTransposeBias, MediaPipe's own: as TRANSPOSE_CONV, but the maps come first, and no shape is stated. */
function translateMediaPipeTransposed(node: Translation): Source {
  const bytes = node.customOptions.slice();
  if (bytes.length < 4 * MEDIAPIPE_OPTIONS.length) {
    throw node.refusal(`has ${bytes.length} bytes of options, wanted padding and strides`);
  }
  const view = new DataView(bytes.buffer);
  const [padding, ...strides] = MEDIAPIPE_OPTIONS.map((_, at) => view.getInt32(4 * at, true));
  const [width, height] = strides;
  const attributes = {
    padding: textAttribute(padding === 1 ? "SAME" : "VALID"),
    strides: listAttribute([1, height, width, 1]),
  };
  const shape = node.addList("shape", node.shape);
  const operands = [shape, transposedKernel(node), node.input(0)];
  const product = node.add("Conv2DBackpropInput", operands, attributes, "product");
  return node.add("BiasAdd", [product, node.input(2)]);
}

/** A matrix of outputs × inputs; maps that are read so become vectors first. */
function translateProduct(node: Translation): Source {
  const { shape } = node.constant(1);
  if (shape.length !== 2 || node.number("weightsFormat") !== 0) {
    throw node.refusal(
      `has weights of shape [${shape.join(", ")}], format ${node.number("weightsFormat")}, ` +
        `wanted a matrix in the usual order`,
    );
  }
  const source = node.flag("keepsAxes")
    ? node.input(0)
    : node.add("Reshape", [node.input(0), node.addList("flat", [-1, shape[1]])], {}, "vector");
  return finishProduct(
    node,
    2,
    (suffix) => node.add("MatMul", [source, node.input(1)], { transpose_b: flag(true) }, suffix),
  );
}

function pool(operator: string): Translator {
  return (node) => {
    const ksize = listAttribute([1, node.number("height"), node.number("width"), 1]);
    const attributes = { ...describeWindows(node), ksize };
    return finish(node, (suffix) => node.add(operator, [node.input(0)], attributes, suffix));
  };
}

/** Arithmetic of two tensors, with what is fused to it. */
const arithmetic = (operator: string): Translator => (node) =>
  finish(node, (suffix) => node.add(operator, node.inputs, {}, suffix));

const reduction = (operator: string) =>
  same(operator, (node) => ({ keep_dims: flag(node.flag("keepsAxes")) }));

const resize = (operator: string) =>
  same(operator, (node) => ({
    align_corners: flag(node.flag("alignsCorners")),
    half_pixel_centers: flag(node.flag("isCentered")),
  }));

const integer = (value: number): JsonObject => ({ i: value });

/** x · min(max(x + 3, 0), 6) / 6. */
function translateHardSwish(node: Translation): Source {
  const [three, sixth] = [["three", 3] as const, ["sixth", 1 / 6] as const].map(([name, value]) =>
    node.addConstant(name, [], Float32Array.of(value))
  );
  const shifted = node.add("AddV2", [node.input(0), three], {}, "shifted");
  const gate = node.add("Mul", [node.add("Relu6", [shifted], {}, "capped"), sixth], {}, "gate");
  return node.add("Mul", [node.input(0), gate]);
}

/** Reshape by its second input or, in older files, by its options. */
function translateReshape(node: Translation): Source {
  const { shape } = node.options;
  const target = node.optional(1) ??
    node.addList("shape", Array.isArray(shape) ? shape : node.shape);
  return node.add("Reshape", [node.input(0), target]);
}

/** PRELU; slopes of shared rows and columns may have axes of one ahead. */
function translatePRelu(node: Translation): Source {
  return node.add("Prelu", [node.input(0), node.input(1)]);
}

function translateConcat(node: Translation): Source {
  const axis = node.addConstant("axis", [], Int32Array.of(node.number("axis")));
  return finish(node, (suffix) => node.add("ConcatV2", [...node.inputs, axis], {}, suffix));
}

/** A node of several outputs. */
function outputs(
  node: Translation,
  operator: string,
  count: number,
  attributes: JsonObject,
): Source[] {
  const { node: name } = node.add(operator, node.inputs, attributes);
  return Array.from({ length: count }, (_, index) => ({ node: name, index }));
}

/** Parts, as many as the options say. */
function parts(operator: string): Translator {
  return (node) => {
    const count = node.number("count");
    return outputs(node, operator, count, { num_split: integer(count) });
  };
}

/** Between floats, and integers that stand for floats, nothing is left to do: both are floats here. */
const pass: Translator = (node) =>
  node.constantOf(node.input(0)) ? node.input(0) : node.add("Identity", [node.input(0)]);

const translateSlice = same("StridedSlice", (node) => {
  if (node.flag("isOffset")) throw node.refusal("counts ends from begins, wanted them from zero");
  const masks = ["begin", "end", "ellipsis", "newAxis", "shrinkAxis"];
  const names = ["begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"];
  return Object.fromEntries(
    names.map((name, index) => [name, integer(node.number(`${masks[index]}Mask`))]),
  );
});

function translateGather(node: Translation): Source {
  if (node.number("batchAxes") !== 0) throw node.refusal("picks for every image, wanted for all");
  const axis = node.addConstant("axis", [], Int32Array.of(node.number("axis")));
  return node.add("GatherV2", [node.input(0), node.input(1), axis]);
}

function translatePack(node: Translation): Source {
  return node.add("Pack", node.inputs, { axis: integer(node.number("axis")) });
}

function translateSoftmax(node: Translation): Source {
  const beta = node.number("beta", 1);
  if (beta === 1 || beta === 0) return node.add("Softmax", node.inputs);
  const factor = node.addConstant("beta", [], Float32Array.of(beta));
  return node.add("Softmax", [node.add("Mul", [node.input(0), factor], {}, "scaled")]);
}

/** How operations of TensorFlow Lite become those of TensorFlow, by name. */
export const translators: Readonly<Record<string, Translator>> = {
  ABS: same("Abs"),
  ADD: arithmetic("AddV2"),
  ADD_N: same("AddN"),
  ARG_MAX: same("ArgMax"),
  ARG_MIN: same("ArgMin"),
  AVERAGE_POOL_2D: pool("AvgPool"),
  BATCH_MATMUL: same("BatchMatMulV2", (node) => ({
    adj_x: flag(node.flag("adjX")),
    adj_y: flag(node.flag("adjY")),
  })),
  BATCH_TO_SPACE_ND: same("BatchToSpaceND"),
  CAST: translateCast,
  CEIL: same("Ceil"),
  CONCATENATION: translateConcat,
  CONV_2D: translateConvolution,
  COS: same("Cos"),
  DEPTHWISE_CONV_2D: translateDepthwise,
  DEPTH_TO_SPACE: same("DepthToSpace", (node) => ({
    block_size: integer(node.number("block")),
    data_format: textAttribute("NHWC"),
  })),
  DEQUANTIZE: pass,
  DIV: arithmetic("RealDiv"),
  ELU: same("Elu"),
  EQUAL: same("Equal"),
  EXP: same("Exp"),
  EXPAND_DIMS: same("ExpandDims"),
  FLOOR: same("Floor"),
  FULLY_CONNECTED: translateProduct,
  GATHER: translateGather,
  GREATER: same("Greater"),
  GREATER_EQUAL: same("GreaterEqual"),
  HARD_SWISH: translateHardSwish,
  LEAKY_RELU: same("LeakyRelu", (node) => ({ alpha: { f: node.number("alpha") } })),
  LESS: same("Less"),
  LESS_EQUAL: same("LessEqual"),
  LOG: same("Log"),
  LOGICAL_AND: same("LogicalAnd"),
  LOGICAL_NOT: same("LogicalNot"),
  LOGICAL_OR: same("LogicalOr"),
  LOGISTIC: same("Sigmoid"),
  LOG_SOFTMAX: same("LogSoftmax"),
  MAXIMUM: same("Maximum"),
  MAX_POOL_2D: pool("MaxPool"),
  MEAN: reduction("Mean"),
  MINIMUM: same("Minimum"),
  MIRROR_PAD: same("MirrorPad", (node) => ({
    mode: textAttribute(node.number("mode") === 0 ? "REFLECT" : "SYMMETRIC"),
  })),
  MUL: arithmetic("Mul"),
  NEG: same("Neg"),
  NOT_EQUAL: same("NotEqual"),
  PACK: translatePack,
  PAD: same("Pad"),
  PADV2: same("PadV2"),
  POW: same("Pow"),
  PRELU: translatePRelu,
  QUANTIZE: pass,
  REDUCE_MAX: reduction("Max"),
  REDUCE_MIN: reduction("Min"),
  REDUCE_PROD: reduction("Prod"),
  RELU: same("Relu"),
  RELU6: same("Relu6"),
  RELU_N1_TO_1: (node) => clip(node, node.input(0), -1, 1),
  RESHAPE: translateReshape,
  RESIZE_BILINEAR: resize("ResizeBilinear"),
  RESIZE_NEAREST_NEIGHBOR: resize("ResizeNearestNeighbor"),
  ROUND: same("Round"),
  RSQRT: same("Rsqrt"),
  SELECT_V2: same("SelectV2"),
  SHAPE: same("Shape"),
  SIN: same("Sin"),
  SLICE: same("Slice"),
  SOFTMAX: translateSoftmax,
  SPACE_TO_BATCH_ND: same("SpaceToBatchND"),
  SPLIT: parts("Split"),
  SPLIT_V: parts("SplitV"),
  SQRT: same("Sqrt"),
  SQUARE: same("Square"),
  SQUARED_DIFFERENCE: same("SquaredDifference"),
  SQUEEZE: same("Squeeze", (node) => {
    const { axes } = node.options;
    return Array.isArray(axes) && axes.length > 0 ? { squeeze_dims: listAttribute(axes) } : {};
  }),
  STRIDED_SLICE: translateSlice,
  SUB: arithmetic("Sub"),
  SUM: reduction("Sum"),
  TANH: same("Tanh"),
  TILE: same("Tile"),
  TOPK_V2: (node) => outputs(node, "TopKV2", 2, { sorted: flag(true) }),
  TRANSPOSE: same("Transpose"),
  TRANSPOSE_CONV: translateTransposed,
  UNPACK: (node) => {
    const count = integer(node.number("count")), axis = integer(node.number("axis"));
    return outputs(node, "Unpack", node.number("count"), { num: count, axis });
  },
  "custom Convolution2DTransposeBias": translateMediaPipeTransposed,
};
