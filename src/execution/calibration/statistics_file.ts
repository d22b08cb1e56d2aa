import { InputError, ownValue, parseJson } from "../../base/mod.ts";
import type { Moments } from "../../kernels/mod.ts";
import { type NamedTensor, readSafetensors, writeSafetensors } from "./safetensors.ts";
import {
  checkIdentity,
  checkSameWhole,
  mergeStatistics,
  type Statistics,
  type StatisticsIdentity,
} from "./statistics.ts";

/** More than anybody makes; a number beyond it is damage. */
const MOST_SHARDS = 100_000;

const PARTS = ["gram", "cross", "sumX", "sumY", "sumYY"] as const;

/** What the header says beside the arrays. */
interface StatisticsRecord extends Pick<Statistics, "identity" | "shards"> {
  readonly counts: Readonly<Record<string, number>>;
  /** Samples of the first half of the images, of layers that have it. */
  readonly halves: Readonly<Record<string, number>>;
}

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
 * import { calibrate, loadStatistics, saveStatistics } from "@secateur/secateur";
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
  const counts = Object.fromEntries([...layers].map(([key, { count }]) => [key, count]));
  const halved = [...layers].flatMap(([key, { half }]) => half ? [[key, half] as const] : []);
  const halves = Object.fromEntries(halved.map(([key, { count }]) => [key, count]));
  const record: StatisticsRecord = { identity, shards, counts, halves };
  const tensors = [
    ...[...layers].flatMap(([key, moments]) => tensorsOf(`${key}/`, moments)),
    ...halved.flatMap(([key, half]) => tensorsOf(halfOf(key), half)),
  ];
  await writeSafetensors(path, { secateur: JSON.stringify(record) }, tensors, signal);
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
 * import { calibrate, loadStatistics, saveStatistics } from "@secateur/secateur";
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
  const wanted = options.layers?.flatMap((key) =>
    [`${key}/`, halfOf(key)].flatMap((prefix) => PARTS.map((part) => prefix + part))
  );
  const names = wanted && new Set(wanted);
  const { metadata, tensors } = await readSafetensors(path, (name) => names?.has(name) ?? true);
  const { identity, shards, counts, halves } = parseRecord(path, metadata);
  if (options.identity) checkIdentity(`reading ${path}`, identity, options.identity);
  const arrays = new Map(tensors.map(({ name, values }) => [name, values]));
  const keys = options.layers ?? Object.keys(counts);
  const layers = keys.map((key) => {
    const moments = momentsOf(path, key, ownValue(counts, key), arrays, `${key}/`);
    const samples = ownValue(halves, key);
    if (samples === undefined) return [key, moments] as const;
    return [key, { ...moments, half: momentsOf(path, key, samples, arrays, halfOf(key)) }] as const;
  });
  return { identity, shards, layers: new Map(layers) };
}

/**
 * Adds up the statistics of shards from their files, one after the other: only two are in memory at a time.
 *
 * @param paths The files, at least one.
 * @returns Their sums.
 * @throws {InputError} When a file is damaged, belongs to something else than the first, or has a shard that another
 * one has too.
 *
 * @example Add up what two machines have gathered
 * ```ts
 * import { calibrate, isComplete, mergeStatisticsFiles, saveStatistics } from "@secateur/secateur";
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
  const heads = [];
  const owners = new Map<number, string>();
  for (const path of paths) {
    const head = await loadStatistics(path, { layers: [] });
    checkSameWhole(`merging ${path} into ${paths[0]}`, head, heads[0]?.head ?? head);
    for (const shard of head.shards.have) {
      if (owners.has(shard)) {
        throw new InputError(
          `merging ${path}: found shard ${shard} of ${head.shards.of}, ` +
            `which ${owners.get(shard)} has too; leave one of them out`,
        );
      }
      owners.set(shard, path);
    }
    heads.push({ path, head });
  }
  const [first, ...rest] = heads.toSorted((a, b) => a.head.shards.have[0] - b.head.shards.have[0]);
  let sum = await loadStatistics(first.path);
  for (const { path } of rest) sum = mergeStatistics([sum, await loadStatistics(path)]);
  return sum;
}

/** What the names of the arrays of a layer's half begin with; behind the last slash stands no layer's name. */
function halfOf(key: string): string {
  return `${key}/half-`;
}

function tensorsOf(prefix: string, moments: Moments): NamedTensor[] {
  const shapes = shapesOf(moments);
  return PARTS.map((part) => ({
    name: prefix + part,
    shape: shapes[part],
    values: moments[part],
  }));
}

function shapesOf({ d, n }: Pick<Moments, "d" | "n">): Record<typeof PARTS[number], number[]> {
  return { gram: [d, d], cross: [d, n], sumX: [d], sumY: [n], sumYY: [n] };
}

function momentsOf(
  path: string,
  key: string,
  count: number | undefined,
  arrays: ReadonlyMap<string, Float64Array>,
  prefix: string,
): Moments {
  const [gram, cross, sumX, sumY, sumYY] = PARTS.map((part) => arrays.get(prefix + part));
  if (count !== undefined && gram && cross && sumX && sumY && sumYY) {
    const [d, n] = [sumX.length, sumY.length];
    const isWhole = gram.length === d * d && cross.length === d * n && sumYY.length === n;
    if (isWhole) return { d, n, count, gram, cross, sumX, sumY, sumYY };
  }
  throw new InputError(
    `reading ${path}: found no whole statistics of layer "${key}"; ` +
      `the file is damaged, make it again with \`calibrate\``,
  );
}

function parseRecord(path: string, metadata: unknown): StatisticsRecord {
  try {
    const record = parseJson((metadata as Record<string, string>).secateur) as StatisticsRecord;
    const { identity, shards: { of, have }, counts, halves = {} } = record;
    const isRecord = [identity, counts, halves].every((part) => typeof part === "object" && part) &&
      Number.isInteger(of) && of <= MOST_SHARDS && Array.isArray(have) && have.length > 0 &&
      have.every((shard) => Number.isInteger(shard) && shard >= 1 && shard <= of) &&
      [counts, halves].every((each) => Object.values(each).every(Number.isSafeInteger));
    if (isRecord) return { ...record, halves };
  } catch {
    // Anything that is no such record is no statistics file.
  }
  throw new InputError(
    `reading ${path}: found no statistics, wanted a file of \`calibrate\`; ` +
      `give such a file, or another name to have one written`,
  );
}
