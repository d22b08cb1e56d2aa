import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  disk,
  InputError,
  isMissing,
  option,
  syncFile,
  syncFolder,
  writeSynced,
} from "../../base/mod.ts";

/** Name of the file that names the shards. */
export const MODEL = "model.json";

/**
 * Puts a finished model in the place of an older one, file by file: no folder can take the name of one that is not empty.
 * What the place holds is in turn
 *
 *     the older model.json, with the older shards
 *     a passing model.json, with the new shards under passing names
 *     the new model.json, with the new shards
 *
 * The disk has each before the next is begun. Two of these must not run at the same time.
 *
 * @param draft Folder of the finished model, which is empty of it afterwards.
 * @param place Folder of the older one.
 * @param modelFiles The finished model's files.
 * @param others Names of its further files.
 * @throws {InputError} When the new model is in place, but not under its own names.
 * @throws What the file system says, when the older one is.
 */
export async function replaceModel(
  draft: string,
  place: string,
  modelFiles: ReadonlyMap<string, Uint8Array>,
  others: readonly string[],
): Promise<void> {
  const older = await readdir(place);
  const shards = [...modelFiles.keys()].filter((name) => name !== MODEL);
  const id = crypto.randomUUID();
  const passing = shards.map((shard) => `${shard}.${id}`);
  const move = (from: string, to = from) => disk.rename(join(draft, from), join(place, to));
  try {
    for (const [index, shard] of shards.entries()) {
      await shareFile(join(draft, shard), join(place, passing[index]));
    }
    await writeSynced(join(draft, id), nameShards(modelFiles.get(MODEL)!, passing));
    await syncFolder(place);
    await move(id, MODEL);
  } catch (error) {
    for (const name of passing) await disk.rm(join(place, name)).catch(() => {});
    throw error;
  }
  try {
    await syncFolder(place);
    for (const name of [...shards, ...others]) await move(name);
    await syncFolder(place);
    await move(MODEL);
    await syncFolder(place);
    const kept = new Set([...modelFiles.keys(), ...others]);
    const left = [...older, ...passing].filter((name) => !kept.has(name));
    for (const name of left) await takeOut(join(place, name), join(draft, name));
  } catch (error) {
    throw new InputError([
      `the new model is in place, but not all its files are: ${(error as Error).message}; ` +
      "write it again with ",
      option("force"),
    ], { cause: error });
  }
}

/** Moves a file, which may be gone, into the draft: there it goes with it. */
async function takeOut(path: string, to: string): Promise<void> {
  await disk.rename(path, to).catch((error) => {
    if (!isMissing(error)) throw error;
  });
}

/** Gives a file another name too, or what has no room for two names a copy. */
async function shareFile(path: string, other: string): Promise<void> {
  try {
    await disk.link(path, other);
  } catch {
    await disk.copyFile(path, other);
    await syncFile(other);
  }
}

/** A model.json that names other shards. */
function nameShards(model: Uint8Array, paths: readonly string[]): string {
  const { weightsManifest: [group], ...rest } = JSON.parse(new TextDecoder().decode(model));
  return JSON.stringify({ ...rest, weightsManifest: [{ ...group, paths }] });
}
