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
import { FACTORS, overSeries, SCALES, WINDOWS } from "./series.ts";
import { shapeOperators } from "./shapes.ts";
import { importTransposedConvolution } from "./transposed.ts";

export { permute, toPlain } from "./reshape.ts";
export { findPosition, type Method, readFactors, readMethod, ROUNDINGS } from "./resize.ts";
export { FACTORS, overSeries } from "./series.ts";

/** How the operations of ONNX become layers, by name. */
export const operators: Readonly<Record<string, Operator>> = {
  Conv: overSeries(importConvolution, WINDOWS),
  ConvTranspose: overSeries(importTransposedConvolution, WINDOWS),
  BatchNormalization: overSeries(importBatchNormalization, SCALES),
  MaxPool: overSeries(importMaxPool, WINDOWS),
  AveragePool: overSeries(importAveragePool, WINDOWS),
  GlobalAveragePool: overSeries(importGlobalPool, WINDOWS),
  GlobalMaxPool: overSeries(importGlobalPool, WINDOWS),
  Resize: overSeries(importResize, FACTORS),
  Upsample: overSeries(importResize, FACTORS),
  ...blockOperators,
  ...activationOperators,
  ...arithmeticOperators,
  ...denseOperators,
  ...normalizationOperators,
  ...pickingOperators,
  ...reductionOperators,
  ...shapeOperators,
};
