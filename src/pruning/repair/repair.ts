import { sumBytes } from "../../execution/mod.ts";
import {
  findGuards,
  inputChannels,
  kernelOfMatrix,
  kernelSize,
  type LayerGraph,
  type LayerNode,
  noCuts,
  withWeights,
  writeGraph,
} from "../../graph/mod.ts";
import { centerInPlace, giveBack, type Kernels, releaseMoments } from "../../kernels/mod.ts";
import type { Weight } from "../../model/mod.ts";
import type { LayerPlan } from "../policy/mod.ts";
import type { OriginalMoments } from "../statistics/original_moments.ts";
import type { LayerReport } from "../prune_report.ts";
import {
  createSelector,
  interceptOf,
  type Problem,
  reconstruct,
  releaseProblems,
  type SelectionMethod,
} from "../selection/mod.ts";
import { blocksToLeave, withoutBlocks } from "./left_blocks.ts";
import { positionsOfChannels, removeChannels } from "./mark_channels.ts";
import { CoupledProblems, problemOf } from "./problems.ts";
import { canSample, samplesOf, type StatisticsSource } from "../statistics/statistics_source.ts";

/** What the repair of a network works with. */
export interface RepairContext extends StatisticsSource {
  /** Statistics of the original network. */
  readonly original: OriginalMoments;
  /** The kernels. */
  readonly kernels: Kernels;
  /** How channels are chosen. */
  readonly select: SelectionMethod;
  /** Pull towards the old weights, relative to the mean diagonal of G. Default: chosen for every layer. */
  readonly ridge?: number;
  /** Aborts the work between two layers. */
  readonly signal?: AbortSignal;
  /** Called with what a user should know at once. */
  readonly onNotice?: (notice: string) => void;
  /** Called during work that is not a layer's: what it is, how far it is. */
  readonly onStage: (stage: string, done: number, total: number) => void;
  /** Called before every layer. */
  readonly onLayer: (name: string, layersDone: number) => void;
}

/** A network whose layers, as far as it is repaired, no longer read what is to be cut. */
export interface Repair {
  /** The original graph with new weights: rows of removed inputs are zero. */
  readonly masked: LayerGraph;
  /** Global channels that leave their space: 1. */
  readonly removed: Uint8Array;
  /** Input positions that a convolution alone keeps. */
  readonly selections: ReadonlyMap<string, Int32Array>;
  /** What happened to every layer that is done, by key. */
  readonly reports: ReadonlyMap<string, LayerReport>;
}

/** Share of the memory budget that activations may take whatever a layer's statistics need. */
const WAITING_SHARE = 0.25;

/**
 * The layers that are cut or repaired: from the first cut on, all that statistics are gathered for.
 *
 * @param source The network's channel spaces.
 * @param plans Every layer's plan, in graph order.
 * @returns The plans to carry out.
 */
export function plansToRepair(
  source: Pick<StatisticsSource, "map">,
  plans: readonly LayerPlan[],
): LayerPlan[] {
  const first = plans.findIndex(({ mode }) => mode !== "whole");
  if (first < 0) return [];
  return plans.slice(first).filter(({ node, mode }) =>
    mode !== "dropped" && canSample(source, node)
  );
}

/**
 * Takes out the residual blocks that leave, and chooses the channels of coupled spaces by all their consumers at once,
 * from statistics of the original network.
 *
 * @param context What to work with.
 * @param plans Every layer's plan, in graph order.
 * @returns The original network without these blocks, with these channels marked; no layer is repaired yet.
 */
export async function startRepair(
  context: RepairContext,
  plans: readonly LayerPlan[],
): Promise<Repair> {
  const { graph, map, original } = context;
  const cuts = noCuts(map);
  const spaces = new Map(
    plans.flatMap(({ cuts = [] }) => cuts.map(({ space, keep }) => [space, keep] as const)),
  );
  const consumers = [...spaces.keys()].flatMap((id) => map.spaces[id].consumers);
  const ends = blocksToLeave(plans).map(({ last }) => last);
  const moments = await original.momentsOf([...consumers, ...ends]);
  const problems = new CoupledProblems(context, moments, spaces.keys());
  for (const [id, keep] of spaces) await cutCoupledSpace(context, id, keep, problems, cuts.removed);
  return { masked: withoutBlocks(graph, plans, moments), ...cuts, reports: new Map() };
}

/**
 * Cuts and repairs some layers of a network, in graph order (He et al. 2017, section 3.2): for each, the channels are
 * chosen and the kernel is fitted so that the layer, reading the network as repaired so far, gives what it gave in the
 * original. Layers behind a cut that stay whole are fitted too; the intercept of the fit goes into the bias.
 *
 * @param context What to work with.
 * @param plans Plans of the layers to repair, in graph order.
 * @param repair The network with all layers before them repaired.
 * @returns The network with these layers repaired too, masked: nothing is cut out yet.
 */
