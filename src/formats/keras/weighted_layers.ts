import { InputError } from "../../base/mod.ts";
import type { LayerConfig, Weight } from "../../model/mod.ts";
import type { Hdf5Object } from "./hdf5/hdf5_object.ts";
import { toFloat32 } from "./hdf5/to_float32.ts";
import { layerClasses, type WeightRole } from "./layer_classes.ts";
import type { ReadLayer } from "./read_model.ts";

/**
 * The weights a layer has.
 *
 * @param className Class of the layer in TensorFlow.js.
 * @param config Its options.
 * @returns Their roles in the order Keras keeps them; none for a model, whose layers have them.
 */
export function weightRoles(className: string, config: LayerConfig): WeightRole[] {
  return layerClasses.get(className)?.weights?.(config) ?? [];
}

/**
 * Lists a layer and, when it is a model, all layers in it that have weights.
 *
 * @param layer The layer.
 * @returns The layers with their roles, in the order of the file.
 */
export function listWeighted(layer: ReadLayer): { layer: ReadLayer; roles: WeightRole[] }[] {
  if (layer.nested) return layer.nested.layers.flatMap(listWeighted);
  const roles = weightRoles(layer.json.class_name, layer.json.config);
  return roles.length > 0 ? [{ layer, roles }] : [];
}

/**
 * Reads a weight.
 *
 * @param layer The layer it belongs to.
 * @param role Which weight it is.
 * @param array The array it is stored in.
 * @param place File and array, for messages.
 * @returns The weight in single precision, under the name that tfjs-layers gives it.
 * @throws {InputError} When it is no array of floats, or has another number of axes than the layer's weight.
 */
export function readWeight(
  layer: ReadLayer,
  { role, rank }: WeightRole,
  array: Hdf5Object,
  place: string,
): Weight {
  const { name } = layer.json.config;
  const activity = `${place}: the ${role} of layer ${layer.kerasName} (${layer.kerasClass})`;
  if (!array.isArray) {
    throw new InputError(
      `${activity} is a group, wanted an array; save the whole model again with model.save()`,
    );
  }
  const stored = array.read();
  const values = toFloat32(stored, array.attribute("dtype")?.[0] === "bfloat16");
  if (!values) {
    throw new InputError(
      `${activity} is of a type of ${stored.datatype.bytes} bytes, wanted float16, float32 or float64; ` +
        `dequantize the model in Keras`,
    );
  }
  if (rank !== undefined && stored.shape.length !== rank) {
    throw new InputError(
      `${activity} has shape [${stored.shape.join(", ")}], wanted ${rank} axes; ` +
        `save the model again with the version of Keras that built it`,
    );
  }
  return { name: `${name}/${role}`, shape: stored.shape, dtype: "float32", values };
}
