import type { LayerConfig } from "../../model/mod.ts";
import { describeLayer, FROZEN_1X1, type Part, type TranslatedLayer } from "./parts.ts";

/** Shape of a layer's input, the batch first, as far as the file states it. */
export type StatedShape = readonly (number | null)[] | undefined;

/** A 1×1 convolution of each channel by itself, which training leaves as it is. */
const SCALES: LayerConfig = { ...FROZEN_1X1, depth_multiplier: 1, use_bias: true };

/** The layer with numbers for every channel, and the layer that has them. */
interface ScaledChannels {
  readonly parts: readonly Part[];
  /** Name of the layer whose weights are the numbers. */
  readonly owner: string;
}

/**
 * y = x · factor + shift with numbers for every channel, which are weights.
 *
 * @param name Name of the layer.
 * @param shape Shape of its input; without one it is taken to be images.
 * @returns Its layers.
 */
export function scaleChannels(name: string, shape: StatedShape): ScaledChannels {
  if (shape === undefined || shape.length !== 2) {
    return { parts: [{ json: describeLayer("DepthwiseConv2D", name, SCALES) }], owner: name };
  }
  const owner = `${name}_scale`, channels = shape[1] ?? -1;
  return {
    owner,
    parts: [
      { json: describeLayer("Reshape", `${name}_maps`, { target_shape: [1, 1, channels] }) },
      { json: describeLayer("DepthwiseConv2D", owner, SCALES) },
      { json: describeLayer("Reshape", name, { target_shape: [channels] }) },
    ],
  };
}

/** The weights of {@link scaleChannels}. */
export function scaleWeights(owner: string, factors: readonly number[], shifts: readonly number[]) {
  const count = factors.length;
  const weight = (role: string, shape: number[], numbers: readonly number[]) => ({
    name: `${owner}/${role}`,
    shape,
    dtype: "float32" as const,
    values: Float32Array.from(numbers),
  });
  return [weight("depthwise_kernel", [1, 1, count, 1], factors), weight("bias", [count], shifts)];
}

/**
 * y = x · factor + shift with numbers that the file states.
 *
 * @param name Name of the layer.
 * @param factors One number, or one for every channel.
 * @param shifts Likewise.
 * @param shape Shape of the input.
 * @returns Rescaling, or a frozen convolution.
 */
export function affineParts(
  name: string,
  factors: readonly number[],
  shifts: readonly number[],
  shape: StatedShape,
): TranslatedLayer {
  const count = Math.max(factors.length, shifts.length);
  const spread = (numbers: readonly number[]) =>
    numbers.length === 1 ? Array<number>(count).fill(numbers[0]) : numbers;
  const [all, offsets] = [spread(factors), spread(shifts)];
  if (new Set(all).size === 1 && new Set(offsets).size === 1) {
    const config = { scale: all[0], offset: offsets[0] };
    return { parts: [{ json: describeLayer("Rescaling", name, config) }] };
  }
  const { parts, owner } = scaleChannels(name, shape);
  return { parts, roles: [], convert: () => scaleWeights(owner, all, offsets) };
}
