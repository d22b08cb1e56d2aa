import type { Figures } from "../execution/mod.ts";
import type { StatePlace, TuningResult } from "../tuning/mod.ts";
import { InputError, messageOf, type Notice, Stopwatch, withDefaults } from "../base/mod.ts";
import {
  absorbBiases,
  type ChannelMap,
  compareNetworks,
  type LayerGraph,
  listReaders,
  type ReaderPlace,
  type SharedMode,
  shrinkGraph,
  unpinInputSize,
  writeGraph,
} from "../graph/mod.ts";
import { loadKernels } from "../kernels/mod.ts";
import type { ModelFile } from "../model/mod.ts";
import {
  type ChosenRatios,
  type LayerPlan,
  parseRatioList,
  planLayers,
  uniformRatios,
} from "./policy/mod.ts";
import {
  type AutoOutcome,
  findAutoRatios,
  type OpenExecutor,
  type SearchResources,
} from "./ratios/auto_ratios.ts";
import type { BudgetContext } from "./ratios/set_up_budget.ts";
import type { BudgetReport, PruneNetworkOptions, PruneResult, RatioPolicy } from "./types.ts";
import { plansToRepair, type RepairContext, reportLayers } from "./repair/repair.ts";
import {
  CALIBRATION_DEFAULTS,
  createStatisticsSource,
  type StatisticsSource,
} from "./statistics/statistics_source.ts";
import { wantedImages } from "./statistics/sample_size.ts";
import { createTuner, type Tuner } from "./repair/tuner.ts";
import { heldOutImages, JUDGING_IMAGES, measureNetwork } from "./measure_network.ts";
import { describeRun } from "./describe_run.ts";
import { findBudgetRatios } from "./ratios/budget_ratios.ts";
import { nameRunState, openRunFolder, placeOfStage, type RunFolder } from "./run_folder.ts";
import { repairInGroups } from "./repair/repair_in_groups.ts";
import { OriginalMoments } from "./statistics/original_moments.ts";
import { refreshBatchNorm } from "./repair/refresh_batch_norm.ts";
import { type NetworkRepair, repairNetwork } from "./repair/repair_network.ts";
import {
  batchesOfThread,
  compareAnswers,
  evaluateOn,
  noticeOfChance,
  openSession,
  type Session,
  sizesGiven,
  trackBatches,
  trainingRows,
  wholeSplit,
} from "../session/mod.ts";

/** What `prune` uses where an option is not given. */
export const PRUNE_DEFAULTS = {
  ...CALIBRATION_DEFAULTS,
  select: "obs",
  channelMultiple: 1,
  skip: [],
  repair: "layers",
  verify: true,
} as const;

/**
 * What happens to channels that several layers read. A ratio means a convolution's own inputs; a budget goes further where
 * no selectors are paid for.
 */
const SHARED_DEFAULTS: Record<RatioPolicy["kind"], SharedMode> = {
  uniform: "select",
  list: "select",
  budget: "couple",
  auto: "couple",
};

/** What happens to channels that several layers read, in a run with these options. */
export function sharedModeOf({ shared, policy }: PruneNetworkOptions): SharedMode {
  return shared ?? SHARED_DEFAULTS[policy.kind];
}

/**
 * Whether selectors that lose time are made. A budget of latency counts them as they were measured; who budgets parameters
 * asks for a small file.
 */
function slowSelectorsOf({ slowSelectors, policy }: PruneNetworkOptions): boolean {
  return slowSelectors ?? ("target" in policy && (policy.target ?? "macs") !== "macs");
}

/** What a run is given beside its options. */
export interface PruneResources {
  /** Opens where a search (`auto`) tries networks out. Default: this process. */
  readonly openExecutor?: OpenExecutor;
  /** Statistics of the original network. Default: they are read or gathered. */
  readonly moments?: OriginalMoments;
}

/**
 * Makes a convolutional network smaller: chooses the channels that every convolution keeps, repairs the layers by
 * regression (He et al. 2017, arXiv 1707.06168), takes the channels out and measures what is left.
 *
 * With `tuning` the smaller model is then tuned, and group by group on the way if that is asked for.
 *
 * Statistics and tuning use the training split; the test split is used only for the figures before and after. Where
 * images or model have no classes, networks are measured by the relative error of their outputs against the original's,
 * instead of accuracy and loss.
 *
 * @param options Model, data, ratios and settings.
 * @param resources What the run is given beside its options.
 * @returns The smaller model and the figures of the run.
 * @throws {InputError} When model, data or ratios cannot be used; nothing has been written then.
 * @throws {WorkerError} When a thread is lost; a run with a search or tuning keeps its state.
 */
