import { InputError } from "../../base/mod.ts";
import { fitsFloat16, type ModelFile, type Weight } from "../../model/mod.ts";
import { isFloat16 } from "./hdf5/datatype.ts";
import type { Hdf5Object } from "./hdf5/hdf5_object.ts";
import { toFloat32 } from "./hdf5/to_float32.ts";
import type { WeightRole } from "./layer_classes.ts";
import type { ReadLayer, ReadModel } from "./read_model.ts";

/** A weight of a file of Keras. */
export interface KerasWeight {
  /** The weight in single precision, under the name that tfjs-layers gives it. */
  readonly weight: Weight;
  /** Whether the file has it in half precision. */
  readonly isHalf: boolean;
}

/**
 * Lists a layer and, when it is a model, all layers in it that have weights.
 *
 * @param layer The layer.
 * @returns The layers with their roles, in the order of the file.
 */
export function listWeighted(
  layer: ReadLayer,
): { layer: ReadLayer; roles: readonly WeightRole[] }[] {
  if (layer.nested) return layer.nested.layers.flatMap(listWeighted);
  return layer.roles.length > 0 ? [{ layer, roles: layer.roles }] : [];
}

/**
 * Makes the weights of a model's layers of those that the file has.
 *
 * @param model The model, translated.
 * @param stored The weights of the file.
 * @returns The weights in the order of the layers.
 */
export function convertWeights(model: ReadModel, stored: readonly Weight[]): Weight[] {
  const byLayer = Map.groupBy(stored, ({ name }) => name.slice(0, name.lastIndexOf("/")));
  const convert = ({ layers }: ReadModel): Weight[] =>
    layers.flatMap((layer) => {
      if (layer.nested) return convert(layer.nested);
      const own = byLayer.get(layer.name) ?? [];
      return layer.convert ? layer.convert(own) : own;
    });
  return convert(model);
}

/**
 * Reads a weight.
 *
 * @param layer The layer it belongs to.
 * @param role Which weight it is.
 * @param array The array it is stored in.
 * @param place File and array, for messages.
 * @returns The weight.
 * @throws {InputError} When it is no array of floats, or has another number of axes than the layer's weight.
 */
export function readWeight(
  layer: ReadLayer,
  { role, rank }: WeightRole,
  array: Hdf5Object,
  place: string,
): KerasWeight {
  const { name } = layer;
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
  const weight: Weight = { name: `${name}/${role}`, shape: stored.shape, dtype: "float32", values };
  return { weight, isHalf: isFloat16(stored.datatype) };
}

/**
 * What the kernels of a file are stored as.
 *
 * @param weights Its weights.
 * @returns `float16` where every kernel is, but for those with numbers beyond it.
 */
export function storageOf(weights: readonly KerasWeight[]): ModelFile["quantized"] {
  const kernels = weights.filter(({ weight }) => weight.shape.length > 1);
  const isHalf = kernels.some((kernel) => kernel.isHalf) &&
    kernels.every((kernel) => kernel.isHalf || !fitsFloat16(kernel.weight.values));
  return isHalf ? "float16" : undefined;
}
