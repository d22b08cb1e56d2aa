import { Option } from "@commander-js/extra-typings";
import { BROWSER_RUNTIMES, type RuntimeName, RUNTIMES } from "../../src/mod.ts";

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

/** Those of browsers are taken here and refused by the library, which says where they are to be had. */
const RUNTIME_NAMES = [...RUNTIMES, ...BROWSER_RUNTIMES] as RuntimeName[];

/** `--runtime` of a budget: what latencies are measured on. */
export const targetRuntimeOption = new Option(
  "--runtime <name>",
  "what --target latency is measured on: tfjs-wasm (default) or secateur; onnxruntime-web or litert, where onnxruntime-web or @litertjs/core is installed",
).choices(RUNTIME_NAMES).implies({ target: "latency" });
