import type { Stats } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { disk } from "./disk.ts";
import { fileError, InputError } from "./errors.ts";
import { isMissing } from "./files.ts";
import { option } from "./message.ts";
import { type FileContent, syncFolder, writeSynced } from "./synced_file.ts";

/** How {@link writeWholeFolder} writes. */
export interface FolderWriting {
  /** Interrupts the writing; what was there stays. */
  readonly signal?: AbortSignal;
  /** Looks at the finished draft; where it throws, nothing takes a place. */
  readonly check?: (draft: string) => Promise<void>;
  /** Gives the finished draft its place. Default: it takes the name, which nothing or an empty folder has. */
  readonly settle?: (draft: string, place: string) => Promise<void>;
}

/**
 * Refuses a file that must not be written, before any work is spent.
 *
 * @param path The file.
 * @param force Whether a file there may be replaced.
 * @throws {InputError} When nothing can be created beside it; when it exists and `force` is not set; when it is a folder.
 *
 * @example Find out before the work whether its result can be written
 * ```ts
 * import { InputError, refuseExistingFile, writeWholeFile } from "secateur";
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
  const draft = draftPath(path);
  try {
    await disk.writeFile(draft, "", { flag: "wx" });
    await disk.rm(draft);
  } catch (cause) {
    await removeAll(draft);
    throw fileError(`writing ${path}`, cause);
  }
}

/**
 * Refuses a folder that cannot be written, before any work is spent.
 *
 * @param folder The folder; those on the way to it need not be there.
 * @throws {InputError} When nothing can be created where it, or the first of those, is going to be.
 */
