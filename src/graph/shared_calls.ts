import { callKey, type LayerGraph, type LayerNode, nodeKeyOf, nodesByKey } from "./layer_graph.ts";

/**
 * Finds the layers that are called several times side by side: no call needs what another call makes, such as the layers
 * of a tower that two images pass. All their calls can be computed at one place of the graph, so statistics over all of
 * them can be gathered there.
 *
 * @param nodes The network.
 * @returns The calls of each such layer, the first one first, by name of the layer. A layer whose calls stand one behind
 * the other, alone or through other such layers, is not among them.
 */
export function findSharedCalls(nodes: readonly LayerNode[]): Map<string, LayerNode[]> {
  const repeated = new Map(
    [...Map.groupBy(nodes, ({ name }) => name)].filter(([, calls]) => calls.length > 1),
  );
  if (repeated.size === 0) return repeated;
  const tied = namesOnCircles(nodes, repeated);
  return new Map(
    [...repeated].filter(([name]) => !tied.has(name)).map(([name, calls]) => [
      name,
      calls.toSorted((first, second) => callOf(first) - callOf(second)),
    ]),
  );
}

/**
 * Counts calls anew where some have left a graph: a layer's calls are numbered from 0 without a gap.
 *
 * @param graph The graph.
 * @returns The same with these numbers.
 */
export function renumberCalls(graph: LayerGraph): LayerGraph {
  const keys = new Map<string, { key: string; calls: number }>();
  for (const [name, nodes] of Map.groupBy(graph.nodes, (node) => node.name)) {
    const ordered = nodes.toSorted((first, second) => callOf(first) - callOf(second));
    ordered.forEach(({ key, calls }, call) => {
      const left = { key: callKey(name, call), calls: ordered.length };
      if (key !== left.key || calls !== left.calls) keys.set(key, left);
    });
  }
  if (keys.size === 0) return graph;
  const rename = (tensor: string) => {
    const key = nodeKeyOf(tensor);
    return (keys.get(key)?.key ?? key) + tensor.slice(key.length);
  };
  return {
    ...graph,
    nodes: graph.nodes.map((node) => ({
      ...node,
      ...keys.get(node.key),
      inputs: node.inputs.map(rename),
    })),
    outputs: graph.outputs.map(rename),
  };
}

function callOf({ key, name }: LayerNode): number {
  return key === name ? 0 : Number(key.slice(name.length + 1));
}

/** Layers from which a path leads back to them when all calls of a layer are one node. */
function namesOnCircles(
  nodes: readonly LayerNode[],
  repeated: ReadonlyMap<string, LayerNode[]>,
): Set<string> {
  const byKey = nodesByKey(nodes);
  const sources = new Map<string, Set<string>>();
  for (const { name, inputs } of nodes) {
    const read = sources.get(name) ?? new Set<string>();
    for (const tensor of inputs) read.add(byKey.get(nodeKeyOf(tensor))!.name);
    sources.set(name, read);
  }
  const readsItself = (start: string): boolean => {
    const met = new Set<string>();
    const left = [...sources.get(start)!];
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      if (name === start) return true;
      if (met.has(name)) continue;
      met.add(name);
      left.push(...sources.get(name)!);
    }
    return false;
  };
  return new Set([...repeated.keys()].filter(readsItself));
}
