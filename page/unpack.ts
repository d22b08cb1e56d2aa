import { InputError, readZip } from "../src/browser.ts";

/** Files by path, as they were dropped. */
export type DroppedFiles = ReadonlyMap<string, Blob>;

/** What the files are to be, for messages. */
type Role = "model" | "images";

/** Endings of files that are zip archives and stay whole. */
const WHOLE_ARCHIVES = /\.(keras|npz)$/i;

/**
 * Puts the files of every zip archive in its place, below a folder of the archive's name. Hidden files go.
 *
 * @param dropped The files.
 * @param role What they are to be.
 * @returns The files by path.
 * @throws {InputError} When an archive is damaged, or no file is left.
 */
export async function unpack(dropped: DroppedFiles, role: Role): Promise<Map<string, Blob>> {
  const files = new Map<string, Blob>();
  for (const [path, content] of dropped) {
    if (isHidden(path)) continue;
    if (!await isArchive(path, content)) files.set(path, content);
    else for (const [inner, bytes] of await unzip(path, content)) files.set(inner, bytes);
  }
  if (files.size > 0) return files;
  const found = [...dropped.keys()].join(", ") || "no files";
  throw new InputError(
    `opening the ${role}: found ${found}, wanted files that are not hidden; choose others`,
  );
}

async function isArchive(path: string, content: Blob): Promise<boolean> {
  if (WHOLE_ARCHIVES.test(path)) return false;
  const head = new Uint8Array(await content.slice(0, 4).arrayBuffer());
  return String.fromCharCode(...head) === "PK\x03\x04";
}

async function unzip(path: string, content: Blob): Promise<[path: string, content: Blob][]> {
  const bytes = new Uint8Array(await content.arrayBuffer());
  const folder = path.replace(/\.\w+$/, "");
  const entries = readZip(
    { bytes, path, kind: ".zip file" },
    ({ name }) => !name.endsWith("/") && !isHidden(name),
  );
  return Array.from(entries, ([name, entry]) => [
    `${folder}/${name}`,
    new Blob([entry as Uint8Array<ArrayBuffer>]),
  ]);
}

function isHidden(path: string): boolean {
  return path.split("/").some((part) => part.startsWith(".") || part === "__MACOSX");
}

/**
 * The folder that all files are in, however deep.
 *
 * @param paths The files, at least one.
 * @returns The folder without a slash behind it; empty when there is none.
 */
export function commonFolder(paths: Iterable<string>): string {
  const folders = Array.from(paths, (path) => path.split("/").slice(0, -1));
  const [first] = folders;
  const depth = first.findIndex((part, index) => folders.some((other) => other[index] !== part));
  return first.slice(0, depth < 0 ? undefined : depth).join("/");
}
