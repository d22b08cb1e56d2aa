import type { Operator } from "../node_call.ts";
import { activationOperators } from "./activations.ts";
import { arithmeticOperators } from "./arithmetic.ts";
import { importConvolution, importDepthwise, importTransposed } from "./convolution.ts";
import { importMatMul } from "./dense.ts";
import { importBatchNorm } from "./fused.ts";
import { importPool, importReduction } from "./pooling.ts";
import { pickingOperators } from "./picking.ts";
import { shapeOperators } from "./shapes.ts";

/** How the operations of TensorFlow become layers, by name. */
export const operators: Readonly<Record<string, Operator>> = {
  Conv2D: importConvolution,
  _FusedConv2D: importConvolution,
  DepthwiseConv2dNative: importDepthwise,
  FusedDepthwiseConv2dNative: importDepthwise,
  Conv2DBackpropInput: importTransposed,
  FusedBatchNorm: importBatchNorm,
  FusedBatchNormV2: importBatchNorm,
  FusedBatchNormV3: importBatchNorm,
  MatMul: importMatMul,
  _FusedMatMul: importMatMul,
  BatchMatMul: importMatMul,
  BatchMatMulV2: importMatMul,
  MaxPool: importPool,
  AvgPool: importPool,
  Mean: importReduction,
  Max: importReduction,
  ...activationOperators,
  ...arithmeticOperators,
  ...pickingOperators,
  ...shapeOperators,
};
