import { type Job, type JobHandlers, Stopwatch } from "../../base/mod.ts";
import type { CutUnit, ReaderPlace } from "../../graph/mod.ts";
import type { ImageSelection, Session } from "../../session/mod.ts";
import { cutNetwork } from "../cut_network.ts";
import { type Evaluation, type PlanRules, ratiosOfCounts } from "../policy/mod.ts";
import type { NetworkRepairOptions, RepairExtent } from "../prune_options.ts";
import { plannedSteps } from "../repair/repair_network.ts";
import type { CountNetworks } from "./count_networks.ts";
import { heldOutImages, measureAdapted, measureNetwork } from "../measure_network.ts";
import type { StatisticsSource } from "../statistics/statistics_source.ts";
import type { BudgetContext } from "./set_up_budget.ts";

/** Training images that finalists are measured on, at least: they differ by less than roll-outs do. */
const FINALIST_IMAGES = 5000;

/** Steps of the network's repair that finalists are ranked after. */
export const RANKING_STEPS = 60;

/** How far the networks of a search are repaired, as the answer will be. */
export interface TrialRepair {
  /** How far they are repaired. */
  readonly repair: RepairExtent;
  /** How they are repaired as a whole, where they are. */
  readonly networkRepair?: NetworkRepairOptions;
}

/** What networks of a search are tried out with; a worker opens the same from model, images and statistics. */
export interface SearchContext extends TrialRepair {
  /** Model and data. */
  readonly session: Session;
  /** The original network, its images and its statistics. */
  readonly context: BudgetContext;
  /** The network's convolutions. */
  readonly places: readonly ReaderPlace[];
  /** Rules for all layers. */
  readonly rules: PlanRules;
  /** The decisions, in the order of the counts. */
  readonly units: readonly CutUnit[];
  /** Networks that are read off the statistics. */
  readonly networks: CountNetworks;
  /** What roll-outs are measured on. */
  readonly images: ImageSelection;
  /** What finalists are measured on. */
  readonly finalImages: ImageSelection;
}

/**
 * What networks of a search are measured on.
 *
 * @param context The images.
 * @param count Images that roll-outs are measured on, where there are as many.
 * @returns The images of roll-outs and of finalists.
 */
export function trialImages(
  context: BudgetContext,
  count: number,
): Pick<SearchContext, "images" | "finalImages"> {
  const images = heldOutImages(context, count);
  const least = Math.max(FINALIST_IMAGES, images.indices.length);
  return { images, finalImages: heldOutImages(context, least) };
}

/**
 * How a network of a search is made: read off statistics, cut with a repair that ranks, or cut and repaired as the answer
 * will be.
 */
export type TrialKind = "rollout" | "finalist" | "answer";

/**
 * The job of trying a network out.
 *
 * @param kind How the network is made.
 * @param counts Channels that every unit keeps.
 * @returns The job; what it gives is an {@link Evaluation}.
 */
export function trialJob(kind: TrialKind, counts: readonly number[]): Job<readonly number[]> {
  return { kind, key: counts.join("-"), input: [...counts] };
}

/** The handlers that try networks out. */
export const TRIAL_HANDLERS: JobHandlers<SearchContext> & Record<TrialKind, unknown> = {
  rollout: timed(readOffAndMeasure),
  finalist: timed((trials, counts) => cutAndMeasure(trials, counts, rankingRepair(trials))),
  answer: timed((trials, counts) => cutAndMeasure(trials, counts, trials.networkRepair)),
};

/**
 * Whether finalists get fewer steps of the network's repair than the answer.
 *
 * @param source The unpruned network and the calibration images.
 * @param trialRepair How far networks are repaired.
 * @returns Whether they are ranked after a part of it.
 */
export function isRankedEarly(
  source: Pick<StatisticsSource, "graph" | "calibration">,
  { repair, networkRepair }: TrialRepair,
): boolean {
  return repair === "network" && plannedSteps(source, 1, networkRepair).count > RANKING_STEPS;
}

function rankingRepair(trials: SearchContext): NetworkRepairOptions | undefined {
  const { context, networkRepair } = trials;
  return isRankedEarly(context, trials)
    ? { ...networkRepair, steps: RANKING_STEPS }
    : networkRepair;
}

/** What a search asks for of an evaluation, and the wall time that it took. */
function timed(
  evaluate: (context: SearchContext, counts: readonly number[]) => Promise<Evaluation>,
): typeof evaluate {
  return async (context, counts) => {
    const start = performance.now();
    const { error, loss, accuracy } = await evaluate(context, counts);
    const seconds = (performance.now() - start) / 1000;
    return { error, loss, ...(accuracy !== undefined && { accuracy }), seconds };
  };
}

async function readOffAndMeasure(
  { context, networks, images }: SearchContext,
  counts: readonly number[],
): Promise<Evaluation> {
  return await measureAdapted(context, networks.cutTo(counts), images);
}

/** Cuts a network as `prune` does, and measures it. */
async function cutAndMeasure(
  { session, context, places, rules, units, networks, repair, finalImages }: SearchContext,
  counts: readonly number[],
  networkRepair: NetworkRepairOptions | undefined,
): Promise<Evaluation> {
  const { original, signal, calibration: { batchSize, seed } } = context;
  const { skip, channelMultiple, slowSelectors, keepBlocks } = rules;
  const cut = await cutNetwork({
    session,
    context: { ...context, original: original.share(), clock: new Stopwatch() },
    places,
    settings: {
      skip,
      channelMultiple,
      slowSelectors,
      keepBlocks,
      repair,
      networkRepair,
      verify: false,
      batchSize,
      seed,
      signal,
    },
  }, {
    ...ratiosOfCounts(places, units, counts),
    fixed: networks.fixedChannels(counts),
  });
  return await measureNetwork(context, cut.graph, finalImages);
}
