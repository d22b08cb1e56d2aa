import { walkDepthFirst } from "../base/mod.ts";
import {
  isMerge,
  type LayerNode,
  mergeInputsByDepth,
  nodeDepths,
  nodeKeyOf,
  nodesByKey,
} from "./layer_graph.ts";
import { findSharedCalls } from "./shared_calls.ts";

/**
 * Puts nodes in graph order: every node behind what it reads, and at a merge the shorter branch first, so that a
 * residual block's projection comes before the branch beside it. Convolutions are counted and pruned in this order.
 * The calls of a layer that is called several times side by side stand together, behind all that any of them reads.
 * Nodes that no output needs come last.
 *
 * @param nodes The nodes, in any order.
 * @param outputs The network's outputs.
 * @returns The same nodes in graph order.
 */
export function putInGraphOrder(
  nodes: readonly LayerNode[],
  outputs: readonly string[],
): LayerNode[] {
  const byKey = nodesByKey(nodes);
  const depths = nodeDepths(nodes);
  const shared = findSharedCalls(nodes);
  const single = new Map(nodes.map((node) => [node.key, [node]]));
  const callsOf = (node: LayerNode) => shared.get(node.name) ?? single.get(node.key)!;
  const find = (tensors: readonly string[]) =>
    tensors.map((tensor) => callsOf(byKey.get(nodeKeyOf(tensor))!));
  const ordered = walkDepthFirst(
    [...find(outputs), ...nodes.map(callsOf)],
    (calls) =>
      calls.flatMap((node) => find(isMerge(node) ? mergeInputsByDepth(node, depths) : node.inputs)),
  );
  return [...ordered].flat();
}
