import type * as tf from "@tensorflow/tfjs";
import {
  blockPixels,
  blockSourceBytes,
  type Conv2DPlan,
  CONVOLUTION_LIMITS,
  type ConvolutionShape,
  encodePlan,
  type Placement,
  PLAN_BYTES,
  planConvolution,
} from "./conv2d_plan.ts";
import type { Kernels } from "./load.ts";
import {
  canUseWinograd,
  type ConvolutionMethod,
  fasterMethod,
  planWinograd,
  type WinogradMethod,
  winogradWorkspaceBytes,
} from "./winograd.ts";

/** Output channels in a panel of weights. */
const PANEL_CHANNELS = 8;

/** Activations that the convolution applies itself, as the interval that they clamp to. */
export const CLAMPS = {
  linear: [-Infinity, Infinity],
  relu: [0, Infinity],
  relu6: [0, 6],
} as const;

/** An activation that the convolution applies itself. */
export type ClampActivation = keyof typeof CLAMPS;

/** What a convolution reads. */
export interface ConvolutionInputs {
  /** Images, N × H × W × c. */
  readonly x: tf.TensorInfo;
  /** Filter, kh × kw × c × n. */
  readonly filter: tf.TensorInfo;
  /** Bias, n; none by default. */
  readonly bias?: tf.TensorInfo;
}

/** How to convolve. */
export interface ConvolutionOptions {
  /** What follows the sums; linear by default. */
  readonly activation?: ClampActivation;
  /** By default the faster one. Only 3×3 filters with steps of one may be computed by tiles. */
  readonly method?: ConvolutionMethod;
}

/**
 * Convolves: y[n, i, j, o] = f(bias[o] + Σ x[n, i·s + ky·d − top, j·s + kx·d − left, c] · filter[ky, kx, c, o]).
 *
 * @param kernels The kernels.
 * @param inputs Images, filter and bias, all float32.
 * @param shape The convolution, as `tf.backend_util.computeConv2DInfo` describes it for NHWC; no size is zero.
 * @param options Activation and method.
 * @returns The output, N × outHeight × outWidth × n; the caller disposes it.
 * @throws {InputError} When the WASM memory is exhausted.
 * @throws {RangeError} When the method does not cover the convolution.
 */
export function convolve(
  kernels: Kernels,
  inputs: ConvolutionInputs,
  shape: ConvolutionShape,
  options: ConvolutionOptions = {},
): tf.Tensor4D {
  const { memory, wasm } = kernels;
  const { activation = "linear", method } = options;
  const { batchSize, outHeight, outWidth, inChannels, outChannels } = shape;
  const taps = shape.filterHeight * shape.filterWidth * inChannels;
  const output = memory.makeTensor<tf.Tensor4D>([batchSize, outHeight, outWidth, outChannels]);
  try {
    runConvolution(kernels, {
      shape,
      method,
      bounds: CLAMPS[activation],
      input: inputs.x,
      output: output.pointer,
      bias: inputs.bias,
      packFilter: (panels) =>
        wasm.packF32ColumnPanels(memory.tensorPointer(inputs.filter), taps, outChannels, panels),
    });
  } catch (error) {
    output.tensor.dispose();
    throw error;
  }
  return output.tensor;
}

/** A convolution whose output has a place already. */
export interface PlacedConvolution {
  readonly shape: ConvolutionShape;
  readonly method?: ConvolutionMethod;
  /** Bounds of the activation; none by default. */
  readonly bounds?: readonly [number, number];
  /** Where output pixels go; by default the output is dense. */
  readonly placement?: Placement;
  readonly input: tf.TensorInfo;
  /** Address of the first output pixel. */
  readonly output: number;
  readonly bias?: tf.TensorInfo;
  /** Writes the filter in panels of eight output channels, as `assembly/conv2d_tile.ts` reads them. */
  packFilter(panels: number): void;
}

