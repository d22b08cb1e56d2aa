import { readFile } from "node:fs/promises";

/**
 * Reads a whole file.
 *
 * @param path The file.
 * @returns Its bytes as a plain array.
 */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return plainBytes(await readFile(path));
}

/** A Buffer, which node:fs gives, as a plain array on the same memory: the `slice` of a Buffer would not copy. */
export function plainBytes(
  { buffer, byteOffset, byteLength }: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** Whether an error of node:fs says that nothing is there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
