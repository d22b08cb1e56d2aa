import { copyShared } from "../base/mod.ts";
import type { InputPreparation } from "../model/mod.ts";
import { diskTree } from "./file_tree.ts";
import { readArrayFile } from "./npz_arrays.ts";
import type { DatasetSource } from "./open_format.ts";

/**
 * Makes ready a data set that several threads will open. One that is held in memory as a whole is read once, into memory
 * that they share.
 *
 * @param place Where it is.
 * @param inputs What the network reads.
 * @returns What the threads are to open.
 * @throws {InputError} When an .npz file is damaged or lacks an array.
 */
export async function shareDataset(
  place: DatasetSource,
  inputs: readonly InputPreparation[],
): Promise<DatasetSource> {
  const file = typeof place === "string" ? await readArrayFile(place, diskTree, inputs) : undefined;
  if (file === undefined) return place;
  const arrays = new Map(file.arrays);
  for (const [name, array] of arrays) {
    arrays.set(name, { ...array, values: copyShared(array.values) });
  }
  return { path: file.path, arrays };
}
