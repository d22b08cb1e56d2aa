import { type ChannelMap, inputChannels, kernelMatrix, type LayerNode } from "../../graph/mod.ts";
import type { Moments } from "../../kernels/mod.ts";
import type { Problem } from "../selection/mod.ts";

/**
 * A layer's least-squares problem about the means, where the intercept is free.
 *
 * @param map Channel spaces of the network.
 * @param node A convolution or Dense layer.
 * @param moments Its moments about the means.
 * @param channels Which channel every input position belongs to. Default: the layer's own input channels.
 * @returns The problem.
 */
export function problemOf(
  map: ChannelMap,
  node: LayerNode,
  moments: Moments,
  channels: { channelOf: Int32Array; globals: ArrayLike<number> } = inputChannels(map, node),
): Problem {
  return {
    name: node.name,
    moments,
    weights: kernelMatrix(node),
    positions: channels.channelOf.length,
    channelOf: channels.channelOf,
    channels: channels.globals.length,
  };
}

/**
 * The same with the channels of a space that several layers read, so that their problems can be solved together.
 *
 * @param map Channel spaces of the network.
 * @param node A layer that reads the space.
 * @param space The space.
 * @param moments The layer's moments about the means.
 * @returns The problem.
 */
export function coupledProblem(
  map: ChannelMap,
  node: LayerNode,
  space: number,
  moments: Moments,
): Problem {
  const { channelOf, globals } = inputChannels(map, node);
  const own = globals.map((channel) => map.channels[channel].channel);
  return problemOf(map, node, moments, {
    channelOf: channelOf.map((channel) => own[channel]),
    globals: new Int32Array(map.spaces[space].channels),
  });
}
