import { networkCost } from "../cost/mod.ts";
import type { Session } from "../session/mod.ts";
import type { SettledOptions } from "./effort.ts";
import { solvingSeconds } from "./estimate_run.ts";
import { heldOutImages } from "./measure_network.ts";
import { MEASURING_IMAGES, MEASURING_MACS } from "./ratios/price_cuts.ts";
import { PASSES_PER_STEP, plannedSteps } from "./repair/repair_network.ts";
import type { Tuner } from "./repair/tuner.ts";
import type { StatisticsSource } from "./statistics/statistics_source.ts";
import { SEARCH_DEFAULTS } from "./policy/mod.ts";
import { CURVE_SHARES, FLOOR_IMAGES } from "./ratios/floor_ratios.ts";
import { AUTO_DEFAULTS } from "./ratios/auto_ratios.ts";
import type { Forecast, PruneNetworkOptions } from "./prune_options.ts";
import type { AutoPolicy, RatioPolicy } from "./types.ts";

/** Images that are timed, after as many that warm up: fewer of a large network, so that its forecast takes seconds. */
const TIMED_IMAGES = 200, TIMED_MACS = 4e10;

/**
 * What parts of a run take, in passes of the original over the same images: sampling beside the pass, and the repair of the
 * layers, which goes through the network from layer to layer, cut and uncut. Measured on ResNet-20.
 */
const STATISTICS_PASSES = 2, LAYER_REPAIR_PASSES = 4;

/** A step backward has half the pace of a pass: it waits for the slowest thread, and keeps what it goes back over. */
const STEP_SLOWNESS = 2;

/** Share of the cost that a floor is likely to leave, and repairs that finding it is likely to take. */
const LIKELY_SHARE = 0.5, LIKELY_REPAIRS = 3;

/** What a run is told by. */
type ForecastOptions =
  & SettledOptions<Pick<PruneNetworkOptions, "effort" | "networkRepair">>
  & Pick<PruneNetworkOptions, "tuning">;

/**
 * Tells what a run is going to do, and about how long that takes: the multiply–accumulates of all images in all passes, at
 * the pace at which some of the images go through the network on all threads, and what solving for the layers takes.
 *
 * @param session Model and data.
 * @param source The network and the calibration images.
 * @param options The run's options.
 * @param tuner Tunes the smaller network, if anything does.
 * @returns The forecast; its seconds are rough.
 */
export async function forecastRun(
  session: Session,
  source: StatisticsSource,
  options: ForecastOptions,
  tuner: Tuner | undefined,
): Promise<Forecast> {
  const { effort, policy, repair, networkRepair } = options;
  const pace = await timeImages(source);
  const share = shareOf(policy);
  const images = source.calibration.indices.length;
  const { train, test } = session.pool.local.dataset;
  const steps = repair === "network" ? plannedSteps(source, share, networkRepair) : undefined;
  const epochs = tuner?.options.epochs ?? 0;
  const tuned = epochs * Math.max(0, train.length - (tuner?.options.validationImages ?? 0));
  const perTuned = PASSES_PER_STEP * share + (tuner?.teacher ? 1 : 0);
  const repaired = LAYER_REPAIR_PASSES * images +
    STEP_SLOWNESS * (steps ? steps.count * steps.batchSize * (1 + PASSES_PER_STEP * share) : 0);
  const passes = (1 + share) * test.length + STATISTICS_PASSES * images +
    policyPasses(source, policy, share) +
    (policy.kind === "floor" ? LIKELY_REPAIRS : 1) * repaired +
    STEP_SLOWNESS * tuned * perTuned;
  const seconds = passes * pace + solvingSeconds(source, { images, threads: session.pool.size });
  return { effort, policy, repairSteps: steps?.count ?? 0, epochs, seconds };
}

/** Seconds of an image on its way through the original network, with all threads at work. */
async function timeImages(source: StatisticsSource): Promise<number> {
  const { pool, file, graph, calibration: { indices } } = source;
  const affordable = Math.ceil(TIMED_MACS / Math.max(1, networkCost(graph).macs));
  const timed = Math.min(TIMED_IMAGES, Math.max(2 * pool.size, affordable));
  const images = {
    split: "train",
    indices: indices.subarray(0, timed),
    batchSize: Math.ceil(timed / 2 / pool.size),
  } as const;
  await pool.evaluate(file, images);
  const start = performance.now();
  await pool.evaluate(file, images);
  return (performance.now() - start) / 1000 / images.indices.length;
}

/** About which share of the cost is kept. */
function shareOf(policy: RatioPolicy): number {
  if (policy.kind === "uniform") return policy.ratio;
  if (policy.kind === "floor") return LIKELY_SHARE;
  return policy.kind === "list" ? 1 : policy.share;
}

/** Images that go through the original, or would in the same time, while channel counts are chosen. */
function policyPasses(source: StatisticsSource, policy: RatioPolicy, share: number): number {
  if (policy.kind === "uniform" || policy.kind === "list") return 0;
  const { macs } = networkCost(source.graph);
  const cuts = source.map.spaces.length + 1;
  const judges = heldOutImages(source, MEASURING_IMAGES).indices.length;
  const pricing = Math.min(cuts * judges, MEASURING_MACS / Math.max(1, macs));
  switch (policy.kind) {
    case "budget":
      return pricing;
    case "floor":
      return pricing +
        share * CURVE_SHARES.length * heldOutImages(source, FLOOR_IMAGES).indices.length;
    case "auto":
      return pricing + searchPasses(source, policy, share);
  }
}

function searchPasses(
  { calibration }: StatisticsSource,
  { search, images = AUTO_DEFAULTS.images, finalists = AUTO_DEFAULTS.finalists }: AutoPolicy,
  share: number,
): number {
  const { rollouts } = { ...SEARCH_DEFAULTS, ...search };
  return share * images * (rollouts + finalists) +
    LAYER_REPAIR_PASSES * calibration.indices.length * finalists;
}
