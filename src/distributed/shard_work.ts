import { join } from "node:path";
import { writeStatistics } from "../execution/mod.ts";
import type { BlobStore } from "./blobs/blob_store.ts";
import { type Job, type JobHandlers, withTempFolder } from "../base/mod.ts";
import { gatherShard, type Shard, type StatisticsSource } from "../pruning/mod.ts";
import { type FieldsOf, objectOf, positive, type Schema } from "./schema.ts";

/** What a shard's statistics are gathered with. */
export interface ShardContext {
  /** The network and all calibration images. */
  readonly source: StatisticsSource;
  /** Where statistics go. */
  readonly blobs: BlobStore;
}

/** What a shard is, as it comes from the queue. */
export const SHARD_SCHEMA: Schema = objectOf(
  { number: positive, of: positive } satisfies FieldsOf<Shard>,
);

/** What came of a shard. */
export interface ShardOutput {
  /** Blob with its statistics. */
  readonly statistics: string;
  /** Images that were looked at. */
  readonly images: number;
  /** Those that could not be read, by name. */
  readonly unreadable: readonly string[];
  /** What was wrong with them, as messages. */
  readonly unreadableReasons: readonly string[];
}

/** The job of gathering the statistics of a part of the calibration images; it gives a {@link ShardOutput}. */
export function shardJob(shard: Shard): Job<Shard> {
  return { kind: "calibration", key: `${shard.number}/${shard.of}`, input: shard };
}

/** The handler that gathers statistics. */
export const SHARD_HANDLERS: JobHandlers<ShardContext> = {
  calibration: async ({ source, blobs }, shard: Shard, { onProgress }): Promise<ShardOutput> => {
    const { head, layers, images } = await gatherShard({
      ...source,
      onProgress: ({ done, total }) => onProgress(done / total),
    }, shard);
    try {
      return await withTempFolder("secateur-shard-", async (folder) => {
        const path = join(folder, "statistics");
        await writeStatistics(path, head, layers);
        const { names: unreadable, reasons: unreadableReasons } = await source.pool.faults();
        const statistics = await blobs.putFile(path);
        return { statistics, images, unreadable, unreadableReasons };
      });
    } finally {
      layers.close();
    }
  },
};
