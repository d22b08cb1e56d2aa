/** How many channels every layer keeps. */
export * from "./plan.ts";
export * from "./ratios.ts";
