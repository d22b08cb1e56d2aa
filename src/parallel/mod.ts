/** Sharing the images out over threads. */
export * from "./crew.ts";
export { createStationAnswerer } from "./remote_station.ts";
export * from "./station.ts";
