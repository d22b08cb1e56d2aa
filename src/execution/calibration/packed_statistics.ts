import { InputError, ownValue, parseJson } from "../../base/mod.ts";
import {
  PACKED_PARTS,
  packedLengths,
  type PackedMoments,
  type PackedParts,
} from "../../kernels/mod.ts";
import { SafetensorsFile, type TensorShape, writeSafetensors } from "./safetensors.ts";
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

/** Sizes of a layer's moments. */
export interface MomentsSize {
  /** Inputs per sample. */
  readonly d: number;
  /** Outputs per sample. */
  readonly n: number;
  /** Samples. */
  readonly count: number;
  /** Samples of the first half of the images. */
  readonly half?: { readonly count: number };
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
  const tensors = sizes.flatMap(([key, size]) => [
    ...shapesOf(`${key}/`, size),
    ...(size.half ? shapesOf(halfOf(key), size) : []),
  ]);
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
    for (const each of [moments, ...(moments.half ? [moments.half] : [])]) {
      for (const part of PACKED_PARTS) yield each[part];
    }
  }
}

/** What the names of the arrays of a layer's half begin with; behind the last slash stands no layer's name. */
function halfOf(key: string): string {
  return `${key}/half-`;
}

function shapesOf(prefix: string, size: MomentsSize): TensorShape[] {
  const { d, n } = size;
  const shapes: PackedParts<number[]> = {
    triangle: [packedLengths(size).triangle],
    cross: [d, n],
    sumX: [d],
    sumY: [n],
    sumYY: [n],
  };
  return PACKED_PARTS.map((part) => ({ name: prefix + part, shape: shapes[part] }));
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
    const d = this.#file.lengthOf(`${key}/sumX`) ?? NaN;
    const n = this.#file.lengthOf(`${key}/sumY`) ?? NaN;
    const lengths = packedLengths({ d, n });
    const isWhole = (prefix: string) =>
      PACKED_PARTS.every((part) => this.#file.lengthOf(prefix + part) === lengths[part]);
    if (
      count === undefined || !isWhole(`${key}/`) || inHalf !== undefined && !isWhole(halfOf(key))
    ) {
      throw new InputError(
        `reading ${this.#path}: found no whole statistics of layer "${key}"; ` +
          `the file is damaged, make it again with \`calibrate\``,
      );
    }
    return { d, n, count, ...(inHalf === undefined ? {} : { half: { count: inHalf } }) };
  }

  /**
   * Reads moments.
   *
   * @param key The layer.
   * @returns Its moments.
   * @throws {InputError} When they are not there as a whole.
   */
  packed(key: string): PackedMoments {
    const { half, ...size } = this.sizeOf(key);
    const whole = { ...size, ...this.#readParts(`${key}/`) };
    if (half === undefined) return whole;
    return { ...whole, half: { ...size, ...half, ...this.#readParts(halfOf(key)) } };
  }

  #readParts(prefix: string): PackedParts<Float64Array> {
    const [triangle, cross, sumX, sumY, sumYY] = PACKED_PARTS.map((part) =>
      this.#file.read(prefix + part)
    );
    return { triangle, cross, sumX, sumY, sumYY };
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
