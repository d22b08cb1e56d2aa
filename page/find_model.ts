import { InputError } from "../src/browser.ts";

/** A model in memory, as its reader takes it. */
export interface FoundModel {
  /** Where among the dropped files it is. */
  readonly path: string;
  /** Its name in its folder. */
  readonly name: string;
  /** It, and the files in its folder and below, by their paths from there. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const FORMATS = /\.(keras|h5|hdf5|onnx|tflite)$/i;

/**
 * Finds the model among files: one alone, a model.json, a file of Keras, ONNX or TensorFlow Lite, or another .json.
 *
 * @param dropped The files by path.
 * @returns The model and its files.
 * @throws {InputError} When there is no model among them, or more than one.
 */
export async function findModel(dropped: ReadonlyMap<string, Blob>): Promise<FoundModel> {
  const path = choosePath([...dropped.keys()]);
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const files = new Map<string, Uint8Array>();
  for (const [other, content] of dropped) {
    if (!other.startsWith(folder)) continue;
    files.set(other.slice(folder.length), new Uint8Array(await content.arrayBuffer()));
  }
  return { path, name: path.slice(folder.length), files };
}

function choosePath(paths: readonly string[]): string {
  if (paths.length === 1) return paths[0];
  const wanted = [/(^|\/)model\.json$/i, FORMATS, /(^|\/)(?!metadata\.json$)[^/]*\.json$/i];
  for (const pattern of wanted) {
    const [path, another] = paths.filter((path) => pattern.test(path));
    if (another !== undefined) {
      throw new InputError(
        `opening the model: found ${path} and ${another}, wanted one model; choose one of them`,
      );
    }
    if (path !== undefined) return path;
  }
  const names = paths.slice(0, 3).join(", ") + (paths.length > 3 ? ", …" : "");
  throw new InputError(
    `opening the model: found ${paths.length} files (${names}) and no model, wanted a model.json ` +
      "with its weight files, or a .keras, .h5, .onnx or .tflite file; choose all files of the model, or a zip of them",
  );
}
