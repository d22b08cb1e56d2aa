import { gunzipSync } from "fflate";

/**
 * Reads what `assembly/embed.ts` has written into a module.
 *
 * @param packed Base64 of gzip.
 * @returns The bytes, in memory of their own.
 */
export function unpackBytes(packed: string): Uint8Array<ArrayBuffer> {
  const text = atob(packed);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = text.charCodeAt(at);
  return gunzipSync(bytes);
}
