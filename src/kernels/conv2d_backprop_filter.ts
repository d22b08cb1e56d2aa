import type * as tf from "@tensorflow/tfjs";
import {
  type BlockLimits,
  blockPixels,
  blockSourceBytes,
  type ConvolutionShape,
  encodePlan,
  PLAN_BYTES,
  planConvolution,
} from "./conv2d_plan.ts";
import type { Kernels } from "./load.ts";

/**
 * Blocks of the filter gradient, which every tile of the gradient walks over: they stay near the first cache, but for
 * wide layers on small maps, where a few pixels would fill it and the gradient be read and written again for each few.
 */
const FILTER_GRADIENT_LIMITS: BlockLimits = {
  sourceBytes: 32 * 1024,
  pixels: 512,
  alwaysPixels: 256,
};

/** Rows of the gradient's tile; it reads as many neighboring floats. */
const TILE_ROWS = 6;

/**
 * Gradient of a convolution in its filter: dW[ky, kx, c, o] = Σ x[n, i·s + ky·d − top, j·s + kx·d − left, c] · dy[n, i, j, o].
 *
 * @param kernels The kernels.
 * @param x Images, N × H × W × c, float32.
 * @param dy Gradient of the output, N × outHeight × outWidth × n, float32.
 * @param shape The convolution, as `tf.backend_util.computeConv2DInfo` describes it for NHWC; no size is zero.
 * @returns The gradient, kh × kw × c × n; the caller disposes it.
 * @throws {InputError} When the WASM memory is exhausted.
 */
export function convolutionFilterGradient(
  kernels: Kernels,
  x: tf.TensorInfo,
  dy: tf.TensorInfo,
  shape: ConvolutionShape,
): tf.Tensor4D {
  const { memory, wasm } = kernels;
  const { filterHeight, filterWidth, inChannels, outChannels } = shape;
  const runLength = (shape.dilationWidth === 1 ? filterWidth : 1) * inChannels;
  const plan = planConvolution(shape, {
    limits: FILTER_GRADIENT_LIMITS,
    // The last tile of a run reads on past it, and must not leave the memory behind the last image.
    mayReadInPlace: runLength % TILE_ROWS === 0,
  });
  const gradient = memory.makeTensor<tf.Tensor4D>([
    filterHeight,
    filterWidth,
    inChannels,
    outChannels,
  ]);
  const bytes = {
    plan: PLAN_BYTES,
    workspace: wasm.filterGradientWorkspaceBytes(blockPixels(plan), outChannels) +
      blockSourceBytes(plan),
  };
  try {
    memory.withScratch(bytes, (scratch) => {
      memory.i32(scratch.plan, PLAN_BYTES / 4).set(encodePlan(plan));
      wasm.convolve2DFilterGradient(
        scratch.plan,
        memory.tensorPointer(x),
        memory.tensorPointer(dy),
        gradient.pointer,
        scratch.workspace,
      );
    });
  } catch (error) {
    gradient.tensor.dispose();
    throw error;
  }
  return gradient.tensor;
}
