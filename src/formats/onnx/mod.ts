/**
 * Networks in ONNX files.
 *
 * Read: Conv (groups, dilation, any padding), BatchNormalization, MaxPool, AveragePool, global pooling and ReduceMean or
 * ReduceMax of rows and columns, Gemm, MatMul; Relu, Clip, LeakyRelu, PRelu, Elu, Selu, Gelu, Mish, Sigmoid, HardSigmoid,
 * HardSwish, Tanh, Softplus, Softsign, Softmax, LogSoftmax; Add, Sub, Mul, Div, Neg, Sum, Mean, Max, Min; Concat, Split,
 * Slice, Gather, Pad, Resize, Expand; Flatten, Reshape, Squeeze, Unsqueeze, Identity, Cast, Dropout, and what computes
 * shapes.
 *
 * Written: every layer that pruning can leave behind, nested models too.
 *
 * @module
 */
export { readOnnxModel } from "./read/read.ts";
export { writeOnnx } from "./write/write.ts";
