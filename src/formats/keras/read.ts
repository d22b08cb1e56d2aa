import { InputError, isZip, parseJson } from "../../base/mod.ts";
import type { ModelFile } from "../../model/mod.ts";
import { refuseUnusableWeights } from "../tfjs/load.ts";
import { readArchive } from "./archive.ts";
import { readArchiveWeights } from "./archive_weights.ts";
import { type Hdf5Object, isHdf5, openHdf5 } from "./hdf5/hdf5_object.ts";
import { readLegacyWeights } from "./legacy_weights.ts";
import { MAX_DEPTH, type ReadModel, readModelConfig } from "./read_model.ts";
import { isJsonObject } from "./read_options.ts";
import { convertWeights, type KerasWeight, storageOf } from "./weighted_layers.ts";

/**
 * Reads a model of Keras from the bytes of its file.
 *
 * @param bytes The whole file.
 * @param path Path of the file, for messages.
 * @returns The model as tfjs-layers takes it.
 * @throws {InputError} See `readKeras` of this room's door.
 */
export function readKerasBytes(bytes: Uint8Array, path: string): ModelFile {
  if (isHdf5(bytes)) return readLegacyFile(bytes, path);
  if (isZip(bytes)) return readArchiveFile(bytes, path);
  throw new InputError(
    `reading ${path}: found ${
      describe(bytes)
    }, wanted a .keras or .h5 file of Keras; save the model with model.save("model.keras")`,
  );
}

/** What files that are given by mistake begin with. */
const BEGINNINGS: [start: string, what: string][] = [
  ["PK\x05\x06", "an empty zip archive"],
  ["\x1f\x8b", "a gzip file (unpack it first)"],
  ["version https://git-lfs", "a placeholder of Git LFS (fetch the file with git lfs pull)"],
  ["{", "JSON (a model of TensorFlow.js is given as it is, without conversion)"],
  ["<", "HTML or XML, perhaps the page of a download"],
];

function describe(bytes: Uint8Array): string {
  if (bytes.length === 0) return "an empty file";
  const start = String.fromCharCode(...bytes.subarray(0, 64)).trimStart();
  const known = BEGINNINGS.find(([beginning]) => start.startsWith(beginning));
  if (known) return known[1];
  if (start.slice(4, 8) === "TFL3") {
    return "a TensorFlow Lite model (give the model it was made from)";
  }
  const isOnnx = bytes[0] === 0x08 && bytes[1] < 0x10 && [0x12, 0x3a].includes(bytes[2]);
  return isOnnx
    ? "what looks like ONNX"
    : `a file that begins with ${JSON.stringify(start.slice(0, 8))}`;
}

function readLegacyFile(bytes: Uint8Array, path: string): ModelFile {
  const root = openHdf5(bytes, path);
  const [config] = root.attribute("model_config") ?? [];
  const weights = root.find("model_weights");
  if (config === undefined || !weights) throw wholeModelWanted(root, path);
  const version = root.attribute("keras_version")?.[0] ?? weights.attribute("keras_version")?.[0] ??
    "1";
  const backend = (root.attribute("backend") ?? weights.attribute("backend"))?.[0];
  if (backend === "theano") {
    throw new InputError(
      `reading ${path}: found a model that Keras trained on Theano, whose kernels are mirrored, ` +
        `wanted one of TensorFlow; load it in Keras 2 on TensorFlow and save it again`,
    );
  }
  const source = { path, kerasMajor: majorOf(version) };
  const model = readModelConfig(parsePart(config, "model_config", path), source);
  const read = readLegacyWeights(model, weights, path);
  return assemble(model, read, { version, backend, bytes: bytes.length, path });
}

function wholeModelWanted(root: Hdf5Object, path: string): InputError {
  const names = root.names;
  const isWeights = root.attribute("layer_names") !== undefined || names.includes("layers") ||
    names.includes("_layer_checkpoint_dependencies") || names.includes("model_weights");
  const found = isWeights
    ? "the weights of a Keras model without its layers"
    : `an HDF5 file with ${names.slice(0, 5).join(", ") || "nothing"} in it`;
  return new InputError(
    `reading ${path}: found ${found}, wanted a whole model; ` +
      `save it with model.save(), not model.save_weights()`,
  );
}

function readArchiveFile(bytes: Uint8Array, path: string): ModelFile {
  const { config, metadata, weights } = readArchive(bytes, path);
  const notes = metadata ? parsePart(decode(metadata), "metadata.json", path) : {};
  const { keras_version, secateur } = isJsonObject(notes) ? notes : {};
  const version = typeof keras_version === "string" ? keras_version : "3";
  const source = { path, kerasMajor: majorOf(version) };
  const model = readModelConfig(parsePart(decode(config), "config.json", path), source);
  const root = openHdf5(weights, `${path}/model.weights.h5`);
  const read = readArchiveWeights(model, root, path);
  const file = assemble(model, read, { version, bytes: bytes.length, path });
  return isJsonObject(secateur) ? { ...file, metadata: secateur } : file;
}

function majorOf(version: string): number {
  return Number.parseInt(version, 10) || 3;
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function parsePart(text: string, part: string, path: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof RangeError) {
      throw new InputError(
        `reading ${path}: found more than ${MAX_DEPTH} models in one another, or options as deep, in ${part}, ` +
          `wanted fewer; take the inner ones apart before saving`,
        { cause: error },
      );
    }
    throw new InputError(
      `reading ${path}: found malformed JSON in ${part} (${(error as Error).message}), ` +
        `wanted a model of Keras; the file is damaged, copy it again`,
      { cause: error },
    );
  }
}

function assemble(
  model: ReadModel,
  stored: readonly KerasWeight[],
  { version, backend, bytes, path }: {
    version: string;
    backend?: string;
    bytes: number;
    path: string;
  },
): ModelFile {
  const weights = convertWeights(model, stored.map(({ weight }) => weight));
  refuseUnusableWeights(weights, path);
  const quantized = storageOf(stored);
  return {
    topology: { ...model.json, keras_version: version, ...(backend && { backend }) },
    weights: new Map(weights.map((weight) => [weight.name, weight])),
    ...(quantized && { quantized }),
    bytes,
    path,
  };
}
