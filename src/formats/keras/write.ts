import { InputError } from "../../base/mod.ts";
import {
  fitsFloat16,
  type LayerJson,
  type ModelFile,
  requireFiniteWeights,
  type Weight,
} from "../../model/mod.ts";
import { writeArchive } from "./archive.ts";
import { nameGroups } from "./archive_weights.ts";
import { type ArrayNode, type GroupNode, writeHdf5 } from "./hdf5/write_hdf5.ts";
import { weightRoles } from "./layer_classes.ts";
import { writeModelConfig, type WrittenModel } from "./write_model.ts";

/** The form of Keras 3 that is written; every later version reads it. */
const KERAS_VERSION = "3.0.0";

/**
 * Writes a model as a `.keras` archive.
 *
 * @param file The model.
 * @param kernels What kernels are stored as.
 * @returns The bytes of the archive.
 * @throws {InputError} See `writeKeras` of this room's door.
 */
export function writeKerasBytes(file: ModelFile, kernels: "float32" | "float16"): Uint8Array {
  requireFiniteWeights(file, `writing ${file.path}`);
  const place = `writing ${file.path} for Keras`;
  const model = writeModelConfig(file.topology, place);
  const encode = (json: unknown) => new TextEncoder().encode(JSON.stringify(json));
  const notes = { keras_version: KERAS_VERSION, ...(file.metadata && { secateur: file.metadata }) };
  return writeArchive({
    config: encode(model.entry),
    metadata: encode(notes),
    weights: writeHdf5(groupOf(model, arraysOf(file, kernels), place)),
  });
}

/** The arrays of a file by the names of the weights; Keras turns each to the type of its variable. */
function arraysOf(
  { weights }: ModelFile,
  kernels: "float32" | "float16",
): ReadonlyMap<string, ArrayNode> {
  const arrayOf = ({ shape, values }: Weight): ArrayNode => {
    const isHalved = kernels === "float16" && shape.length > 1 && fitsFloat16(values);
    return { shape, values: isHalved ? Float16Array.from(values) : values };
  };
  return new Map([...weights].map(([name, weight]) => [name, arrayOf(weight)]));
}

/** `vars`, empty for a model, and below `layers` a group for every layer, numbered by class. */
function groupOf(
  { layers }: WrittenModel,
  arrays: ReadonlyMap<string, ArrayNode>,
  place: string,
): GroupNode {
  const names = nameGroups(layers.map(({ kerasClass }) => kerasClass));
  const groups = layers.map(({ source, nested }, index): [string, GroupNode] => [
    names[index],
    nested
      ? groupOf(nested, arrays, place)
      : { members: new Map([variables(source, arrays, place)]) },
  ]);
  const members = new Map<string, GroupNode>([["vars", { members: new Map() }]]);
  return { members: members.set("layers", { members: new Map(groups) }) };
}

function variables(
  layer: LayerJson,
  arrays: ReadonlyMap<string, ArrayNode>,
  place: string,
): [string, GroupNode] {
  const name = String(layer.config.name ?? layer.name);
  const roles = weightRoles(layer.class_name, layer.config);
  const own = roles.map(({ role }, index): [string, ArrayNode] => {
    const array = findArray(name, role, arrays);
    if (array) return [String(index), array];
    throw new InputError(
      `${place}: found no ${role} of layer ${name} (${layer.class_name}), wanted every weight once; ` +
        `save the model again where it was made`,
    );
  });
  return ["vars", { members: new Map(own) }];
}

/** tfjs-layers writes `layer/kernel`; Keras' converter may put scopes around and `:0` behind. */
function findArray(
  layer: string,
  role: string,
  arrays: ReadonlyMap<string, ArrayNode>,
): ArrayNode | undefined {
  const exact = arrays.get(`${layer}/${role}`);
  if (exact) return exact;
  const scoped = [...arrays].filter(([name]) =>
    `/${name}`.includes(`/${layer}/`) && name.replace(/:\d+$/, "").endsWith(`/${role}`)
  );
  return scoped.length === 1 ? scoped[0][1] : undefined;
}
