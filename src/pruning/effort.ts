import type { Effort, PruneNetworkOptions, RepairExtent } from "./prune_options.ts";
import type { RatioPolicy } from "./types.ts";

/** What an effort chooses where nothing else is said. */
export interface EffortChoice {
  /** How many channels each layer keeps. */
  readonly policy: RatioPolicy;
  /** How far the smaller network is repaired. */
  readonly repair: RepairExtent;
  /** Whether it is tuned where images have labels. */
  readonly tunes: boolean;
}

/** Share of the multiply–accumulates that is kept where no other is said. */
export const DEFAULT_SHARE = 0.5;

const BUDGET = { kind: "budget", share: DEFAULT_SHARE } as const;

/** What each effort chooses, the quickest first. */
export const EFFORTS: Readonly<Record<Effort, EffortChoice>> = {
  quick: { policy: BUDGET, repair: "layers", tunes: false },
  standard: { policy: BUDGET, repair: "network", tunes: false },
  thorough: { policy: { kind: "auto", share: DEFAULT_SHARE }, repair: "network", tunes: true },
};

/** A run of which it is settled what it does. */
export type SettledOptions<Options> =
  & Options
  & Pick<PruneNetworkOptions, "effort">
  & Required<Pick<PruneNetworkOptions, "policy" | "repair">>;

/**
 * Settles what a run does where its options leave that open. What they say wins over what the effort would choose. Without
 * an effort, a run under a budget or with a floor, or one that says nothing of its policy, is `standard`; the policies of PocketFlow
 * (`uniform`, `list`, `auto`) are its method and no more: the layers are repaired.
 *
 * @param options The run's options.
 * @returns The same with policy and repair.
 *
 * @example Find out what a run of 30 % does
 * ```ts
 * import { settleEffort } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const { effort, repair } = settleEffort({ policy: { kind: "budget", share: 0.3 } });
 * assert.deepEqual([effort, repair], ["standard", "network"]);
 * ```
 */
export function settleEffort<
  Options extends Pick<PruneNetworkOptions, "effort" | "policy" | "repair">,
>(options: Options): SettledOptions<Options> {
  const effort = options.effort ?? defaultEffort(options);
  const { policy, repair } = EFFORTS[effort ?? "quick"];
  return {
    ...options,
    effort,
    policy: options.policy ?? policy,
    repair: options.repair ?? repair,
  };
}

/** The policies that PocketFlow does not have. */
const OWN_POLICIES: readonly RatioPolicy["kind"][] = ["budget", "floor"];

function defaultEffort({ policy }: Pick<PruneNetworkOptions, "policy">): Effort | undefined {
  return policy === undefined || OWN_POLICIES.includes(policy.kind) ? "standard" : undefined;
}
