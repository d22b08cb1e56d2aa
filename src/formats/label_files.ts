import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileError, InputError, type Message, option, parseJson } from "../base/mod.ts";
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
 * the images), and `labels.txt`. The first of model, metadata.json and labels.txt that names classes wins; where another
 * names them differently, the model has a notice of that.
 *
 * @param file The model.
 * @param read Reads the files.
 * @returns The model with class names and preprocessing, where they were found.
 * @throws {InputError} When a file is damaged, or its names are no different names.
 */
export async function addLabelFiles(file: ModelFile, read: LabelFileReader): Promise<ModelFile> {
  const besideOf = (name: string) => `${name} beside ${file.path}`;
  const stated = file.metadata?.classes;
  const metadata = await read(METADATA_FILE);
  const labels = await read(LABELS_FILE);
  const isKnown = isNames(stated);
  const exported = readUnlessKnown(isKnown, () => readExport(metadata, besideOf(METADATA_FILE)));
  const listed = labels === undefined ? undefined : readUnlessKnown(
    isKnown || exported?.classes !== undefined,
    () => parseClassNames(labels, besideOf(LABELS_FILE)),
  );
  const names = [
    { place: "its metadata", classes: isKnown ? stated : undefined },
    { place: METADATA_FILE, classes: exported?.classes },
    { place: LABELS_FILE, classes: listed },
  ].filter((source): source is Names => source.classes !== undefined);
  const [taken] = names;
  const classNotices = describeOthers(file.path, names);
  const found = {
    ...(taken && { classes: taken.classes }),
    ...(exported?.preprocess && { preprocess: exported.preprocess }),
  };
  if (Object.keys(found).length === 0) return file;
  return {
    ...file,
    metadata: { ...found, ...file.metadata },
    ...(classNotices.length > 0 && { classNotices }),
  };
}

/** A file that is not needed may be anything. */
function readUnlessKnown<Content>(isKnown: boolean, read: () => Content): Content | undefined {
  try {
    return read();
  } catch (error) {
    if (isKnown && error instanceof InputError) return undefined;
    throw error;
  }
}

/** Class names, and where they stand. */
interface Names {
  readonly classes: string[];
  readonly place: string;
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === "string");
}

/** What is said of names that differ from the first ones. */
function describeOthers(path: string, [taken, ...others]: readonly Names[]): Message[] {
  const list = (classes: readonly string[]) =>
    classes.slice(0, 5).join(", ") + (classes.length > 5 ? ", …" : "");
  return others
    .filter(({ classes }) => classes.join("\n") !== taken.classes.join("\n"))
    .map(({ classes, place }) => [
      `${place} beside ${path} names other classes (${list(classes)}) than ${taken.place} ` +
      `(${
        list(taken.classes)
      }), whose names were taken; mend one of them, or give the right names with `,
      option("classes"),
    ]);
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
