import { stat } from "node:fs/promises";
import { join } from "node:path";
import { InputError, parseJson, readBytes } from "../../base/mod.ts";
import { giveBack } from "../../kernels/mod.ts";
import {
  countStoredBytes,
  decodeWeights,
  graphModelError,
  isJsonObject,
  type JsonObject,
  type ModelFile,
  type QuantizedType,
  readTopology,
  readWeightSpec,
  type Weight,
  type WeightSpec,
} from "../../model/mod.ts";
import { type BesideReader, readBeside, refuse } from "./read_beside.ts";

/** A model.json as it stands on disk, before it is known what kind of model it describes. */
export interface ModelJson {
  /** Its members. */
  json: JsonObject;
  /** Its path. */
  path: string;
  /** Its length. */
  bytes: number;
  /** Reads the files that it names. */
  readFile: BesideReader;
}

/** Weights that follow one another in the shards of one group. */
interface ManifestGroup {
  paths: string[];
  specs: WeightSpec[];
}

/**
 * Reads a tfjs layers model from disk.
 *
 * @param path A model.json, or the folder it stands in.
 * @returns Graph and weights, quantized weights widened to full precision; the optimizer's state, which tfjs may have
 * saved along, is left out.
 * @throws {InputError} When a file is missing, malformed, truncated or too long, is not a layers model, names a shard
 * outside the model's folder, or holds a weight that is not finite.
 *
 * @example Count the weights of a model
 * ```ts
 * import { loadModelFile } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const { weights } = await loadModelFile("cli/example/resnet8-fashion-mnist");
 * const counts = weights.values().map(({ values }) => values.length);
 * assert.equal(counts.reduce((sum, count) => sum + count, 0), 78_298);
 * ```
 */
export async function loadModelFile(path: string): Promise<ModelFile> {
  return await readLayersModel(await readModelJson(path));
}

/**
 * Reads a model.json, of a layers model or a graph model, without its weights.
 *
 * @param path A model.json, or the folder it stands in.
 * @returns Its members.
 * @throws {InputError} When it is missing or malformed.
 */
export async function readModelJson(path: string): Promise<ModelJson> {
  const jsonPath = await findModelJson(path);
  const bytes = await readBytes(jsonPath).catch(refuse(`reading ${jsonPath}`));
  return parseModelJson(bytes, jsonPath, (name, role) => readBeside(name, jsonPath, role));
}

/** Whether a model.json describes a graph of TensorFlow's operations rather than layers. */
export function isGraphModel({ json }: ModelJson): boolean {
  const { format, modelTopology } = json;
  if (format !== undefined) return format === "graph-model";
  return isJsonObject(modelTopology) && Array.isArray(modelTopology.node);
}

/**
 * The layers model of a model.json: {@link loadModelFile}.
 *
 * @param model The model.json.
 * @returns Graph and weights.
 * @throws {InputError} As {@link loadModelFile}.
 */
export async function readLayersModel(model: ModelJson): Promise<ModelFile> {
  const { json, path } = model;
  const { format, userDefinedMetadata } = json;
  if (isGraphModel(model)) throw graphModelError(path);
  if (format !== undefined && format !== "layers-model") {
    throw new InputError(
      `reading ${path}: found format ${
        JSON.stringify(format)
      }, wanted "layers-model"; save the model with model.save()`,
    );
  }
  const { topology, trainingConfig } = readTopology(json.modelTopology, path);
  const { weights, bytes, quantized } = await readWeights(model);
  refuseUnusableWeights(weights.values(), path);
  const training = json.trainingConfig ?? trainingConfig;
  return {
    topology,
    weights,
    ...(isJsonObject(userDefinedMetadata) && { metadata: userDefinedMetadata }),
    ...(training !== undefined && { trainingConfig: training }),
    ...(quantized && { quantized }),
    bytes: model.bytes + bytes,
    path,
  };
}

/**
 * Reads the weights that a model.json lists, quantized ones widened.
 *
 * @param model The model.json.
 * @returns The weights by name, without the optimizer's state, the bytes of their files, and what kernels are stored as
 * where that is fewer bytes than float32.
 * @throws {InputError} When the list is malformed, a shard is missing, too short, too long or outside the model's folder,
 * or a name is there twice.
 */
