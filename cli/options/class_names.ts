import { readFileSync } from "node:fs";
import { fileError, parseClassNames } from "../../src/mod.ts";

/**
 * Reads a file of class names.
 *
 * @param path The file.
 * @returns The names, in the order of a model's outputs.
 * @throws {InputError} When it cannot be read, or holds something else.
 */
export function classNames(path: string): string[] {
  return parseClassNames(readText(path), path);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw fileError(`reading --classes ${path}`, error, "a file of class names");
  }
}
