/**
 * Graph models of TensorFlow.js (`"format": "graph-model"`): frozen TensorFlow graphs as `tensorflowjs_converter` writes
 * them, made into layers.
 *
 * Read: Conv2D, DepthwiseConv2dNative and MatMul, plain or with biases, BatchNormalization and activations fused to them
 * (dilation too, also as SpaceToBatchND and BatchToSpaceND); Conv2DBackpropInput; BiasAdd, FusedBatchNorm; MaxPool, AvgPool,
 * Mean and Max of rows and columns; Relu, Relu6, LeakyRelu, Prelu, Elu, Selu, Sigmoid, Tanh, Softplus, Softsign, Softmax,
 * LogSoftmax, ClipByValue; Add, AddN, Sub, Mul, RealDiv, Neg, Abs, Square, Maximum, Minimum; Concat, Split, Slice, StridedSlice, Gather,
 * Pad, ResizeNearestNeighbor, ResizeBilinear; Reshape, Squeeze, ExpandDims, Transpose, Cast, Identity, and what computes
 * shapes. What no layer does but TensorFlow.js is a step of its own (`steps/step_rules.ts` lists these operations), and what is
 * left behind the layers is kept as a tail.
 *
 * @module
 */
export { loadGraphModel } from "./load.ts";
export { listAttribute, textAttribute } from "./attributes.ts";
export type { Graph, GraphNode, NodeOutput } from "./graph_def.ts";
export type { GraphValues } from "./graph_values.ts";
export { readGraphModel } from "./read.ts";
export { encodeGraphModel } from "./write/encode.ts";
