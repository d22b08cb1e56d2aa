/** Sharing the images out over threads. */
export * from "./crew.ts";
export { createStationAnswerer } from "./thread_station.ts";
export * from "./station.ts";
