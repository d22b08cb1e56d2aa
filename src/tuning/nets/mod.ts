/** Untrained networks for small images. */
export type { NetworkShape } from "./blocks.ts";
export * from "./build.ts";
