import {
  costModel,
  type CostTerm,
  findSharedTable,
  latencyBatch,
  latencyModel,
  LatencyTable,
  sumTerms,
  usefulCounts,
} from "../../cost/mod.ts";
import { option, UsageError } from "../../base/mod.ts";
import { createRuntime } from "../../runtimes/mod.ts";
import {
  type CutUnit,
  kernelSize,
  type LayerGraph,
  listCutUnits,
  type ReaderPlace,
} from "../../graph/mod.ts";
import {
  allowedCounts,
  type BudgetProblem,
  type BudgetUnit,
  type PlanRules,
  priceErrors,
  probedOptions,
  requireReachableShare,
  type UnpricedUnit,
} from "../policy/mod.ts";
import { CountNetworks, readersOf } from "./count_networks.ts";
import { priceCuts } from "./price_cuts.ts";
import type { RepairContext } from "../repair/repair.ts";
import type { BudgetGoal, BudgetTarget, CountedPredictions } from "../types.ts";

/** Repairing has not begun. */
export interface BudgetContext extends Omit<RepairContext, "onLayer"> {
  /** Awaited once all has been refused that can be without work, before the first statistics. */
  readonly onBegin?: () => Promise<unknown>;
}

/** The decisions about a network, and what of them the statistics tell. */
export interface UnitErrors {
  /** The decisions. */
  readonly units: readonly CutUnit[];
  /** Their counts, and what the layers that read them lose at each. */
  readonly unpriced: readonly UnpricedUnit[];
  /** Networks for any counts. */
  readonly networks: CountNetworks;
}

/** What is decided under a budget, and all that is known of it before a network is tried out. */
export interface BudgetSetup {
  /** The decisions. */
  readonly units: readonly CutUnit[];
  /** Their counts with the error of each, and the terms of the cost. */
  readonly problem: BudgetProblem;
  /** Networks for any counts. */
  readonly networks: CountNetworks;
  /** Cost of the whole network. */
  readonly whole: number;
  /** The most that the repair adds to the cost, as a share of the whole. */
  readonly added: number;
  /** The predictions whose latency is counted. */
  readonly predictions: CountedPredictions;
}

/**
 * Poses the question of how many channels every convolution keeps. The error of every count is read off statistics of
 * the original network, by structured elimination, and brought into units of the loss by `priceErrors`.
 *
 * @param context What to work with.
 * @param places The network's convolutions.
 * @param rules Rules for all layers.
 * @param goal What is counted, and the share of it that is kept.
 * @param runTable File of the run's own state in which latencies are kept, where it has one.
 * @returns The question.
 * @throws {InputError} When the share cannot be reached, before `onBegin` and statistics; latency is measured first.
 */
export async function setUpBudget(
  context: BudgetContext,
  places: readonly ReaderPlace[],
  rules: PlanRules,
  { share, target = "macs", latencyTable, runtime }: BudgetGoal,
  runTable?: string,
): Promise<BudgetSetup> {
  const { graph, map } = context;
  const predictions = countPredictions(graph, target, runtime);
  requireReach(context, places, rules, { share, target });
  const units = listCutUnits(graph, map, places);
  const allowed = units.map((unit) => allowedCounts(graph, map, places, unit, rules));
  await context.onBegin?.();
  const choices = units.filter((_, index) => allowed[index].length > 1);
  const networks = await readNetworks(context, units, choices);
  const terms = await costTerms(context, {
    units,
    counts: allowed,
    networks,
    target,
    latencyTable,
    runtime,
    runTable,
    predictions,
  });
  const counts = target === "latency" ? usefulCounts(terms, allowed) : allowed;
  return await priceBudget(
    context,
    await errorsOf(context, networks, units, counts),
    target,
    terms,
    predictions,
  );
}

