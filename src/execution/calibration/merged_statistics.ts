import { InputError } from "../../base/mod.ts";
import { addMoments, type MomentsSize, type PackedMoments } from "../../kernels/mod.ts";
import { type MomentsToWrite, StatisticsFile, type StatisticsHead } from "./packed_statistics.ts";
import { checkSameWhole, type StatisticsIdentity } from "./statistics.ts";

/** Statistics of shards in files, added up when they are asked for: two moments of one layer are in memory at a time. */
export class MergedStatistics implements StatisticsHead, MomentsToWrite {
  /** What they belong to. */
  readonly identity: StatisticsIdentity;
  /** Which shards they are of. */
  readonly shards: StatisticsHead["shards"];
  /** Sizes of the sums, by key of the layer. */
  readonly sizes: ReadonlyMap<string, MomentsSize>;
  readonly #files: readonly StatisticsFile[];

  /**
   * Opens files, which stay open until {@link MergedStatistics.close}.
   *
   * @param paths The files, at least one.
   * @throws {InputError} When a file is damaged, belongs to something else than the first, or has a shard that another
   * one has too.
   */
  constructor(paths: readonly string[]) {
    const files: StatisticsFile[] = [];
    try {
      for (const path of paths) {
        const file = new StatisticsFile(path);
        files.push(file);
        checkSameWhole(`merging ${path} into ${paths[0]}`, file, files[0]);
        checkSameLayers(path, file.keys, files[0].keys);
      }
      checkShardsOnce(paths, files);
      this.#files = files.toSorted((a, b) => a.shards.have[0] - b.shards.have[0]);
      this.sizes = new Map(files[0].keys.map((key) => [key, this.#sizeOf(key)]));
    } catch (error) {
      for (const file of files) file.close();
      throw error;
    }
    const [{ identity, shards: { of } }] = files;
    this.identity = identity;
    this.shards = {
      of,
      have: files.flatMap(({ shards }) => shards.have).sort((a, b) => a - b),
    };
  }

  /**
   * The sums of one layer.
   *
   * @param key The layer.
   * @returns Its moments, in the order of the shards' numbers whatever order the files are given in.
   * @throws {InputError} When a file cannot be read.
   */
  readonly packed = (key: string): PackedMoments => {
    const [first, ...others] = this.#files;
    return others.reduce((sum, file) => addMoments(sum, file.packed(key)), first.packed(key));
  };

  /** Closes the files. */
  close(): void {
    for (const file of this.#files) file.close();
  }

  #sizeOf(key: string): MomentsSize {
    const sizes = this.#files.map((file) => file.sizeOf(key));
    const sum = (countOf: (size: MomentsSize) => number) =>
      sizes.reduce((all, size) => all + countOf(size), 0);
    const half = { count: sum((size) => size.half?.count ?? 0) };
    return { ...sizes[0], count: sum(({ count }) => count), ...(sizes[0].half && { half }) };
  }
}

function checkSameLayers(path: string, found: readonly string[], wanted: readonly string[]): void {
  const [names, others] = [found, wanted].map((keys) => keys.toSorted().join(", "));
  if (names === others) return;
  throw new InputError(
    `merging ${path}: found the layers ${names}, wanted ${others}; make it again with \`calibrate\``,
  );
}

function checkShardsOnce(paths: readonly string[], files: readonly StatisticsFile[]): void {
  const owners = new Map<number, string>();
  for (const [index, { shards: { of, have } }] of files.entries()) {
    for (const shard of have) {
      if (owners.has(shard)) {
        throw new InputError(
          `merging ${paths[index]}: found shard ${shard} of ${of}, ` +
            `which ${owners.get(shard)} has too; leave one of them out`,
        );
      }
      owners.set(shard, paths[index]);
    }
  }
}
