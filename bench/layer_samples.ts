/** The layer of layer_bench.ts: a 3×3×64→64 convolution and its samples, the same in every thread. */
import * as tf from "@tensorflow/tfjs";
import type { Geometry } from "../src/kernels/geometry.ts";
import type { Kernels } from "../src/kernels/load.ts";
import { MomentAccumulator } from "../src/kernels/moment_accumulator.ts";
import type { Moments } from "../src/kernels/moments.ts";
import { unpackMoments } from "../src/kernels/packed_moments.ts";
import { samplePatches } from "../src/kernels/patches.ts";
import { createRandom } from "../src/base/random.ts";

export const SEED = 1;
export const BATCHES = 60, BATCH = 128, POINTS = 10;
export const SIZE = 8, CHANNELS = 64, OUTPUTS = 64, TAPS = 9;
export const INPUTS = TAPS * CHANNELS, SAMPLES = BATCHES * BATCH * POINTS;
const GEOMETRY: Geometry = {
  kernel: [3, 3],
  strides: [1, 1],
  dilations: [1, 1],
  padding: "same",
};

/** One batch of feature maps, the sampled positions, and the layer's output there. */
export interface Batch {
  features: tf.Tensor4D;
  positions: Int32Array;
  targets: tf.Tensor2D;
}

/** The layer's kernel, INPUTS × OUTPUTS. */
export function makeWeights(): Float32Array {
  const random = createRandom(SEED, 1 << 20);
  return Float32Array.from({ length: INPUTS * OUTPUTS }, () => 0.2 * (random() - 0.5));
}

/** ReLU of mixtures of half as many hidden maps: channels depend on one another, as a network's do. */
function makeFeatures(batch: number): tf.Tensor4D {
  return tf.tidy(() => {
    const shape: [number, number, number, number] = [BATCH, SIZE, SIZE, CHANNELS / 2];
    const hidden = tf.randomNormal<tf.Rank.R4>(shape, 0, 1, "float32", SEED + batch);
    const mixing = tf.randomNormal<tf.Rank.R4>(
      [1, 1, CHANNELS / 2, CHANNELS],
      0,
      0.3,
      "float32",
      7,
    );
    const noise = tf.randomNormal([BATCH, SIZE, SIZE, CHANNELS], 0, 0.5, "float32", 1000 + batch);
    return tf.conv2d(hidden, mixing, 1, "same").add(noise).relu<tf.Tensor4D>();
  });
}

function makePositions(batch: number): Int32Array {
  const random = createRandom(SEED, batch);
  const positions = new Int32Array(BATCH * POINTS * 3);
  for (let p = 0; p < BATCH * POINTS; p++) {
    positions[3 * p] = Math.floor(p / POINTS);
    positions[3 * p + 1] = Math.floor(random() * SIZE);
    positions[3 * p + 2] = Math.floor(random() * SIZE);
  }
  return positions;
}

/** Batches `first` … `end` − 1. */
export function makeBatches(
  kernels: Kernels,
  weights: Float32Array,
  first: number,
  end: number,
): Batch[] {
  const kernel = tf.tensor2d(weights, [INPUTS, OUTPUTS]);
  const batches = Array.from({ length: end - first }, (_, offset) => {
    const batch = first + offset;
    const features = makeFeatures(batch), positions = makePositions(batch);
    const targets = tf.tidy(() => {
      const exact = gatherPatches(kernels, { features, positions }).matMul<tf.Tensor2D>(kernel);
      return exact.add<tf.Tensor2D>(tf.randomNormal(exact.shape, 0, 0.1, "float32", 2000 + batch));
    });
    return { features, positions, targets };
  });
  kernel.dispose();
  return batches;
}

/** What the convolution sees at a batch's positions. */
export function gatherPatches(
  kernels: Kernels,
  { features, positions }: Pick<Batch, "features" | "positions">,
): tf.Tensor2D {
  return samplePatches(kernels, features, positions, GEOMETRY);
}

/** Moments of some batches, and the seconds that patches and sums took. */
export function collectMoments(kernels: Kernels, batches: readonly Batch[]): {
  moments: Moments;
  patches: number;
  accumulate: number;
} {
  const start = performance.now();
  const accumulator = new MomentAccumulator(kernels, INPUTS, OUTPUTS);
  let patches = 0;
  for (const batch of batches) {
    const begun = performance.now();
    const x = gatherPatches(kernels, batch);
    patches += (performance.now() - begun) / 1e3;
    accumulator.accumulate(x, batch.targets);
    x.dispose();
  }
  const moments = unpackMoments(accumulator.read());
  accumulator.dispose();
  return { moments, patches, accumulate: (performance.now() - start) / 1e3 - patches };
}
