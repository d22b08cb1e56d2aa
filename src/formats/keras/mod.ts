import type { ModelFile } from "../../model/mod.ts";
import type { ModelJson } from "../tfjs/load.ts";

export { needsKeras } from "./keras_spelling.ts";

/**
 * Reads a model that Keras saved: a `.keras` archive (tf.keras 2.12 and later, Keras 3) or an `.h5` file of a whole
 * model (Keras 1 to 3 on TensorFlow).
 *
 * The layers become those of tfjs-layers, the weights f32 under its names; that all kernels were float16 is remembered. Layers of nested models that would share a
 * name get that of their model before it. What belongs to training alone, such as the optimizer, stays behind.
 *
 * @param bytes The whole file.
 * @param path Path of the file, for messages.
 * @returns Graph and weights.
 * @throws {InputError} When it is no such file or a damaged one, holds weights without a model, a layer that
 * TensorFlow.js lacks or computes otherwise, or weights that are not finite or do not fit the layers.
 */
export async function readKeras(bytes: Uint8Array, path: string): Promise<ModelFile> {
  const { readKerasBytes } = await import("./read.ts");
  return readKerasBytes(bytes, path);
}

/**
 * Reads a model.json whose layers are written as Keras does, which `needsKeras` tells.
 *
 * @param model The model.json.
 * @returns Graph and weights.
 * @throws {InputError} As {@link readKeras}; when a weight of a layer is not among those of the model.
 */
export async function readKerasModelJson(model: ModelJson): Promise<ModelFile> {
  const { readModelOfKeras } = await import("./model_json.ts");
  return await readModelOfKeras(model);
}

/**
 * Writes a model as Keras 3 does: a `.keras` archive with config.json, metadata.json and model.weights.h5. The metadata
 * of the model is kept in metadata.json, where Keras passes it over.
 *
 * @param file The model.
 * @param kernels What kernels are stored as. Those with numbers beyond float16, and all other weights, are float32. The
 * layers are float32 in any case: Keras widens the numbers when it loads them.
 * @returns The bytes of the file; the same model gives the same bytes.
 * @throws {InputError} When a layer has no counterpart in Keras 3, or lacks one of its weights.
 */
export async function writeKeras(
  file: ModelFile,
  kernels: "float32" | "float16" = "float32",
): Promise<Uint8Array> {
  const { writeKerasBytes } = await import("./write.ts");
  return writeKerasBytes(file, kernels);
}
