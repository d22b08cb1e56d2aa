import type { ChannelMap, LayerGraph } from "../graph/mod.ts";
import { findFusedLayers } from "./fused_layers.ts";
import { type LayerShape, shapeKey, shapeOfLayer, widthAxes } from "./layer_shape.ts";
import { listSymbolicLayers } from "./symbolic_layers.ts";
import type { LayerTimer } from "./time_layers.ts";

/**
 * The shapes by which the layers of a network are timed.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @param batchSize Images of a batch.
 * @returns Shapes by key of the layer; inputs of the model have none.
 */
export function layerShapes(
  graph: LayerGraph,
  map: ChannelMap,
  batchSize: number,
): Map<string, LayerShape> {
  const layers = listSymbolicLayers(graph, map, []).filter(({ rule }) => rule.kind !== "source");
  return new Map(layers.map((layer) => {
    const widths = widthAxes(layer).map(({ full }) => full);
    return [layer.node.key, shapeOfLayer(layer, widths, batchSize)];
  }));
}

/**
 * Times every layer of a network by itself.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @param batchSize Images of a batch.
 * @param timer What times layers; layers of equal shape are timed once.
 * @param isCompiled Whether it makes one program of a network: layers that become part of another take no time. Default false.
 * @returns Milliseconds for a batch, by key of the layer; inputs of the model have none.
 * @throws {InputError} When a layer cannot be made alone, or the model leaves a size open.
 */
export async function networkTimes(
  graph: LayerGraph,
  map: ChannelMap,
  batchSize: number,
  timer: LayerTimer,
  isCompiled = false,
): Promise<Map<string, number>> {
  const all = layerShapes(graph, map, batchSize);
  const fused = isCompiled ? findFusedLayers(graph, map) : new Set<string>();
  const own = [...all].filter(([layer]) => !fused.has(layer));
  const shapes = new Map(own.map(([, shape]) => [shapeKey(shape), shape]));
  const { reference, ratios } = await timer([...shapes.values()]);
  const times = new Map(
    [...shapes.keys()].map((key, index) => [key, reference * ratios[index]]),
  );
  return new Map([...all].map(([layer, shape]) => [
    layer,
    fused.has(layer) ? 0 : times.get(shapeKey(shape))!,
  ]));
}
