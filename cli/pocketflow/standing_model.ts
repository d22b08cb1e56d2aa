import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type ModelFile, networkNames } from "../../src/mod.ts";
import { UsageError } from "../usage_error.ts";

/**
 * Whether a model stands at a place.
 *
 * @param path A folder, or a file.
 * @returns Whether there is one.
 * @throws {UsageError} When a checkpoint of TensorFlow is there instead.
 */
export function findModel(path: string): boolean {
  if (isFile(path) || isFile(join(path, "model.json"))) return true;
  const checkpoint = listNames(dirname(path)).find((name) =>
    name.startsWith(`${basename(path)}.ckpt`) && name.endsWith(".index")
  );
  if (checkpoint !== undefined) {
    throw new UsageError(
      `reading --save_path: found ${
        join(dirname(path), checkpoint)
      }, a checkpoint of TensorFlow, ` +
        "wanted a model that Secateur reads; write it as .h5 or ONNX with TensorFlow and give --model, " +
        "or give another --save_path to train anew",
    );
  }
  return false;
}

/**
 * Refuses a model that was trained for another network than the one that is asked for. A model of an unknown network is
 * taken as it is.
 *
 * @param model The model that stands.
 * @param wanted The network, and where the model stands.
 * @throws {UsageError} When it is another network.
 */
export function refuseOtherNetwork(
  { topology }: ModelFile,
  { net, out }: { net?: string; out: string },
): void {
  const name = `${topology.config.name}`;
  const isKnown = networkNames.includes(name) || /^resnet\d+$/.test(name);
  if (!isKnown || name === net) return;
  throw new UsageError(
    `reading --save_path ${out}: found a ${name}, wanted a ${net}; give another --save_path, or the flags of a ${name}`,
  );
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function listNames(folder: string): string[] {
  const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return isFolder ? readdirSync(folder) : [];
}
