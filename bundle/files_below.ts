import { join } from "node:path";

/**
 * Finds files.
 *
 * @param folder A folder.
 * @returns The paths of all files in it and in folders of it.
 */
export function* filesBelow(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = join(folder, name);
    if (isDirectory) yield* filesBelow(path);
    else yield path;
  }
}