export async function pruneNetwork(
  options: PruneNetworkOptions,
  resources: PruneResources = {},
): Promise<PruneResult> {
  const clock = new Stopwatch();
  const session = await openSession(options, (file) => file);
  try {
    return await pruneOpened(session, options, clock, resources);
  } finally {
    await session.close();
  }
}

/**
 * The same with a model and data that are open already, and stay so.
 *
 * @param session Model and data, as the options name them.
 * @param options As of {@link pruneNetwork}.
 * @param clock Takes the time.
 * @param resources What the run is given beside its options.
 * @returns The smaller model and the figures of the run.
 */
export async function pruneOpened(
  session: Session,
  options: PruneNetworkOptions,
  clock: Stopwatch,
  { moments, openExecutor }: PruneResources = {},
): Promise<PruneResult> {
  const settings: Settings = withDefaults(options, {
    ...PRUNE_DEFAULTS,
    shared: sharedModeOf(options),
    slowSelectors: slowSelectorsOf(options),
  });
  let folder: RunFolder | undefined, opened: OriginalMoments | undefined;
  try {
    const { graph, file, pool } = session;
    const { onProgress } = settings;
    const images = wantedImages(graph, settings);
    const scratch = settings.checkpoint;
    const source = createStatisticsSource(session, { ...settings, images, scratch }, clock);
    const { map, calibration: { indices: calibration } } = source;
    const places = listReaders(graph, map, settings.shared);
    const original = moments ?? await OriginalMoments.open(source, {
      path: settings.statistics,
      scratch,
    });
    opened = original;
    const test = wholeSplit(session, "test", settings);
    const evaluateModel = (model: ModelFile, stage: string) =>
      clock.time("evaluate", () => evaluateOn(session, model, test, settings, stage));
    const judgeOriginal = once(async () => {
      const before = await evaluateModel(file, "evaluating the original");
      const chance = noticeOfChance(session, before, "test");
      for (const notice of chance) settings.onNotice?.(notice);
      return { before, chance };
    });
    const context = {
      ...settings,
      ...source,
      original,
      kernels: await loadKernels(),
      onStage: (stage: string, done: number, total: number) => onProgress?.({ stage, done, total }),
      onBegin: judgeOriginal,
    };
    const tuner = await createTuner(session, settings);
    folder = await openRunFolder(session, settings, tuner);
    const resources = { folder, openExecutor };
    const { chosen, budget, search } = await findRatios(context, places, settings, resources);
    const plans = planLayers(graph, map, places, chosen, settings);
    const { before, chance } = await judgeOriginal();
    await original.ensureFile();

    const { repair, groups } = await repairInGroups(
      { ...context, onLayer: trackLayers(session, map, plans, settings, calibration.length) },
      plans,
      tuner,
      folder,
    );

    const shrunk = absorbBiases(shrinkGraph(repair.masked, map, repair), graph);
    const comparison = settings.verify
      ? await compareNetworks(
        writeGraph(repair.masked, file),
        writeGraph(shrunk, file),
        trainingRows(session, calibration),
        "taking the masked channels out",
      )
      : undefined;
    const { graph: refreshed, decision: batchNorm } = await clock.time(
      "batchNorm",
      () => refreshBatchNorm(session, shrunk, calibration, settings),
    );
    const whole = await repairWhole(session, source, refreshed, settings, folder);
    const repaired = whole?.graph ?? refreshed;
    const cut = await evaluateModel(writeGraph(repaired, file), "evaluating the pruned model");

    const place = folder && placeOfStage(folder, "whole");
    const { tuned, failure } = await tuneWhole(tuner, repaired, { place, clock });
    const result = tuned?.graph ?? repaired;
    const pruned = writeGraph(result, file);
    const after = tuned ? await evaluateModel(pruned, "evaluating the tuned model") : cut;

    const heldOut = await clock.time("evaluate", () => evaluateHeldOut(context, result));

    const report = describeRun({
      graphs: { before: graph, after: result },
      countedFor: sizesGiven(file, session.original),
      evaluations: { before, cut, after, heldOut },
      layers: reportLayers(plans, repair),
      budget,
      search: search?.report,
      statistics: original.origin,
      batchNorm,
      networkRepair: whole?.report,
      tuned: tuned && { ...tuned, groups },
      failure,
      comparison,
      clock,
      images: {
        calibration: calibration.length,
        wanted: settings.batches === undefined ? calibration.length : images,
      },
      faults: await pool.faults(),
      heldOut: pool.local.dataset.heldOut,
      unlabeled: session.unlabeled,
      notices: [...session.notices, ...chance],
      seed: settings.seed,
      workers: pool.size,
    });
    const answers = await compareAnswers(session, before, after);
    return { file: unpinInputSize(pruned, session.original), report, answers, log: search?.log };
  } catch (error) {
    throw await nameRunState(error, folder);
  } finally {
    opened?.release();
  }
}

