import { join } from "node:path";
import { costModel, layerCost, sumTerms } from "../../cost/mod.ts";
import {
  type Executor,
  isMessage,
  type JobOutcome,
  LocalExecutor,
  messageOf,
  withDefaults,
  WorkerError,
} from "../../base/mod.ts";
import { kernelSize, nodeKeyOf, nodesByKey, pairOf, type ReaderPlace } from "../../graph/mod.ts";
import {
  bestRollouts,
  chooseCounts,
  type ChosenRatios,
  type Evaluation,
  type FailedRollout,
  keyOf,
  type Measurement,
  type PlanRules,
  type Proposal,
  ratiosOfCounts,
  type RecordedMeasurement,
  refineCounts,
  type Rollout,
  SEARCH_DEFAULTS,
  searchCounts,
  type SearchHooks,
  type SearchSettings,
  type SearchSpace,
  type Tried,
} from "../policy/mod.ts";
import { readersOf } from "./count_networks.ts";
import { type BudgetContext, type BudgetSetup, setUpBudget } from "./set_up_budget.ts";
import { placeOfLatencies, removeStages, type RunFolder } from "../run_folder.ts";
import type { Session } from "../../session/mod.ts";
import { type JournalEntry, SearchJournal } from "./search_journal.ts";
import {
  isRankedEarly,
  type SearchContext,
  TRIAL_HANDLERS,
  trialImages,
  trialJob,
  type TrialKind,
  type TrialRepair,
} from "./search_jobs.ts";
import type { AutoPolicy, SearchLog, SearchReport } from "../types.ts";

/**
 * What the policy `auto` uses where it does not say; {@link SEARCH_DEFAULTS} and {@link AGENT_DEFAULTS} are the
 * defaults of its `search` and `agent`.
 */
export const AUTO_DEFAULTS = {
  target: "macs",
  start: "budget",
  images: 2000,
  finalists: 12,
} as const;

/** Roll-outs that are finalists; the others are found near what is best then. */
const BEST_ROLLOUTS = 2;

/** A finished search. */
export interface AutoOutcome extends ChosenRatios {
  /** Figures of the search. */
  readonly report: SearchReport;
  /** Everything that was tried. */
  readonly log: SearchLog;
}

/**
 * Lets an agent find how many channels every convolution keeps (He et al. 2018, AMC, arXiv 1802.03494). It tries out
 * networks that are read off statistics of the original ({@link CountNetworks}), on training images that are not among
 * those of the statistics. Where it started, the best few, and networks near what is best then are cut as the answer will
 * be and measured once more; the best of these is the answer.
 *
 * Where the network is repaired as a whole, finalists are ranked after some steps of that. The best of them and where the
 * search started are then repaired as the answer is, so the answer is no worse than that start on held-out images.
 *
 * @param context What to work with.
 * @param places The network's convolutions.
 * @param rules Rules for all layers.
 * @param policy The search.
 * @param resources Model and data, how far networks are repaired, where the state is kept and networks are tried out.
 * @returns A ratio for every convolution, and what the search found.
 * @throws {InputError} When the budget cannot be reached, or the journal cannot be written or gone on from.
 */
export async function findAutoRatios(
  context: BudgetContext,
  places: readonly ReaderPlace[],
  rules: PlanRules,
  policy: AutoPolicy,
  { session, repair, networkRepair, folder, openExecutor = tryOutHere }: SearchResources,
): Promise<AutoOutcome> {
  const settings = withDefaults(policy, AUTO_DEFAULTS);
  const found = folder?.resume
    ? await SearchJournal.open(journalIn(folder), folder.identity)
    : undefined;
  const runTable = policy.target === "latency" ? await placeOfLatencies(folder) : undefined;
  const setup = await setUpBudget(context, places, rules, settings, runTable);
  const images = trialImages(context, settings.images);
  const journal = found ?? (folder && await startJournal(folder));
  const executor = await openExecutor(
    { session, context, places, rules, repair, networkRepair, ...setup, ...images },
    settings.images,
  );
  const run: SearchRun = {
    context,
    places,
    rules,
    setup,
    settings,
    search: withDefaults(policy.search ?? {}, SEARCH_DEFAULTS),
    space: spaceOf(context, setup),
    share: settings.share - setup.added,
    isRankedEarly: isRankedEarly(context, { repair, networkRepair }),
    executor,
    journal,
  };
  const stages = await context.clock.time("search", () => searchWith(run))
    .finally(() => executor.close());
  const [winner] = bestRollouts(stages.at(-1)!.rollouts, 1, run.search.rewardPolicy);
  const rollouts = stages.flatMap((stage) => stage.rollouts);
  const failures = stages.flatMap((stage) => stage.failures);
  const finalists = stages.slice(1).flatMap((stage) => stage.rollouts);
  const report: SearchReport = {
    target: settings.target,
    share: { wanted: settings.share, found: winner.cost + setup.added },
    ...setup.predictions,
    images: images.images.indices.length,
    rollouts: run.search.rollouts,
    finalists: finalists.map(({ rollout, reward, error, loss, accuracy }) => ({
      rollout,
      reward,
      error,
      loss,
      ...(accuracy !== undefined && { accuracy }),
    })),
    winner: winner.rollout,
    ...(failures.length > 0 && {
      failures: failures.map(({ rollout, failure }) => ({ rollout, failure })),
    }),
  };
  return {
    ...ratiosOfCounts(places, setup.units, winner.counts),
    fixed: setup.networks.fixedChannels(winner.counts),
    report,
    log: logOf(context, setup, rollouts, failures),
  };
}