/** The predictions that a target counts. What runs them is looked for before any work. */
function countPredictions(
  graph: LayerGraph,
  target: BudgetTarget,
  runtime: BudgetGoal["runtime"],
): CountedPredictions {
  if (target === "latency") {
    const { isCompiled } = createRuntime(runtime ?? "tfjs-wasm");
    return { batchSize: latencyBatch(graph, isCompiled), ...(runtime && { runtime }) };
  }
  if (runtime === undefined) return {};
  throw new UsageError([
    `measuring latencies on ${runtime}: found `,
    option("target"),
    ` ${target}, which none are measured for, wanted latency; give `,
    option("target"),
    " latency, or leave ",
    option("runtime"),
    " out",
  ]);
}

/**
 * Reads the error of every count of every decision off statistics of the original network.
 *
 * @param context What to work with.
 * @param units The decisions.
 * @param counts The counts that are allowed, of each; the last one is the whole.
 * @returns The decisions with their errors.
 */
export async function readUnitErrors(
  context: BudgetContext,
  units: readonly CutUnit[],
  counts: readonly number[][],
): Promise<UnitErrors> {
  const choices = units.filter((_, index) => counts[index].length > 1);
  return await errorsOf(context, await readNetworks(context, units, choices), units, counts);
}

async function errorsOf(
  context: BudgetContext,
  networks: CountNetworks,
  units: readonly CutUnit[],
  counts: readonly number[][],
): Promise<UnitErrors> {
  const choices = units.filter((_, index) => counts[index].length > 1);
  const unpriced = await context.clock.time("select", async () => {
    await networks.rank(choices, context.pool.otherThreads);
    return units.map((unit, index) => {
      const errors = counts[index].length > 1 ? networks.errorsOf(unit) : undefined;
      return {
        name: unit.name,
        readers: readersOf(context, unit).length,
        counts: counts[index],
        errors: counts[index].map((count) => errors?.[count] ?? 0),
      };
    });
  });
  return { units, unpriced, networks };
}

/**
 * Brings errors into units of the loss.
 *
 * @param context What to work with.
 * @param unitErrors The decisions with their errors.
 * @param target What is counted.
 * @param terms What it comes to.
 * @param predictions The predictions whose latency it is.
 * @returns The question.
 */
export async function priceBudget(
  context: BudgetContext,
  { units, unpriced, networks }: UnitErrors,
  target: BudgetTarget,
  terms: readonly CostTerm[],
  predictions: CountedPredictions = {},
): Promise<BudgetSetup> {
  const problem = { units: await priceUnits(context, unpriced, networks), terms };
  const whole = sumTerms(terms, units.map(({ channels }) => channels));
  const added = target === "params" ? mostAddedBiases(context.graph) / whole : 0;
  return {
    units,
    problem,
    networks,
    whole,
    added,
    predictions,
  };
}

/**
 * Networks for any counts that rules allow, without posing a question.
 *
 * @param context What to work with.
 * @param places The network's convolutions.
 * @param units The decisions.
 * @param rules Rules for all layers.
 * @returns The networks.
 */
export async function openCountNetworks(
  context: BudgetContext,
  places: readonly ReaderPlace[],
  units: readonly CutUnit[],
  rules: PlanRules,
): Promise<CountNetworks> {
  const { graph, map } = context;
  const choices = units.filter((unit) => allowedCounts(graph, map, places, unit, rules).length > 1);
  return await readNetworks(context, units, choices);
}

async function readNetworks(
  context: BudgetContext,
  units: readonly CutUnit[],
  choices: readonly CutUnit[],
): Promise<CountNetworks> {
  const readers = choices.flatMap((unit) => readersOf(context, unit));
  return new CountNetworks(context, units, await context.original.momentsOf(readers));
}

