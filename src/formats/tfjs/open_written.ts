import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../../base/mod.ts";
import { startBackend } from "../../kernels/mod.ts";
import type { FolderFormat } from "./folder_format.ts";
import { disposeModel } from "../../model/mod.ts";

/** What of a model.json stock TensorFlow.js reads. */
interface WrittenModel {
  readonly modelTopology: object;
  readonly signature?: object;
  readonly weightsManifest: readonly {
    readonly paths: readonly string[];
    readonly weights: tf.io.WeightsManifestEntry[];
  }[];
}

/**
 * Opens a model that has been written as its users will: by `tf.loadLayersModel` or `tf.loadGraphModel` of stock
 * TensorFlow.js.
 *
 * @param folder Folder with model.json and its weights.
 * @param format What was written. Default: a layers model.
 * @throws {InputError} When TensorFlow.js cannot open it.
 */
export async function openWritten(folder: string, format?: FolderFormat): Promise<void> {
  await startBackend();
  try {
    const handler = { load: () => readArtifacts(folder) };
    if (format === "graph") (await tf.loadGraphModel(handler)).dispose();
    else disposeModel(await tf.loadLayersModel(handler));
  } catch (error) {
    const reason = (error as Error).message.replace(/\s*\n\s*/g, " ");
    throw new InputError(
      `found a model that TensorFlow.js cannot open (${reason}), wanted one that it can; ` +
        "convert the file that the model came from, or save it again where it was made",
      { cause: error },
    );
  }
}

async function readArtifacts(folder: string): Promise<tf.io.ModelArtifacts> {
  const { modelTopology, weightsManifest, signature }: WrittenModel = JSON.parse(
    await readFile(join(folder, "model.json"), "utf8"),
  );
  const paths = weightsManifest.flatMap(({ paths }) => paths);
  const shards = await Promise.all(paths.map((path) => readFile(join(folder, path))));
  return {
    modelTopology,
    signature,
    weightSpecs: weightsManifest.flatMap(({ weights }) => weights),
    weightData: await new Blob(shards as Uint8Array<ArrayBuffer>[]).arrayBuffer(),
  };
}
