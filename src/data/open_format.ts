import { InputError } from "../base/mod.ts";
import { cifarFormat } from "./cifar.ts";
import { diskTree, type FilesInMemory, type FileTree, memoryTree } from "./file_tree.ts";
import { folderFormat } from "./folder.ts";
import type { DatasetFormat, OpenedFormat } from "./format.ts";
import { idxFormat } from "./idx.ts";
import type { InputPreparation } from "../model/mod.ts";
import { type MemoryDataset, openMemory } from "./memory.ts";
import { npzFormat, openArrays } from "./npz.ts";
import type { ArrayFile } from "./npz_arrays.ts";

/** Every format of a folder, the binary ones first: their folders may hold other folders too. */
const FOLDER_FORMATS: readonly DatasetFormat[] = [cifarFormat, idxFormat, folderFormat];

/** Every format of a file. */
const FILE_FORMATS: readonly DatasetFormat[] = [npzFormat];

/** Where a dataset is: a folder or file of the disk or in memory, or its images. */
export type DatasetPlace = string | FilesInMemory | MemoryDataset;

/** What a dataset is opened from: where it is, or the arrays of its file, which threads can share. */
export type DatasetSource = DatasetPlace | ArrayFile;

/** What a dataset is called in messages. */
export function nameOf(place: DatasetSource, { format }: OpenedFormat): string {
  if (typeof place === "string") return place;
  return "path" in place ? place.path : format;
}

/**
 * Opens a dataset in the format that it has.
 *
 * @param place Where it is.
 * @param handles Receives the files that stay open.
 * @param inputs What the network reads; absent where none is known yet.
 * @returns Its splits.
 * @throws {InputError} When nothing is there, it has no known format or is damaged.
 */
export async function openFormat(
  place: DatasetSource,
  handles: DisposableStack,
  inputs?: readonly InputPreparation[],
): Promise<OpenedFormat> {
  if (typeof place === "string") return await openPath(place, diskTree, handles, inputs);
  if ("files" in place) {
    return await openPath(place.path, memoryTree(place.files), handles, inputs);
  }
  return "arrays" in place ? openArrays(place, inputs) : openMemory(place);
}

async function openPath(
  path: string,
  tree: FileTree,
  handles: DisposableStack,
  inputs?: readonly InputPreparation[],
): Promise<OpenedFormat> {
  const formats = await formatsFor(path, tree);
  for (const format of formats) {
    const opened = await format.open(path, tree, handles, inputs);
    if (opened) return opened;
  }
  throw unknownFormat(path, formats);
}

function unknownFormat(path: string, formats: readonly DatasetFormat[]): InputError {
  const lookedFor = formats.map((format) => format.lookedFor).join("; ");
  const found = formats === FOLDER_FORMATS ? "no dataset in it" : "a file";
  return new InputError(
    `opening ${path}: found ${found}, wanted one of: ${lookedFor}; ` +
      `give the folder or file of such a data set`,
  );
}

/** The formats that a path may hold. */
async function formatsFor(path: string, tree: FileTree): Promise<readonly DatasetFormat[]> {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new InputError(`opening ${path}: ${reason}, wanted a dataset; check the path`, { cause });
  };
  const kind = await tree.kindOf(path).catch((error: Error) => refuse(error.message, error));
  if (kind === undefined) return refuse("found nothing there");
  return kind === "folder" ? FOLDER_FORMATS : FILE_FORMATS;
}
