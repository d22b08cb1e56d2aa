import * as tf from "@tensorflow/tfjs";
import type { LayerNode } from "../../graph/mod.ts";

type RandomLayer = (x: tf.Tensor, node: LayerNode, seed: number) => tf.Tensor;

/** What SELU goes towards below zero, which AlphaDropout puts in place of what it drops. */
const SELU_FLOOR = -1.6732632423543772 * 1.0507009873554805;

/** Shape of what is drawn: 1 along axes that share a number. */
function noiseShapeOf({ className, config }: LayerNode, { shape }: tf.Tensor): number[] {
  if (className === "SpatialDropout1D") return [shape[0], 1, shape[2]!];
  const stated = config.noise_shape as (number | null)[] | null | undefined;
  return shape.map((size, axis) => stated?.[axis] ?? size);
}

const drop: RandomLayer = (x, node, seed) =>
  tf.dropout(x, Number(node.config.rate), noiseShapeOf(node, x), seed);

/**
 * Klambauer et al. 2017, arXiv 1706.02515, section 3: a mean of 0 and a variance of 1 stay. TensorFlow.js 4.22 puts the floor's
 * negative in place of what it drops, which moves the mean.
 */
const dropToFloor: RandomLayer = (x, node, seed) => {
  const rate = Number(node.config.rate);
  const drawn = tf.randomUniform(noiseShapeOf(node, x), 0, 1, "float32", seed);
  const isKept = drawn.greaterEqual(rate).toFloat();
  const scale = ((1 - rate) * (1 + rate * SELU_FLOOR ** 2)) ** -0.5;
  const floors = tf.sub(1, isKept).mul(SELU_FLOOR);
  return x.mul(isKept).add(floors).mul(scale).sub(scale * SELU_FLOOR * rate);
};

const multiply: RandomLayer = (x, { config }, seed) => {
  const rate = Number(config.rate);
  return x.mul(tf.randomNormal(x.shape, 1, Math.sqrt(rate / (1 - rate)), "float32", seed));
};

const addNoise: RandomLayer = (x, { config }, seed) =>
  x.add(tf.randomNormal(x.shape, 0, Number(config.stddev), "float32", seed));

const RANDOM_LAYERS: ReadonlyMap<string, RandomLayer> = new Map([
  ["AlphaDropout", dropToFloor],
  ["Dropout", drop],
  ["GaussianDropout", multiply],
  ["GaussianNoise", addNoise],
  ["SpatialDropout1D", drop],
]);

/**
 * Runs a layer that changes its input at random while a network is trained. TensorFlow.js gives most of them no seed, and
 * the others the same one at every step.
 *
 * @param node The layer.
 * @param x Its input.
 * @param seed What is drawn follows from it: a whole number, not 0.
 * @returns Its output; undefined for a layer of another kind.
 */
export function runAtRandom(node: LayerNode, x: tf.Tensor, seed: number): tf.Tensor | undefined {
  const run = RANDOM_LAYERS.get(node.className);
  const rate = Number(node.config.rate);
  return rate <= 0 || rate >= 1 ? run && x : run?.(x, node, seed);
}
