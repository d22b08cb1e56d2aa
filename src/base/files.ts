import { readFile } from "node:fs/promises";

/**
 * Reads a whole file.
 *
 * @param path The file.
 * @returns Its bytes as a plain array: the `slice` of a Buffer, which node:fs gives, would not copy.
 */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const { buffer, byteOffset, byteLength } = await readFile(path);
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** Whether an error of node:fs says that nothing is there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
