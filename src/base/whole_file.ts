import type { Stats } from "node:fs";
import { rename, rm, stat, writeFile } from "node:fs/promises";
import { fileError, InputError } from "./errors.ts";
import { isMissing } from "./files.ts";
import { option } from "./message.ts";

/**
 * Refuses a file that must not be written, before any work is spent.
 *
 * @param path The file.
 * @param force Whether a file there may be replaced.
 * @throws {InputError} When nothing can be created beside it; when it exists and `force` is not set; when it is a folder.
 *
 * @example Find out before the work whether its result can be written
 * ```ts
 * import { InputError, refuseExistingFile, writeWholeFile } from "@secateur/secateur";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * const path = `${folder}/costs.csv`;
 * await refuseExistingFile(path);
 * await writeWholeFile(path, "layer,macs\n");
 * await assert.rejects(refuseExistingFile(path), InputError);
 * await refuseExistingFile(path, true);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function refuseExistingFile(path: string, force = false): Promise<void> {
  const found = await statFile(path);
  if (found?.isDirectory()) {
    throw new InputError(
      `writing ${path}: found a folder, wanted the name of a file; give another name`,
    );
  }
  if (found && !force) {
    throw new InputError([
      `writing ${path}: found it there already, wanted a new file; choose another or replace it with `,
      option("force"),
    ]);
  }
  try {
    const draft = stagingPath(path);
    await writeFile(draft, "", { flag: "wx" });
    await rm(draft);
  } catch (cause) {
    throw fileError(`writing ${path}`, cause);
  }
}

/**
 * Whether there is anything of this name.
 *
 * @param path The file.
 * @returns What the system says of it, undefined when there is none.
 * @throws {InputError} When the system does not say.
 */
export async function statFile(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw fileError(`reading ${path}`, cause);
  }
}

/**
 * Writes a file, beside its place first.
 *
 * @param path The file; one that is there is replaced.
 * @param content What is written.
 * @param signal Interrupts the writing; what was there stays.
 * @throws {InputError} When it cannot be written; what was there stays.
 * @throws The signal's reason, when it interrupts.
 *
 * @example Replace a file
 * ```ts
 * import { writeWholeFile } from "@secateur/secateur";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * const path = `${folder}/ratios.txt`;
 * await writeWholeFile(path, "1,0.5,0.5\n");
 * await writeWholeFile(path, "1,0.5,0.25\n");
 * assert.equal(await Deno.readTextFile(path), "1,0.5,0.25\n");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function writeWholeFile(
  path: string,
  content: Uint8Array | string,
  signal?: AbortSignal,
): Promise<void> {
  const staging = stagingPath(path);
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  try {
    await writeFile(staging, bytes, { signal });
    await rename(staging, path);
  } catch (cause) {
    await rm(staging).catch(() => {});
    signal?.throwIfAborted();
    throw fileError(`writing ${path}`, cause);
  }
}

/** A name that nothing has, beside a file: only what has the same folder can take its place by renaming. */
function stagingPath(path: string): string {
  return `${path}.${crypto.randomUUID()}`;
}
