import {
  type ChannelMap,
  consumersByNode,
  type CutUnit,
  findSelectorPlace,
  isStrided,
  type LayerGraph,
  type LayerNode,
  type LayerRule,
  nodeKeyOf,
  nodesByKey,
  selectorNode,
  type SelectorPlace,
  selectorStrides,
  selectorWindow,
} from "../graph/mod.ts";
import { type Extent, Extents, type KeptChannels } from "./extent.ts";

type Shape = readonly (number | null)[];

/** A layer of the network after surgery, its widths expressed in the counts of the units. */
export interface SymbolicLayer {
  /** The layer at full width. */
  readonly node: LayerNode;
  /** Key of the original layer that it is, or that it serves as selector or copy. */
  readonly owner: string;
  /** What it does to channels. */
  readonly rule: LayerRule;
  /** Shapes of its inputs at full width, without the batch. */
  readonly inputShapes: readonly Shape[];
  /** Widths of its inputs. */
  readonly inputs: readonly Extent[];
  /** Width of its output. */
  readonly output: Extent;
  /** When it is there: if all of some units select, or unless they do. Always when absent. */
  readonly condition?: { readonly units: readonly number[]; readonly whenAllSelect: boolean };
}

/**
 * Lists the layers that surgery (`shrinkGraph`) may leave or make. A selecting convolution whose count is whole has no
 * selector of its own. With selectors come copies of the layers between selector and convolution; the originals, with the
 * selector in front of them if there is one, are there unless all that reads them selects.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @param units The decisions.
 * @param kept Which channels a unit keeps; needed where its channels have unequal numbers of positions in a tensor, and
 * without it widths there are the largest possible.
 * @returns The layers.
 */
export function listSymbolicLayers(
  graph: LayerGraph,
  map: ChannelMap,
  units: readonly CutUnit[],
  kept?: KeptChannels,
): SymbolicLayer[] {
  const nodes = nodesByKey(graph.nodes);
  const extents = new Extents(map, units, kept);
  const unitsOfNames = new Map(
    units.flatMap(({ mode, name }, unit) => mode === "select" ? [[name, unit] as const] : []),
  );
  const selecting = new Map(graph.nodes.flatMap(({ key, name }) => {
    const unit = unitsOfNames.get(name);
    return unit === undefined ? [] : [[key, unit] as const];
  }));
  const selectors = new Map(
    [...selecting.keys()].map((key) => [key, findSelectorPlace(nodes, map, key)]),
  );
  const bypasses = findBypasses(graph, selecting, selectors);
  return graph.nodes.flatMap((node): SymbolicLayer[] => {
    const sources = node.inputs.map((tensor) => nodes.get(nodeKeyOf(tensor))!);
    const bypass = bypasses.get(node.key);
    const layer = {
      node,
      owner: node.key,
      rule: map.rules.get(node.key)!,
      inputShapes: sources.map(({ outputShape }) => outputShape),
      inputs: sources.map(({ key }) => extents.ofOutput(key)),
      output: extents.ofOutput(node.key),
      ...(bypass ? { condition: { units: bypass, whenAllSelect: false } } : {}),
    };
    const unit = selecting.get(node.key);
    if (unit === undefined) return [layer];
    return selectingLayers(layer, unit, { nodes, map, extents, place: selectors.get(node.key)! });
  });
}

interface Selection {
  readonly nodes: ReadonlyMap<string, LayerNode>;
  readonly map: ChannelMap;
  readonly extents: Extents;
  readonly place: SelectorPlace;
}

/** A selecting convolution, its selector and the copies between them. */
function selectingLayers(
  whole: SymbolicLayer,
  unit: number,
  { nodes, map, extents, place }: Selection,
): SymbolicLayer[] {
  const { node } = whole;
  const kept = extents.ofSelection(unit, node);
  const source = nodes.get(nodeKeyOf(place.source))!;
  const { strides, outputSize } = selectorWindow(nodes, place, node);
  const shape = [...outputSize, whole.inputShapes[0].at(-1)!];
  const condition = { units: [unit], whenAllSelect: true };
  const selector: SymbolicLayer = {
    owner: node.key,
    node: selectorNode({
      name: `${node.name}_select`,
      input: source.key,
      inputShape: source.outputShape,
      kept: new Int32Array(shape.at(-1)!),
      strides,
      outputSize,
    }),
    rule: { kind: "convolution" },
    inputShapes: [source.outputShape],
    inputs: [extents.ofOutput(source.key)],
    output: kept,
    condition,
  };
  const steps = place.path.map((key) => nodes.get(key)!).reverse();
  const copies = steps.map((step): SymbolicLayer => ({
    node: { ...step, outputShape: shape },
    owner: node.key,
    rule: map.rules.get(step.key)!,
    inputShapes: [shape],
    inputs: [kept],
    output: kept,
    condition,
  }));
  const convolution = { ...whole, inputShapes: [shape], inputs: [kept] };
  const own = selectorStrides(node);
  if (!isStrided(own)) return [selector, ...copies, convolution];
  const config = { ...node.config, strides: own.map(() => 1) };
  return [
    selector,
    ...copies,
    { ...convolution, node: { ...node, config }, condition },
    { ...whole, condition: { units: [unit], whenAllSelect: false } },
  ];
}

/** For every layer that goes when all its readers select, the units of those. */
function findBypasses(
  graph: LayerGraph,
  selecting: ReadonlyMap<string, number>,
  selectors: ReadonlyMap<string, SelectorPlace>,
): Map<string, number[]> {
  const consumers = consumersByNode(graph);
  const bypasses = new Map<string, readonly string[]>();
  for (const { key } of graph.nodes.toReversed()) {
    const isBypassedBy = (convolution: string) => {
      const { path, former } = selectors.get(convolution)!;
      return path.includes(key) || former === key;
    };
    const convolutions = consumers.get(key)!.map((reader) => {
      const ahead = selecting.has(reader) ? [reader] : bypasses.get(reader);
      return ahead?.every(isBypassedBy) ? ahead : undefined;
    });
    if (convolutions.length === 0 || convolutions.includes(undefined)) continue;
    bypasses.set(key, convolutions.flatMap((each) => each!));
  }
  const unitsOf = (
    convolutions: readonly string[],
  ) => [...new Set(convolutions.map((convolution) => selecting.get(convolution)!))];
  return new Map([...bypasses].map(([key, convolutions]) => [key, unitsOf(convolutions)]));
}
