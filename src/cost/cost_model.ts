import {
  type ChannelMap,
  type CutUnit,
  kernelPositions,
  type LayerGraph,
  type LayerNode,
} from "../graph/mod.ts";
import type { Weight } from "../model/mod.ts";
import { type CostTerm, mergeTerms } from "./cost_term.ts";
import { type Extent, type KeptChannels, unitsOf, widthAt } from "./extent.ts";
import { CONVOLUTIONS, kernelsOf } from "./layer_cost.ts";
import { listSymbolicLayers, type SymbolicLayer } from "./symbolic_layers.ts";

/** What a network costs, as functions of the channels that its units keep. */
export interface CostModel {
  /** Multiply–accumulates of convolutions, depthwise convolutions and Dense layers. */
  readonly macs: readonly CostTerm[];
  /** Of these, those of all but Dense layers, selectors included. */
  readonly convMacs: readonly CostTerm[];
  /** Weights of all layers, moving statistics included. */
  readonly params: readonly CostTerm[];
  /** Multiply–accumulates of every layer, with those of its selector and of copies behind that, by key. */
  readonly layerMacs: ReadonlyMap<string, readonly CostTerm[]>;
}

/**
 * Expresses the cost of a network after surgery in the counts of its units, exactly: for a convolution with kernel
 * kh × kw at P positions of its output (of its input, if it is transposed)
 *
 *     MACs = P · kh · kw · k_in · k_out,
 *
 * where k_in and k_out are sums over units behind concatenations: such a product is several terms, one for each pair. A
 * selector reads all channels at the positions it visits, a unit that selects and is whole has none. The sums equal
 * `networkCost(shrinkGraph(…))`, or exceed it by what only a branch needs that has lost all its channels: biases,
 * normalization and selectors of a residual block that leaves.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @param units The decisions.
 * @param kept Which channels a unit keeps. It matters only where some of a unit's channels have more positions in a
 * tensor than others (a convolution that alone reads several spaces): without it the most there can be are counted.
 * @returns The model.
 */
export function costModel(
  graph: LayerGraph,
  map: ChannelMap,
  units: readonly CutUnit[],
  kept?: KeptChannels,
): CostModel {
  const layers = listSymbolicLayers(graph, map, units, kept);
  const ofKernels = layers.filter(({ node }) => kernelsOf(node).length > 0);
  const isWhole = (unit: number, count: number) => count === units[unit].channels;
  const macTerms = (some: SymbolicLayer[]) =>
    mergeTerms(
      some.flatMap((layer) =>
        termsOfLayer(layer, kernelsOf(layer.node), kernelPositions(layer.node), isWhole)
      ),
    );
  const otherWeights = [...graph.otherWeights.values()]
    .reduce((sum, { values }) => sum + values.length, 0);
  const paramTerms = layers.flatMap((layer) =>
    termsOfLayer(layer, ownWeights(layer.node), 1, isWhole)
  );
  const byLayer = Map.groupBy(ofKernels, ({ owner }) => owner);
  return {
    layerMacs: new Map([...byLayer].map(([key, own]) => [key, macTerms(own)])),
    macs: macTerms(ofKernels),
    convMacs: macTerms(ofKernels.filter(({ node }) => CONVOLUTIONS.has(node.className))),
    params: mergeTerms([...paramTerms, { units: [], cost: () => otherWeights }]),
  };
}

/** A quantity of a layer as a function of widths. */
export interface LayerQuantity {
  /** The widths it depends on. */
  readonly extents: readonly Extent[];
  /** The quantity. */
  readonly at: (...widths: number[]) => number;
  /** The unit that has to keep something for the layer to be there: its residual block leaves with it. */
  readonly neededUnit?: number;
}

/**
 * A quantity of a layer as a function of counts; 0 where the layer is not there.
 *
 * @param layer The layer.
 * @param quantity The quantity.
 * @param isWhole Whether a count of a unit is all its channels: then it does not select.
 * @returns The term.
 */
