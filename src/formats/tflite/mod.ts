/**
 * Networks in TensorFlow Lite files.
 *
 * Read: CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV, FULLY_CONNECTED; MAX_POOL_2D, AVERAGE_POOL_2D, MEAN and REDUCE_MAX of
 * rows and columns; RELU, RELU6, RELU_N1_TO_1, LEAKY_RELU, PRELU, ELU, GELU, LOGISTIC, TANH, HARD_SWISH, SOFTMAX, LOG_SOFTMAX,
 * fused activations too; ADD, ADD_N, SUB, MUL, DIV, NEG, ABS, SQUARE, MAXIMUM, MINIMUM; CONCATENATION, SPLIT, SPLIT_V, SLICE,
 * STRIDED_SLICE, GATHER, PAD, PADV2, RESIZE_BILINEAR, RESIZE_NEAREST_NEIGHBOR; RESHAPE, SQUEEZE, EXPAND_DIMS, TRANSPOSE, CAST,
 * DEQUANTIZE, QUANTIZE, and what computes shapes; what is a step of its own in graph models (ARG_MAX, ARG_MIN, BATCH_MATMUL,
 * DEPTH_TO_SPACE, MIRROR_PAD, REDUCE_MIN, REDUCE_PROD, SUM, TILE, TOPK_V2, UNPACK and operations on single values). Integer weights are widened; networks of integers throughout become the
 * networks of floats that they stand for.
 *
 * Written: every layer that pruning can leave behind, nested models too.
 *
 * @module
 */
export { readTflite } from "./read/read.ts";
export { type TfliteOptions, writeTflite } from "./write/write.ts";
