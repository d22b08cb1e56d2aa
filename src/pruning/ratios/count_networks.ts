import { LRUCache } from "lru-cache";
import {
  absorbBiases,
  bypassBlocks,
  type CutUnit,
  inputChannels,
  kernelSize,
  type LayerGraph,
  type LayerNode,
  leaveOutBypasses,
  type LeftBlock,
  noCuts,
  nodesByKey,
  type ResidualBlock,
  shrinkGraph,
  withWeights,
} from "../../graph/mod.ts";
import type { KeptChannels } from "../../cost/mod.ts";
import type { LayerChange } from "../../execution/mod.ts";
import { centerInPlace, type MomentsByLayer, releaseMoments } from "../../kernels/mod.ts";
import type { Weight } from "../../model/mod.ts";
import type { PoolThread } from "../../session/mod.ts";
import {
  createSelector,
  interceptOf,
  type ObsOptions,
  type ObsRanking,
  type ObsSelector,
  obsSelectorOf,
  type Problem,
  rankByElimination,
  reconstruct,
  releaseProblems,
  type Selector,
  typicalRidge,
} from "../selection/mod.ts";
import { leftBlock } from "../repair/left_blocks.ts";
import { positionsOfChannels, removeChannels } from "../repair/mark_channels.ts";
import { CoupledProblems, problemOf } from "../repair/problems.ts";
import { type RepairContext, repairedWeights } from "../repair/repair.ts";
import type { CutGraph } from "../measure_network.ts";
import { rankOnThread } from "./ranking_on_threads.ts";

/** Multiply–accumulates from which on it pays that threads rank channels beside this one: some seconds. */
const RANKED_BY_THREADS = 2e10;

/** Bytes of fitted weights that are remembered; of a large network every fit takes megabytes. */
const FITS_MEMORY = 256 * 2 ** 20;

/** What networks are read off with. */
export type CountContext = Pick<RepairContext, "graph" | "map" | "kernels" | "select" | "ridge">;

/** Which of a network's channels stay. */
interface Cut {
  readonly removed: Uint8Array;
  readonly selections: Map<string, Int32Array>;
}

/**
 * Networks for any channel counts, read off statistics of the original without looking at an image: every unit keeps
 * the first channels of its ranking, and every layer that reads what is cut is fitted to its own old output as if the
 * layers before it were whole (He et al. 2017, arXiv 1707.06168, eq. 1 with β fixed). A layer's fit is remembered for
 * every combination of counts that it depends on.
 */
