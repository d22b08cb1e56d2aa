import { networkCost } from "../cost/mod.ts";
import { type PassForecast, type Session, timeImages } from "../session/mod.ts";
import { PASSES_PER_STEP, STEP_SLOWNESS, stepPasses } from "../tuning/mod.ts";
import type { SettledOptions } from "./effort.ts";
import { solvingSeconds } from "./estimate_run.ts";
import { heldOutImages } from "./measure_network.ts";
import { MEASURING_IMAGES, MEASURING_MACS } from "./ratios/price_cuts.ts";
import { plannedSteps } from "./repair/repair_network.ts";
import type { Tuner } from "./repair/tuner.ts";
import type { Shard } from "./statistics/gather_shard.ts";
import type { StatisticsSource } from "./statistics/statistics_source.ts";
import { SEARCH_DEFAULTS } from "./policy/mod.ts";
import { CURVE_SHARES, FLOOR_IMAGES } from "./ratios/floor_ratios.ts";
import { AUTO_DEFAULTS } from "./ratios/auto_ratios.ts";
import { isRankedEarly, RANKING_STEPS, type TrialRepair } from "./ratios/search_jobs.ts";
import type { Forecast, PruneNetworkOptions } from "./prune_options.ts";
import type { AutoPolicy, RatioPolicy } from "./types.ts";

/**
 * What parts of a run take, in passes of the original over the same images: sampling beside the pass, and the repair of the
 * layers, which goes through the network from layer to layer, cut and uncut. Measured on ResNet-20.
 */
const STATISTICS_PASSES = 2, LAYER_REPAIR_PASSES = 4;

/** Share of the cost that a floor is likely to leave, and repairs that finding it is likely to take. */
const LIKELY_SHARE = 0.5, LIKELY_REPAIRS = 3;

/** Networks of a search that are repaired as the answer is, where finalists are not. */
const COMPARED = 2;

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
  const { indices } = source.calibration;
  const pace = await timeImages(source, { split: "train", indices });
  const share = shareOf(policy);
  const images = indices.length;
  const { train, test } = session.pool.local.dataset;
  const steps = repair === "network" ? plannedSteps(source, share, networkRepair) : undefined;
  const epochs = tuner?.options.epochs ?? 0;
  const learned = train.length - (tuner?.options.validationImages ?? 0);
  const repaired = LAYER_REPAIR_PASSES * images + (steps ? repairPasses(steps, share) : 0);
  const passes = (1 + share) * test.length + STATISTICS_PASSES * images +
    policyPasses(source, options, share) +
    (policy.kind === "floor" ? LIKELY_REPAIRS : 1) * repaired +
    stepPasses(epochs, learned, { share, hasTeacher: tuner?.teacher !== undefined });
  const seconds = passes * pace + solvingSeconds(source, { images, threads: session.pool.size });
  return { effort, policy, repairSteps: steps?.count ?? 0, epochs, seconds };
}

/** What an exploration is going to do. */
export interface ExploreForecast {
  /** Calibration images. */
  readonly images: number;
  /** Held-out training images that networks are measured on. */
  readonly judges: number;
  /** Number of networks. */
  readonly sizes: number;
  /** About how long that takes, in seconds, by the time that some images took. */
  readonly seconds: number;
}

/**
 * Tells what an exploration is going to do, and about how long that takes.
 *
 * @param source The network and the calibration images.
 * @param shares Shares of the cost that networks are read off at.
 * @param judging Images that networks are measured on, where as many are held out.
 * @returns The forecast; its seconds are rough.
 */
export async function forecastExploring(
  source: StatisticsSource,
  shares: readonly number[],
  judging: number,
): Promise<ExploreForecast> {
  const { indices } = source.calibration;
  const { length: images } = indices;
  const pace = await timeImages(source, { split: "train", indices });
  const passes = STATISTICS_PASSES * images + pricingPasses(source) +
    curvePasses(source, shares, judging);
  return {
    images,
    judges: heldOutImages(source, judging).indices.length,
    sizes: shares.length,
    seconds: passes * pace + solvingSeconds(source, { images, threads: source.pool.size }),
  };
}

/**
 * Tells about how long the statistics of a part of the calibration images take.
 *
 * @param source The network and all calibration images.
 * @param shard Of how many parts it is one.
 * @returns The forecast; its seconds are rough.
 */
export async function forecastGathering(
  source: StatisticsSource,
  { of }: Pick<Shard, "of">,
): Promise<PassForecast> {
  const { indices } = source.calibration;
  const images = Math.ceil(indices.length / of);
  const pace = await timeImages(source, { split: "train", indices });
  return { images, seconds: STATISTICS_PASSES * images * pace };
}

/** About which share of the cost is kept. */
function shareOf(policy: RatioPolicy): number {
  if (policy.kind === "uniform") return policy.ratio;
  if (policy.kind === "floor") return LIKELY_SHARE;
  return policy.kind === "list" ? 1 : policy.share;
}

/** Images that go through the original, or would in the same time, while channel counts are chosen. */
function policyPasses(
  source: StatisticsSource,
  { policy, ...how }: ForecastOptions,
  share: number,
): number {
  if (policy.kind === "uniform" || policy.kind === "list") return 0;
  const pricing = pricingPasses(source);
  switch (policy.kind) {
    case "budget":
      return pricing;
    case "floor":
      return pricing + curvePasses(source, CURVE_SHARES, FLOOR_IMAGES);
    case "auto":
      return pricing + searchPasses(source, policy, how, share);
  }
}

/** Images that go through the original while prices are found. */
function pricingPasses(source: StatisticsSource): number {
  const { macs } = networkCost(source.graph);
  const cuts = source.map.spaces.length + 1;
  const judges = heldOutImages(source, MEASURING_IMAGES).indices.length;
  return Math.min(cuts * judges, MEASURING_MACS / Math.max(1, macs));
}

/** Images that would go through the original in the time in which networks of these shares are measured beside it. */
function curvePasses(source: StatisticsSource, shares: readonly number[], images: number): number {
  const judges = heldOutImages(source, images).indices.length;
  return judges * shares.reduce((sum, share) => sum + share, 1);
}

function searchPasses(
  source: StatisticsSource,
  { search, images = AUTO_DEFAULTS.images, finalists = AUTO_DEFAULTS.finalists }: AutoPolicy,
  trialRepair: TrialRepair,
  share: number,
): number {
  const { rollouts } = { ...SEARCH_DEFAULTS, ...search };
  const layers = LAYER_REPAIR_PASSES * source.calibration.indices.length;
  const measuring = share * images * (rollouts + finalists);
  if (trialRepair.repair === "layers") return measuring + layers * finalists;
  const { count, batchSize } = plannedSteps(source, share, trialRepair.networkRepair);
  const [ranking, compared] = isRankedEarly(source, trialRepair)
    ? [RANKING_STEPS, COMPARED]
    : [count, 0];
  return measuring + layers * (finalists + compared) +
    repairPasses({ count: ranking * finalists + count * compared, batchSize }, share);
}

/** Images that would go through the original in the time of some steps of the network's repair. */
function repairPasses(
  { count, batchSize }: ReturnType<typeof plannedSteps>,
  share: number,
): number {
  return STEP_SLOWNESS * count * batchSize * (1 + PASSES_PER_STEP * share);
}
