import {
  type ChannelMap,
  inputChannels,
  inputPositions,
  type LayerGraph,
  type LayerNode,
} from "../../graph/mod.ts";
import type { LayerPlan } from "../policy/mod.ts";
import type { TuningOptions, TuningResult } from "../../tuning/mod.ts";
import type { Repair } from "./repair.ts";
import type { GroupTuning } from "../prune_options.ts";

/**
 * Parts the layers to repair into groups.
 *
 * @param plans Plans of the layers to repair, in graph order.
 * @param size Convolutions of a group; Dense layers belong to the group before them.
 * @returns The groups, in the same order; none is empty.
 */
export function partIntoGroups(plans: readonly LayerPlan[], size: number): LayerPlan[][] {
  const groups: LayerPlan[][] = [];
  let convolutions = 0;
  for (const plan of plans) {
    const isConvolution = plan.place !== undefined;
    if (groups.length === 0 || isConvolution && convolutions % size === 0) groups.push([]);
    if (isConvolution) convolutions++;
    groups.at(-1)!.push(plan);
  }
  return groups;
}

/**
 * How a group is tuned.
 *
 * @param tuning The run's own settings.
 * @param groups Settings of group tuning.
 * @returns Adam at a constant rate for a share of the run's epochs, or the run's own settings to retrain.
 */
export function groupOptions(
  tuning: TuningOptions,
  { retrain, epochShare, learningRate }: GroupTuning,
): TuningOptions {
  if (retrain) return tuning;
  const epochs = epochShare * tuning.epochs;
  return { ...tuning, epochs, learningRate, optimizer: "adam", schedule: "constant" };
}

/**
 * Tunes the repaired part of a network, masked: kernel rows of cut inputs stay zero. The layers ahead are frozen, for
 * they are to be fitted to what they give in the original.
 *
 * @param map Channel spaces of the original network.
 * @param repair The network as repaired so far.
 * @param ahead The first layer that is still to be repaired.
 * @param tune Tunes a network whose kernels have elements, by key of the layer, that stay zero.
 * @returns The network with its tuned part, and what the tuning found.
 */
export async function tuneGroup(
  map: ChannelMap,
  repair: Repair,
  ahead: LayerNode,
  tune: (graph: LayerGraph, zeros: ReadonlyMap<string, Uint8Array>) => Promise<TuningResult>,
): Promise<{ repair: Repair; tuned: TuningResult }> {
  const border = repair.masked.nodes.findIndex(({ key }) => key === ahead.key);
  const frozen = withNodes(
    repair.masked,
    (node, index) =>
      index < border ? node : { ...node, config: { ...node.config, trainable: false } },
  );
  const zeros = new Map<string, Uint8Array>();
  for (const node of repair.masked.nodes) {
    if (repair.reports.has(node.key)) zeros.set(node.key, cutElements(map, repair, node));
  }
  const tuned = await tune(frozen, zeros);
  const masked = withNodes(repair.masked, (node, index) => {
    const { weights } = tuned.graph.nodes[index];
    return index < border ? { ...node, weights } : node;
  });
  return { repair: { ...repair, masked }, tuned };
}

function withNodes(
  graph: LayerGraph,
  change: (node: LayerNode, index: number) => LayerNode,
): LayerGraph {
  return { ...graph, nodes: graph.nodes.map(change) };
}

/** Elements of a kernel that read cut inputs: 1. */
function cutElements(map: ChannelMap, repair: Repair, node: LayerNode): Uint8Array {
  const { channelOf, globals } = inputChannels(map, node);
  const selected = repair.selections.get(node.key);
  const isCut = Uint8Array.from(
    channelOf,
    (own, position) =>
      selected ? Number(!selected.includes(position)) : repair.removed[globals[own]],
  );
  return Uint8Array.from(inputPositions(node), (position) => isCut[position]);
}
