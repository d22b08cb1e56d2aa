/** Bytes that activations may take on one thread. Weights, sums and what waits between layers come on top. */
export const ACTIVATION_BUDGET = 256 * 2 ** 20;

/**
 * How many images go through a network together.
 *
 * @param most As many as were asked for.
 * @param bytesPerImage What the activations of one image take.
 * @param budget Bytes for all of them. Default: {@link ACTIVATION_BUDGET}.
 * @returns As many of them as the budget holds; one at least.
 */
export function fitBatch(
  most: number,
  bytesPerImage: number,
  budget: number = ACTIVATION_BUDGET,
): number {
  return Math.max(1, Math.min(most, Math.floor(budget / Math.max(1, bytesPerImage))));
}
