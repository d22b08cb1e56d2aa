import { join } from "node:path";
import { costModel, layerCost, sumTerms } from "../cost/mod.ts";
import {
  absorbBiases,
  type ConvolutionPlace,
  kernelSize,
  nodeKeyOf,
  pairOf,
  shrinkGraph,
} from "../graph/mod.ts";
import type { ImageSelection } from "../parallel/mod.ts";
import {
  bestRollouts,
  chooseCounts,
  type Evaluation,
  planLayers,
  type PlanRules,
  type Ratios,
  ratiosOfCounts,
  rewardOf,
  type Rollout,
  SEARCH_DEFAULTS,
  searchCounts,
  type SearchSpace,
} from "../policy/mod.ts";
import { withDefaults } from "../session/mod.ts";
import { readersOf } from "./count_networks.ts";
import { heldOutImages, measureNetwork } from "./measure_network.ts";
import { type BudgetContext, poseBudget, type PosedBudget } from "./pose_budget.ts";
import { plansToRepair, repairLayers, startRepair } from "./repair.ts";
import type { RunFolder } from "./repair_in_groups.ts";
import { SearchJournal } from "./search_journal.ts";
import type { AutoPolicy, Finalist, SearchLog, SearchReport } from "./types.ts";

/** What {@link findAutoRatios} uses where the policy does not say; `searchCounts` has defaults of its own. */
export const AUTO_DEFAULTS = {
  target: "macs",
  start: "budget",
  images: 2000,
  finalists: 3,
} as const;

/** A finished search. */
export interface AutoOutcome {
  /** The share of its input channels that every convolution keeps. */
  readonly ratios: Ratios;
  /** Figures of the search. */
  readonly report: SearchReport;
  /** Everything that was tried. */
  readonly log: SearchLog;
}

/**
 * Lets an agent find how many channels every convolution keeps (He et al. 2018, AMC, arXiv 1802.03494). It tries out
 * networks that are read off statistics of the original ({@link CountNetworks}), on training images that are not among
 * those of the statistics. The best few, and where it started, are then cut with the sequential repair and measured once
 * more; the best of these is the answer.
 *
 * @param context What to work with.
 * @param places The network's convolutions.
 * @param rules Rules for all layers.
 * @param policy The search.
 * @param folder Where the run keeps its state; the search keeps its journal there.
 * @returns A ratio for every convolution, and what the search found.
 * @throws {InputError} When the budget cannot be reached, or the journal cannot be written or gone on from.
 */
export async function findAutoRatios(
  context: BudgetContext,
  places: readonly ConvolutionPlace[],
  rules: PlanRules,
  policy: AutoPolicy,
  folder?: RunFolder,
): Promise<AutoOutcome> {
  const settings = withDefaults(policy, AUTO_DEFAULTS);
  const posed = await poseBudget(context, places, rules, settings);
  const share = settings.share - posed.added;
  const images = heldOutImages(context, settings.images);
  const journal = folder && await openJournal(folder);
  const { networks } = posed;
  const { start, search, agent } = settings;
  const options = {
    ...search,
    ...{ share, agent, seed: context.calibration.seed },
    start: start === "budget" ? chooseCounts(posed.problem, share).counts : undefined,
  };
  const total = search?.rollouts ?? SEARCH_DEFAULTS.rollouts;
  const recorded = recordedAs<Rollout>(journal, "rollout");
  const { rollouts } = await context.clock.time(
    "search",
    () =>
      searchCounts(spaceOf(context, posed), options, {
        evaluate: (counts) => measureNetwork(context, networks.networkFor(counts), images),
        recorded,
        signal: context.signal,
        onRollout: async (rollout) => {
          context.onStage("searching", rollout.rollout, total);
          await journal?.append({ kind: "rollout", ...rollout });
          policy.onRollout?.(rollout);
        },
      }),
  );
  const ratiosOf = ({ counts }: Rollout) => ratiosOfCounts(places, posed.units, counts);
  const finalists = await measureFinalists(
    withStart(bestRollouts(rollouts, settings.finalists), rollouts),
    (rollout) => repairAndMeasure(context, places, rules, ratiosOf(rollout), images),
    journal,
  );
  const { rewardPolicy, noiseTolerance } = withDefaults(search ?? {}, SEARCH_DEFAULTS);
  const judged = finalists.map(({ rollout, accuracy, loss }) => {
    const cost = rollout.cost * posed.whole;
    const reward = rewardOf(rewardPolicy, { accuracy, cost }, noiseTolerance);
    return { ...rollout, accuracy, loss, reward };
  });
  const [winner] = bestRollouts(judged, 1);
  const report: SearchReport = {
    target: settings.target,
    share: { wanted: settings.share, found: winner.cost + posed.added },
    images: images.indices.length,
    rollouts: rollouts.length,
    finalists: judged.map(({ rollout, accuracy, loss, reward }) => ({
      ...{ rollout, accuracy, loss, reward },
    })),
    winner: winner.rollout,
  };
  return { ratios: ratiosOf(winner), report, log: logOf(context, posed, rollouts) };
}

