import type { ModelFile } from "./model_file.ts";

/**
 * A name for what a model computes: SHA-256 over its layers and weights. Where it lies, and its metadata, do not matter.
 *
 * @param file The model.
 * @returns 64 hexadecimal digits.
 */
export async function fingerprintModel({ topology, weights }: ModelFile): Promise<string> {
  const names = [...weights.keys()].sort();
  const shapes = names.map((name) => [name, weights.get(name)!.shape]);
  const text = new TextEncoder().encode(JSON.stringify([topology, shapes]));
  const arrays = names.map((name) => {
    const { buffer, byteOffset, byteLength } = weights.get(name)!.values;
    return new Uint8Array(buffer, byteOffset, byteLength);
  });
  const bytes = new Uint8Array(
    arrays.reduce((length, array) => length + array.length, text.length),
  );
  let end = 0;
  for (const part of [text, ...arrays]) {
    bytes.set(part, end);
    end += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
