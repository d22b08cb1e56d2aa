import type * as tf from "@tensorflow/tfjs";
import {
  type BlockLimits,
  blockPixels,
  blockSourceBytes,
  CONVOLUTION_LIMITS,
  type ConvolutionShape,
  encodePlan,
  PLAN_BYTES,
  planConvolution,
} from "./conv2d_plan.ts";
import type { Kernels } from "./load.ts";
import {
  filterGradientGain,
  planWinograd,
  winogradFilterGradientWorkspaceBytes,
} from "./winograd.ts";

/**
 * Blocks of the filter gradient, whose panels are packed anew for each: a panel stays in the first cache, and the gradient
 * is read and written once for so many pixels.
 */
const FILTER_GRADIENT_LIMITS: BlockLimits = { sourceBytes: Infinity, pixels: 256 };

/** How a filter gradient is computed: tap by tap, or by tiles of 4×4 output pixels. */
export type FilterGradientMethod = "direct" | "winograd4x4";

/**
 * The method that promises to be the faster one.
 *
 * @param shape The convolution.
 * @returns The method.
 */
export function fasterGradientMethod(shape: ConvolutionShape): FilterGradientMethod {
  return filterGradientGain(shape) > 1 ? "winograd4x4" : "direct";
}

/**
 * Gradient of a convolution in its filter: dW[ky, kx, c, o] = Σ x[n, i·s + ky·d − top, j·s + kx·d − left, c] · dy[n, i, j, o].
 *
 * @param kernels The kernels.
 * @param x Images, N × H × W × c, float32.
 * @param dy Gradient of the output, N × outHeight × outWidth × n, float32.
 * @param shape The convolution, as `tf.backend_util.computeConv2DInfo` describes it for NHWC; no size is zero.
 * @param method By default the faster one. Only 3×3 filters with strides of one may be computed by tiles.
 * @returns The gradient, kh × kw × c × n; the caller disposes it.
 * @throws {InputError} When the WASM memory is exhausted.
 */
export function convolutionFilterGradient(
  kernels: Kernels,
  x: tf.TensorInfo,
  dy: tf.TensorInfo,
  shape: ConvolutionShape,
  method: FilterGradientMethod = fasterGradientMethod(shape),
): tf.Tensor4D {
  const { filterHeight, filterWidth, inChannels, outChannels } = shape;
  const { tensor, pointer } = kernels.memory.makeTensor<tf.Tensor4D>([
    filterHeight,
    filterWidth,
    inChannels,
    outChannels,
  ]);
  const addresses = {
    input: kernels.memory.tensorPointer(x),
    dy: kernels.memory.tensorPointer(dy),
    gradient: pointer,
    mayReadInPlace: kernels.memory.canReadBehind(x),
  };
  try {
    if (method === "direct") runDirect(kernels, shape, addresses);
    else runTiles(kernels, shape, addresses);
  } catch (error) {
    tensor.dispose();
    throw error;
  }
  return tensor;
}

/** Where a filter gradient reads and writes. */
interface Addresses {
  readonly input: number;
  readonly dy: number;
  readonly gradient: number;
  /** Whether tiles that load four inputs at a time may leave the last image. */
  readonly mayReadInPlace: boolean;
}

function runDirect(
  { memory, wasm }: Kernels,
  shape: ConvolutionShape,
  { input, dy, gradient, mayReadInPlace }: Addresses,
): void {
  const made = planConvolution(shape, { limits: FILTER_GRADIENT_LIMITS, mayReadInPlace });
  const pixels = blockPixels(made);
  const workspace = wasm.filterGradientWorkspaceBytes(pixels, made.runLength, shape.outChannels) +
    blockSourceBytes(made);
  memory.withScratch({ plan: PLAN_BYTES, workspace }, ({ plan, workspace }) => {
    memory.i32(plan, PLAN_BYTES / 4).set(encodePlan(made));
    wasm.convolve2DFilterGradient(plan, input, dy, gradient, workspace);
  });
}

function runTiles(
  kernels: Kernels,
  shape: ConvolutionShape,
  { input, dy, gradient }: Addresses,
): void {
  const { memory, wasm } = kernels;
  const made = planWinograd(shape, "winograd4x4", { limits: CONVOLUTION_LIMITS });
  const workspace = winogradFilterGradientWorkspaceBytes(kernels, made);
  memory.withScratch({ plan: PLAN_BYTES, workspace }, ({ plan, workspace }) => {
    memory.i32(plan, PLAN_BYTES / 4).set(encodePlan(made));
    wasm.winogradFilterGradient(plan, input, dy, gradient, made.chunkTiles, workspace);
  });
}
