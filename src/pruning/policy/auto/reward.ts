/**
 * What roll-outs are rewarded for: few errors alone, or few errors and few multiply–accumulates (He et al. 2018, AMC,
 * arXiv 1802.03494, section 3.4).
 */
export type RewardPolicy = "accuracy" | "flops";

/** What came of a roll-out. */
export interface Outcome {
  /** What is lost: the share of images classified wrongly, or the relative error of the outputs. */
  readonly error: number;
  /** Cost of the network: MACs. */
  readonly cost: number;
}

/**
 * The reward of a roll-out (He et al. 2018, AMC, arXiv 1802.03494, section 3.4):
 *
 *     accuracy:  1 − error
 *     flops:     −max(tolerance, error) · ln(cost)
 *
 * @param policy What is rewarded.
 * @param outcome What came of the roll-out.
 * @param tolerance Errors up to this are as good as none, under `flops`.
 * @returns The reward.
 * @throws {TypeError} When the error is negative or no number, or the cost is below 1 under `flops`: its logarithm would change sign.
 */
export function rewardOf(
  policy: RewardPolicy,
  { error, cost }: Outcome,
  tolerance: number,
): number {
  if (!(error >= 0)) {
    throw new TypeError(`reward a roll-out: found an error of ${error}, wanted 0 or more`);
  }
  if (policy === "accuracy") return 1 - error;
  if (!(cost >= 1)) {
    throw new TypeError(`reward a roll-out: found a cost of ${cost}, wanted at least 1`);
  }
  return -Math.max(tolerance, error) * Math.log(cost);
}
