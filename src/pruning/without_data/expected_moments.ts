import {
  type ChannelMap,
  kernelMatrix,
  kernelSize,
  type LayerGraph,
  nodeKeyOf,
  nodesByKey,
} from "../../graph/mod.ts";
import type { Moments, MomentsByLayer } from "../../kernels/mod.ts";
import { channelSpreads } from "./channel_spreads.ts";

/**
 * Moments of layers as they are expected without any data, as of one sample: inputs have the means and variances of
 * `channelSpreads`, and channels, and positions in a window, are independent of one another. With them G is diagonal about
 * the means, so that a fit leaves the weights of the channels that stay as they are, and gives the bias of the layer what
 * the removed ones had on average.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @returns The moments of every convolution and Dense layer.
 */
export function expectedMoments(graph: LayerGraph, map: ChannelMap): MomentsByLayer {
  const spreads = channelSpreads(graph, map);
  const nodes = nodesByKey(graph.nodes);
  return {
    get(key): Moments {
      const node = nodes.get(key)!;
      const inputs = spreads.get(nodeKeyOf(node.inputs[0]))!;
      const { inputs: d, outputs: n } = kernelSize(node);
      const at = (row: number) => inputs[row % inputs.length];
      const sumX = Float64Array.from({ length: d }, (_, row) => at(row).mean);
      const gram = new Float64Array(d * d);
      for (let row = 0; row < d; row++) {
        for (let column = 0; column < d; column++) {
          gram[row * d + column] = sumX[row] * sumX[column];
        }
        gram[row * d + row] += at(row).variance;
      }
      const weights = kernelMatrix(node);
      const sumY = new Float64Array(n), sumYY = new Float64Array(n);
      weights.forEach((weight, index) => {
        const row = Math.floor(index / n);
        sumY[index % n] += weight * sumX[row];
        sumYY[index % n] += weight ** 2 * at(row).variance;
      });
      sumYY.forEach((variance, o) => sumYY[o] = variance + sumY[o] ** 2);
      const cross = Float64Array.from(
        weights,
        (weight, index) =>
          at(Math.floor(index / n)).variance * weight +
          sumX[Math.floor(index / n)] * sumY[index % n],
      );
      return { d, n, count: 1, gram, cross, sumX, sumY, sumYY };
    },
  };
}
