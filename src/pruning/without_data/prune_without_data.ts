import { costModel, networkCost, sumTerms } from "../../cost/mod.ts";
import { InputError, option } from "../../base/mod.ts";
import {
  type CutUnit,
  findChannelSpaces,
  type LayerGraph,
  listCutUnits,
  listReaders,
  openNetwork,
  type SharedMode,
  unpinInputSize,
  writeGraph,
} from "../../graph/mod.ts";
import { loadKernels, type MomentsByLayer, startBackend } from "../../kernels/mod.ts";
import { disposeModel, type ModelFile } from "../../model/mod.ts";
import { resolveModel } from "../../session/mod.ts";
import { allowedCounts, type BudgetUnit, checkSkipped } from "../policy/mod.ts";
import { solveBudget } from "../ratios/budget_ratios.ts";
import { CountNetworks, readersOf } from "../ratios/count_networks.ts";
import { outputImportance } from "../repair/output_importance.ts";
import type { PruneNetworkOptions } from "../prune_options.ts";
import type { PruneReport } from "../prune_report.ts";
import type { BudgetReport } from "../types.ts";
import { Stopwatch, withDefaults } from "../../base/mod.ts";
import { expectedMoments } from "./expected_moments.ts";

/** What {@link pruneWithoutData} uses where an option is not given: half of the cost would leave chance (without_data.md). */
export const WITHOUT_DATA_DEFAULTS = {
  policy: { kind: "budget", share: 0.9 },
  shared: "couple",
  channelMultiple: 1,
  slowSelectors: false,
  skip: [],
} as const;

/** Weights follow from weights alone: nothing is pulled anywhere. */
const RIDGE = 1e-9;

/** Options of {@link pruneWithoutData}. */
export interface WithoutDataOptions
  extends Pick<PruneNetworkOptions, "channelMultiple" | "slowSelectors" | "skip"> {
  /** The model, or its path. */
  readonly model: string | ModelFile;
  /** Height and width of the inputs, where the model leaves them open. */
  readonly inputSize?: readonly [number, number];
  /** A budget of multiply–accumulates or parameters; nothing else can be known without data. Default: nine tenths of the former. */
  readonly policy?: PruneNetworkOptions["policy"];
  /** What happens to channels that several layers read. Default `couple`. */
  readonly shared?: SharedMode;
}

/** What is known of a network that was pruned without data: what it costs, and not what it can. */
export interface WithoutDataReport extends Pick<PruneReport, "params"> {
  /** Multiply–accumulates for one image. */
  readonly macs: { readonly before: number; readonly after: number };
  /** What the budget decided, by the errors that are expected. */
  readonly budget: BudgetReport;
  /** What was decided about: a layer, or a space that several layers read. */
  readonly units: readonly {
    readonly name: string;
    readonly kept: number;
    readonly of: number;
    /** The layers that read the channels. */
    readonly readers: readonly string[];
  }[];
  /** Wall time in seconds. */
  readonly seconds: number;
}

/**
 * Makes a network smaller without any data. The mean and variance of every channel are read off BatchNormalization and
 * carried on through the layers (`channelSpreads`). A channel matters by its variance times the squares of the weights
 * that read it; what a removed one had on average goes into the biases of these layers. No weight is fitted, and nothing is
 * measured: whether the network is still good, only images tell.
 *
 * @param options Model and budget.
 * @returns The smaller model, and what it costs.
 * @throws {InputError} When the model cannot be read, or the policy wants data.
 *
 * @example Keep 80 % of the multiply–accumulates without an image
 * ```ts
 * import { pruneWithoutData } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const { report } = await pruneWithoutData({
 *   model: "cli/example/resnet8-fashion-mnist",
 *   policy: { kind: "budget", share: 0.8 },
 * });
 * assert.ok(report.macs.after <= 0.8 * report.macs.before);
 * ```
 */
export async function pruneWithoutData(
  options: WithoutDataOptions,
): Promise<{ file: ModelFile; report: WithoutDataReport }> {
  const clock = new Stopwatch();
  const settings = withDefaults(options, WITHOUT_DATA_DEFAULTS);
  const { policy } = settings;
  if (policy.kind !== "budget" || policy.target === "latency") throw wantsData();
  await startBackend();
  const { model, inputSize } = settings;
  const original = typeof model === "string" ? await resolveModel(model) : model;
  const file = await resolveModel(original, { inputSize });
  const network = await openNetwork(file);
  disposeModel(network.model);
  const { graph } = network;
  const map = findChannelSpaces(graph);
  const places = listReaders(graph, map, settings.shared);
  checkSkipped(settings.skip, places);
  const units = listCutUnits(graph, map, places);
  const moments = expectedMoments(graph, map);
  const kernels = await loadKernels();
  const context = { graph, map, kernels, select: "obs", ridge: RIDGE } as const;
  const networks = new CountNetworks(context, units, moments);
  const counts = units.map((unit) =>
    allowedCounts(graph, map, places, unit, { ...settings, keepBlocks: true })
  );
  const { macs, params } = costModel(graph, map, units, networks.kept);
  const terms = policy.target === "params" ? params : macs;
  const priced = units.map((unit, index): BudgetUnit => {
    const price = counts[index].length > 1 ? priceOf(unit, context, moments) : 0;
    const errors = price > 0 ? networks.errorsOf(unit) : undefined;
    return {
      name: unit.name,
      counts: counts[index],
      errors: counts[index].map((count) => price * (errors?.[count] ?? 0)),
    };
  });
  const setup = {
    units,
    problem: { units: priced, terms },
    networks,
    whole: sumTerms(terms, units.map(({ channels }) => channels)),
    added: 0,
    predictions: {},
  };
  const { counts: chosen, report: budget } = await solveBudget({ clock }, setup, policy);
  const smaller = networks.networkFor(chosen);
  const [before, after] = [graph, smaller].map(networkCost);
  return {
    file: unpinInputSize(writeGraph(smaller, file), original),
    report: {
      macs: { before: before.macs, after: after.macs },
      params: { before: before.params, after: after.params },
      budget,
      units: units.map((unit, index) => ({
        name: unit.name,
        kept: chosen[index],
        of: unit.channels,
        readers: readersOf(context, unit),
      })),
      seconds: clock.total,
    },
  };
}

/** What all of the outputs of the layers that read a unit mean to the network's outputs, on average over the layers. */
function priceOf(
  unit: CutUnit,
  { graph, map }: {
    readonly graph: LayerGraph;
    readonly map: Parameters<typeof outputImportance>[1];
  },
  moments: MomentsByLayer,
): number {
  const importance = outputImportance(graph, map);
  const readers = readersOf({ map }, unit);
  const prices = readers.map((key) => {
    const { sumY, sumYY } = moments.get(key);
    return sumYY.reduce(
      (sum, square, o) => sum + (square - sumY[o] ** 2) * (importance.get(key)?.[o] ?? 1),
      0,
    );
  });
  return prices.reduce((sum, price) => sum + price, 0) / readers.length;
}

function wantsData(): InputError {
  return new InputError([
    "pruning without data: found a policy that measures, wanted a budget of multiply–accumulates or parameters; give ",
    option("share"),
    ", or images with ",
    option("data"),
  ]);
}
