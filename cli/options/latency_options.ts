import { Option } from "@commander-js/extra-typings";
import { BENCHMARK_DEFAULTS } from "../../src/mod.ts";
import { positiveInteger } from "./parsers.ts";

/** `--batch-size` of a measurement of latency. */
export const latencyBatchOption = new Option("--batch-size <n>", "images of a prediction")
  .argParser(positiveInteger).default(BENCHMARK_DEFAULTS.batchSize);

/** `--rounds` of a measurement of latency. */
export const roundsOption = new Option("--rounds <n>", "counted predictions of every model")
  .argParser(positiveInteger).default(BENCHMARK_DEFAULTS.rounds);
