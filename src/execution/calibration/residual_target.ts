import {
  activationOf,
  batchNormAffine,
  consumersByNode,
  CONVOLUTION_CLASSES,
  type LayerGraph,
  type LayerNode,
  mergeInputsByDepth,
  nodeDepths,
  nodeKeyOf,
  nodesByKey,
} from "../../graph/mod.ts";

/** What the last convolution of a residual branch has to make up for. */
export interface ResidualTarget {
  /** The other inputs of the Add that the branch ends in; they are complete before the convolution runs. */
  readonly shortcuts: readonly string[];
  /**
   * 1 / scale of a BatchNormalization between convolution and Add, per output channel; 0 where the scale is too small
   * to correct anything. Absent when none stands between.
   */
  readonly inverseScale?: Float32Array;
}

const SMALLEST_SCALE = 1e-3;

/**
 * Finds the convolutions that end a residual branch. Such a convolution is fitted to Y + (shortcut of the original −
 * shortcut as pruned so far), through the inverse of a BatchNormalization that stands between (He et al. 2017,
 * section 3.3), so that it also repairs what was lost beside it.
 *
 * Only the branch that is computed last can know the others, so it alone gets the correction.
 *
 * @param graph The original network.
 * @returns Targets by the convolution's key.
 */
export function findResidualTargets(graph: LayerGraph): Map<string, ResidualTarget> {
  const byKey = nodesByKey(graph.nodes);
  const consumers = consumersByNode(graph);
  const depths = nodeDepths(graph.nodes);
  const targets = new Map<string, ResidualTarget>();
  for (const merge of graph.nodes) {
    if (merge.className !== "Add" || merge.calls > 1 || !isAligned(merge, byKey)) continue;
    const inputs = mergeInputsByDepth(merge, depths);
    const branch = inputs.pop()!;
    const end = branchEnd(branch, byKey, consumers);
    if (end === undefined) continue;
    targets.set(end.convolution.key, {
      shortcuts: inputs,
      inverseScale: end.norm && inverseScaleOf(end.norm),
    });
  }
  return targets;
}

/** Whether all inputs of a merge are of its own shape; a broadcast one cannot be sampled beside the others. */
function isAligned(merge: LayerNode, byKey: ReadonlyMap<string, LayerNode>): boolean {
  const wanted = merge.outputShape.join();
  return merge.inputs.every((tensor) => byKey.get(tensor)?.outputShape.join() === wanted);
}

function inverseScaleOf(norm: LayerNode): Float32Array {
  return batchNormAffine(norm).scale.map((scale) =>
    Math.abs(scale) < SMALLEST_SCALE ? 0 : 1 / scale
  );
}

/** Walks up from a branch's last tensor to its convolution, over a BatchNormalization and Dropout alone. */
function branchEnd(
  tensor: string,
  byKey: ReadonlyMap<string, LayerNode>,
  consumers: ReadonlyMap<string, readonly string[]>,
): { convolution: LayerNode; norm?: LayerNode } | undefined {
  let norm: LayerNode | undefined;
  for (let node = byKey.get(tensor); node; node = byKey.get(nodeKeyOf(node.inputs[0]))) {
    if (consumers.get(node.key)!.length !== 1 || node.calls > 1) return undefined;
    if (CONVOLUTION_CLASSES.has(node.className)) {
      return activationOf(node) === "linear" ? { convolution: node, norm } : undefined;
    }
    if (node.className === "BatchNormalization" && norm === undefined) norm = node;
    else if (node.className !== "Dropout") return undefined;
  }
  return undefined;
}
