import { readFileSync } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { isMissing, plainBytes, readBytes } from "../base/mod.ts";
import { openRecordFile, type RecordFile, wrapBytes } from "./record_file.ts";

/** Something in a folder. */
export interface TreeEntry {
  /** Its name, without the folder's. */
  readonly name: string;
  /** Whether it is a folder, or a link to one. */
  readonly isFolder: boolean;
}

/** Files and folders that a format looks into. */
export interface FileTree {
  /**
   * @param path A path.
   * @returns What is there; undefined for nothing.
   * @throws {Error} When that cannot be told.
   */
  kindOf(path: string): Promise<"file" | "folder" | undefined>;
  /**
   * @param folder A folder.
   * @returns What is in it, in no order.
   * @throws {Error} When it cannot be listed.
   */
  list(folder: string): Promise<TreeEntry[]>;
  /**
   * @param folder A folder.
   * @returns The path that is the same whatever links lead to it.
   */
  realPath(folder: string): Promise<string>;
  /**
   * @param path A file.
   * @returns Its bytes.
   */
  read(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * @param path A file.
   * @param handles Receives what closes it.
   * @returns The file, for reading at places.
   * @throws {InputError} When it cannot be opened.
   */
  openRecords(path: string, handles: DisposableStack): Promise<RecordFile>;
}

/** Milliseconds that a file may take where files are read one by one, and how many are read together once one took longer. */
const QUICK = 2, READ_TOGETHER = 64;

/**
 * Reads files at once as long as that is quick. A small file in the system's cache takes 7 µs so, 40 to 150 by way of a
 * promise; where one takes long, as over a network, callers that ask for several at a time get them side by side.
 *
 * @param readAtOnce Reads a file and holds everything up meanwhile.
 * @param readLater Reads a file meanwhile.
 * @returns What reads a file one way or the other.
 */
export function readerOfMany<T>(
  readAtOnce: (path: string) => T,
  readLater: (path: string) => Promise<T>,
): (path: string) => Promise<T> {
  let together = 0;
  return async (path) => {
    if (together > 0) {
      together--;
      return await readLater(path);
    }
    const start = performance.now();
    const bytes = readAtOnce(path);
    if (performance.now() - start > QUICK) together = READ_TOGETHER;
    return bytes;
  };
}

/** The file system. */
export const diskTree: FileTree = {
  async kindOf(path) {
    const entry = await stat(path).catch((error) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    return entry && (entry.isDirectory() ? "folder" : "file");
  },
  async list(folder) {
    const entries = await readdir(folder, { withFileTypes: true });
    return await Promise.all(entries.map(async (entry) => {
      const { name } = entry;
      if (!entry.isSymbolicLink()) return { name, isFolder: entry.isDirectory() };
      const target = await stat(join(folder, name)).catch(() => undefined);
      return { name, isFolder: target?.isDirectory() ?? false };
    }));
  },
  realPath: realpath,
  read: readerOfMany((path) => plainBytes(readFileSync(path)), readBytes),
  openRecords: (path, handles) => Promise.resolve(openRecordFile(path, handles)),
};

/** Files in memory, such as those that were dropped on a page. */
export interface FilesInMemory {
  /** The data set among them: a file, or a folder that their paths begin with. */
  readonly path: string;
  /** Files by path, its parts joined by `/`. A Blob is read when it is needed. */
  readonly files: ReadonlyMap<string, Uint8Array | Blob>;
}

/**
 * Treats files in memory as a file system.
 *
 * @param files The files by path.
 * @returns The tree.
 */
export function memoryTree(files: FilesInMemory["files"]): FileTree {
  const folders = new Map<string, Map<string, boolean>>();
  for (const path of files.keys()) {
    const parts = path.split("/");
    parts.forEach((name, depth) => {
      const folder = parts.slice(0, depth).join("/");
      if (!folders.has(folder)) folders.set(folder, new Map());
      folders.get(folder)!.set(name, depth < parts.length - 1);
    });
  }
  const read = async (path: string) => {
    const content = files.get(path)!;
    return content instanceof Blob
      ? new Uint8Array(await content.arrayBuffer())
      : content as Uint8Array<ArrayBuffer>;
  };
  const kindOf = (path: string) =>
    files.has(path) ? "file" : folders.has(path) ? "folder" : undefined;
  return {
    kindOf: (path) => Promise.resolve(kindOf(path)),
    list: (folder) =>
      Promise.resolve(
        Array.from(folders.get(folder) ?? [], ([name, isFolder]) => ({ name, isFolder })),
      ),
    realPath: (folder) => Promise.resolve(folder),
    read,
    openRecords: async (path) => wrapBytes(path, await read(path)),
  };
}
