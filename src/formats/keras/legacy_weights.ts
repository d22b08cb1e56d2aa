import { InputError } from "../../base/mod.ts";
import type { Hdf5Object } from "./hdf5/hdf5_object.ts";
import type { WeightRole } from "./layer_classes.ts";
import type { ReadLayer, ReadModel } from "./read_model.ts";
import { type KerasWeight, listWeighted, readWeight } from "./weighted_layers.ts";

interface WantedWeight {
  layer: ReadLayer;
  role: WeightRole;
}

/**
 * Reads the weights of an `.h5` file: `model_weights/conv1` lists in its attribute `weight_names` the arrays of layer
 * `conv1`, of a nested model those of all its layers.
 *
 * @param model The model, translated.
 * @param weights The group `model_weights`.
 * @param path Path of the file, for messages.
 * @returns The weights in the order of the layers.
 * @throws {InputError} When a layer's group is missing or holds other weights than the layer has.
 * @see keras/src/legacy/saving/legacy_h5_format.py
 */
export function readLegacyWeights(
  model: ReadModel,
  weights: Hdf5Object,
  path: string,
): KerasWeight[] {
  return model.layers.flatMap((layer) => {
    const wanted = listWeighted(layer);
    if (wanted.length === 0) return [];
    const place = `reading ${path}: model_weights/${layer.kerasName}`;
    const group = weights.find(layer.kerasName);
    if (!group) {
      throw new InputError(
        `${place}: found no such group, wanted the layer's weights; ` +
          `save the whole model again with model.save()`,
      );
    }
    const names = listNames(group, "weight_names");
    const count = wanted.reduce((total, { roles }) => total + roles.length, 0);
    if (names.length !== count) {
      throw new InputError(
        `${place}: found ${names.length} weights, wanted ${count}; ` +
          `save the model again with the version of Keras that built it`,
      );
    }
    const order = matchByName(layer, names) ?? orderTrainedFirst(layer);
    return order.flatMap(({ layer: owner, role }, index) => {
      const array = group.find(names[index]);
      if (!array) {
        throw new InputError(
          `${place}: found no array ${names[index]}; save the whole model again with model.save()`,
        );
      }
      return role.isUnread ? [] : [readWeight(owner, role, array, place)];
    });
  });
}

/** A list of names; Keras cuts one that is too long for one attribute into several, numbered from 0. */
function listNames(group: Hdf5Object, attribute: string): string[] {
  const whole = group.attribute(attribute);
  if (whole) return whole;
  const names: string[] = [];
  for (let number = 0;; number++) {
    const part = group.attribute(`${attribute}${number}`);
    if (!part) return names;
    names.push(...part);
  }
}

/** What each array of a nested model is, as far as the names of its layers tell; undefined when they do not. */
function matchByName(layer: ReadLayer, names: string[]): WantedWeight[] | undefined {
  if (!layer.nested) return undefined;
  const matched = new Map<string, WantedWeight>();
  for (const { layer: owner, roles } of listWeighted(layer)) {
    const own = names.filter((name) => `/${name}`.includes(`/${owner.kerasName}/`));
    if (own.length !== roles.length) return undefined;
    own.forEach((name, index) => matched.set(name, { layer: owner, role: roles[index] }));
  }
  return matched.size === names.length ? names.map((name) => matched.get(name)!) : undefined;
}

/** Weights that are not trained. */
const UNTRAINED = new Set(["count", "mean", "moving_mean", "moving_variance", "variance"]);

/** Keras lists what is trained first, then what is not: the statistics, and the weights of frozen layers. */
function orderTrainedFirst(layer: ReadLayer): WantedWeight[] {
  const trained: WantedWeight[] = [];
  const others: WantedWeight[] = [];
  for (const { layer: owner, roles } of listWeighted(layer)) {
    for (const role of roles) {
      const isTrained = owner.isTrainable && !UNTRAINED.has(role.role);
      (isTrained ? trained : others).push({ layer: owner, role });
    }
  }
  return [...trained, ...others];
}
