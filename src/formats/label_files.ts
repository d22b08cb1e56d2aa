import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileError, InputError, parseJson } from "../base/mod.ts";
import { isJsonObject, type JsonObject, type ModelFile, parseClassNames } from "../model/mod.ts";

/** Reads a text file beside a model; undefined where there is none. */
export type LabelFileReader = (name: string) => Promise<string | undefined>;

/** Files beside a model that say what its outputs mean, the first one that does is taken. */
const METADATA_FILE = "metadata.json";
const LABELS_FILE = "labels.txt";

/** A longer file is none of these. */
const MOST_BYTES = 2 ** 20;

/** The package by which Teachable Machine's image models are made. */
const IMAGE_PACKAGE = "@teachablemachine/image";

/**
 * Completes a model's metadata by files beside it: `metadata.json` of Teachable Machine (labels, size and preprocessing of
 * the images), and `labels.txt`. What the model itself says wins.
 *
 * @param file The model.
 * @param read Reads the files.
 * @returns The model with class names and preprocessing, where they were found.
 * @throws {InputError} When a file is damaged, or its names are no different names.
 */
export async function addLabelFiles(file: ModelFile, read: LabelFileReader): Promise<ModelFile> {
  const { classes, preprocess } = file.metadata ?? {};
  if (classes !== undefined && preprocess !== undefined) return file;
  const exported = readExport(await read(METADATA_FILE), `${METADATA_FILE} beside ${file.path}`);
  const labels = exported.classes === undefined ? await read(LABELS_FILE) : undefined;
  const found = {
    ...exported,
    ...(labels !== undefined &&
      { classes: parseClassNames(labels, `${LABELS_FILE} beside ${file.path}`) }),
  };
  if (Object.keys(found).length === 0) return file;
  return { ...file, metadata: { ...found, ...file.metadata } };
}

/** What a metadata.json says; nothing when it is another program's. */
function readExport(
  text: string | undefined,
  place: string,
): { classes?: string[]; preprocess?: JsonObject } {
  const content = text === undefined ? undefined : parseObject(text);
  if (content === undefined) return {};
  const { labels = content.classes, packageName, tmVersion, imageSize, grayscale } = content;
  const isTeachable = packageName === IMAGE_PACKAGE ||
    packageName === undefined && tmVersion !== undefined && imageSize !== undefined;
  if (!Array.isArray(labels)) return isTeachable ? { preprocess: describeImages(imageSize) } : {};
  if (!labels.every((name) => typeof name === "string")) {
    throw new InputError(
      `reading ${place}: found labels ${JSON.stringify(labels).slice(0, 80)}, ` +
        "wanted names; export the model again",
    );
  }
  const classes = parseClassNames(JSON.stringify(labels), place);
  const isImages = isTeachable && (grayscale === undefined || typeof grayscale === "boolean");
  return { classes, ...(isImages && { preprocess: describeImages(imageSize) }) };
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const content = parseJson(text);
    return isJsonObject(content) ? content : undefined;
  } catch {
    return undefined;
  }
}

/** Teachable Machine crops images to a square, and brings bytes to -1 … 1. */
function describeImages(imageSize: unknown): JsonObject {
  return {
    scale: 1 / 127.5,
    mean: [1],
    std: [1],
    crop: true,
    ...(typeof imageSize === "number" && { inputSize: [imageSize, imageSize] }),
  };
}

/**
 * Reads files in the folder of a model. What may not be read is passed over: nothing names these files.
 *
 * @param modelPath Path of the model.
 * @returns The reader.
 */
export function labelFilesBeside(modelPath: string): LabelFileReader {
  return async (name) => {
    const path = join(dirname(modelPath), name);
    const isFile = await stat(path).then(
      (entry) => entry.isFile() && entry.size <= MOST_BYTES,
      () => false,
    );
    if (!isFile) return undefined;
    return await readFile(path, "utf8").catch((error) => {
      throw fileError(`reading ${path}`, error);
    });
  };
}
