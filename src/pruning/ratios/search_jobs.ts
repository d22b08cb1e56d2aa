import { absorbBiases, type CutUnit, type ReaderPlace, shrinkGraph } from "../../graph/mod.ts";
import type { Job, JobHandlers } from "../../base/mod.ts";
import type { ImageSelection } from "../../session/mod.ts";
import { type Evaluation, planLayers, type PlanRules, ratiosOfCounts } from "../policy/mod.ts";
import type { CountNetworks } from "./count_networks.ts";
import { heldOutImages, measureAdapted, measureNetwork } from "../measure_network.ts";
import type { BudgetContext } from "./set_up_budget.ts";
import { plansToRepair, repairLayers, startRepair } from "../repair/repair.ts";

/** Training images that finalists are measured on, at least: they differ by less than roll-outs do. */
const FINALIST_IMAGES = 5000;

/** What networks of a search are tried out with; a worker opens the same from model, images and statistics. */
export interface SearchContext {
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

/** How a network of a search is made: read off statistics, or cut with the sequential repair. */
export type TrialKind = "rollout" | "finalist";

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
  finalist: timed(repairAndMeasure),
};

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
async function repairAndMeasure(
  { context, places, rules, units, networks, finalImages }: SearchContext,
  counts: readonly number[],
): Promise<Evaluation> {
  const { graph, map } = context;
  const fixed = networks.fixedChannels(counts);
  const plans = planLayers(graph, map, places, {
    ...ratiosOfCounts(places, units, counts),
    fixed,
  }, rules);
  const running = { ...context, onLayer: () => {} };
  const start = await startRepair(running, plans);
  const repair = await repairLayers(running, plansToRepair(context, plans), start);
  const shrunk = absorbBiases(shrinkGraph(repair.masked, map, repair), graph);
  return await measureNetwork(context, shrunk, finalImages);
}