/** Prices are read off cuts of one unit alone. */
async function priceUnits(
  context: BudgetContext,
  units: readonly UnpricedUnit[],
  networks: CountNetworks,
): Promise<BudgetUnit[]> {
  const whole = units.map(({ counts }) => counts[counts.length - 1]);
  const cuts = probedOptions(units).flatMap((option, unit) =>
    option === undefined ? [] : [{ unit, count: units[unit].counts[option] }]
  );
  const rises = await context.clock.time(
    "select",
    () => priceCuts(context, networks, cuts, whole),
  );
  return priceErrors(
    units,
    units.map((_, unit) => rises[cuts.findIndex((cut) => cut.unit === unit)]),
  );
}

/**
 * Insists that a share can be reached, as far as costs follow from the network alone: all but latencies do.
 *
 * @param network The network and its channel spaces.
 * @param places Its convolutions.
 * @param rules Rules for all layers.
 * @param goal What is counted, and the share of it that is kept.
 * @throws {InputError} When even the cheapest choice costs more.
 */
export function requireReach(
  network: Pick<BudgetContext, "graph" | "map">,
  places: readonly ReaderPlace[],
  rules: PlanRules,
  { share, target = "macs" }: Pick<BudgetGoal, "share" | "target">,
): void {
  if (target === "latency") return;
  const { graph, map } = network;
  const units = listCutUnits(graph, map, places);
  const costsBy = (own: PlanRules) => {
    const counts = units.map((unit) => allowedCounts(graph, map, places, unit, own));
    return leastCosts(network, units, counts, target);
  };
  requireReachableShare(
    costsBy(rules),
    share,
    rules.slowSelectors ? undefined : () => costsBy({ ...rules, slowSelectors: true }),
  );
}

/** The decisions with what they cost at least: as if a convolution that reads several spaces kept nothing of them. */
function leastCosts(
  { graph, map }: Pick<BudgetContext, "graph" | "map">,
  units: readonly CutUnit[],
  allowed: readonly number[][],
  target: Exclude<BudgetTarget, "latency">,
): BudgetProblem {
  const kept = (unit: number, count: number) =>
    count === units[unit].channels ? Int32Array.from({ length: count }, (_, own) => own) : [];
  const model = costModel(graph, map, units, kept);
  return {
    units: units.map(({ name }, index) => ({
      name,
      counts: allowed[index],
      errors: allowed[index].map(() => 0),
    })),
    terms: target === "macs" ? model.macs : model.params,
  };
}

/** Biases that the repair may give to layers which had none; most of them go into a BatchNormalization. */
function mostAddedBiases({ nodes }: LayerGraph): number {
  const gaining = nodes.filter(({ weights }) => weights.has("kernel") && !weights.has("bias"));
  return gaining.reduce((sum, node) => sum + kernelSize(node).outputs, 0);
}

/** What is counted, of which decisions. */
interface CostQuestion extends Pick<BudgetGoal, "latencyTable" | "runtime"> {
  /** File of the run's own state for latencies. */
  readonly runTable?: string;
  readonly units: readonly CutUnit[];
  /** The counts that are allowed, of each. */
  readonly counts: readonly number[][];
  /** Says which channels stay at a count: what a convolution that reads several spaces keeps decides on other costs. */
  readonly networks: CountNetworks;
  readonly target: BudgetTarget;
  /** The predictions that are counted, where latency is. */
  readonly predictions: CountedPredictions;
}

async function costTerms(
  { graph, map, onStage, onNotice }: BudgetContext,
  question: CostQuestion,
): Promise<readonly CostTerm[]> {
  const { units, counts, networks: { kept }, target, runtime } = question;
  if (target !== "latency") {
    const model = costModel(graph, map, units, kept);
    return target === "macs" ? model.macs : model.params;
  }
  const table = await LatencyTable.open({
    runtime,
    path: question.latencyTable,
    runPath: question.runTable,
    sharedPath: findSharedTable(runtime),
    onNotice,
    onProgress: (done, total) => onStage("measuring layers", done, total),
  });
  const batchSize = question.predictions.batchSize!;
  return await latencyModel(graph, map, units, { counts, table, batchSize, kept });
}
