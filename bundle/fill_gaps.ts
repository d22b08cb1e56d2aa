/** What Secateur uses and Node lacks in one version or another, from 20 on. */
const NEEDED: readonly [owner: object, name: string][] = [
  [Promise, "withResolvers"],
  [Array, "fromAsync"],
  [Map, "groupBy"],
  [globalThis, "DisposableStack"],
  [globalThis, "ImageData"],
  [[].values(), "reduce"],
  [Uint8Array.prototype, "toHex"],
];

/** Supplies what the engine lacks; where it lacks nothing, nothing is loaded. */
export async function fillGaps(): Promise<void> {
  if (NEEDED.some(([owner, name]) => !(name in owner))) await import("./gaps.ts");
}