export function termOfLayer(
  { condition }: SymbolicLayer,
  { extents, at, neededUnit }: LayerQuantity,
  isWhole: (unit: number, count: number) => boolean,
): CostTerm {
  const met = [...extents.flatMap(unitsOf), ...condition?.units ?? []];
  if (neededUnit !== undefined) met.push(neededUnit);
  const units = [...new Set(met)].sort((a, b) => a - b);
  const cost = (...counts: number[]): number => {
    const countOf = (unit: number) => counts[units.indexOf(unit)];
    if (neededUnit !== undefined && countOf(neededUnit) === 0) return 0;
    if (condition !== undefined) {
      const allSelect = condition.units.every((unit) => !isWhole(unit, countOf(unit)));
      if (allSelect !== condition.whenAllSelect) return 0;
    }
    return at(...extents.map((extent) => widthAt(extent, countOf)));
  };
  return { units, cost };
}

/** Weights of a layer that is called several times count at its first call. */
function ownWeights({ key, name, weights }: LayerNode): Weight[] {
  return key === name ? [...weights.values()] : [];
}

/**
 * A multiple of the sizes of some weights of a layer: one term where it depends on two units at most, or on whether the
 * layer is there; else a term for every product of a part of the input's width and a part of the output's, for searches
 * need terms of few units.
 */
function termsOfLayer(
  layer: SymbolicLayer,
  weights: readonly Weight[],
  factor: number,
  isWhole: (unit: number, count: number) => boolean,
): CostTerm[] {
  const sizes = weights.map((weight) => weightSize(layer, weight));
  const units = new Set(sizes.flatMap(({ extents }) => extents.flatMap(unitsOf)));
  const parts = layer.condition === undefined && units.size > 2
    ? sizes.flatMap(expandProduct)
    : [{ extents: sizes.flatMap(({ extents }) => extents), at: sumOfProducts(sizes) }];
  return parts.map(({ extents, at }) => {
    const quantity = { extents, at: (...widths: number[]) => factor * at(...widths) };
    return termOfLayer(layer, quantity, isWhole);
  });
}

/** A multiple of a product of widths. */
interface WidthProduct {
  readonly scale: number;
  readonly extents: readonly Extent[];
}

function productOf({ scale, extents }: WidthProduct): LayerQuantity {
  const at = (...widths: number[]) => widths.reduce((product, width) => product * width, scale);
  return { extents, at };
}

function sumOfProducts(products: readonly WidthProduct[]): LayerQuantity["at"] {
  return (...widths) => {
    let first = 0;
    return products.reduce((sum, product) => {
      const own = widths.slice(first, first += product.extents.length);
      return sum + productOf(product).at(...own);
    }, 0);
  };
}

/** A product of sums as a sum of products. */
function expandProduct({ scale, extents }: WidthProduct): LayerQuantity[] {
  const parts = extents.map((extent) => [
    ...extent.parts.map((part): Extent => ({ fixed: 0, parts: [part] })),
    ...(extent.fixed > 0 ? [{ fixed: extent.fixed, parts: [] }] : []),
  ]);
  const products = parts.reduce<Extent[][]>(
    (some, ones) => some.flatMap((before) => ones.map((one) => [...before, one])),
    [[]],
  );
  return products.map((product) => productOf({ scale, extents: product }));
}

/** How many values a weight has left: surgery slices the axes that run over the input's or the output's width. */
function weightSize(
  { node, rule, inputs, inputShapes, output }: SymbolicLayer,
  { shape, values }: Weight,
): WidthProduct {
  const [before] = inputShapes.map((input) => input.at(-1)!);
  const after = node.outputShape.at(-1)!;
  const proportional = (extents: Extent[], full: number): WidthProduct => ({
    extents,
    scale: values.length / full,
  });
  const isKernel = shape.length > 1;
  switch (rule.kind) {
    case "convolution":
    case "dense":
    case "select":
      return isKernel
        ? proportional([inputs[0], output], before * after)
        : proportional([output], after);
    case "depthwise":
      return isKernel ? proportional([inputs[0]], before) : proportional([output], after);
    case "carry":
      return shape.at(-1) === 1 ? proportional([], 1) : proportional([output], after);
    default:
      return proportional([], 1);
  }
}
