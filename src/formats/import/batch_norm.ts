import type { Constant } from "./constants.ts";
import type { Feature, ImportCall } from "./import_call.ts";

/** What a normalization says beside its numbers. */
export interface NormalizationOptions {
  /** Added to the variances. */
  readonly epsilon: number;
  /** Pace of the moving statistics in training. */
  readonly momentum: number;
  /** Goes behind the node's name, if anything. */
  readonly suffix?: string;
}

/**
 * Adds a BatchNormalization.
 *
 * @param call The node.
 * @param value What is normalized.
 * @param constants γ, β, means and variances, one number for every channel.
 * @param options The rest.
 * @returns The normalized tensor.
 */
export function addBatchNorm<Tensor extends Feature>(
  call: ImportCall<Tensor>,
  value: Tensor,
  constants: readonly Constant[],
  { epsilon, momentum, suffix }: NormalizationOptions,
): Tensor {
  const roles = ["gamma", "beta", "moving_mean", "moving_variance"];
  const weights = Object.fromEntries(roles.map((role, index) => {
    const values = call.perChannel(constants[index], value);
    return [role, { shape: [values.length], values }];
  }));
  const config = { axis: -1, momentum, epsilon, center: true, scale: true };
  const layer = call.addLayer("BatchNormalization", [value], config, weights, suffix);
  return call.result(layer, value, { nonNegative: false });
}
