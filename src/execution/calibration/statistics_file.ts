import { packMoments, sizeOfMoments, unpackMoments } from "../../kernels/mod.ts";
import { MergedStatistics } from "./merged_statistics.ts";
import {
  type MomentsToWrite,
  StatisticsFile,
  type StatisticsHead,
  writeStatistics,
} from "./packed_statistics.ts";
import type { Statistics, StatisticsIdentity } from "./statistics.ts";

/** Options of {@link loadStatistics}. */
export interface LoadStatisticsOptions {
  /** What the statistics must belong to. Default: anything. */
  readonly identity?: StatisticsIdentity;
  /** Names of the layers that are read. Default: all that are in the file. */
  readonly layers?: readonly string[];
}

/**
 * Writes statistics as a safetensors file, beside its place first.
 *
 * @param path The file; one that is there is replaced.
 * @param statistics The statistics.
 * @param signal Interrupts the writing; what was there stays.
 * @throws {InputError} When it cannot be written; what was there stays.
 * @throws The signal's reason, when it interrupts.
 *
 * @example Keep statistics for later runs
 * ```ts
 * import { calibrate, loadStatistics, saveStatistics } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const model = "cli/example/resnet8-fashion-mnist";
 * const data = "cli/example/fashion-mnist";
 * const { statistics } = await calibrate({ model, data, batches: 1 });
 * const folder = await Deno.makeTempDir();
 * await saveStatistics(`${folder}/resnet8.safetensors`, statistics);
 * assert.deepEqual(await loadStatistics(`${folder}/resnet8.safetensors`), statistics);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function saveStatistics(
  path: string,
  { identity, shards, layers }: Statistics,
  signal?: AbortSignal,
): Promise<void> {
  const sizes = new Map([...layers].map(([key, moments]) => [key, sizeOfMoments(moments)]));
  const packed = (key: string) => packMoments(layers.get(key)!);
  await writeStatistics(path, { identity, shards }, { sizes, packed }, signal);
}

/**
 * Reads statistics that {@link saveStatistics} has written.
 *
 * @param path The file.
 * @param options What they must belong to, where that is known, and which layers are read.
 * @returns The statistics.
 * @throws {InputError} When the file is damaged, lacks a layer, or belongs to something else, with the difference.
 *
 * @example Read the statistics of one layer
 * ```ts
 * import { calibrate, loadStatistics, saveStatistics } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const model = "cli/example/resnet8-fashion-mnist";
 * const data = "cli/example/fashion-mnist";
 * const { statistics } = await calibrate({ model, data, batches: 1 });
 * const folder = await Deno.makeTempDir();
 * await saveStatistics(`${folder}/resnet8.safetensors`, statistics);
 * const { identity } = statistics;
 * const options = { identity, layers: ["conv1"] };
 * const { layers } = await loadStatistics(`${folder}/resnet8.safetensors`, options);
 * assert.deepEqual([...layers.keys()], ["conv1"]);
 * assert.equal(layers.get("conv1")!.gram.length, 9 * 9);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function loadStatistics(
  path: string,
  options: LoadStatisticsOptions = {},
): Promise<Statistics> {
  const file = new StatisticsFile(path, options.identity);
  try {
    const { identity, shards } = file;
    const keys = options.layers ?? file.keys;
    const layers = keys.map((key) => [key, unpackMoments(file.packed(key))] as const);
    return await Promise.resolve({ identity, shards, layers: new Map(layers) });
  } finally {
    file.close();
  }
}

/**
 * Adds up the statistics of shards from their files. {@link mergeStatisticsInto} does it from file to file.
 *
 * @param paths The files, at least one.
 * @returns Their sums.
 * @throws {InputError} When a file is damaged, belongs to something else than the first, or has a shard that another
 * one has too.
 *
 * @example Add up what two machines have gathered
 * ```ts
 * import { calibrate, isComplete, mergeStatisticsFiles, saveStatistics } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const model = "cli/example/resnet8-fashion-mnist";
 * const data = "cli/example/fashion-mnist";
 * const folder = await Deno.makeTempDir();
 * const paths = [`${folder}/1.safetensors`, `${folder}/2.safetensors`];
 * for (const [index, path] of paths.entries()) {
 *   const shard = { number: index + 1, of: 2 };
 *   const { statistics } = await calibrate({ model, data, batches: 1, shard });
 *   await saveStatistics(path, statistics);
 * }
 * assert.ok(isComplete(await mergeStatisticsFiles(paths)));
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function mergeStatisticsFiles(paths: readonly string[]): Promise<Statistics> {
  const merged = new MergedStatistics(paths);
  try {
    return await Promise.resolve(unpackStatistics(merged, merged));
  } finally {
    merged.close();
  }
}

/**
 * Adds up the statistics of shards from their files into another: two moments of one layer are in memory at a time.
 *
 * @param out The file of their sums; one that is there is replaced.
 * @param paths The files, at least one.
 * @param signal Interrupts the writing; what was there stays.
 * @returns What the sums belong to, and which shards are in.
 * @throws {InputError} When a file is damaged, belongs to something else than the first, or has a shard that another
 * one has too; when `out` cannot be written.
 * @throws The signal's reason, when it interrupts.
 *
 * @example Merge what two machines have gathered
 * ```ts
 * import { calibrateToFile, isComplete, mergeStatisticsInto } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const model = "cli/example/resnet8-fashion-mnist";
 * const data = "cli/example/fashion-mnist";
 * const folder = await Deno.makeTempDir();
 * const paths = [`${folder}/1.safetensors`, `${folder}/2.safetensors`];
 * for (const [index, path] of paths.entries()) {
 *   const shard = { number: index + 1, of: 2 };
 *   await calibrateToFile(path, { model, data, batches: 1, shard });
 * }
 * assert.ok(isComplete(await mergeStatisticsInto(`${folder}/whole.safetensors`, paths)));
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function mergeStatisticsInto(
  out: string,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<Omit<Statistics, "layers">> {
  const merged = new MergedStatistics(paths);
  try {
    await writeStatistics(out, merged, merged, signal);
    const { identity, shards } = merged;
    return { identity, shards };
  } finally {
    merged.close();
  }
}

/**
 * Statistics with the moments of all layers in memory.
 *
 * @param head What they belong to.
 * @param layers The moments.
 * @returns The statistics.
 */
export function unpackStatistics(
  { identity, shards }: StatisticsHead,
  layers: MomentsToWrite,
): Statistics {
  const unpacked = [...layers.sizes.keys()].map((key) =>
    [key, unpackMoments(layers.packed(key))] as const
  );
  return { identity, shards, layers: new Map(unpacked) };
}
