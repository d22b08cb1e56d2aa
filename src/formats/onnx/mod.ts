/**
 * Networks in ONNX files.
 *
 * Read: Conv and ConvTranspose (groups, dilation, any padding), MaxPool, AveragePool, BatchNormalization and global pooling,
 * of maps and of series; ReduceMean, ReduceMax, ReduceSum; LayerNormalization, InstanceNormalization, GroupNormalization,
 * MeanVarianceNormalization; Gemm, MatMul; Relu, Clip, LeakyRelu, PRelu, Elu, Selu, ThresholdedRelu, Gelu, Mish, Sigmoid,
 * HardSigmoid, HardSwish, Tanh, Softplus, Softsign, Softmax, LogSoftmax; Add, Sub, Mul, Div, Neg, Abs, Pow, Sum, Mean, Max,
 * Min; Concat, Split, Slice, Gather, Pad, Resize, Upsample, DepthToSpace, SpaceToDepth, Expand; Flatten, Reshape, Transpose,
 * Squeeze, Unsqueeze, Identity, Cast, Dropout, and what computes constants. What no layer does but TensorFlow.js is a step of
 * its own (`read/steps`): ReduceMin, ReduceProd, ReduceL1, ReduceL2, ReduceSumSquare, ArgMax, ArgMin, TopK, Tile, and others of
 * these on tensors of up to six axes. An attribute that is not read is refused by
 * name (`read/attributes.ts`).
 *
 * Written: every layer that pruning can leave behind, nested models too.
 *
 * @module
 */
export { readOnnxModel } from "./read/read.ts";
export { writeOnnx } from "./write/write.ts";