/** What a search has beside its question. */
export interface SearchResources extends TrialRepair {
  /** Model and data. */
  readonly session: Session;
  /** Where the run keeps its state; the search keeps its journal there. */
  readonly folder?: RunFolder;
  /** Opens where networks are tried out. Default: this process. */
  readonly openExecutor?: OpenExecutor;
}

/**
 * Opens where the networks of a search are tried out.
 *
 * @param trials What they are tried out with.
 * @param images On how many images roll-outs are measured at most.
 * @returns What does the jobs of `trialJob`.
 */
export type OpenExecutor = (trials: SearchContext, images: number) => Promise<Executor>;

function tryOutHere(trials: SearchContext): Promise<Executor> {
  return Promise.resolve(new LocalExecutor(TRIAL_HANDLERS, trials));
}

/** All that was tried, stage by stage; the answer is the best of the last one. */
async function searchWith(run: SearchRun): Promise<Tried[]> {
  const searched = await rollOut(run);
  const refined = await judgeFinalists(run, searched);
  const compared = await compareWithStart(run, searched, refined);
  return compared ? [searched, refined, compared] : [searched, refined];
}

/** A search that is under way. */
interface SearchRun {
  readonly context: BudgetContext;
  readonly places: readonly ReaderPlace[];
  readonly rules: PlanRules;
  readonly setup: BudgetSetup;
  readonly settings: AutoPolicy & typeof AUTO_DEFAULTS;
  readonly search: SearchSettings;
  readonly space: SearchSpace;
  /** Share of the cost for the counts alone. */
  readonly share: number;
  /** Whether finalists are ranked after a part of the repair. */
  readonly isRankedEarly: boolean;
  /** Where networks are tried out. */
  readonly executor: Executor;
  readonly journal?: SearchJournal;
}

/** Roll-outs of the agent, on networks that are read off. */
async function rollOut(run: SearchRun): Promise<Tried> {
  const { context, setup, settings, search, space, share } = run;
  const options = {
    ...search,
    share,
    agent: settings.agent,
    seed: context.calibration.seed,
    start: settings.start === "budget" ? chooseCounts(setup.problem, share).counts : undefined,
  };
  const stage = { kind: "rollout", stage: "searching", before: 0, total: search.rollouts } as const;
  return await searchCounts(space, options, hooksOf(run, stage));
}

/**
 * Networks that are cut and repaired to be ranked. Where the search started is one in any case: a repair may reverse what
 * was found without it.
 */
async function judgeFinalists(run: SearchRun, { rollouts }: Tried): Promise<Tried> {
  const { settings: { finalists }, search } = run;
  const origins = [...startOf(rollouts), ...bestRollouts(rollouts, BEST_ROLLOUTS)];
  const before = search.rollouts;
  const total = before + finalists;
  const stage = { kind: "finalist", stage: "repairing finalists", before, total } as const;
  return await refine(run, origins, finalists, stage);
}

/**
 * The best finalist and where the search started, repaired as the answer is: a part of the repair ranks networks, all of it
 * may reverse that.
 *
 * @returns Both; undefined where all finalists were repaired so, or the start is the best of them.
 */
async function compareWithStart(
  run: SearchRun,
  { rollouts }: Tried,
  refined: Tried,
): Promise<Tried | undefined> {
  const [best] = bestRollouts(refined.rollouts, 1, run.search.rewardPolicy);
  const [start] = startOf(rollouts);
  const isDecided = start === undefined || keyOf(start.counts) === keyOf(best.counts);
  if (!run.isRankedEarly || isDecided) return undefined;
  const before = run.search.rollouts + run.settings.finalists;
  const origins = [start, best];
  const total = before + origins.length;
  const stage = { kind: "answer", stage: "repairing the best", before, total } as const;
  return await refine(run, origins, origins.length, stage);
}

/** Where the search started, if that could be measured. */
function startOf(rollouts: readonly Rollout[]): Rollout[] {
  return rollouts.filter(({ source }) => source === "start");
}

/** Measures networks anew, and others near the best of them. */
async function refine(
  run: SearchRun,
  origins: readonly Rollout[],
  networks: number,
  stage: SearchStage,
): Promise<Tried> {
  const { context: { calibration: { seed } }, search, space, share } = run;
  const options = { ...search, share, seed, networks, before: stage.before };
  return await refineCounts(space, options, origins, hooksOf(run, stage));
}

