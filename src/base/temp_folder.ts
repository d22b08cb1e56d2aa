import { tmpdir } from "node:os";
import { join } from "node:path";
import { disk } from "./disk.ts";
import { fileError } from "./errors.ts";
import { removeAll } from "./whole_file.ts";

/**
 * Makes a folder for what is not kept.
 *
 * @param prefix How its name begins.
 * @returns The folder.
 * @throws {InputError} When there can be none.
 */
export async function makeTempFolder(prefix: string): Promise<string> {
  try {
    return await disk.mkdtemp(join(tmpdir(), prefix));
  } catch (cause) {
    throw fileError(`making a folder in ${tmpdir()}`, cause);
  }
}

/**
 * Has work done with a folder that is removed behind it.
 *
 * @param prefix How its name begins.
 * @param work Is given the folder.
 * @returns What the work gives.
 * @throws {InputError} When there can be no such folder.
 * @throws What the work throws.
 */
export async function withTempFolder<Result>(
  prefix: string,
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await makeTempFolder(prefix);
  try {
    return await work(folder);
  } finally {
    await removeAll(folder);
  }
}
