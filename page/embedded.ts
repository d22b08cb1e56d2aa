/** What the build puts into the page beside its script. */
export type EmbeddedName = "worker" | "example-model" | "example-images";

/**
 * Bytes that are part of the page, gzipped and in base64.
 *
 * @param name Which.
 * @returns The bytes.
 */
export async function embedded(name: EmbeddedName): Promise<Uint8Array<ArrayBuffer>> {
  const text = document.getElementById(name)!.textContent!;
  const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
