/** Channel counts decided by hand: what a workbench remembers, and how layers are named to it. */
export * from "./decisions.ts";
export * from "./find_convolutions.ts";
export * from "./history.ts";
