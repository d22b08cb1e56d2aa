import type * as tf from "@tensorflow/tfjs";
import { instantiate, type ModelFile } from "../../model/mod.ts";
import { buildGraph } from "./build_graph.ts";
import type { LayerGraph } from "../layer_graph.ts";
import { separateCalls } from "./separate_calls.ts";
import { splitSeparable } from "./split_separable.ts";

/** A model in its two forms: TensorFlow.js' own, which runs any layer, and ours, which can be cut. */
export interface Network {
  /** The model in TensorFlow.js; dispose it. */
  readonly model: tf.LayersModel;
  /** Its graph: separable convolutions are split, and only layers with weights are called more than once. */
  readonly graph: LayerGraph;
}

/**
 * Opens a model.
 *
 * @param file The model as read from disk.
 * @returns Both forms of it.
 * @throws {InputError} When TensorFlow.js cannot make the model.
 */
export async function openNetwork(file: ModelFile): Promise<Network> {
  const separate = separateCalls(file);
  const model = await instantiate(separate);
  return { model, graph: splitSeparable(buildGraph(separate, model)) };
}

type BatchShape = (number | null)[];

function withInputShapes(
  file: ModelFile,
  change: (shape: BatchShape, layer: string) => BatchShape,
): ModelFile {
  const layers = file.topology.config.layers!.map((layer) => {
    const shape = layer.config.batch_input_shape;
    if (shape === undefined) return layer;
    const name = String(layer.name ?? layer.config.name);
    return { ...layer, config: { ...layer.config, batch_input_shape: change(shape, name) } };
  });
  const config = { ...file.topology.config, layers };
  return { ...file, topology: { ...file.topology, config } };
}

/**
 * Fixes the height and width of a model that leaves them open, so that every layer's size is known.
 *
 * @param file The model.
 * @param sizes Height and width, of all inputs or by name of the input.
 * @returns The model with fixed sizes; the given one is unchanged.
 */
export function pinInputSize(
  file: ModelFile,
  sizes: readonly [number, number] | ReadonlyMap<string, readonly (number | null)[]>,
): ModelFile {
  const sizeOf = (layer: string): readonly (number | null)[] =>
    sizes instanceof Map ? sizes.get(layer) ?? [] : sizes as readonly [number, number];
  return withInputShapes(
    file,
    (shape, layer) =>
      shape.map((extent, axis) => extent ?? (axis === 0 ? null : sizeOf(layer)[axis - 1] ?? null)),
  );
}

/**
 * Undoes {@link pinInputSize}.
 *
 * @param file A model made from the pinned one.
 * @param original The model as it was.
 * @returns `file` with the input shapes of `original`.
 */
export function unpinInputSize(file: ModelFile, original: ModelFile): ModelFile {
  const shapes = new Map<string, BatchShape>();
  withInputShapes(original, (shape, layer) => {
    shapes.set(layer, shape);
    return shape;
  });
  return withInputShapes(file, (shape, layer) => shapes.get(layer) ?? shape);
}
