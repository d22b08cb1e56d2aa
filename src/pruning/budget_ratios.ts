import {
  costModel,
  type CostTerm,
  latencyModel,
  LatencyTable,
  sumTerms,
  usefulCounts,
} from "../cost/mod.ts";
import {
  type ConvolutionPlace,
  type CutUnit,
  type LayerGraph,
  listCutUnits,
} from "../graph/mod.ts";
import type { Moments } from "../kernels/mod.ts";
import {
  allowedCounts,
  chooseCounts,
  type PlanRules,
  type Ratios,
  ratiosOfCounts,
} from "../policy/mod.ts";
import { createObsSelector } from "../selection/mod.ts";
import { coupledProblem, problemOf } from "./problems.ts";
import type { RepairContext } from "./repair.ts";
import type { BudgetPolicy, BudgetReport } from "./types.ts";

/** Repairing has not begun. */
type BudgetContext = Omit<RepairContext, "onLayer">;

/** Images of a prediction whose latency counts. */
const LATENCY_BATCH = 32;

/**
 * Chooses how many channels every convolution keeps, without trying networks out: the counts that minimize the summed
 * relative errors of all layers that read what is cut, within the budget (`chooseCounts`). The error of every count is
 * read off statistics of the original network, by structured elimination.
 *
 * @param context What to work with.
 * @param places The network's convolutions.
 * @param rules Rules for all layers.
 * @param policy The budget.
 * @returns A ratio for every convolution, and the evidence.
 * @throws {InputError} When the budget cannot be reached: the message says what can.
 */
export async function findBudgetRatios(
  context: BudgetContext,
  places: readonly ConvolutionPlace[],
  rules: PlanRules,
  { share, target = "macs", latencyTable }: BudgetPolicy,
): Promise<{ ratios: Ratios; report: BudgetReport }> {
  const { graph, map, clock } = context;
  const units = listCutUnits(graph, map, places);
  const allowed = units.map((unit) => allowedCounts(graph, map, places, unit, rules));
  const terms = await costTerms(context, units, allowed, target, latencyTable);
  const counts = target === "latency" ? usefulCounts(terms, allowed) : allowed;
  const errors = await measureErrors(context, units, allowed);
  const problem = {
    units: units.map(({ name }, index) => ({
      name,
      counts: counts[index],
      errors: counts[index].map((count) => errors[index][count]),
    })),
    terms,
  };
  const whole = sumTerms(terms, units.map(({ channels }) => channels));
  const added = target === "params" ? mostAddedBiases(graph) : 0;
  const chosen = await clock.time("select", () => chooseCounts(problem, share - added / whole));
  const report: BudgetReport = {
    target,
    share: { wanted: share, found: (chosen.cost + added) / whole },
    error: chosen.error,
    isOptimal: chosen.method === "elimination" && chosen.costSlack === 0,
  };
  return { ratios: ratiosOfCounts(places, units, chosen.counts), report };
}

/** Biases that the repair may give to layers which had none; most of them go into a BatchNormalization. */
function mostAddedBiases({ nodes }: LayerGraph): number {
  const gaining = nodes.filter(({ weights }) => weights.has("kernel") && !weights.has("bias"));
  return gaining.reduce((sum, { weights }) => sum + weights.get("kernel")!.shape.at(-1)!, 0);
}

async function costTerms(
  { graph, map, onStage }: BudgetContext,
  units: readonly CutUnit[],
  counts: readonly number[][],
  target: NonNullable<BudgetPolicy["target"]>,
  path?: string,
): Promise<readonly CostTerm[]> {
  if (target !== "latency") {
    const model = costModel(graph, map, units);
    return target === "macs" ? model.convMacs : model.params;
  }
  const table = await LatencyTable.open({
    path,
    onProgress: (done, total) => onStage("measuring layers", done, total),
  });
  return await latencyModel(graph, map, units, { counts, table, batchSize: LATENCY_BATCH });
}

/**
 * Error of every count of every unit, from 0 channels to all, summed over the layers that read the unit; zeros where
 * there is no choice.
 */
async function measureErrors(
  context: BudgetContext,
  units: readonly CutUnit[],
  allowed: readonly number[][],
): Promise<Float64Array[]> {
  const hasChoice = (index: number) => allowed[index].length > 1;
  const readers = units.flatMap((unit, index) => hasChoice(index) ? readersOf(context, unit) : []);
  const moments = await context.original.momentsOf(readers);
  return await context.clock.time(
    "select",
    () =>
      units.map((unit, index) =>
        hasChoice(index) ? errorsOf(context, unit, moments) : new Float64Array(unit.channels + 1)
      ),
  );
}

function readersOf({ map }: BudgetContext, { mode, name, space }: CutUnit): readonly string[] {
  return mode === "couple" ? map.spaces[space!].consumers : [name];
}

function errorsOf(
  context: BudgetContext,
  unit: CutUnit,
  moments: ReadonlyMap<string, Moments>,
): Float64Array {
  const { graph, map, kernels, ridge } = context;
  const problems = readersOf(context, unit).map((key) => {
    const node = graph.nodes.find((each) => each.key === key)!;
    const raw = moments.get(key)!;
    return unit.mode === "couple"
      ? coupledProblem(map, node, unit.space!, raw)
      : problemOf(map, node, raw);
  });
  const selector = createObsSelector(kernels, problems, { ridge });
  return Float64Array.from(
    { length: unit.channels + 1 },
    (_, count) => count === unit.channels ? 0 : problems.length * selector.errorAt(count),
  );
}
