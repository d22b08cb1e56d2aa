import { readFile, stat, writeFile } from "node:fs/promises";
import { fileError, writeWholeFile } from "../src/mod.ts";

/**
 * Reads a text file that a flag names.
 *
 * @param flag The flag.
 * @param path The file.
 * @param content What was wanted in it, for messages.
 * @returns Its text.
 * @throws {InputError} When it cannot be read.
 */
export async function readTextFile(flag: string, path: string, content: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw fileError(`reading ${flag} ${path}`, cause, content);
  }
}

/**
 * Writes a text file that a flag names, as a whole; to what is there and no file, as /dev/stdout, it is written.
 *
 * @param flag The flag.
 * @param path The file.
 * @param text Its text.
 * @throws {InputError} When it cannot be written.
 */
export async function writeTextFile(flag: string, path: string, text: string): Promise<void> {
  const isFile = await stat(path).then((found) => found.isFile(), ({ code }) => code === "ENOENT");
  if (isFile) return await writeWholeFile(path, text);
  try {
    await writeFile(path, text);
  } catch (cause) {
    throw fileError(`writing ${flag} ${path}`, cause);
  }
}
