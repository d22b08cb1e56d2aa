import { InputError, readZip, requireModestSize } from "../base/mod.ts";

/** A model that was in an archive. */
export interface ZippedModel {
  /** Name of its file. */
  readonly name: string;
  /** It, and the files in its folder and below, by their paths from there. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** What a `.keras` file has, which is an archive itself. */
const KERAS_CONFIG = "config.json";

/** Names of models, the likeliest first. */
const MODELS = [/(^|\/)model\.json$/, /\.(keras|h5|hdf5|onnx|tflite)$/i];

/**
 * Takes a model out of a zip archive, with what is beside it: Teachable Machine lets models be downloaded so.
 *
 * @param bytes The whole file.
 * @param path Path of the file, for messages.
 * @returns The model; undefined where the archive is a `.keras` file, or has none.
 * @throws {InputError} When the archive is damaged, has several models, or an entry declares more than its bytes can hold.
 */
export function unzipModel(bytes: Uint8Array, path: string): ZippedModel | undefined {
  const archive = { bytes, path, kind: "zip archive" };
  const names: string[] = [];
  readZip(archive, ({ name }) => {
    names.push(name);
    return false;
  });
  if (names.includes(KERAS_CONFIG)) return undefined;
  const place = choosePlace(names.filter(isFile), path);
  if (place === undefined) return undefined;
  const folder = place.slice(0, place.lastIndexOf("/") + 1);
  const files = readZip(archive, (entry) => {
    if (!entry.name.startsWith(folder) || !isFile(entry.name)) return false;
    requireModestSize(entry, path);
    return true;
  });
  const named = Array.from(
    files,
    ([name, content]) => [name.slice(folder.length), content] as const,
  );
  return { name: place.slice(folder.length), files: new Map(named) };
}

function choosePlace(names: readonly string[], path: string): string | undefined {
  for (const pattern of MODELS) {
    const [place, another] = names.filter((name) => pattern.test(name));
    if (another !== undefined) {
      throw new InputError(
        `reading ${path}: found ${place} and ${another} in it, wanted one model; unpack it and name one of them`,
      );
    }
    if (place !== undefined) return place;
  }
  return undefined;
}

/** Folders have entries of their own, and macOS adds hidden files. */
function isFile(name: string): boolean {
  return !name.endsWith("/") &&
    !name.split("/").some((part) => part.startsWith(".") || part === "__MACOSX");
}
