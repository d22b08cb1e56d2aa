import { InputError } from "../../base/mod.ts";
import type { Hdf5Object } from "./hdf5/hdf5_object.ts";
import type { WeightRole } from "./layer_classes.ts";
import type { ReadLayer, ReadModel } from "./read_model.ts";
import { type KerasWeight, readWeight } from "./weighted_layers.ts";

/**
 * A class name as Keras names groups after it: `Conv2DTranspose` is `conv2d_transpose`.
 *
 * @param className Name of a class.
 * @returns Its words in lower case.
 * @see keras/src/utils/naming.py, `to_snake_case`
 */
export function snakeCase(className: string): string {
  return className
    .replace(/\W+/g, "")
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

/**
 * Names of the groups that hold the weights of layers: the class, numbered from its second layer on.
 *
 * @param classNames Classes in Keras of a model's layers, in order.
 * @returns One name for each.
 * @see keras/src/saving/saving_lib.py, `_save_container_state`
 */
export function nameGroups(classNames: readonly string[]): string[] {
  const counts = new Map<string, number>();
  return classNames.map((className) => {
    const base = snakeCase(className);
    const count = counts.get(base) ?? 0;
    counts.set(base, count + 1);
    return count === 0 ? base : `${base}_${count}`;
  });
}

/** The groups of a model's layers; the second name is that of tf.keras 2.13. */
const CONTAINERS = ["layers", "_layer_checkpoint_dependencies"];

/**
 * Reads the weights of a `.keras` file: `layers/conv2d_1/vars/0` is the first weight of the second Conv2D.
 *
 * @param model The model, translated.
 * @param root Root of `model.weights.h5`, or the group of a nested model.
 * @param path Path of the file, for messages.
 * @returns The weights in the order of the layers.
 * @throws {InputError} When a layer's group is missing or holds other weights than the layer has.
 */
export function readArchiveWeights(
  model: ReadModel,
  root: Hdf5Object,
  path: string,
): KerasWeight[] {
  const layers = countedLayers(model);
  const container = CONTAINERS.map((name) => root.find(name)).find((group) => group) ?? root;
  const groups = findGroups(layers, container);
  return layers.flatMap((layer, index) => {
    const group = groups[index];
    const { roles } = layer;
    if (!layer.nested && roles.length === 0) return [];
    const place = `reading ${path}: model.weights.h5`;
    if (!group) throw missingGroup(layer, place);
    if (layer.nested) return readArchiveWeights(layer.nested, group, path);
    const byOwner = Map.groupBy(roles, ({ within }) => within?.join());
    return [...byOwner.values()].flatMap((own) => {
      const { within } = own[0];
      const owner = within ? within.map((name) => group.find(name)).find((each) => each) : group;
      return readVariables(layer, own, owner?.find("vars"), place);
    });
  });
}

function readVariables(
  layer: ReadLayer,
  roles: readonly WeightRole[],
  variables: Hdf5Object | undefined,
  place: string,
): KerasWeight[] {
  const found = variables?.names.length ?? 0;
  if (!variables || found !== roles.length) {
    throw new InputError(
      `${place}: found ${found} weights of layer ${layer.kerasName} (${layer.kerasClass}), ` +
        `wanted ${roles.length}; save the model again in Keras`,
    );
  }
  return roles.flatMap((role, number) => {
    const array = variables.find(String(number));
    if (!array) throw missingGroup(layer, place);
    return role.isUnread ? [] : [readWeight(layer, role, array, place)];
  });
}

function missingGroup({ kerasName, kerasClass }: ReadLayer, place: string): InputError {
  return new InputError(
    `${place}: found no weights of layer ${kerasName} (${kerasClass}), ` +
      `wanted those of every layer; save the model again in Keras`,
  );
}

/** Keras does not count the InputLayer of a Sequential model. */
function countedLayers({ kerasClass, layers }: ReadModel): readonly ReadLayer[] {
  const skipsFirst = kerasClass === "Sequential" && layers[0].kerasClass === "InputLayer";
  return skipsFirst ? layers.slice(1) : layers;
}

/**
 * The group of every layer. Keras 2.13 numbers a class's layers with gaps; then the groups that hold something belong
 * to the class's layers in order.
 */
function findGroups(
  layers: readonly ReadLayer[],
  container: Hdf5Object,
): (Hdf5Object | undefined)[] {
  const classNames = layers.map(({ kerasClass }) => kerasClass);
  const groups = nameGroups(classNames).map((name) => container.find(name));
  for (const className of new Set(classNames)) {
    const own = layers.flatMap((layer, index) => layer.kerasClass === className ? [index] : []);
    const needed = own.filter((index) => needsGroup(layers[index]));
    if (needed.every((index) => groups[index] && holdsWeights(groups[index]))) continue;
    const filled = listGroups(container, snakeCase(className)).filter(holdsWeights);
    if (filled.length !== needed.length) continue;
    needed.forEach((index, position) => groups[index] = filled[position]);
  }
  return groups;
}

function needsGroup(layer: ReadLayer): boolean {
  return layer.nested !== undefined || layer.roles.length > 0;
}

function holdsWeights(group: Hdf5Object): boolean {
  return (group.find("vars")?.names.length ?? 0) > 0 ||
    CONTAINERS.some((name) => group.find(name) !== undefined);
}

function listGroups(container: Hdf5Object, base: string): Hdf5Object[] {
  const numberOf = (name: string) => name === base ? 0 : Number(name.slice(base.length + 1));
  return container.names
    .filter((name) => name === base || new RegExp(`^${base}_\\d+$`).test(name))
    .sort((first, second) => numberOf(first) - numberOf(second))
    .map((name) => container.find(name)!);
}
