import {
  type ChannelMap,
  inputChannels,
  kernelMatrix,
  type LayerGraph,
  type LayerNode,
  nodesByKey,
} from "../../graph/mod.ts";
import {
  centerInPlace,
  conditionMoments,
  type Kernels,
  type LayerMoments,
  type MomentsByLayer,
  momentsOfSamples,
} from "../../kernels/mod.ts";
import { conditionHalves, type Problem, standardize, typicalRidge } from "../selection/mod.ts";
import { outputImportance } from "./output_importance.ts";

/** A network, and which of its channels hang together. */
interface Network {
  readonly graph: LayerGraph;
  readonly map: ChannelMap;
}

/**
 * A layer's least-squares problem about the means, where the intercept is free, its inputs brought to one scale and
 * its outputs weighted by what reads them.
 *
 * @param network The network and its channel spaces.
 * @param node A convolution or Dense layer.
 * @param moments Its moments about the means, which are overwritten.
 * @param channels Which channel every input position belongs to. Default: the layer's own input channels.
 * @returns The problem.
 */
export function problemOf(
  network: Network,
  node: LayerNode,
  moments: LayerMoments,
  channels: { channelOf: Int32Array; globals: ArrayLike<number> } = inputChannels(
    network.map,
    node,
  ),
): Problem {
  return standardize({
    name: node.name,
    moments,
    weights: kernelMatrix(node),
    positions: channels.channelOf.length,
    channelOf: channels.channelOf,
    channels: channels.globals.length,
  }, outputImportance(network.graph, network.map).get(node.key));
}

/** What problems of coupled spaces are posed with. */
export interface CoupledContext extends Network {
  readonly kernels: Kernels;
  /** Ridge of what is refitted. Default: chosen for each layer. */
  readonly ridge?: number;
}

/**
 * The least-squares problems of the layers that read coupled spaces, each over the channels of one space. Where a layer reads
 * other spaces too, its problem is conditioned on those: whichever channels of the space leave, the weights of the others
 * follow. All problems of such a layer are read off one factorization, and so are those of either half of the images.
 */
export class CoupledProblems {
  readonly #context: CoupledContext;
  readonly #moments: MomentsByLayer;
  readonly #spaces: ReadonlySet<number>;
  readonly #nodes: ReadonlyMap<string, LayerNode>;
  /** Problems of layers that read several spaces, by key of the layer and by space, until they are asked for. */
  readonly #conditioned = new Map<string, Map<number, Problem>>();

  /**
   * @param context The network, its kernels, and the ridge of what is refitted.
   * @param moments Statistics of the layers.
   * @param spaces The spaces that problems are asked for of.
   */
  constructor(context: CoupledContext, moments: MomentsByLayer, spaces: Iterable<number>) {
    this.#context = context;
    this.#moments = moments;
    this.#spaces = new Set(spaces);
    this.#nodes = nodesByKey(context.graph.nodes);
  }

  /**
   * The problems of one space.
   *
   * @param space The space.
   * @returns A problem for every layer that reads it, over the channels of the space; they belong to the caller.
   */
  of(space: number): Problem[] {
    return this.#context.map.spaces[space].consumers.map((key) => this.#problem(key, space));
  }

  #problem(key: string, space: number): Problem {
    const known = this.#conditioned.get(key)?.get(space);
    if (known) {
      this.#conditioned.get(key)!.delete(space);
      return known;
    }
    const node = this.#nodes.get(key)!;
    const positions = this.#positionsOf(node);
    if (positions.size === 1) {
      const moments = centerInPlace(this.#moments.get(node.key));
      return problemOf(this.#context, node, moments, {
        channelOf: this.#channelsAt(node, positions.get(space)!),
        globals: new Int32Array(this.#context.map.spaces[space].channels),
      });
    }
    this.#conditioned.set(key, this.#condition(node, positions));
    return this.#problem(key, space);
  }

  /** Input positions of a layer, ascending, by the space of their channels. */
  #positionsOf(node: LayerNode): Map<number, number[]> {
    const { channelOf, globals } = inputChannels(this.#context.map, node);
    const { channels } = this.#context.map;
    return Map.groupBy(
      channelOf.keys(),
      (position) => channels[globals[channelOf[position]]].space,
    );
  }

  /** Channels, by their numbers in their space, at some input positions of a layer. */
  #channelsAt(node: LayerNode, positions: Iterable<number>): Int32Array {
    const { channelOf, globals } = inputChannels(this.#context.map, node);
    const { channels } = this.#context.map;
    return Int32Array.from(positions, (position) => channels[globals[channelOf[position]]].channel);
  }

  #condition(
    node: LayerNode,
    positions: ReadonlyMap<number, readonly number[]>,
  ): Map<number, Problem> {
    const { map, kernels, ridge } = this.#context;
    const whole = problemOf(this.#context, node, centerInPlace(this.#moments.get(node.key)));
    const { weights, positions: width } = whole;
    const moments = whole.moments.samples
      ? momentsOfSamples(kernels, whole.moments)
      : whole.moments;
    const { d, n, sumYY } = moments;
    const asked = [...positions].filter(([space]) => this.#spaces.has(space));
    const rows = asked.map(([, own]) =>
      Int32Array.from(
        { length: d / width * own.length },
        (_, row) => Math.floor(row / own.length) * width + own[row % own.length],
      )
    );
    const system = { moments, weights, ridge: ridge ?? typicalRidge(kernels, whole) };
    const trials = conditionHalves(kernels, { ...whole, moments }, system.ridge, rows);
    const parts = conditionMoments(kernels, system, rows);
    const total = sumYY.reduce((sum, square) => sum + square, 0);
    return new Map(asked.map(([space, own], index) => [space, {
      name: node.name,
      moments: parts[index],
      weights: Float32Array.from(
        { length: rows[index].length * n },
        (_, at) => weights[rows[index][Math.floor(at / n)] * n + at % n],
      ),
      positions: own.length,
      channelOf: this.#channelsAt(node, own),
      channels: map.spaces[space].channels,
      total,
      trials: trials?.[index],
    }]));
  }
}