export class CountNetworks {
  readonly #context: CountContext;
  readonly #units: readonly CutUnit[];
  readonly #nodes: ReadonlyMap<string, LayerNode>;
  readonly #moments: MomentsByLayer;
  readonly #coupled: CoupledProblems;
  readonly #selectors = new Map<CutUnit, Selector>();
  readonly #eliminations = new Map<CutUnit, ObsSelector>();
  readonly #ridges = new Map<string, number>();
  readonly #blocks = new Map<ResidualBlock, LeftBlock>();
  /** The units that each layer reads, by key of the layer. */
  readonly #unitsOf: ReadonlyMap<string, readonly CutUnit[]>;
  readonly #fits = new LRUCache<string, Map<string, Weight>>({
    maxSize: FITS_MEMORY,
    sizeCalculation: bytesOf,
  });

  /**
   * @param context The original network, and how channels are chosen and layers fitted.
   * @param units The decisions.
   * @param moments Statistics of every layer that reads a unit, of the original network.
   */
  constructor(
    context: CountContext,
    units: readonly CutUnit[],
    moments: MomentsByLayer,
  ) {
    this.#context = context;
    this.#units = units;
    this.#nodes = nodesByKey(context.graph.nodes);
    this.#moments = moments;
    this.#coupled = new CoupledProblems(
      context,
      moments,
      units.flatMap(({ space }) => space ?? []),
    );
    const read = units.flatMap((unit) =>
      readersOf(context, unit).map((key) => [key, unit] as const)
    );
    const groups = Map.groupBy(read, ([key]) => key);
    this.#unitsOf = new Map(
      [...groups].map(([key, pairs]) => [key, pairs.map(([, unit]) => unit)]),
    );
  }

  /**
   * The network for some counts.
   *
   * @param counts Channels that every unit keeps.
   * @returns The smaller network; it shares the weights of layers that read nothing of what is cut.
   */
  networkFor(counts: ArrayLike<number>): LayerGraph {
    return this.cutTo(counts).graph;
  }

  /**
   * The network for some counts, with what was taken out for it.
   *
   * @param counts Channels that every unit keeps.
   * @returns Both.
   */
  cutTo(counts: ArrayLike<number>): CutGraph {
    const { graph, map } = this.#context;
    const cut = this.#cutFor(counts);
    const left = this.#leftBlocks(counts);
    const gone = new Set(left.flatMap(({ block: { layers } }) => layers));
    let masked = graph;
    for (const node of graph.nodes) {
      if (gone.has(node.key)) continue;
      const own = this.#countsFor(node, counts);
      const units = this.#unitsOf.get(node.key) ?? [];
      if (own.every((count, index) => count === units[index].channels)) continue;
      masked = withWeights(masked, node.key, this.#fitFor(node, counts, cut));
    }
    const shrunk = leaveOutBypasses(
      shrinkGraph(bypassBlocks(masked, left), map, cut),
      left.map(({ block }) => block),
    );
    return { graph: absorbBiases(shrunk, graph), cuts: cut };
  }

  /** The residual blocks of which nothing is kept. */
  #leftBlocks(counts: ArrayLike<number>): LeftBlock[] {
    const { graph } = this.#context;
    return this.#units.flatMap(({ block }, index) => {
      if (block === undefined || counts[index] > 0) return [];
      const left = this.#blocks.get(block) ??
        leftBlock(graph, block, this.#moments.get(block.last));
      this.#blocks.set(block, left);
      return [left];
    });
  }

  /**
   * What is added to the weights of the layers that read a unit when it alone is cut.
   *
   * @param index The unit.
   * @param count Channels that it keeps, fewer than all.
   * @returns The change of every such layer.
   */
  changeFor(index: number, count: number): LayerChange[] {
    const counts = this.#units.map(({ channels }) => channels).with(index, count);
    const cut = this.#cutFor(counts);
    return readersOf(this.#context, this.#units[index]).map((key) => {
      const node = this.#nodes.get(key)!;
      // Asked for once, and large: not to be remembered.
      return changeOf(node, this.#fit(node, cut));
    });
  }

  /** Which channels a unit keeps at a count. */
  readonly kept: KeptChannels = (index, count) => {
    const unit = this.#units[index];
    return count === 0 || count === unit.channels
      ? Int32Array.from({ length: count }, (_, own) => own)
      : this.#selectorOf(unit).keep(count).kept;
  };

  /**
   * The channels of convolutions that read several spaces: what these keep decides on what other layers cost, so that a
   * budget holds for these channels alone.
   *
   * @param counts Channels that every unit keeps.
   * @returns Own numbers of the channels that stay, by key of the convolution.
   */
  fixedChannels(counts: ArrayLike<number>): Map<string, Int32Array> {
    const { channels } = this.#context.map;
    const fixed = new Map<string, Int32Array>();
    this.#units.forEach(({ name, mode, globals }, index) => {
      const spaces = new Set(Array.from(globals, (global) => channels[global].space));
      if (mode === "couple" || spaces.size < 2 || counts[index] === globals.length) return;
      fixed.set(name, Int32Array.from(this.kept(index, counts[index])));
    });
    return fixed;
  }

  /**
   * Ranks the channels of units by elimination before they are asked for, with the help of other threads where that takes
   * long: the units that take longest first, as many at a time as there are threads.
   *
   * @param units The units.
   * @param others The other threads.
   * @param worthwhile Multiply–accumulates from which on they take part.
   * @throws {WorkerError} When a thread ends before it has answered.
   */
  async rank(
    units: readonly CutUnit[],
    others: readonly PoolThread[],
    worthwhile = RANKED_BY_THREADS,
  ): Promise<void> {
    const work = new Map(units.map((unit) => [unit, this.#workOf(unit)]));
    const total = units.reduce((sum, unit) => sum + work.get(unit)!, 0);
    if (others.length === 0 || total < worthwhile) return;
    const longestFirst = [...units].sort((a, b) => work.get(b)! - work.get(a)!);
    while (longestFirst.length > 0) {
      const [own, ...theirs] = longestFirst.splice(0, others.length + 1);
      const answers = theirs.map((unit, index) =>
        rankOnThread(others[index], this.#problemsOf(unit), this.#rankingOptions(unit))
      );
      this.#eliminationOf(own);
      (await Promise.all(answers)).forEach((ranking, index) =>
        this.#addRanking(theirs[index], ranking)
      );
    }
  }

  /** Multiply–accumulates that a unit's ranking takes, about. */
  #workOf(unit: CutUnit): number {
    const readers = readersOf(this.#context, unit);
    return readers.reduce((sum, key) => sum + kernelSize(this.#nodes.get(key)!).inputs ** 3, 0);
  }

  #rankingOptions({ guards }: CutUnit): ObsOptions {
    return { ridge: this.#context.ridge, guards };
  }

  #eliminationOf(unit: CutUnit): ObsSelector {
    const known = this.#eliminations.get(unit);
    if (known) return known;
    const problems = this.#problemsOf(unit);
    const ranking = rankByElimination(
      this.#context.kernels,
      problems,
      this.#rankingOptions(unit),
    );
    releaseProblems(problems);
    return this.#addRanking(unit, ranking);
  }

  /** A layer that reads nothing but the unit is fitted with the ridge that has been chosen for it here. */
  #addRanking(unit: CutUnit, ranking: ObsRanking): ObsSelector {
    const selector = obsSelectorOf(ranking);
    this.#eliminations.set(unit, selector);
    readersOf(this.#context, unit).forEach((key, index) => {
      if (this.#readsOnly(key, unit)) this.#ridges.set(key, ranking.ridges[index]);
    });
    return selector;
  }

  #readsOnly(key: string, { space }: CutUnit): boolean {
    const { map } = this.#context;
    if (space === undefined) return true;
    const { globals } = inputChannels(map, this.#nodes.get(key)!);
    return Array.from(globals).every((channel) => map.channels[channel].space === space);
  }

  /**
   * What the layers that read a unit lose at every count, whichever way channels are chosen, by structured elimination.
   *
   * @param unit The unit.
   * @returns Relative errors summed over these layers, from 0 channels to all.
   */
  errorsOf(unit: CutUnit): Float64Array {
    const readers = readersOf(this.#context, unit).length;
    const selector = this.#eliminationOf(unit);
    return Float64Array.from(
      { length: unit.channels + 1 },
      (_, count) => count === unit.channels ? 0 : readers * selector.errorAt(count),
    );
  }

  /** Counts of the units that a layer reads. */
  #countsFor({ key }: LayerNode, counts: ArrayLike<number>): number[] {
    const units = this.#unitsOf.get(key) ?? [];
    return units.map((unit) => counts[this.#units.indexOf(unit)]);
  }

  #fitFor(node: LayerNode, counts: ArrayLike<number>, cut: Cut): Map<string, Weight> {
    const key = JSON.stringify([node.key, ...this.#countsFor(node, counts)]);
    const weights = this.#fits.get(key) ?? this.#fit(node, cut);
    this.#fits.set(key, weights);
    return weights;
  }

  #cutFor(counts: ArrayLike<number>): Cut {
    const { map } = this.#context;
    const cut = noCuts(map);
    this.#units.forEach((unit, index) => {
      if (counts[index] === unit.channels) return;
      const kept = this.kept(index, counts[index]);
      if (unit.mode === "select") {
        const node = this.#nodes.get(unit.name)!;
        cut.selections.set(unit.name, positionsOfChannels(inputChannels(map, node), kept));
      } else removeChannels(cut.removed, unit.globals, kept);
    });
    return cut;
  }

  #selectorOf(unit: CutUnit): Selector {
    const { kernels, select, ridge } = this.#context;
    if (select === "obs") return this.#eliminationOf(unit);
    const known = this.#selectors.get(unit);
    if (known) return known;
    const problems = this.#problemsOf(unit);
    const selector = createSelector(kernels, problems, select, { ridge, guards: unit.guards });
    releaseProblems(problems);
    this.#selectors.set(unit, selector);
    return selector;
  }

  /** The least-squares problems of the layers that read a unit, over the unit's channels. */
  #problemsOf({ name, space }: CutUnit): Problem[] {
    if (space !== undefined) return this.#coupled.of(space);
    const { graph, map } = this.#context;
    const node = this.#nodes.get(name)!;
    return [problemOf({ graph, map }, node, centerInPlace(this.#moments.get(name)))];
  }

  /** One ridge serves all fits of a layer: a search makes thousands. */
  #ridgeOf({ key }: LayerNode, problem: Problem): number {
    const { kernels, ridge } = this.#context;
    const settled = ridge ?? this.#ridges.get(key) ?? typicalRidge(kernels, problem);
    this.#ridges.set(key, settled);
    return settled;
  }

  #fit(node: LayerNode, { removed, selections }: Cut): Map<string, Weight> {
    const { map, kernels } = this.#context;
    const raw = this.#moments.get(node.key);
    const problem = problemOf(this.#context, node, centerInPlace(raw));
    const { channelOf, globals } = inputChannels(map, node);
    const selected = selections.get(node.key);
    const kept = selected
      ? new Set(Array.from(selected, (position) => channelOf[position]))
      : [...globals.keys()].filter((own) => removed[globals[own]] === 0);
    const ridge = this.#ridgeOf(node, problem);
    const { weights } = reconstruct(kernels, problem, [...kept], {
      ridge,
      tryOut: false,
      inPlace: true,
    });
    releaseMoments(problem.moments);
    return repairedWeights(node, weights, interceptOf(raw, weights));
  }
}

/** New weights of a layer, in their own memory less its old ones; a layer without a bias may have been given one. */
function changeOf(
  { key, weights: old }: LayerNode,
  fitted: ReadonlyMap<string, Weight>,
): LayerChange {
  const [kernel, bias] = ["kernel", "bias"].map((role) => {
    const weight = fitted.get(role)!;
    const { values } = weight;
    old.get(role)?.values.forEach((before, index) => values[index] -= before);
    return weight;
  });
  return { key, kernel, bias };
}

function bytesOf(weights: ReadonlyMap<string, Weight>): number {
  return [...weights.values()].reduce((bytes, { values }) => bytes + values.byteLength, 1);
}

/**
 * The layers whose inputs a unit is.
 *
 * @param context The network's channel spaces.
 * @param unit The unit.
 * @returns Their keys.
 */
export function readersOf(
  { map }: Pick<CountContext, "map">,
  { mode, name, space }: CutUnit,
): readonly string[] {
  return mode === "couple" ? map.spaces[space!].consumers : [name];
}