/** A stage of a search: how its networks are made, and how its progress is reported. */
interface SearchStage {
  readonly kind: TrialKind;
  readonly stage: string;
  /** Networks that were tried in earlier stages. */
  readonly before: number;
  /** Networks of this stage and those before it. */
  readonly total: number;
}

/** What the stages of a search have in common: measuring, the journal, progress, and being stopped. */
function hooksOf(run: SearchRun, { kind, stage, before, total }: SearchStage): SearchHooks {
  const { context, settings, journal } = run;
  let done = before;
  return {
    recorded: recordedAs(journal, kind),
    signal: context.signal,
    evaluateAll: (batch, onMeasured) => tryOut(run, kind, batch, onMeasured),
    onMeasured: async (measured) => {
      context.onStage(stage, ++done, total);
      await journal?.append({ kind, ...measured });
    },
    onRollout: (rollout) => {
      done = rollout.rollout;
      context.onStage(stage, done, total);
      if (!("failure" in rollout)) settings.onRollout?.(rollout);
    },
  };
}

/**
 * Tries out networks, wherever that is done. A network that cannot be measured is no reason to give up the others, a
 * thread that is lost is.
 */
async function tryOut(
  { context: { signal }, executor }: SearchRun,
  kind: TrialKind,
  batch: readonly (readonly number[])[],
  onMeasured: (index: number, measurement: Measurement) => Promise<void>,
): Promise<void> {
  let reported: Promise<unknown> = Promise.resolve();
  const onEnd = (index: number, outcome: JobOutcome<Evaluation>) => {
    if (outcome.status === "failed" && outcome.error instanceof WorkerError) return;
    const measurement = outcome.status === "done"
      ? outcome.output
      : { failure: messageOf(outcome.error) };
    reported = Promise.all([reported, onMeasured(index, measurement)]);
    // It is waited for below; until then a failure must not count as one that nobody handles.
    reported.catch(() => {});
  };
  const jobs = batch.map((counts) => trialJob(kind, counts));
  const outcomes = await executor.run<Evaluation>(jobs, { signal, onEnd });
  await reported;
  for (const outcome of outcomes) {
    if (outcome.status === "failed" && outcome.error instanceof WorkerError) throw outcome.error;
  }
}

function logOf(
  { graph, map }: BudgetContext,
  { units, networks }: BudgetSetup,
  rollouts: readonly Rollout[],
  failures: readonly FailedRollout[],
): SearchLog {
  const { macs } = costModel(graph, map, units, networks.kept);
  const withMacs = <Kind extends Proposal>(tried: readonly Kind[]) =>
    tried.map((each) => ({ ...each, macs: sumTerms(macs, each.counts) }));
  return {
    units: units.map(({ name }) => name),
    rollouts: withMacs(rollouts),
    failures: withMacs(failures),
  };
}

function recordedAs(journal: SearchJournal | undefined, kind: TrialKind): RecordedMeasurement[] {
  const entries = journal?.entriesOf(kind, isMeasurement) ?? [];
  return entries as unknown as RecordedMeasurement[];
}

function isMeasurement({ counts, failure, error, loss, accuracy }: JournalEntry): boolean {
  const figures = [error, loss, ...(accuracy === undefined ? [] : [accuracy])];
  return Array.isArray(counts) && counts.every(Number.isSafeInteger) &&
    (typeof failure === "string" || isMessage(failure) || figures.every(Number.isFinite));
}

function journalIn({ checkpoint }: RunFolder): string {
  return join(checkpoint, "search.jsonl");
}

async function startJournal(folder: RunFolder): Promise<SearchJournal> {
  await removeStages(folder);
  return await SearchJournal.start(journalIn(folder), folder.identity);
}

/** The question as the agent is asked it. A coupled space is described by the largest of the layers that read it. */
function spaceOf(context: BudgetContext, { units, problem }: BudgetSetup): SearchSpace {
  const { graph } = context;
  const nodes = nodesByKey(graph.nodes);
  return {
    units: problem.units.map(({ name, counts }, index) => {
      const readers = readersOf(context, units[index]).map((key) => nodes.get(key)!);
      const macs = readers.map((node) => layerCost(node).macs);
      const largest = readers[macs.indexOf(Math.max(...macs))];
      const [height, width] = nodes.get(nodeKeyOf(largest.inputs[0]))!.outputShape.slice(0, -1);
      const features = {
        filters: kernelSize(largest).outputs,
        height: height ?? 1,
        width: width ?? 1,
        stride: pairOf(largest.config.strides, 1)[0],
        macs: macs.reduce((sum, own) => sum + own, 0),
      };
      return { name, counts, features };
    }),
    terms: problem.terms,
  };
}
