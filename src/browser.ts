/**
 * Secateur in a browser: models and images are in memory, and one thread does the work, or several where
 * {@link shareWork} is called. `deno task bundle` makes `secateur.browser.js` of it, a module without imports; a page that
 * is to stay responsive loads it in a Web Worker.
 *
 * @example Halve the input channels of every convolution
 * ```ts
 * import { prune, readModel, writeModel } from "secateur/browser";
 * import assert from "node:assert/strict";
 *
 * const folder = new URL("../cli/example/resnet8-fashion-mnist/", import.meta.url);
 * const files = new Map<string, Uint8Array>();
 * for (const name of ["model.json", "group1-shard1of1.bin"]) {
 *   files.set(name, await (await fetch(new URL(name, folder))).bytes());
 * }
 * const model = await readModel("model.json", files);
 *
 * const pixels = () => crypto.getRandomValues(new Uint8Array(28 * 28));
 * const images = Array.from({ length: 64 }, () => ({ data: pixels(), height: 28, width: 28 }));
 * const data = { classes: [..."0123456789"], train: { images, labels: new Uint8Array(64) } };
 *
 * const { file, report } = await prune({ model, data, policy: { kind: "uniform", ratio: 0.5 } });
 * assert.ok(report.macs.after < 0.6 * report.macs.before);
 * const smaller = await writeModel("model.json", file);
 * assert.ok(smaller.has("model.json"));
 * ```
 *
 * `explore` says beforehand what every size costs. Data sets of every format are read from files in memory too, by {@link FilesInMemory}. `measureLatency` times stock
 * TensorFlow.js where nothing was evaluated or pruned before, which replaces its kernels.
 *
 * What is not there: paths in the place of models and images, budgets of latency, statistics and checkpoints on disk;
 * asking for one is an InputError.
 *
 * @module
 */
import { isThread, serveThread, Thread } from "./base/mod.ts";
import { answerComparison } from "./graph/mod.ts";
import {
  createPoolAnswerer,
  pruneNetwork,
  type PruneNetworkOptions,
  type PruneResult,
} from "./pruning/mod.ts";

export { type LatencyOptions, measureLatency, type Timing } from "./cost/mod.ts";
export {
  AdvisingError,
  InputError,
  LIBRARY_WORDS,
  type Message,
  type Notice,
  type OptionMention,
  type OptionName,
  type OptionWords,
  readZip,
  UsageError,
  writeMessage,
  type ZipEntry,
} from "./base/mod.ts";
export { evaluate, type EvaluateOptions, type EvaluationReport } from "./api/evaluate.ts";
export { explore, type ExploreOptions, type ExploreReport } from "./api/explore.ts";
export { fold, type FoldResult } from "./api/fold.ts";
export { inspect, type InspectOptions, type InspectReport } from "./api/inspect.ts";
export { folderFormatOf, nameOfFiles, readModel, writeModel } from "./formats/mod.ts";
export { startBackend } from "./kernels/mod.ts";
export {
  type ModelFile,
  type ModelFrame,
  type PreprocessingOverrides,
  preprocessingPresets,
} from "./model/mod.ts";
export {
  type CurvePoint,
  type Effort,
  type ExploreForecast,
  type Forecast,
  type LayerReport,
  type NetworkRepairReport,
  PRUNE_DEFAULTS,
  type PruneNetworkOptions as PruneOptions,
  type PruneReport,
  type PruneResult,
  type PruneTuning,
  type RatioPolicy,
  type SelectionMethod,
} from "./pruning/mod.ts";
export {
  type DatasetPlace,
  type DatasetSummary,
  type FilesInMemory,
  type MemoryDataset,
  type MemoryImage,
  type MemorySplit,
  summarizeDataset,
} from "./data/mod.ts";
export {
  type CountedFor,
  type DataOptions,
  type PassForecast,
  type Progress,
  type ProgressListener,
  resolveModel,
  type SizedInput,
} from "./session/mod.ts";

export type { ValidationFigures } from "./tuning/mod.ts";

/**
 * Lets several threads of a page share the work: from then on `workers` of the options may be more than 1. Threads share
 * memory, which browsers allow where `crossOriginIsolated` is true.
 *
 * @param script Address of the script that calls this, with this module in it; every thread runs it, as a module.
 * @returns Whether this is one of these threads: it answers the one that started it, and the script has nothing else to do.
 *
 * @example A worker of a page that prunes on all cores
 * ```ts ignore
 * import { prune, shareWork } from "./secateur.browser.js";
 *
 * if (!shareWork(new URL(import.meta.url))) {
 *   const workers = crossOriginIsolated ? navigator.hardwareConcurrency : 1;
 *   self.onmessage = async ({ data: { model, data } }) => {
 *     self.postMessage(await prune({ model, data, workers }));
 *   };
 * }
 * ```
 */
export function shareWork(script: URL): boolean {
  Thread.script = script;
  if (isThread()) {
    serveThread({
      replica: () => Promise.resolve(createPoolAnswerer()),
      comparison: () => Promise.resolve(answerComparison),
    });
  }
  return isThread();
}

/**
 * Makes a convolutional network smaller: cuts channels and repairs layers.
 *
 * @param options Model, data, ratios and settings, all in memory.
 * @returns The smaller model and the figures of the run.
 * @throws {InputError} When model, data or ratios cannot be used.
 *
 * @example Halve the input channels of every convolution
 * ```ts
 * import { prune, resolveModel } from "secateur/browser";
 * import assert from "node:assert/strict";
 *
 * const pixels = () => crypto.getRandomValues(new Uint8Array(28 * 28));
 * const images = Array.from({ length: 64 }, () => ({ data: pixels(), height: 28, width: 28 }));
 * const data = { classes: [..."0123456789"], train: { images, labels: new Uint8Array(64) } };
 *
 * const model = await resolveModel("cli/example/resnet8-fashion-mnist");
 * const { report } = await prune({ model, data, policy: { kind: "uniform", ratio: 0.5 } });
 * assert.ok(report.macs.after < 0.6 * report.macs.before);
 * ```
 */
export async function prune(options: PruneNetworkOptions): Promise<PruneResult> {
  return await pruneNetwork(options);
}