export async function repairLayers(
  context: RepairContext,
  plans: readonly LayerPlan[],
  repair: Repair,
): Promise<Repair> {
  const { file, pool, clock } = context;
  const removed = repair.removed.slice();
  const selections = new Map(repair.selections);
  const reports = new Map(repair.reports);
  let { masked } = repair;
  await pool.startCalibration({
    ...context.calibration,
    memoryBudget: waitingBudget(context, plans),
    file,
    repaired: masked === context.graph ? undefined : writeGraph(masked, file),
    layers: plans.map(({ node }) => node.key),
  });
  try {
    for (const plan of plans) {
      const { node } = plan;
      context.signal?.throwIfAborted();
      context.onLayer(node.name, reports.size);
      const raw = await clock.time("calibrate", () => pool.collect(node.key));
      const problem = problemOf(context, node, centerInPlace(raw));
      const chosen = await clock.time(
        "select",
        () => chooseChannels(context, plan, problem, { removed, selections }),
      );
      const isWhole = chosen.kept.length === plan.of;
      const fit = await clock.time(
        "reconstruct",
        () =>
          reconstruct(context.kernels, problem, chosen.kept, {
            ridge: context.ridge,
            inPlace: true,
          }),
      );
      releaseMoments(problem.moments);
      const unrepaired = masked.nodes.find(({ key }) => key === node.key)!;
      const own = repairedWeights(unrepaired, fit.weights, interceptOf(raw, fit.weights));
      const weights = await pool.setWeights(node.key, own);
      if (weights !== own) giveBack([fit.weights]);
      masked = withWeights(masked, node.key, weights);
      reports.set(node.key, {
        ...wholeReport(plan),
        mode: isWhole ? "whole" : plan.mode,
        kept: chosen.kept.length,
        relativeError: fit.relativeError,
        ridge: fit.ridge,
        ...(chosen.dead.length > 0 ? { dead: chosen.dead.length } : {}),
      });
    }
  } finally {
    await pool.endCalibration();
  }
  return { masked, removed, selections, reports };
}

/**
 * Bytes of activations that may wait between layers: the budget without what the largest layer's statistics take, those from
 * every worker, both triangles of G of either half of the images, and its inverse, but a quarter of it at least.
 */
function waitingBudget(
  { calibration, pool }: RepairContext,
  plans: readonly LayerPlan[],
): number {
  const { memoryBudget } = calibration;
  const largest = Math.max(
    0,
    ...plans.map(({ node }) => sumBytes(kernelSize(node), samplesOf(node, calibration))),
  );
  const statistics = (3 * pool.size + 1) * largest;
  return Math.max(memoryBudget - statistics, WAITING_SHARE * memoryBudget);
}

/**
 * What happened to every layer.
 *
 * @param plans Every layer's plan, in graph order.
 * @param repair The repaired network.
 * @returns A report for each plan.
 */
export function reportLayers(plans: readonly LayerPlan[], { reports }: Repair): LayerReport[] {
  return plans.map((plan) => reports.get(plan.node.key) ?? wholeReport(plan));
}

function wholeReport({ node, place, mode, of, reason }: LayerPlan): LayerReport {
  const outcome = mode === "dropped"
    ? { mode, kept: 0, relativeError: 1 }
    : { mode: "whole" as const, kept: of, relativeError: 0, reason };
  return { name: node.name, place, of, ...outcome };
}

/** Chooses the channels a layer keeps and enters the cut. */
function chooseChannels(
  { map, kernels, select, ridge }: RepairContext,
  { node, mode, keep, channels: settled }: LayerPlan,
  problem: Problem,
  cuts: { removed: Uint8Array; selections: Map<string, Int32Array> },
): { kept: Int32Array; dead: Int32Array } {
  const channels = inputChannels(map, node);
  const { globals } = channels;
  if (mode === "whole" || mode === "couple") {
    const kept = Int32Array.from(globals.keys()).filter((own) => cuts.removed[globals[own]] === 0);
    return { kept, dead: new Int32Array(0) };
  }
  const { kept, dead } = settled
    ? { kept: settled, dead: new Int32Array(0) }
    : createSelector(kernels, [problem], select, { ridge, tryOut: false }).keep(keep);
  if (mode === "select") cuts.selections.set(node.key, positionsOfChannels(channels, kept));
  else removeChannels(cuts.removed, globals, kept);
  return { kept, dead };
}

/** Chooses the channels of a coupled space and enters the cut. */
async function cutCoupledSpace(
  { graph, map, kernels, select, ridge, clock }: RepairContext,
  id: number,
  keep: number,
  problems: CoupledProblems,
  removed: Uint8Array,
): Promise<void> {
  const guards = findGuards(graph, map, id);
  const own = problems.of(id);
  const { kept } = await clock.time(
    "select",
    () => createSelector(kernels, own, select, { ridge, guards, tryOut: false }).keep(keep),
  );
  releaseProblems(own);
  map.channels.forEach((reference, channel) => {
    if (reference.space === id && !kept.includes(reference.channel)) removed[channel] = 1;
  });
}

/**
 * The weights of a layer that was fitted.
 *
 * @param node The layer.
 * @param fitted Its new kernel as a matrix, zero in the rows of what is cut.
 * @param intercept What is added to its bias, one number per output.
 * @returns All its weights; those of the layer are unchanged.
 */
export function repairedWeights(
  node: LayerNode,
  fitted: Float32Array,
  intercept: Float64Array,
): Map<string, Weight> {
  const weights = new Map(node.weights);
  weights.set("kernel", kernelOfMatrix(node, fitted));
  const bias = weights.get("bias");
  const values = Float32Array.from(
    intercept,
    (shift, output) => shift + (bias?.values[output] ?? 0),
  );
  weights.set("bias", {
    name: `${node.name}/bias`,
    shape: [values.length],
    dtype: "float32",
    ...bias,
    values,
  });
  return weights;
}
