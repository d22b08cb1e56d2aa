import type * as tf from "@tensorflow/tfjs";
import { runConvolution } from "./conv2d.ts";
import type { ConvolutionShape } from "./conv2d_plan.ts";
import type { Kernels } from "./load.ts";
import type { ConvolutionMethod } from "./winograd.ts";

/** The rows (or columns) of the input that meet the same taps of a strided convolution. */
export interface Phase {
  /** First of them; the others follow in steps of the stride. */
  readonly first: number;
  /** How many. */
  readonly count: number;
  /** First tap that meets them; the others follow in steps of the stride. */
  readonly firstTap: number;
  /** How many taps. */
  readonly taps: number;
  /** Zeros before the output's gradient when the phase is computed as a convolution of it. */
  readonly padBefore: number;
}

/**
 * Takes the input gradient of one axis apart into ordinary convolutions of dy, one per remainder r of the stride s.
 *
 * Tap k of output o meets input i where i + pad = o·s + k. With k = r + t·s and i = q·s + r − pad that is o = q − t: over
 * q, a convolution of step one with the taps r, r + s, … in reverse. Hence nothing is multiplied with inserted zeros.
 *
 * @param input Inputs along the axis.
 * @param kernel Taps along the axis.
 * @param stride Step s.
 * @param pad Zeros before the input.
 * @returns The phases that have inputs.
 */
export function phasesOf(input: number, kernel: number, stride: number, pad: number): Phase[] {
  const phases: Phase[] = [];
  for (let firstTap = 0; firstTap < stride; firstTap++) {
    const start = Math.ceil((pad - firstTap) / stride);
    const count = Math.floor((input - 1 + pad - firstTap) / stride) - start + 1;
    const taps = Math.max(0, Math.ceil((kernel - firstTap) / stride));
    const first = start * stride + firstTap - pad;
    if (count > 0) phases.push({ first, count, firstTap, taps, padBefore: taps - 1 - start });
  }
  return phases;
}

/** What an input gradient is made of. */
export interface InputGradientInputs {
  /** Gradient of the output, N × outHeight × outWidth × n. */
  readonly dy: tf.TensorInfo;
  /** Filter, kh × kw × c × n. */
  readonly filter: tf.TensorInfo;
  /** By default the faster one. Only 3×3 filters with strides of one may be computed by tiles. */
  readonly method?: ConvolutionMethod;
}

/** Two phases and what they are phases of. */
interface PhasePair extends InputGradientInputs {
  readonly shape: ConvolutionShape;
  readonly rows: Phase;
  readonly columns: Phase;
  /** Address of the gradient. */
  readonly gradient: number;
}

function addPhase(kernels: Kernels, pair: PhasePair): void {
  const { memory, wasm } = kernels;
  const { dy, filter, method, shape, rows, columns, gradient } = pair;
  const { inChannels, outChannels, inHeight, inWidth, strideHeight, strideWidth } = shape;
  runConvolution(kernels, {
    shape: {
      batchSize: shape.batchSize,
      inHeight: shape.outHeight,
      inWidth: shape.outWidth,
      inChannels: outChannels,
      outHeight: rows.count,
      outWidth: columns.count,
      outChannels: inChannels,
      filterHeight: rows.taps,
      filterWidth: columns.taps,
      strideHeight: 1,
      strideWidth: 1,
      dilationHeight: 1,
      dilationWidth: 1,
      padInfo: { top: rows.padBefore, left: columns.padBefore },
    },
    method,
    placement: { height: inHeight, width: inWidth, rowStep: strideHeight, columnStep: strideWidth },
    input: dy,
    output: gradient + 4 * inChannels * (rows.first * inWidth + columns.first),
    packFilter: (panels) =>
      wasm.packPhaseFilter(
        memory.tensorPointer(filter),
        shape.filterWidth,
        inChannels,
        outChannels,
        rows.firstTap,
        strideHeight,
        rows.taps,
        columns.firstTap,
        strideWidth,
        columns.taps,
        panels,
      ),
  });
}

/**
 * Gradient of a convolution in its input: dx[n, y, x, c] = Σ dy[n, i, j, o] · filter[ky, kx, c, o] over all i·s + ky = y + top
 * and j·s + kx = x + left.
 *
 * @param kernels The kernels.
 * @param inputs Gradient of the output and filter, float32, and the method.
 * @param shape The convolution, as `tf.backend_util.computeConv2DInfo` describes it for NHWC, without dilation; no size
 * is zero.
 * @returns The gradient, N × inHeight × inWidth × c; the caller disposes it.
 * @throws {InputError} When the WASM memory is exhausted.
 * @throws {RangeError} When the method does not cover the convolution.
 */
export function convolutionInputGradient(
  kernels: Kernels,
  inputs: InputGradientInputs,
  shape: ConvolutionShape,
): tf.Tensor4D {
  const { memory } = kernels;
  const { batchSize, inHeight, inWidth, inChannels, strideHeight, strideWidth, padInfo } = shape;
  const { tensor, pointer } = memory.makeTensor<tf.Tensor4D>([
    batchSize,
    inHeight,
    inWidth,
    inChannels,
  ]);
  try {
    const skipsInputs = shape.filterHeight < strideHeight || shape.filterWidth < strideWidth;
    if (skipsInputs) memory.f32(pointer, tensor.size).fill(0);
    for (const rows of phasesOf(inHeight, shape.filterHeight, strideHeight, padInfo.top)) {
      for (const columns of phasesOf(inWidth, shape.filterWidth, strideWidth, padInfo.left)) {
        if (rows.taps * columns.taps === 0) continue;
        addPhase(kernels, { ...inputs, shape, rows, columns, gradient: pointer });
      }
    }
  } catch (error) {
    tensor.dispose();
    throw error;
  }
  return tensor;
}
