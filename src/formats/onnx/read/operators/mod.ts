import type { Operator } from "../node_call.ts";
import { activationOperators } from "./activations.ts";
import { arithmeticOperators } from "./arithmetic.ts";
import { blockOperators } from "./blocks.ts";
import { importBatchNormalization, importConvolution } from "./convolution.ts";
import { denseOperators } from "./dense.ts";
import { normalizationOperators } from "./normalization.ts";
import { importAveragePool, importGlobalPool, importMaxPool } from "./pooling.ts";
import { pickingOperators } from "./picking.ts";
import { importResize } from "./resize.ts";
import { reductionOperators } from "./reductions.ts";
import { overSeries } from "./series.ts";
import { shapeOperators } from "./shapes.ts";
import { importTransposedConvolution } from "./transposed.ts";

export { permute, toPlain } from "./reshape.ts";
export { findPosition, type Method, readFactors, readMethod, ROUNDINGS } from "./resize.ts";

/** How the operations of ONNX become layers, by name. */
export const operators: Readonly<Record<string, Operator>> = {
  Conv: overSeries(importConvolution),
  ConvTranspose: overSeries(importTransposedConvolution),
  BatchNormalization: overSeries(importBatchNormalization),
  MaxPool: overSeries(importMaxPool),
  AveragePool: overSeries(importAveragePool),
  GlobalAveragePool: overSeries(importGlobalPool),
  GlobalMaxPool: overSeries(importGlobalPool),
  Resize: importResize,
  Upsample: importResize,
  ...blockOperators,
  ...activationOperators,
  ...arithmeticOperators,
  ...denseOperators,
  ...normalizationOperators,
  ...pickingOperators,
  ...reductionOperators,
  ...shapeOperators,
};
