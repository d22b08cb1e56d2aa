import type { Figures } from "../execution/mod.ts";
import type { StatePlace, TuningResult } from "../tuning/mod.ts";
import { InputError, messageOf, type Notice, Stopwatch, withDefaults } from "../base/mod.ts";
import {
  type LayerGraph,
  listReaders,
  type SharedMode,
  unpinInputSize,
  writeGraph,
} from "../graph/mod.ts";
import { loadKernels } from "../kernels/mod.ts";
import type { ModelFile } from "../model/mod.ts";
import { checkSkipped, type ChosenRatios, parseRatioList, uniformRatios } from "./policy/mod.ts";
import { type AutoOutcome, findAutoRatios, type OpenExecutor } from "./ratios/auto_ratios.ts";
import type { BudgetContext } from "./ratios/set_up_budget.ts";
import type { PruneNetworkOptions } from "./prune_options.ts";
import type { PruneReport, PruneResult } from "./prune_report.ts";
import type { BudgetReport, FloorPolicy, RatioPolicy } from "./types.ts";
import {
  CALIBRATION_DEFAULTS,
  createStatisticsSource,
  type StatisticsSource,
} from "./statistics/statistics_source.ts";
import { wantedImages } from "./statistics/sample_size.ts";
import { createTuner, type Tuner } from "./repair/tuner.ts";
import { heldOutImages, JUDGING_IMAGES, measureNetwork } from "./measure_network.ts";
import { describeRun } from "./describe_run.ts";
import { type CutNetwork, cutNetwork, type CutRun } from "./cut_network.ts";
import { findFloorNetwork } from "./ratios/floor_ratios.ts";
import { forecastRun } from "./forecast.ts";
import { findBudgetRatios } from "./ratios/budget_ratios.ts";
import { nameRunState, openRunFolder, placeOfStage, type RunFolder } from "./run_folder.ts";
import { OriginalMoments } from "./statistics/original_moments.ts";
import { type SettledOptions, settleEffort } from "./effort.ts";
import {
  compareAnswers,
  evaluateOn,
  noticeOfChance,
  openSession,
  type Session,
  sizesGiven,
  tellForecast,
  wholeSplit,
} from "../session/mod.ts";

/** What `prune` uses where an option is not given. */
export const PRUNE_DEFAULTS = {
  ...CALIBRATION_DEFAULTS,
  select: "obs",
  channelMultiple: 1,
  skip: [],
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
  floor: "couple",
  auto: "couple",
};

/** What happens to channels that several layers read, in a run with these options. */
export function sharedModeOf(
  options: Pick<PruneNetworkOptions, "effort" | "policy" | "shared">,
): SharedMode {
  return options.shared ?? SHARED_DEFAULTS[settleEffort(options).policy.kind];
}

/**
 * Whether selectors that lose time are made. A budget of latency counts them as they were measured; who budgets parameters
 * asks for a small file.
 */
export function slowSelectorsOf(
  { slowSelectors, policy }: Pick<
    SettledOptions<PruneNetworkOptions>,
    "policy" | "slowSelectors"
  >,
): boolean {
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
  const settled = settleEffort(options);
  const settings: Settings = withDefaults(settled, {
    ...PRUNE_DEFAULTS,
    shared: sharedModeOf(settled),
    slowSelectors: slowSelectorsOf(settled),
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
    checkSkipped(settings.skip, places);
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
    await tellForecast(
      settings.onForecast,
      () => forecastRun(session, source, settings, tuner),
    );
    const run = { session, context, places, settings, tuner, folder };
    const { cut, ...decision } = await decideAndCut(run, openExecutor);
    const { before, chance } = await judgeOriginal();
    const evaluation = await evaluateModel(
      writeGraph(cut.graph, file),
      "evaluating the pruned model",
    );

    const place = folder && placeOfStage(folder, "whole");
    const { tuned, failure } = await tuneWhole(tuner, cut.graph, { place, clock });
    const result = tuned?.graph ?? cut.graph;
    const pruned = writeGraph(result, file);
    const after = tuned ? await evaluateModel(pruned, "evaluating the tuned model") : evaluation;

    const heldOut = await clock.time("evaluate", () => evaluateHeldOut(context, result));

    const report = describeRun({
      graphs: { before: graph, after: result },
      countedFor: sizesGiven(file, session.original),
      evaluations: { before, cut: evaluation, after, heldOut },
      layers: cut.layers,
      budget: decision.budget,
      search: decision.search?.report,
      floor: decision.floor,
      statistics: original.origin,
      batchNorm: cut.batchNorm,
      networkRepair: cut.networkRepair,
      tuned: tuned && { ...tuned, groups: cut.groups },
      failure,
      comparison: cut.comparison,
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
    const log = decision.search?.log;
    return { file: unpinInputSize(pruned, session.original), report, answers, log };
  } catch (error) {
    throw await nameRunState(error, folder);
  } finally {
    opened?.release();
  }
}

type Settings = SettledOptions<PruneNetworkOptions> & typeof PRUNE_DEFAULTS & {
  readonly shared: SharedMode;
  readonly slowSelectors: boolean;
};

/** How channel counts were decided, and what became of the network with them. */
interface Decided extends Partial<Pick<PruneReport, "budget" | "floor">> {
  readonly cut: CutNetwork;
  readonly search?: AutoOutcome;
}

/** A pruning run that is under way. */
interface PruneRun extends CutRun {
  readonly context: BudgetContext;
  readonly settings: Settings;
}

/** Decides how many channels every layer keeps, and cuts and repairs the network. */
async function decideAndCut(run: PruneRun, openExecutor?: OpenExecutor): Promise<Decided> {
  const { context, places, settings } = run;
  const { original } = context;
  if (settings.policy.kind === "floor") {
    const { cut, report } = await findFloorNetwork(
      context,
      places,
      settings,
      settings.policy,
      {
        folder: run.folder,
        cutWith: (chosen, folder) =>
          cutNetwork(
            { ...run, context: { ...context, original: original.share() }, folder },
            chosen,
          ),
      },
    );
    return { cut, floor: report };
  }
  const { chosen, ...decision } = await findRatios(run, settings.policy, openExecutor);
  await context.onBegin?.();
  await original.ensureFile();
  return { ...decision, cut: await cutNetwork(run, chosen) };
}

/** The share of its input channels that every layer keeps. */
async function findRatios(
  { session, context, places, settings, folder }: PruneRun,
  policy: Exclude<RatioPolicy, FloorPolicy>,
  openExecutor?: OpenExecutor,
): Promise<{ chosen: ChosenRatios; budget?: BudgetReport; search?: AutoOutcome }> {
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
        folder,
      );
      return { chosen, budget: report };
    }
    case "auto": {
      const { repair, networkRepair } = settings;
      const resources = { session, repair, networkRepair, folder, openExecutor };
      const search = await findAutoRatios(context, places, settings, policy, resources);
      return { chosen: search, search };
    }
  }
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
