import { disk } from "./disk.ts";

/** What a file holds: a text, bytes, or bytes one behind the other, which may come as they are wanted. */
export type FileContent = string | Uint8Array | Iterable<Uint8Array>;

/** Bytes that are written without looking whether to go on. */
const BYTES_AT_ONCE = 2 ** 22;

/** What file systems say that have no way to keep a file for certain. */
const NOT_OFFERED = ["EINVAL", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"];

/** What is said besides where folders cannot be opened, as on Windows, or may not be read. */
const NOT_FOR_FOLDERS = [...NOT_OFFERED, "EACCES", "EBADF", "EISDIR", "EPERM"];

/** What {@link disk} gives for a file. */
type OpenFile = Awaited<ReturnType<typeof disk.open>>;

/**
 * Writes a new file, and waits until the disk has it: a machine that goes down does not lose it any more.
 *
 * @param path The file; there must be none.
 * @param content What is written.
 * @param signal Interrupts the writing; what has been written stays.
 * @throws What the file system says, or the signal's reason.
 */
export async function writeSynced(
  path: string,
  content: FileContent,
  signal?: AbortSignal,
): Promise<void> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const parts = bytes instanceof Uint8Array ? [bytes] : bytes;
  await withFile(path, "wx", async (file) => {
    for (const part of parts) await writePart(file, part, signal);
    signal?.throwIfAborted();
  });
}

/**
 * Appends a text to a file, and waits until the disk has it.
 *
 * @param path The file.
 * @param text The text.
 * @throws What the file system says.
 */
export async function appendSynced(path: string, text: string): Promise<void> {
  await withFile(path, "a", (file) => writePart(file, new TextEncoder().encode(text)));
}

/**
 * Waits until the disk has a file that is there.
 *
 * @param path The file.
 * @throws What the file system says.
 */
export async function syncFile(path: string): Promise<void> {
  await withFile(path, "r+", async () => {});
}

/**
 * Waits until the disk has the names in a folder: those that were given and taken away by renaming too.
 *
 * @param folder The folder; one of a system that offers no such thing is left as it is.
 * @throws What the file system says.
 */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const file = await disk.open(folder, "r");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!saysOneOf(error, NOT_FOR_FOLDERS) && (error as Error).name !== "NotCapable") throw error;
  }
}

async function withFile(
  path: string,
  flags: string,
  work: (file: OpenFile) => Promise<void>,
): Promise<void> {
  const file = await disk.open(path, flags);
  try {
    await work(file);
    await file.sync().catch((error) => {
      if (!saysOneOf(error, NOT_OFFERED)) throw error;
    });
  } finally {
    await file.close();
  }
}

async function writePart(file: OpenFile, part: Uint8Array, signal?: AbortSignal): Promise<void> {
  for (let written = 0; written < part.length;) {
    signal?.throwIfAborted();
    const length = Math.min(BYTES_AT_ONCE, part.length - written);
    written += (await file.write(part, written, length)).bytesWritten;
  }
}

function saysOneOf(error: unknown, codes: readonly string[]): boolean {
  return codes.includes((error as { code?: string }).code ?? "");
}