type Settings = PruneNetworkOptions & typeof PRUNE_DEFAULTS & {
  readonly shared: SharedMode;
  readonly slowSelectors: boolean;
};

/** The share of its input channels that every layer keeps. */
async function findRatios(
  context: BudgetContext,
  places: readonly ReaderPlace[],
  settings: Settings,
  resources: SearchResources,
): Promise<{ chosen: ChosenRatios; budget?: BudgetReport; search?: AutoOutcome }> {
  const { policy } = settings;
  switch (policy.kind) {
    case "uniform":
      return { chosen: uniformRatios(policy.ratio, places) };
    case "list":
      return { chosen: parseRatioList(policy.text, policy.source, places) };
    case "budget": {
      const { report, ...chosen } = await findBudgetRatios(
        context,
        places,
        settings,
        policy,
        resources.folder,
      );
      return { chosen, budget: report };
    }
    case "auto": {
      const search = await findAutoRatios(context, places, settings, policy, resources);
      return { chosen: search, search };
    }
  }
}

/** Repairs the smaller network as a whole, where that is asked for. */
async function repairWhole(
  session: Session,
  source: StatisticsSource,
  graph: LayerGraph,
  { repair, networkRepair, seed, signal, onProgress }: Settings,
  folder: RunFolder | undefined,
): Promise<NetworkRepair | undefined> {
  if (repair === "layers") return undefined;
  const place = folder && placeOfStage(folder, "network");
  const settings = { ...networkRepair, seed, signal, onProgress, place };
  return await source.clock.time(
    "repair",
    () => repairNetwork(session, source, graph, settings),
  );
}

/** Does something when it is first asked for, and once. */
function once<Result>(act: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined;
  return () => result ??= act();
}

/** Figures of the result on held-out training images, by which runs may be chosen; those of the test split are no choice's. */
async function evaluateHeldOut(
  source: StatisticsSource,
  graph: LayerGraph,
): Promise<Figures | undefined> {
  const images = heldOutImages(source, JUDGING_IMAGES);
  if (images.indices.length === 0) return undefined;
  return await measureNetwork(source, graph, images);
}

/** What was cut is not lost where it cannot be tuned. */
async function tuneWhole(
  tuner: Tuner | undefined,
  graph: LayerGraph,
  { place, clock }: { readonly place?: StatePlace; readonly clock: Stopwatch },
): Promise<{ tuned?: TuningResult; failure?: Notice }> {
  if (tuner === undefined) return {};
  try {
    return {
      tuned: await clock.time("tune", () => tuner.run(graph, { options: tuner.options, place })),
    };
  } catch (error) {
    if (error instanceof InputError) return { failure: messageOf(error) };
    throw error;
  }
}

/** Shows how far the layers are, by batches of this thread. */
function trackLayers(
  session: Session,
  map: ChannelMap,
  plans: readonly LayerPlan[],
  { batchSize, onProgress }: Settings,
  images: number,
): RepairContext["onLayer"] {
  const batches = batchesOfThread(session, images, batchSize);
  const total = plansToRepair({ map }, plans).length * batches;
  return (detail, layersDone) =>
    trackBatches(
      session,
      { stage: "pruning", detail, done: layersDone * batches, total },
      onProgress,
    );
}
