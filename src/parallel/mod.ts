/** Sharing the images out over threads. */
export * from "./crew.ts";
export * from "./station.ts";
