import { InputError, type JobOutcome, messageOf } from "../base/mod.ts";
import type { BlobStore } from "./blobs/blob_store.ts";
import type { ShardOutput } from "./shard_work.ts";

/** Statistics of all shards. */
export interface ShardFiles {
  /** Their files, in the order of the shards, until the blobs are closed. */
  readonly paths: readonly string[];
  /** Images that they are of. */
  readonly images: number;
  /** Those that could not be read, by name. */
  readonly unreadable: readonly string[];
  /** What was wrong with them, as messages. */
  readonly unreadableReasons: readonly string[];
}

/**
 * Gets the statistics of shards.
 *
 * @param outcomes What became of them.
 * @param blobs Where statistics arrive.
 * @returns Their files.
 * @throws {InputError} When one is missing.
 */
export async function fetchShards(
  outcomes: readonly JobOutcome<ShardOutput>[],
  blobs: BlobStore,
): Promise<ShardFiles> {
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
  const join = (textsOf: (output: ShardOutput) => readonly string[]) =>
    [...new Set(outputs.flatMap(textsOf))].sort();
  const paths = [];
  for (const { statistics } of outputs) paths.push(await blobs.fetch(statistics));
  return {
    paths,
    images: outputs.reduce((sum, { images }) => sum + images, 0),
    unreadable: join(({ unreadable }) => unreadable),
    unreadableReasons: join(({ unreadableReasons }) => unreadableReasons),
  };
}
