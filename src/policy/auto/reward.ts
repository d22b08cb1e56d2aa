/** What roll-outs are rewarded for. */
export type RewardPolicy = "accuracy" | "flops";

/** What came of a roll-out. */
export interface Outcome {
  /** Share of images that are classified correctly. */
  readonly accuracy: number;
  /** Cost of the network: MACs. */
  readonly cost: number;
}

/**
 * The reward of a roll-out (He et al. 2018, AMC, arXiv 1802.03494, section 3.4):
 *
 *     accuracy:  accuracy
 *     flops:     −max(tolerance, 1 − accuracy) · ln(cost)
 *
 * @param policy What is rewarded.
 * @param outcome What came of the roll-out.
 * @param tolerance Errors up to this are as good as none, under `flops`.
 * @returns The reward.
 * @throws {TypeError} When accuracy is no share, or the cost is below 1 under `flops`: its logarithm would change sign.
 */
export function rewardOf(
  policy: RewardPolicy,
  { accuracy, cost }: Outcome,
  tolerance: number,
): number {
  if (!(accuracy >= 0 && accuracy <= 1)) {
    throw new TypeError(`reward a roll-out: found an accuracy of ${accuracy}, wanted 0 to 1`);
  }
  if (policy === "accuracy") return accuracy;
  if (!(cost >= 1)) {
    throw new TypeError(`reward a roll-out: found a cost of ${cost}, wanted at least 1`);
  }
  return -Math.max(tolerance, 1 - accuracy) * Math.log(cost);
}
