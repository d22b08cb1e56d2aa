import { findChannelSpaces, type LayerGraph } from "../graph/mod.ts";
import type { LatencyConditions, LatencyTable } from "./latency_table.ts";
import { layerCost, networkCost } from "./layer_cost.ts";
import { type LayerShape, shapeOfLayer, widthAxes } from "./layer_shape.ts";
import { listSymbolicLayers } from "./symbolic_layers.ts";

/** What a layer costs for one image. */
export interface LayerProfile {
  /** Name of the layer, with `@i` behind it for further calls. */
  readonly name: string;
  /** Its class, such as `Conv2D`. */
  readonly className: string;
  /** Shape of its output without the batch; null where it is not fixed. */
  readonly outputShape: readonly (number | null)[];
  /** Multiply–accumulates. */
  readonly macs: number;
  /** Weights, moving statistics included. */
  readonly params: number;
  /** Time on stock tfjs-wasm, run by itself; absent where it was not measured. */
  readonly milliseconds?: number;
}

/** What a network costs for one image. */
export interface NetworkProfile {
  /** Its layers in graph order, without inputs. */
  readonly layers: readonly LayerProfile[];
  /** Multiply–accumulates. */
  readonly macs: number;
  /** Of these, those of Conv2D and DepthwiseConv2D layers. */
  readonly convMacs: number;
  /** Weights of all layers, moving statistics included. */
  readonly params: number;
  /** Time of `model.predict` on stock tfjs-wasm, the median; absent where it was not measured. */
  readonly milliseconds?: number;
}

/** What a network costs, before and after. */
export interface RunProfile {
  /** The network as it was given; absent for a new one. */
  readonly before?: NetworkProfile;
  /** The network as it is written. */
  readonly after: NetworkProfile;
  /** How times were measured; absent where none were. */
  readonly latency?: {
    /** Images of a prediction, over which its time is shared out. */
    readonly batchSize: number;
    /** What the times hold for. */
    readonly conditions: LatencyConditions;
  };
  /** Why times are missing that were asked for. */
  readonly latencyFailure?: string;
}

/**
 * Lists what the layers of a network cost.
 *
 * @param graph The network.
 * @param milliseconds Times by key of the layer, and of the whole network.
 * @returns The profile.
 */
export function profileGraph(
  graph: LayerGraph,
  milliseconds?: { readonly layers: ReadonlyMap<string, number>; readonly whole: number },
): NetworkProfile {
  const layers = graph.nodes
    .filter(({ className }) => className !== "InputLayer")
    .map((node): LayerProfile => ({
      name: node.key,
      className: node.className,
      outputShape: node.outputShape,
      ...layerCost(node),
      milliseconds: milliseconds?.layers.get(node.key),
    }));
  return { layers, ...networkCost(graph), milliseconds: milliseconds?.whole };
}

/**
 * Times every layer of a network on stock tfjs-wasm, each run by itself.
 *
 * @param graph The network.
 * @param table Keeps the times: layers of equal shape are measured once.
 * @param batchSize Images of a prediction.
 * @returns Milliseconds for one image by key of the layer.
 * @throws {InputError} When a layer cannot be made alone, or the model leaves a size open.
 */
export async function timeNetworkLayers(
  graph: LayerGraph,
  table: LatencyTable,
  batchSize: number,
): Promise<Map<string, number>> {
  const layers = listSymbolicLayers(graph, findChannelSpaces(graph), [])
    .filter(({ rule }) => rule.kind !== "source")
    .map((layer): [string, LayerShape] => {
      const widths = widthAxes(layer).map(({ full }) => full);
      return [layer.node.key, shapeOfLayer(layer, widths, batchSize)];
    });
  await table.measure(layers.map(([, shape]) => shape));
  return new Map(layers.map(([key, shape]) => [key, table.timeOf(shape) / batchSize]));
}
