import type { StatisticsHead } from "../../execution/mod.ts";
import { InputError, option } from "../../base/mod.ts";
import { shardIndices } from "../../session/mod.ts";
import { MomentStore } from "./moment_store.ts";
import {
  gatherMoments,
  identifyStatistics,
  layersToSample,
  PORTION,
  type StatisticsSource,
} from "./statistics_source.ts";

/** One of the parts that the calibration images are cut into. */
export interface Shard {
  /** Number of the part, from 1. */
  readonly number: number;
  /** Number of all parts. */
  readonly of: number;
}

/** The statistics of a shard, which wait to be written. */
export interface ShardMoments {
  /** What they belong to. */
  readonly head: StatisticsHead;
  /** The moments of all layers, to be closed by who has them. */
  readonly layers: MomentStore;
  /** Images of the shard. */
  readonly images: number;
}

/**
 * Gathers the statistics of a part of the calibration images.
 *
 * @param source The network and all calibration images.
 * @param shard Which part.
 * @returns Its statistics.
 * @throws {InputError} When there are too few images for so many shards.
 * @throws {RangeError} When there is no shard of that number.
 */
export async function gatherShard(
  source: StatisticsSource,
  shard: Shard,
): Promise<ShardMoments> {
  const all = source.calibration.indices;
  const indices = cutShard(all, shard);
  const place = (indices.byteOffset - all.byteOffset) / indices.BYTES_PER_ELEMENT;
  const identity = await identifyStatistics(source);
  const part = { ...source, calibration: { ...source.calibration, indices, place } };
  const layers = new MomentStore();
  try {
    const take = layers.put.bind(layers);
    await gatherMoments(part, layersToSample(source), take, false);
  } catch (error) {
    layers.close();
    throw error;
  }
  const { number, of } = shard;
  return {
    head: { identity, shards: { of, have: [number] } },
    layers,
    images: indices.length,
  };
}

/**
 * Refuses more shards than there are portions of images.
 *
 * @param images Calibration images.
 * @param of Shards.
 * @throws {InputError} When some would have none.
 */
export function checkShards(images: number, of: number): void {
  const portions = Math.ceil(images / PORTION);
  if (of <= portions) return;
  throw new InputError([
    `cutting ${images} calibration images: found ${of} shards, wanted at most ` +
    `${portions}, ${PORTION} images for each; ask for fewer, or raise `,
    option("batches"),
  ]);
}

/** Shards have whole portions, so that all runs add up the same sums in f32. */
function cutShard(images: Int32Array, { number, of }: Shard): Int32Array {
  if (!Number.isInteger(number) || !Number.isInteger(of) || number < 1 || number > of) {
    throw new RangeError(
      `cutting calibration images: found shard ${number} of ${of}, wanted 1 to n`,
    );
  }
  checkShards(images.length, of);
  return shardIndices(images, of, PORTION)[number - 1];
}