/**
 * Runs a convolution by its method.
 *
 * @param kernels The kernels.
 * @param convolution The convolution.
 * @throws {InputError} When the WASM memory is exhausted.
 * @throws {RangeError} When the method does not cover the convolution.
 */
export function runConvolution(kernels: Kernels, convolution: PlacedConvolution): void {
  const { shape, method = fasterMethod(shape) } = convolution;
  if (method === "direct") return runDirect(kernels, convolution);
  if (!canUseWinograd(shape)) {
    throw new RangeError(
      `convolve by Winograd: a ${shape.filterHeight}×${shape.filterWidth} filter with strides ` +
        `${shape.strideHeight}×${shape.strideWidth} and dilations ${shape.dilationHeight}×` +
        `${shape.dilationWidth}, wanted 3×3 with ones; leave the method out`,
    );
  }
  runWinograd(kernels, convolution, method);
}

function runDirect(kernels: Kernels, convolution: PlacedConvolution): void {
  const { memory, wasm } = kernels;
  const { shape, placement, bounds, input, output } = convolution;
  const plan = planConvolution(shape, {
    limits: CONVOLUTION_LIMITS,
    placement,
    bounds,
    mayReadInPlace: memory.canReadBehind(input),
  });
  const bytes = {
    ...convolutionScratchBytes(plan),
    workspace: wasm.convolve2DWorkspaceBytes(blockPixels(plan)) + blockSourceBytes(plan),
  };
  memory.withScratch(bytes, (scratch) => {
    fillScratch(kernels, convolution, plan, scratch);
    wasm.convolve2D(
      scratch.plan,
      memory.tensorPointer(input),
      scratch.panels,
      scratch.bias,
      output,
      scratch.workspace,
    );
  });
}

function runWinograd(
  kernels: Kernels,
  convolution: PlacedConvolution,
  method: WinogradMethod,
): void {
  const { memory, wasm } = kernels;
  const { shape, placement, bounds, input, output } = convolution;
  const plan = planWinograd(shape, method, { limits: CONVOLUTION_LIMITS, placement, bounds });
  const { inChannels, outChannels } = shape;
  const filterBytes = wasm.winogradFilterBytes(plan.side, inChannels, outChannels);
  memory.withScratch({ filter: filterBytes, ...convolutionScratchBytes(plan) }, (scratch) => {
    fillScratch(kernels, convolution, plan, scratch);
    const { panels, filter } = scratch;
    wasm.transformWinogradFilter(plan.side, panels, inChannels, outChannels, filter);
    const workspace = winogradWorkspaceBytes(kernels, plan);
    memory.withScratch({ workspace }, ({ workspace }) =>
      wasm.winogradConvolve2D(
        plan.side,
        scratch.plan,
        memory.tensorPointer(input),
        filter,
        scratch.bias,
        output,
        plan.chunkTiles,
        workspace,
      ));
  });
}

function fillScratch(
  { memory }: Kernels,
  { bias, packFilter }: PlacedConvolution,
  plan: Conv2DPlan,
  scratch: Record<"plan" | "bias" | "panels", number>,
): void {
  memory.i32(scratch.plan, PLAN_BYTES / 4).set(encodePlan(plan));
  const { outputChannels } = plan;
  const biases = memory.f32(scratch.bias, paddedChannels(outputChannels)).fill(0);
  if (bias) biases.set(memory.f32(memory.tensorPointer(bias), outputChannels));
  packFilter(scratch.panels);
}

function paddedChannels(channels: number): number {
  return PANEL_CHANNELS * Math.ceil(channels / PANEL_CHANNELS);
}

/** Scratch that both methods need. */
function convolutionScratchBytes(plan: Conv2DPlan): Record<"plan" | "bias" | "panels", number> {
  const channels = paddedChannels(plan.outputChannels);
  return {
    plan: PLAN_BYTES,
    bias: 4 * channels,
    panels: 4 * channels * plan.kernelRows * plan.runs * plan.runLength,
  };
}
