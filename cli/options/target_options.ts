import { Option } from "@commander-js/extra-typings";

/** `--target`: what a budget counts. */
export const targetOption = new Option(
  "--target <cost>",
  "what the budget counts: multiply-accumulates, parameters, or latency on this machine",
).choices(["macs", "params", "latency"]).default("macs" as const);

/** `--latency-table`: where measured times are kept. */
export const latencyTableOption = new Option(
  "--latency-table <file>",
  "file that measured times of layers are kept in (default: one for all runs on this machine, in the user's cache)",
);
