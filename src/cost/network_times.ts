import type { ChannelMap, LayerGraph } from "../graph/mod.ts";
import { type LayerShape, shapeKey, shapeOfLayer, widthAxes } from "./layer_shape.ts";
import { listSymbolicLayers } from "./symbolic_layers.ts";
import type { LayerTimer } from "./time_layers.ts";

/**
 * Times every layer of a network by itself, as a layers model runs it.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @param batchSize Images of a batch.
 * @param timer What times layers; layers of equal shape are timed once.
 * @returns Milliseconds for a batch, by key of the layer; inputs of the model have none.
 * @throws {InputError} When a layer cannot be made alone, or the model leaves a size open.
 */
export async function networkTimes(
  graph: LayerGraph,
  map: ChannelMap,
  batchSize: number,
  timer: LayerTimer,
): Promise<Map<string, number>> {
  const keys = new Map<string, string>();
  const shapes = new Map<string, LayerShape>();
  for (const layer of listSymbolicLayers(graph, map, [])) {
    if (layer.rule.kind === "source") continue;
    const widths = widthAxes(layer).map(({ full }) => full);
    const shape = shapeOfLayer(layer, widths, batchSize);
    keys.set(layer.node.key, shapeKey(shape));
    shapes.set(shapeKey(shape), shape);
  }
  const { reference, ratios } = await timer([...shapes.values()]);
  const times = new Map(
    [...shapes.keys()].map((key, index) => [key, reference * ratios[index]]),
  );
  return new Map([...keys].map(([layer, key]) => [layer, times.get(key)!]));
}
