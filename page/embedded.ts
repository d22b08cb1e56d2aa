/** What the build puts into the page beside its script. */
export type EmbeddedName = "worker" | "example-model" | "example-images";

/** When the whole page has come: its script runs before what is embedded behind it is there. */
const whole = new Promise<void>((resolve) => {
  if (document.readyState !== "loading") resolve();
  else document.addEventListener("DOMContentLoaded", () => resolve(), { once: true });
});

/**
 * Bytes that are part of the page, gzipped and in base64.
 *
 * @param name Which.
 * @returns The bytes.
 */
export async function embedded(name: EmbeddedName): Promise<Uint8Array<ArrayBuffer>> {
  await whole;
  const text = document.getElementById(name)!.textContent!;
  const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
