import { loadStatistics, mergeStatistics, type Statistics } from "../execution/mod.ts";
import { InputError, type JobOutcome, messageOf } from "../base/mod.ts";
import type { BlobStore } from "./blobs/blob_store.ts";
import type { ShardOutput } from "./shard_work.ts";

/** Statistics of shards that arrive in any order, added up in the order of their numbers: two are in memory at a time. */
export class ShardSum {
  readonly #blobs: BlobStore;
  readonly #waiting = new Map<number, string>();
  #sum: Statistics | undefined;
  #added = 0;
  #adding: Promise<void> = Promise.resolve();

  /** @param blobs Where statistics arrive. */
  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /**
   * Adds a shard as soon as all before it are in.
   *
   * @param index Which, from 0.
   * @param output What came of it.
   */
  add(index: number, { statistics }: ShardOutput): void {
    this.#waiting.set(index, statistics);
    this.#adding = this.#adding.then(() => this.#addWaiting());
    // `finish` waits for it; until then a failure must not count as one that nobody handles.
    this.#adding.catch(() => {});
  }

  /**
   * The sums of all shards.
   *
   * @param outcomes What became of them.
   * @returns The sums, how many images they are of, and which could not be read.
   * @throws {InputError} When one is missing.
   */
  async finish(outcomes: readonly JobOutcome<ShardOutput>[]): Promise<{
    statistics: Statistics;
    images: number;
    unreadable: readonly string[];
  }> {
    const outputs = outcomes.map((outcome, index) => {
      if (outcome.status === "done") return outcome.output;
      const { error, attempts } = outcome;
      throw new InputError([
        `gathering shard ${index + 1} of ${outcomes.length}: it failed ${attempts} times, ` +
        `at last with: `,
        ...messageOf(error),
        "; the others are kept for a day, give the same command again",
      ]);
    });
    await this.#adding;
    return {
      statistics: this.#sum!,
      images: outputs.reduce((sum, { images }) => sum + images, 0),
      unreadable: [...new Set(outputs.flatMap(({ unreadable }) => unreadable))].sort(),
    };
  }

  async #addWaiting(): Promise<void> {
    for (let blob; (blob = this.#waiting.get(this.#added)) !== undefined; this.#added++) {
      const part = await loadStatistics(await this.#blobs.fetch(blob));
      this.#sum = this.#sum ? mergeStatistics([this.#sum, part]) : part;
      this.#waiting.delete(this.#added);
    }
  }
}
