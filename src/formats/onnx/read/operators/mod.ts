import type { Operator } from "../node_call.ts";
import { activationOperators } from "./activations.ts";
import { arithmeticOperators } from "./arithmetic.ts";
import { importBatchNormalization, importConvolution } from "./convolution.ts";
import { denseOperators } from "./dense.ts";
import { importAveragePool, importGlobalPool, importMaxPool, importReduction } from "./pooling.ts";
import { pickingOperators } from "./picking.ts";
import { importResize } from "./resize.ts";
import { shapeOperators } from "./shapes.ts";
import { importTransposedConvolution } from "./transposed.ts";

export { inOnnxOrder } from "./shapes.ts";

/** How the operations of ONNX become layers, by name. */
export const operators: Readonly<Record<string, Operator>> = {
  Conv: importConvolution,
  ConvTranspose: importTransposedConvolution,
  BatchNormalization: importBatchNormalization,
  MaxPool: importMaxPool,
  AveragePool: importAveragePool,
  GlobalAveragePool: importGlobalPool,
  GlobalMaxPool: importGlobalPool,
  ReduceMean: importReduction,
  ReduceMax: importReduction,
  Resize: importResize,
  Upsample: importResize,
  ...activationOperators,
  ...arithmeticOperators,
  ...denseOperators,
  ...pickingOperators,
  ...shapeOperators,
};