export async function requireWritableFolder(folder: string): Promise<void> {
  const missing = await listMissingFolders(dirname(resolve(folder)));
  const draft = draftPath(missing.at(-1) ?? resolve(folder));
  try {
    await disk.mkdir(draft);
    await disk.rmdir(draft);
  } catch (cause) {
    await removeAll(draft);
    throw fileError(`writing ${folder}`, cause);
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
 * Writes a file, beside its place first: what has the name is at any moment the older file or the newer one as a whole.
 *
 * @param path The file; one that is there is replaced, of a link what it leads to.
 * @param content What is written.
 * @param signal Interrupts the writing; what was there stays.
 * @throws {InputError} When it cannot be written; what was there stays.
 * @throws The signal's reason, when it interrupts.
 *
 * @example Replace a file
 * ```ts
 * import { writeWholeFile } from "secateur";
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
  content: FileContent,
  signal?: AbortSignal,
): Promise<void> {
  await writeWholeFiles(new Map([[path, content]]), signal);
}

/**
 * Writes files that belong together. All are written beside their places before any takes its own, so that a full disk
 * leaves the older ones.
 *
 * @param files Contents by path, what the others go with first.
 * @param signal Interrupts the writing; what was there stays.
 * @throws {InputError} When one cannot be written; what was there stays, or the message says which is in place.
 * @throws The signal's reason, when it interrupts.
 *
 * @example Replace a table and its drawing
 * ```ts
 * import { writeWholeFiles } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * const files = [["costs.csv", "layer,macs\n"], ["costs.svg", "<svg/>"]] as const;
 * await writeWholeFiles(new Map(files.map(([name, text]) => [`${folder}/${name}`, text])));
 * assert.equal(await Deno.readTextFile(`${folder}/costs.svg`), "<svg/>");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function writeWholeFiles(
  files: ReadonlyMap<string, FileContent>,
  signal?: AbortSignal,
): Promise<void> {
  const writings = await Promise.all([...files].map(async ([path, content]) => {
    const place = await realpath(path).catch(() => path);
    return { path, content, place, draft: draftPath(place) };
  }));
  const inPlace: string[] = [];
  let path = "";
  try {
    for (const writing of writings) {
      path = writing.path;
      await writeSynced(writing.draft, writing.content, signal);
    }
    for (const { draft, place, ...writing } of writings) {
      path = writing.path;
      await disk.rename(draft, place);
      inPlace.push(path);
    }
    await confirmNames(writings.map(({ place }) => place));
  } catch (cause) {
    for (const { draft } of writings) await removeAll(draft);
    if (inPlace.length === 0) signal?.throwIfAborted();
    const isPartly = inPlace.length > 0 && inPlace.length < writings.length;
    if (!isPartly) throw fileError(`writing ${path}`, cause);
    const message = `${(cause as Error).message}, but the new ${inPlace.join(", ")} is in place`;
    throw new InputError(`writing ${path}: ${message}; write them again`, { cause });
  }
}

/**
 * Writes the files of a folder, beside its place first, with the folders on the way to it.
 *
 * @param folder The folder; of a link, what it leads to.
 * @param files Contents by name.
 * @param options Interruption, and how the draft takes its place.
 * @throws {InputError} When it cannot be written; what was there stays.
 * @throws The signal's reason, when it interrupts; the same holds.
 */
export async function writeWholeFolder(
  folder: string,
  files: ReadonlyMap<string, FileContent>,
  { signal, check, settle = takeFreeName }: FolderWriting = {},
): Promise<void> {
  const place = await realpath(folder).catch(() => resolve(folder));
  const newParents = await listMissingFolders(dirname(place));
  const write = async (draft: string) => {
    await disk.mkdir(draft, { recursive: true });
    for (const [name, content] of files) await writeSynced(join(draft, name), content, signal);
    await syncFolder(draft);
    await check?.(draft);
  };
  try {
    await writeBeside(place, write, settle);
    await confirmNames(newParents);
  } catch (cause) {
    for (const parent of newParents) await disk.rmdir(parent).catch(() => {});
    signal?.throwIfAborted();
    throw fileError(`writing ${folder}`, cause);
  }
}

/**
 * Makes a folder and those on the way to it, where they are not there, and waits until the disk has them.
 *
 * @param folder The folder.
 * @throws What the file system says.
 */
export async function makeFolder(folder: string): Promise<void> {
  const missing = await listMissingFolders(resolve(folder));
  await disk.mkdir(folder, { recursive: true });
  for (const each of missing) await syncFolder(dirname(each));
}

/**
 * Has a file or folder written under a name that nothing else has, and then gives it its place; a draft that fails is
 * removed. It returns when the disk has the name.
 *
 * @param place The file or folder.
 * @param write Writes the draft, and waits until the disk has its content.
 * @param settle Gives the draft its place. Default: it takes the name, and the place of a file that has it.
 * @throws What either throws.
 */
export async function writeBeside(
  place: string,
  write: (draft: string) => Promise<void>,
  settle: (draft: string, place: string) => Promise<void> = disk.rename,
): Promise<void> {
  const draft = draftPath(place);
  try {
    await write(draft);
    await settle(draft, place);
  } catch (error) {
    await removeAll(draft);
    throw error;
  }
  await confirmNames([place]);
}

/** Waits until the disk has the names of what is in place. */
async function confirmNames(places: readonly string[]): Promise<void> {
  try {
    for (const folder of new Set(places.map((place) => dirname(place)))) await syncFolder(folder);
  } catch (cause) {
    throw new InputError(
      "the new one is in place, but the disk does not confirm that it keeps it: " +
        `${(cause as Error).message}; check the disk, and write it again`,
      { cause },
    );
  }
}

/** What is not there any more, or cannot be removed either, does no harm. */
export async function removeAll(path: string): Promise<void> {
  await disk.rm(path, { recursive: true }).catch(() => {});
}

/** Windows renames nothing to a name that an empty folder has. */
async function takeFreeName(draft: string, place: string): Promise<void> {
  await disk.rmdir(place).catch(() => {});
  await disk.rename(draft, place);
}

/** Folders that are not there on the way to one, the deepest first. */
async function listMissingFolders(folder: string): Promise<string[]> {
  const exists = await stat(folder).then(() => true, () => false);
  if (exists || folder === dirname(folder)) return [];
  return [folder, ...await listMissingFolders(dirname(folder))];
}

/** A name that nothing has, beside a place: only what has the same folder can take the place by renaming. */
function draftPath(place: string): string {
  return join(dirname(place), `.${basename(place)}.${crypto.randomUUID()}`);
}
