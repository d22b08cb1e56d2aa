import { InputError } from "../../base/mod.ts";
import { isJsonObject, type ModelFile, type Weight } from "../../model/mod.ts";
import { type ModelJson, readWeights, refuseUnusableWeights } from "../tfjs/load.ts";
import { modelOf, versionOf } from "./keras_spelling.ts";
import { type ReadLayer, readModelConfig } from "./read_model.ts";
import { convertWeights, listWeighted } from "./weighted_layers.ts";

/**
 * Reads a model.json whose layers are written as Keras does.
 *
 * @param model The model.json.
 * @returns Graph and weights, quantized weights widened.
 * @throws {InputError} As for the files of Keras; when a weight of a layer is not among those of the model.
 */
export async function readModelOfKeras(model: ModelJson): Promise<ModelFile> {
  const { json, path } = model;
  const version = versionOf(json.modelTopology);
  const kerasMajor = Number.parseInt(version, 10) || 3;
  const read = readModelConfig(modelOf(json.modelTopology), { path, kerasMajor });
  const { weights, bytes, quantized } = await readWeights(model);
  const layers = read.layers.flatMap(listWeighted).map(({ layer }) => layer);
  requireDifferentNames(layers, path);
  const found = layers.flatMap((layer) => findWeights(layer, [...weights.values()], path));
  const converted = convertWeights(read, found);
  refuseUnusableWeights(converted, path);
  const { userDefinedMetadata } = json;
  return {
    topology: { ...read.json, ...(version !== "" && { keras_version: version }) },
    weights: new Map(converted.map((weight) => [weight.name, weight])),
    ...(isJsonObject(userDefinedMetadata) && { metadata: userDefinedMetadata }),
    ...(quantized && { quantized }),
    bytes: model.bytes + bytes,
    path,
  };
}

/** Weights go by the names of their layers alone. */
function requireDifferentNames(layers: readonly ReadLayer[], path: string): void {
  const names = layers.map(({ kerasName }) => kerasName);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice === undefined) return;
  throw new InputError(
    `reading ${path}: found two layers "${twice}" in models in one another, wanted different names; ` +
      `save the model in Keras as .keras and give that file`,
  );
}

/**
 * The weights of a layer: `conv/kernel`, with scopes around and `:0` behind, or `conv/0`, as the converter names those
 * of a `.keras` file. Where their last parts are others, as in Keras 3, their order counts.
 */
function findWeights(layer: ReadLayer, weights: readonly Weight[], path: string): Weight[] {
  const { kerasName, kerasClass, name, roles } = layer;
  const own = weights.filter((weight) => `/${weight.name}`.includes(`/${kerasName}/`));
  const partOf = (weight: Weight) => weight.name.replace(/:\d+$/, "").split("/").at(-1);
  return roles.flatMap(({ role, rank, isUnread }, index) => {
    const named = [role, String(index)].map((wanted) =>
      own.filter((candidate) => partOf(candidate) === wanted)
    ).find(({ length }) => length > 0);
    const inOrder = own.length === roles.length ? own[index] : undefined;
    const weight = named?.find((candidate) => candidate.name === `${kerasName}/${role}`) ??
      (named ? named.length === 1 ? named[0] : undefined : inOrder);
    if (isUnread) return [];
    const isFitting = weight?.values instanceof Float32Array &&
      (rank === undefined || weight.shape.length === rank);
    if (isFitting) return [{ ...weight, name: `${name}/${role}` }];
    const found = weight ? `${weight.dtype} of shape [${weight.shape.join(", ")}]` : "nothing";
    throw new InputError(
      `reading ${path}: found ${found} as the ${role} of layer ${kerasName} (${kerasClass}), ` +
        `wanted ${rank === undefined ? "floats" : `floats of ${rank} axes`}; ` +
        `save the model in Keras as .keras and give that file`,
    );
  });
}
