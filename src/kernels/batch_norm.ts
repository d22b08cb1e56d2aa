import * as tf from "@tensorflow/tfjs";
import type { Kernels } from "./load.ts";

/** Mean and variance of each channel of a batch, c each. */
export interface ChannelMoments {
  /** The means. */
  readonly mean: tf.Tensor1D;
  /** The variances, over N, not N − 1. */
  readonly variance: tf.Tensor1D;
}

/** What {@link trainBatchNorm} returns. */
export interface TrainedBatchNorm<T extends tf.Tensor> extends ChannelMoments {
  /** The normalized batch, shaped as x. */
  readonly output: T;
}

/** How {@link trainBatchNorm} goes on. */
export interface TrainBatchNormOptions {
  /** Bounds of the ReLU that follows, an infinite one or 6; by default none follows. */
  readonly relu?: "relu" | "relu6";
  /** Moments to normalize by, which do not change with x. Default: the batch's own. */
  readonly moments?: ChannelMoments;
}

/** Checks that the last dimension of x is as long as the other tensors, and returns the sizes. */
function sizesOf(
  x: tf.Tensor,
  perChannel: Record<string, tf.Tensor>,
): { rows: number; channels: number } {
  const channels = x.shape.at(-1) ?? 0;
  if (x.dtype !== "float32" || x.size === 0) {
    throw new TypeError(
      `normalize a batch: x is ${x.dtype} of shape ${
        x.shape.join("×")
      }, wanted float32 and not empty`,
    );
  }
  for (const [name, { shape, dtype }] of Object.entries(perChannel)) {
    if (shape.length !== 1 || shape[0] !== channels || dtype !== "float32") {
      throw new TypeError(
        `normalize a batch: ${name} is ${dtype} of shape ${shape.join("×")}, ` +
          `wanted ${channels} float32 for x of shape ${x.shape.join("×")}`,
      );
    }
  }
  return { rows: x.size / channels, channels };
}

/**
 * Mean and variance of each channel, in one pass.
 *
 * @param kernels The kernels.
 * @param x A batch, … × c; no gradient flows through its moments.
 * @returns New tensors.
 * @throws {TypeError} When x is not float32 or is empty.
 */
export function channelMoments(kernels: Kernels, x: tf.Tensor): ChannelMoments {
  const { rows, channels } = sizesOf(x, {});
  const { memory, wasm } = kernels;
  return memory.withScratch({ workspace: wasm.batchNormWorkspaceBytes(channels) }, (at) => {
    const from = memory.tensorPointer(x);
    const mean = memory.makeTensor<tf.Tensor1D>([channels]);
    const variance = memory.makeTensor<tf.Tensor1D>([channels]);
    wasm.channelMoments(from, rows, channels, mean.pointer, variance.pointer, at.workspace);
    return { mean: mean.tensor, variance: variance.tensor };
  });
}

/** What a normalization is made of: the batch, its moments, γ and β. */
interface Normalization extends ChannelMoments {
  readonly x: tf.Tensor;
  readonly gamma: tf.Tensor;
  readonly beta: tf.Tensor;
}

/** What follows the moments, in the order in which the kernels want it: ε, whether there is a ReLU, and its bound. */
type Clamp = readonly [epsilon: number, hasRelu: boolean, highest: number];

function batchNormForward(kernels: Kernels, parts: Normalization, clamp: Clamp): tf.Tensor {
  const { x, gamma, beta, mean, variance } = parts;
  const { rows, channels } = sizesOf(x, { gamma, beta });
  const { memory, wasm } = kernels;
  return memory.withScratch({ workspace: wasm.batchNormWorkspaceBytes(channels) }, (at) => {
    const [from, means, variances, scales, shifts] = [x, mean, variance, gamma, beta]
      .map((tensor) => memory.tensorPointer(tensor));
    const output = memory.makeTensor(x.shape);
    wasm.normalizeChannels(
      from,
      rows,
      channels,
      means,
      variances,
      scales,
      shifts,
      ...clamp,
      output.pointer,
      at.workspace,
    );
    return output.tensor;
  });
}

function batchNormBackward(
  kernels: Kernels,
  dy: tf.Tensor,
  { x, gamma, beta, mean, variance }: Normalization,
  clamp: Clamp,
  isFrozen: boolean,
): tf.Tensor[] {
  const { rows, channels } = sizesOf(x, { gamma, beta });
  const { memory, wasm } = kernels;
  const sizes = {
    workspace: wasm.batchNormWorkspaceBytes(channels),
    nothing: channels * Float32Array.BYTES_PER_ELEMENT,
  };
  return memory.withScratch(sizes, (at) => {
    const [dyAt, xAt, means, variances, scales, shifts] = [dy, x, mean, variance, gamma, beta]
      .map((tensor) => memory.tensorPointer(tensor));
    const gammaGradient = memory.makeTensor([channels]);
    const betaGradient = memory.makeTensor([channels]);
    const dx = memory.makeTensor(x.shape);
    const problem = [
      dyAt,
      xAt,
      rows,
      channels,
      means,
      variances,
      scales,
      shifts,
      ...clamp,
    ] as const;
    wasm.batchNormParameterGradients(
      ...problem,
      gammaGradient.pointer,
      betaGradient.pointer,
      at.workspace,
    );
    // Through moments that do not change with x nothing flows back, as if γ and β had no gradient.
    memory.f32(at.nothing, channels).fill(0);
    const [throughVariance, throughMean] = isFrozen
      ? [at.nothing, at.nothing]
      : [gammaGradient.pointer, betaGradient.pointer];
    wasm.batchNormInputGradient(
      ...problem,
      throughVariance,
      throughMean,
      dx.pointer,
      at.workspace,
    );
    return [dx.tensor, gammaGradient.tensor, betaGradient.tensor];
  });
}

/**
 * Batch normalization as in training, with the batch's own moments or given ones, and a ReLU or ReLU6 if wanted (Ioffe and
 * Szegedy 2015, algorithm 1):
 *
 *     output = γ · (x − mean) / √(variance + ε) + β
 *
 * Differentiable in x, γ and β; in x also by way of the batch's own moments, though not through those that are returned.
 * Two passes over the batch in each direction.
 *
 * @param kernels The kernels.
 * @param x The batch, … × c.
 * @param gamma γ, c.
 * @param beta β, c.
 * @param epsilon ε.
 * @param options Which ReLU follows, and moments.
 * @returns The output, and the moments for the moving averages.
 * @throws {TypeError} When types or shapes do not fit, or x is empty.
 */
export function trainBatchNorm<T extends tf.Tensor>(
  kernels: Kernels,
  x: T,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  epsilon: number,
  { relu, moments: given }: TrainBatchNormOptions = {},
): TrainedBatchNorm<T> {
  sizesOf(x, { gamma, beta, ...given });
  const moments = given ?? channelMoments(kernels, x);
  const clamp = [epsilon, relu !== undefined, relu === "relu6" ? 6 : Infinity] as const;
  const normalize = tf.customGrad((...inputs) => {
    const [x, gamma, beta] = inputs as tf.Tensor[];
    const save = inputs[3] as tf.GradSaveFunc;
    const value = batchNormForward(kernels, { x, gamma, beta, ...moments }, clamp);
    save([x, gamma, beta, moments.mean, moments.variance]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [x, gamma, beta, mean, variance] = saved;
      const parts = { x, gamma, beta, mean, variance } as Normalization;
      return batchNormBackward(kernels, dy, parts, clamp, given !== undefined);
    };
    return { value, gradFunc };
  });
  return { output: normalize(x, gamma, beta) as T, ...moments };
}