function logOf(
  { graph, map }: BudgetContext,
  { units }: PosedBudget,
  rollouts: readonly Rollout[],
): SearchLog {
  const { convMacs } = costModel(graph, map, units);
  return {
    units: units.map(({ name }) => name),
    rollouts: rollouts.map((rollout) => ({
      ...rollout,
      convMacs: sumTerms(convMacs, rollout.counts),
    })),
  };
}

/** A roll-out whose network was cut with the sequential repair. */
interface Measured extends Evaluation {
  readonly rollout: Rollout;
}

/** Cuts a network as `prune` does, and measures it. */
async function repairAndMeasure(
  context: BudgetContext,
  places: readonly ConvolutionPlace[],
  rules: PlanRules,
  ratios: Ratios,
  images: ImageSelection,
): Promise<Evaluation> {
  const { graph, map } = context;
  const plans = planLayers(graph, map, places, ratios, rules);
  const toRepair = plansToRepair(plans);
  const onLayer = (_: string, done: number) =>
    context.onStage("repairing a finalist", done, toRepair.length);
  const running = { ...context, onLayer };
  const repair = await repairLayers(running, toRepair, await startRepair(running, plans));
  const shrunk = absorbBiases(shrinkGraph(repair.masked, map, repair), graph);
  return await measureNetwork(context, shrunk, images);
}

/** The start is a finalist in any case: the sequential repair may reverse what was found without it. */
function withStart(best: readonly Rollout[], rollouts: readonly Rollout[]): Rollout[] {
  const [first] = rollouts;
  return first.source === "start" && !best.includes(first) ? [...best, first] : [...best];
}

/** Measures every finalist that the journal does not know yet. */
async function measureFinalists(
  rollouts: readonly Rollout[],
  measureOne: (rollout: Rollout) => Promise<Evaluation>,
  journal?: SearchJournal,
): Promise<Measured[]> {
  const known = recordedAs<Finalist>(journal, "finalist");
  const measured: Measured[] = [];
  for (const rollout of rollouts) {
    const found = known.find((finalist) => finalist.rollout === rollout.rollout);
    const { accuracy, loss } = found ?? await measureOne(rollout);
    measured.push({ rollout, accuracy, loss });
    if (found) continue;
    await journal?.append({ kind: "finalist", rollout: rollout.rollout, accuracy, loss });
  }
  return measured;
}

function recordedAs<Kind>(journal: SearchJournal | undefined, kind: string): Kind[] {
  const entries = journal?.entries.filter((entry) => entry.kind === kind) ?? [];
  return entries as unknown as Kind[];
}

async function openJournal({ checkpoint, identity, resume }: RunFolder): Promise<SearchJournal> {
  const path = join(checkpoint, "search.jsonl");
  return resume
    ? await SearchJournal.open(path, identity)
    : await SearchJournal.start(path, identity);
}

/** The question as the agent is asked it. A coupled space is described by the largest of the layers that read it. */
function spaceOf(context: BudgetContext, { units, problem }: PosedBudget): SearchSpace {
  const { graph } = context;
  const nodes = new Map(graph.nodes.map((node) => [node.key, node]));
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