export async function readWeights(
  { json, path, readFile }: ModelJson,
): Promise<{ weights: Map<string, Weight>; bytes: number; quantized?: QuantizedType }> {
  const weights = new Map<string, Weight>();
  let bytes = 0;
  let quantized: QuantizedType | undefined;
  for (const group of readManifest(json.weightsManifest, path)) {
    const stored = await readGroup(group, path, readFile);
    bytes += stored.length;
    decodeWeights(group.specs, stored).forEach((weight, index) => {
      if (group.specs[index].group === "optimizer") return;
      if (weights.has(weight.name)) {
        throw new InputError(
          `reading ${path}: found weight "${weight.name}" twice, wanted it once; ` +
            `save or convert the model again`,
        );
      }
      weights.set(weight.name, weight);
      const { shape, quantization } = group.specs[index];
      if (shape.length > 1) quantized ??= quantization?.dtype;
    });
    // Weights are copies of it; one file alone may be the reader's own.
    if (group.paths.length > 1) giveBack([stored]);
  }
  return { weights, bytes, ...(quantized && { quantized }) };
}

async function findModelJson(path: string): Promise<string> {
  const entry = await stat(path).catch(refuse(`opening the model ${path}`));
  if (!entry.isDirectory()) return path;
  const jsonPath = join(path, "model.json");
  await stat(jsonPath).catch(() => {
    throw new InputError(
      `opening the model ${path}: found a folder without model.json; give the folder that holds it`,
    );
  });
  return jsonPath;
}

/**
 * Takes a model.json from memory.
 *
 * @param bytes The file.
 * @param path Its path, for messages.
 * @param readFile Reads the files that it names.
 * @returns Its members.
 * @throws {InputError} When it is malformed.
 */
export function parseModelJson(
  bytes: Uint8Array,
  path: string,
  readFile: BesideReader,
): ModelJson {
  let json: unknown;
  try {
    json = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new InputError(
      `reading ${path}: found malformed JSON (${
        (error as Error).message
      }), wanted a model.json of tfjs; the file is damaged, copy it again`,
      { cause: error },
    );
  }
  if (!isJsonObject(json)) {
    throw new InputError(
      `reading ${path}: found JSON without members, wanted a model.json of tfjs; ` +
        `give the file that model.save() or tensorflowjs_converter wrote`,
    );
  }
  return { json, path, bytes: bytes.length, readFile };
}

function readManifest(manifest: unknown, path: string): ManifestGroup[] {
  if (!Array.isArray(manifest)) {
    throw new InputError(
      `reading ${path}: found no weightsManifest, wanted the model with its weights; ` +
        `save it with model.save() or tensorflowjs_converter`,
    );
  }
  return manifest.map((group, index) => {
    const { paths, weights } = isJsonObject(group) ? group : {};
    const isPath = (shard: unknown) => typeof shard === "string" && shard !== "";
    if (!Array.isArray(paths) || !paths.every(isPath) || !Array.isArray(weights)) {
      throw new InputError(
        `reading ${path}: group ${index} of weightsManifest lacks its paths or weights; ` +
          `save or convert the model again`,
      );
    }
    return { paths, specs: weights.map((entry) => readWeightSpec(entry, path)) };
  });
}

/** The shards of a group, one behind the other. */
async function readGroup(
  { paths, specs }: ManifestGroup,
  jsonPath: string,
  readFile: BesideReader,
): Promise<Uint8Array> {
  const wanted = specs.reduce((bytes, spec) => bytes + countStoredBytes(spec), 0);
  const shards: Uint8Array[] = [];
  for (const shard of paths) shards.push(await readFile(shard, "a shard"));
  const found = shards.reduce((bytes, shard) => bytes + shard.length, 0);
  if (found !== wanted) {
    throw new InputError(
      `reading the weights of ${jsonPath}: found ${found} bytes in ${
        paths.join(", ")
      }, wanted ${wanted}; ` +
        `${found < wanted ? "a shard is truncated" : "a shard is too long"}, copy the model again`,
    );
  }
  if (shards.length === 1) return shards[0];
  const joined = new Uint8Array(found);
  let offset = 0;
  for (const shard of shards) {
    joined.set(shard, offset);
    offset += shard.length;
  }
  return joined;
}

/**
 * Refuses NaN and infinity: one spoils every activation, and no pruning decision could be trusted.
 *
 * @param weights The weights of a model.
 * @param path Path of the model, for messages.
 * @throws {InputError} When a weight holds such values.
 */
export function refuseUnusableWeights(weights: Iterable<Weight>, path: string): void {
  const faults: string[] = [];
  for (const { name, values } of weights) {
    if (!(values instanceof Float32Array)) continue;
    const count = values.reduce((total, value) => total + (Number.isFinite(value) ? 0 : 1), 0);
    if (count > 0) faults.push(`${count} of ${values.length} in "${name}"`);
  }
  if (faults.length === 0) return;
  const rest = faults.length > 3 ? ` and in ${faults.length - 3} more` : "";
  throw new InputError(
    `reading the weights of ${path}: found NaN or infinite values, ` +
      `${
        faults.slice(0, 3).join(", ")
      }${rest}; restore the model from before its training diverged`,
  );
}
