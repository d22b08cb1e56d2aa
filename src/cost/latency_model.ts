import type { ChannelMap, CutUnit, LayerGraph } from "../graph/mod.ts";
import { findFusedLayers } from "./fused_layers.ts";
import { type CostTerm, mergeTerms, sumTerms } from "./cost_term.ts";
import { termOfLayer } from "./cost_model.ts";
import { type KeptChannels, widthAt } from "./extent.ts";
import { PREDICT_BATCH } from "./latency_batch.ts";
import type { LatencyTable } from "./latency_table.ts";
import { type LayerShape, shapeOfLayer, widthAxes, type WidthAxis } from "./layer_shape.ts";
import { listSymbolicLayers, type SymbolicLayer } from "./symbolic_layers.ts";
import { interpolateTimes, layOutGrid, type WidthGrid } from "./width_grid.ts";

/** What a latency model is made of. */
export interface LatencyModelOptions {
  /** Counts that every unit may be given, ascending; nothing narrower is measured. */
  readonly counts: readonly ArrayLike<number>[];
  /** The table; layers that it lacks are measured. */
  readonly table: LatencyTable;
  /** Images of a prediction; `model.predict` cuts more than 32 into parts of 32, and so does the model. */
  readonly batchSize: number;
  /** Which channels a unit keeps, see `costModel`. */
  readonly kept?: KeptChannels;
}

interface TimedLayer {
  readonly layer: SymbolicLayer;
  readonly axes: readonly WidthAxis[];
  readonly grids: readonly WidthGrid[];
}

/**
 * Estimates the latency of a network after surgery as a function of the counts of its units: the sum of its layers'
 * times on the table's runtime, each run by itself: on TensorFlow.js as the layers model runs it (convolution,
 * BatchNormalization, activation and addition one after the other), on runtimes that compile networks without the layers that
 * become part of a convolution.
 *
 *     latency ≈ Σ over layers time(layer, k_in, k_out)   in milliseconds for a batch
 *
 * The layers of a residual block take no time where nothing of it is kept.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @param units The decisions.
 * @param options The table and what is needed of it.
 * @returns The terms.
 * @throws {InputError} When a layer cannot be made alone, or the model leaves a size open.
 */
export async function latencyModel(
  graph: LayerGraph,
  map: ChannelMap,
  units: readonly CutUnit[],
  { counts, table, batchSize: images, kept }: LatencyModelOptions,
): Promise<CostTerm[]> {
  const batchSize = Math.min(images, PREDICT_BATCH);
  const leastOf = (unit: number) => counts[unit][0] || counts[unit][1];
  const fused = table.isCompiled ? findFusedLayers(graph, map) : new Set<string>();
  const layers = listSymbolicLayers(graph, map, units, kept)
    .filter(({ node, rule }) => rule.kind !== "source" && !fused.has(node.key))
    .map((layer): TimedLayer => {
      const axes = widthAxes(layer);
      return {
        layer,
        axes,
        grids: axes.map((axis) => layOutGrid(axis, widthAt(axis.extent, leastOf))),
      };
    });
  await table.measure(layers.flatMap((timed) => shapesToMeasure(timed, batchSize)));
  const isWhole = (unit: number, count: number) => count === units[unit].channels;
  const unitsOfBlocks = new Map(
    units.flatMap(({ block }, unit) =>
      block ? [...block.layers, block.addition].map((key) => [key, unit] as const) : []
    ),
  );
  return mergeTerms(layers.map(({ layer, axes, grids }) => {
    const at = interpolateTimes(
      axes,
      grids,
      (...widths) => table.timeOf(shapeOfLayer(layer, widths, batchSize)),
    );
    const extents = axes.map(({ extent }) => extent);
    const neededUnit = unitsOfBlocks.get(layer.owner);
    return termOfLayer(layer, { extents, at, neededUnit }, isWhole);
  }));
}

function shapesToMeasure({ layer, grids }: TimedLayer, batchSize: number): LayerShape[] {
  const widths = grids.reduce<number[][]>(
    (partial, grid) => partial.flatMap((some) => grid.map((width) => [...some, width])),
    [[]],
  );
  return widths.map((some) => shapeOfLayer(layer, some, batchSize));
}

/** Relative difference between two measurements of the same layers that means nothing. */
const NOISE = 0.02;

/**
 * Leaves out counts that a larger one makes pointless: a count stays when the layers that it shapes, the other units
 * whole, are faster with it than with any larger count that stays, by more than the noise.
 *
 * @param terms The latency.
 * @param counts Counts of every unit, ascending; the last is the whole.
 * @param noise Relative difference that does not count.
 * @returns Counts that are worth choosing; the whole always stays.
 */
export function usefulCounts(
  terms: readonly CostTerm[],
  counts: readonly ArrayLike<number>[],
  noise = NOISE,
): number[][] {
  const whole = counts.map((own) => own[own.length - 1]);
  return counts.map((own, unit) => {
    const tied = terms.filter(({ units }) => units.includes(unit));
    let fastest = Infinity;
    return Array.from(own).reverse().filter((count) => {
      const time = sumTerms(tied, whole.with(unit, count));
      if (time * (1 + noise) >= fastest) return false;
      fastest = time;
      return true;
    }).reverse();
  });
}
