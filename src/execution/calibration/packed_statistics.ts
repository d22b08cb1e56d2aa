import { InputError, ownValue, parseJson } from "../../base/mod.ts";
import {
  assembleMoments,
  type MomentsPart,
  type MomentsSize,
  type PackedMoments,
  partOf,
  shapesOfParts,
  sizeOfMoments,
} from "../../kernels/mod.ts";
import { SafetensorsFile, writeSafetensors } from "./safetensors.ts";
import { checkIdentity, type Statistics, type StatisticsIdentity } from "./statistics.ts";

/** More than anybody makes; a number beyond it is damage. */
const MOST_SHARDS = 100_000;

/** What statistics belong to, and which of them there are. */
export type StatisticsHead = Pick<Statistics, "identity" | "shards">;

/** What the header says beside the arrays. */
interface StatisticsRecord extends StatisticsHead {
  readonly counts: Readonly<Record<string, number>>;
  /** Samples of the first half of the images, of layers that have it. */
  readonly halves: Readonly<Record<string, number>>;
}

/** Moments that are written: sizes first, then one layer's after the other's. */
export interface MomentsToWrite {
  /** Sizes by key of the layer, in the order of the file. */
  readonly sizes: ReadonlyMap<string, MomentsSize>;
  /** The moments of one layer; asked for once, in the same order. */
  packed(key: string): PackedMoments;
}

/**
 * Writes statistics as a safetensors file, beside its place first; the moments of one layer are in memory at a time.
 *
 * @param path The file; one that is there is replaced.
 * @param head What they belong to.
 * @param layers The moments.
 * @param signal Interrupts the writing; what was there stays.
 * @throws {InputError} When it cannot be written; what was there stays.
 * @throws The signal's reason, when it interrupts.
 */
export async function writeStatistics(
  path: string,
  { identity, shards }: StatisticsHead,
  layers: MomentsToWrite,
  signal?: AbortSignal,
): Promise<void> {
  const sizes = [...layers.sizes];
  const counts = Object.fromEntries(sizes.map(([key, { count }]) => [key, count]));
  const halves = Object.fromEntries(
    sizes.flatMap(([key, { half }]) => half ? [[key, half.count] as const] : []),
  );
  const record: StatisticsRecord = { identity, shards, counts, halves };
  const tensors = sizes.flatMap(([key, size]) =>
    halvesOf(size).flatMap((isHalf) =>
      shapesOfParts(size, isHalf).map(([part, shape]) => ({
        name: nameOf(key, part, isHalf),
        shape,
      }))
    )
  );
  await writeSafetensors(
    path,
    { secateur: JSON.stringify(record) },
    tensors,
    arraysOf(layers),
    signal,
  );
}

function* arraysOf({ sizes, packed }: MomentsToWrite): Generator<Float64Array> {
  for (const key of sizes.keys()) {
    const moments = packed(key);
    const size = sizeOfMoments(moments);
    for (const isHalf of halvesOf(size)) {
      const own = isHalf ? moments.half! : moments;
      for (const [part] of shapesOfParts(size, isHalf)) yield partOf(own, part);
    }
  }
}

/** The whole, and its half where there is one. */
function halvesOf({ half }: MomentsSize): boolean[] {
  return half ? [false, true] : [false];
}

/** Behind the last slash stands no layer's name. */
function nameOf(key: string, part: MomentsPart, isHalf: boolean): string {
  return `${key}/${isHalf ? "half-" : ""}${part}`;
}

/** An open file of statistics, of which layers are read one by one. */
export class StatisticsFile implements StatisticsHead {
  /** What the statistics belong to. */
  readonly identity: StatisticsIdentity;
  /** Which shards they are of. */
  readonly shards: Statistics["shards"];
  readonly #path: string;
  readonly #file: SafetensorsFile;
  readonly #record: StatisticsRecord;

  /**
   * Opens a file.
   *
   * @param path The file.
   * @param identity What they must belong to, where that is known.
   * @throws {InputError} When the file is damaged or belongs to something else, with the difference.
   */
  constructor(path: string, identity?: StatisticsIdentity) {
    this.#path = path;
    this.#file = new SafetensorsFile(path);
    try {
      this.#record = parseRecord(path, this.#file.metadata);
      if (identity) checkIdentity(`reading ${path}`, this.#record.identity, identity);
    } catch (error) {
      this.close();
      throw error;
    }
    this.identity = this.#record.identity;
    this.shards = this.#record.shards;
  }

  /** The layers. */
  get keys(): string[] {
    return Object.keys(this.#record.counts);
  }

  /**
   * Makes sure that moments of a layer can be read.
   *
   * @param key The layer.
   * @returns Their sizes.
   * @throws {InputError} When they are not there as a whole.
   */
  sizeOf(key: string): MomentsSize {
    const count = ownValue(this.#record.counts, key);
    const inHalf = ownValue(this.#record.halves, key);
    const size: MomentsSize = {
      d: this.#file.lengthOf(`${key}/sumX`) ?? NaN,
      n: this.#file.lengthOf(`${key}/sumY`) ?? NaN,
      count: count ?? NaN,
      isWide: this.#file.lengthOf(`${key}/x`) !== undefined,
      ...(inHalf === undefined ? {} : { half: { count: inHalf } }),
    };
    const isWhole = halvesOf(size).every((isHalf) =>
      shapesOfParts(size, isHalf).every(([part, shape]) =>
        this.#file.lengthOf(nameOf(key, part, isHalf)) === shape.reduce((a, b) => a * b, 1)
      )
    );
    if (count !== undefined && isWhole) return size;
    throw new InputError(
      `reading ${this.#path}: found no whole statistics of layer "${key}"; ` +
        `the file is damaged, make it again with \`calibrate\``,
    );
  }

  /**
   * Reads moments.
   *
   * @param key The layer.
   * @returns Its moments.
   * @throws {InputError} When they are not there as a whole.
   */
  packed(key: string): PackedMoments {
    return assembleMoments(
      this.sizeOf(key),
      (part, isHalf) => this.#file.read(nameOf(key, part, isHalf)),
    );
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }
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
