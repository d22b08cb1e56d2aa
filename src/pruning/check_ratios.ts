import { type ChannelMap, type LayerGraph, listReaders } from "../graph/mod.ts";
import { withDefaults } from "../base/mod.ts";
import { checkSkipped, parseRatioList } from "./policy/mod.ts";
import { PRUNE_DEFAULTS, sharedModeOf, slowSelectorsOf } from "./prune_network.ts";
import { requireReach } from "./ratios/set_up_budget.ts";
import { settleEffort } from "./effort.ts";
import type { PruneNetworkOptions } from "./prune_options.ts";

/** What a run is told of ratios. */
export type RatioOptions = Pick<
  PruneNetworkOptions,
  "channelMultiple" | "effort" | "keepBlocks" | "policy" | "shared" | "skip" | "slowSelectors"
>;

/**
 * Refuses ratios that a network cannot have, as far as that follows from the network alone.
 *
 * @param network The network and its channel spaces.
 * @param options What a run is told of ratios.
 * @throws {InputError} With what does not fit.
 */
export function checkRatiosOf(
  { graph, map }: { readonly graph: LayerGraph; readonly map: ChannelMap },
  options: RatioOptions,
): void {
  const settled = settleEffort(options);
  const { policy, skip, channelMultiple, keepBlocks } = withDefaults(settled, PRUNE_DEFAULTS);
  const places = listReaders(graph, map, sharedModeOf(options));
  checkSkipped(skip, places);
  if (policy.kind === "list") parseRatioList(policy.text, policy.source, places);
  if (policy.kind !== "budget" && policy.kind !== "auto") return;
  const slowSelectors = slowSelectorsOf(settled);
  requireReach(
    { graph, map },
    places,
    { skip, channelMultiple, slowSelectors, keepBlocks },
    policy,
  );
}
