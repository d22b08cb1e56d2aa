import type * as tf from "@tensorflow/tfjs";
import {
  type BlockLimits,
  blockPixels,
  blockSourceBytes,
  type Conv2DPlan,
  type ConvolutionShape,
  encodePlan,
  PLAN_BYTES,
  planConvolution,
} from "./conv2d_plan.ts";
import type { Kernels } from "./load.ts";

/** Blocks of the forward and input-gradient kernels: their source stays in the second cache. */
export const CONVOLUTION_LIMITS: BlockLimits = { sourceBytes: 192 * 1024, pixels: 4096 };

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

/**
 * Convolves: y[n, i, j, o] = f(bias[o] + Σ x[n, i·s + ky·d − top, j·s + kx·d − left, c] · filter[ky, kx, c, o]).
 *
 * @param kernels The kernels.
 * @param inputs Images, filter and bias, all float32.
 * @param shape The convolution, as `tf.backend_util.computeConv2DInfo` describes it for NHWC; no size is zero.
 * @param activation What follows; linear by default.
 * @returns The output, N × outHeight × outWidth × n; the caller disposes it.
 * @throws {RangeError} When the WASM memory is exhausted.
 */
export function convolve(
  kernels: Kernels,
  inputs: ConvolutionInputs,
  shape: ConvolutionShape,
  activation: ClampActivation = "linear",
): tf.Tensor4D {
  const { memory, wasm } = kernels;
  const plan = planConvolution(shape, {
    limits: CONVOLUTION_LIMITS,
    bounds: CLAMPS[activation],
  });
  const { batchSize, outHeight, outWidth, inChannels, outChannels } = shape;
  const taps = shape.filterHeight * shape.filterWidth * inChannels;
  const output = memory.makeTensor<tf.Tensor4D>([batchSize, outHeight, outWidth, outChannels]);
  try {
    memory.withScratch(convolutionScratchBytes(kernels, plan), (scratch) => {
      memory.i32(scratch.plan, PLAN_BYTES / 4).set(encodePlan(plan));
      const bias = memory.f32(scratch.bias, paddedChannels(outChannels)).fill(0);
      if (inputs.bias) bias.set(memory.f32(memory.tensorPointer(inputs.bias), outChannels));
      wasm.packF32ColumnPanels(
        memory.tensorPointer(inputs.filter),
        taps,
        outChannels,
        scratch.panels,
      );
      wasm.convolve2D(
        scratch.plan,
        memory.tensorPointer(inputs.x),
        scratch.panels,
        scratch.bias,
        output.pointer,
        scratch.workspace,
      );
    });
  } catch (error) {
    output.tensor.dispose();
    throw error;
  }
  return output.tensor;
}

function paddedChannels(channels: number): number {
  return PANEL_CHANNELS * Math.ceil(channels / PANEL_CHANNELS);
}

/** Scratch that a convolution needs. */
export function convolutionScratchBytes(
  { wasm }: Kernels,
  plan: Conv2DPlan,
): Record<"plan" | "bias" | "panels" | "workspace", number> {
  const channels = paddedChannels(plan.outputChannels);
  return {
    plan: PLAN_BYTES,
    bias: 4 * channels,
    panels: 4 * channels * plan.kernelRows * plan.runs * plan.runLength,
    workspace: wasm.convolve2DWorkspaceBytes(blockPixels(plan)) + blockSourceBytes(plan),
  };
}
