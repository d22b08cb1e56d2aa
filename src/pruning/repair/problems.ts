import {
  type ChannelMap,
  inputChannels,
  kernelMatrix,
  type LayerGraph,
  type LayerNode,
} from "../../graph/mod.ts";
import type { Moments } from "../../kernels/mod.ts";
import { type Problem, standardize } from "../selection/mod.ts";
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
  moments: Moments,
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

/**
 * The same with the channels of a space that several layers read, so that their problems can be solved together.
 *
 * @param network The network and its channel spaces.
 * @param node A layer that reads the space.
 * @param space The space.
 * @param moments The layer's moments about the means, which are overwritten.
 * @returns The problem.
 */
export function coupledProblem(
  network: Network,
  node: LayerNode,
  space: number,
  moments: Moments,
): Problem {
  const { map } = network;
  const { channelOf, globals } = inputChannels(map, node);
  const own = globals.map((channel) => map.channels[channel].channel);
  return problemOf(network, node, moments, {
    channelOf: channelOf.map((channel) => own[channel]),
    globals: new Int32Array(map.spaces[space].channels),
  });
}
