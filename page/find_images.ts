import type { FilesInMemory } from "../src/browser.ts";
import { commonFolder } from "./unpack.ts";

/** Folder of files that were chosen one by one. */
const LOOSE = "images";

/**
 * Says where among files the images are: one archive of NumPy, or the folder that all are in.
 *
 * @param dropped The files by path.
 * @returns The data set.
 */
export function findImages(dropped: ReadonlyMap<string, Blob>): FilesInMemory {
  const paths = [...dropped.keys()];
  if (paths.length === 1 && /\.npz$/i.test(paths[0])) return { path: paths[0], files: dropped };
  const path = commonFolder(paths);
  if (path !== "") return { path, files: dropped };
  const files = new Map(Array.from(dropped, ([name, content]) => [`${LOOSE}/${name}`, content]));
  return { path: LOOSE, files };
}
