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
import type { RecordFile } from "./record_file.ts";

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
  const lookedFor = formats.map((format) => format.lookedFor).join("; ");
  const { found, advice } = formats === FOLDER_FORMATS
    ? { found: "no dataset in it", advice: ANY_ADVICE }
    : describeFile(await tree.openRecords(path, handles));
  throw new InputError(`opening ${path}: found ${found}, wanted one of: ${lookedFor}; ${advice}`);
}

const ANY_ADVICE = "give the folder or file of such a data set";
const FOLDER_ADVICE = "give the folder that it lies in";
const UNPACK_ADVICE = "unpack it and give the folder";

/** What else people give for a data set, by the first bytes, and what they do better. */
const STRANGERS: readonly [beginning: string, found: string, advice: string][] = [
  ["\x93NUMPY", "a single NumPy array", "save images and labels together with numpy.savez()"],
  ["\0\0\b", "an IDX file", FOLDER_ADVICE],
  ["\x1f\x8b", "a gzip archive", `${FOLDER_ADVICE} if it is an IDX file, or ${UNPACK_ADVICE}`],
  ["\xff\xd8", "an image", FOLDER_ADVICE],
  ["\x89PNG", "an image", FOLDER_ADVICE],
  ["\x89HDF", "an HDF5 file", "save its arrays with numpy.savez()"],
  ["PAR1", "a Parquet file", "save its images as arrays with numpy.savez(), or as files"],
];

function describeFile(file: RecordFile): { found: string; advice: string } {
  const head = new Uint8Array(Math.min(file.length, 8));
  file.readAt(0, head);
  const text = String.fromCharCode(...head);
  const stranger = STRANGERS.find(([beginning]) => text.startsWith(beginning));
  if (stranger === undefined) return { found: "a file", advice: ANY_ADVICE };
  const [, found, advice] = stranger;
  return { found, advice };
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
