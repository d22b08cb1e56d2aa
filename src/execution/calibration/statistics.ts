import project from "../../../deno.json" with { type: "json" };
import { differences, InputError } from "../../base/mod.ts";
import { mergeMoments, type Moments } from "../../kernels/mod.ts";

/** To be raised with the layout of the file, the choice of images or positions, and the layers that are in it. */
const FORMAT = 3;

/** The version that statistics belong to. */
export const STATISTICS_VERSION: string = `${project.version}, statistics ${FORMAT}`;

/** What statistics belong to; those of anything else are not mixed with them. */
export interface StatisticsIdentity {
  /** Version of Secateur, and of its statistics. */
  readonly version: string;
  /** Fingerprint of the model. */
  readonly model: string;
  /** Fingerprint of the train split. */
  readonly data: string;
  /** How bytes become the model's input, as text. */
  readonly preprocessing: string;
  /** Calibration images, over all shards. */
  readonly images: number;
  /** Sampled positions per image and layer. Default: as many as each layer wants. */
  readonly pointsPerImage?: number;
  /** Seed of the choice of images and positions. */
  readonly seed: number;
}

/** Moments of the inputs X and outputs Y of a network's layers, both of the network as it is. */
export interface Statistics {
  /** The model, images and sampling that they were gathered from. */
  readonly identity: StatisticsIdentity;
  /** How many shards the images are cut into, and which of them, from 1, are in. */
  readonly shards: { readonly of: number; readonly have: readonly number[] };
  /** The moments of every layer, by the layer's name. */
  readonly layers: ReadonlyMap<string, Moments>;
}

/**
 * Tells whether the statistics of all shards are in.
 *
 * @param statistics Statistics, or their `shards` alone.
 * @returns True when no shard is missing.
 *
 * @example Wait for the last shard
 * ```ts
 * import { isComplete } from "secateur";
 * import assert from "node:assert/strict";
 *
 * assert.ok(!isComplete({ shards: { of: 3, have: [1, 3] } }));
 * assert.ok(isComplete({ shards: { of: 3, have: [1, 2, 3] } }));
 * ```
 */
export function isComplete(statistics: Pick<Statistics, "shards">): boolean {
  return missingShards(statistics).length === 0;
}

/**
 * Lists the shards that are not in.
 *
 * @param statistics Statistics, or their `shards` alone.
 * @returns Their numbers from 1, ascending.
 *
 * @example Name the shards that are still to be gathered
 * ```ts
 * import { missingShards } from "secateur";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(missingShards({ shards: { of: 4, have: [1, 3] } }), [2, 4]);
 * ```
 */
export function missingShards({ shards: { of, have } }: Pick<Statistics, "shards">): number[] {
  return Array.from({ length: of }, (_, index) => index + 1).filter((shard) =>
    !have.includes(shard)
  );
}

/**
 * Adds up the statistics of shards.
 *
 * @param parts The shards, at least one.
 * @returns Their sums, in the order of the shards' numbers whatever order they are given in.
 * @throws {InputError} When they belong to different things, or a shard is there twice.
 *
 * @example Gather statistics in two parts
 * ```ts
 * import { calibrate, isComplete, mergeStatistics } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const model = "cli/example/resnet8-fashion-mnist";
 * const options = { model, data: "cli/example/fashion-mnist", batches: 1 };
 * const first = await calibrate({ ...options, shard: { number: 1, of: 2 } });
 * const second = await calibrate({ ...options, shard: { number: 2, of: 2 } });
 * const merged = mergeStatistics([first.statistics, second.statistics]);
 * assert.ok(isComplete(merged));
 * assert.equal(merged.layers.get("conv1")!.count, 128 * 10);
 * ```
 */
export function mergeStatistics(parts: readonly Statistics[]): Statistics {
  const ordered = parts.toSorted((a, b) => a.shards.have[0] - b.shards.have[0]);
  const [{ identity, shards: { of }, layers }] = ordered;
  const names = namesOf(layers);
  for (const part of ordered) {
    checkSameWhole("merging statistics", part, ordered[0]);
    if (namesOf(part.layers) === names) continue;
    throw new InputError(
      `merging statistics: found the layers ${namesOf(part.layers)} in shard ` +
        `${part.shards.have[0]}, wanted ${names}; make it again with \`calibrate\``,
    );
  }
  const have = ordered.flatMap(({ shards }) => shards.have);
  const twice = have.find((shard, index) => have.indexOf(shard) !== index);
  if (twice !== undefined) {
    throw new InputError(`merging statistics: found shard ${twice} of ${of} twice; leave one out`);
  }
  const merged = [...layers.keys()].map((key) =>
    [key, mergeMoments(ordered.map((part) => part.layers.get(key)!))] as const
  );
  return {
    identity,
    shards: { of, have: have.toSorted((a, b) => a - b) },
    layers: new Map(merged),
  };
}

/**
 * Refuses shards that are not parts of the same statistics.
 *
 * @param action What is being done.
 * @param found The shard.
 * @param wanted Another shard.
 * @throws {InputError} With the difference.
 */
export function checkSameWhole(
  action: string,
  found: Omit<Statistics, "layers">,
  wanted: Omit<Statistics, "layers">,
): void {
  checkIdentity(
    action,
    { ...found.identity, shards: found.shards.of },
    { ...wanted.identity, shards: wanted.shards.of },
  );
}

/**
 * Refuses statistics that belong to something else.
 *
 * @param action What is being done.
 * @param found What they belong to.
 * @param wanted What they must belong to.
 * @throws {InputError} With the difference.
 */
export function checkIdentity(action: string, found: object, wanted: object): void {
  const different = differences(found, wanted);
  if (different.length === 0) return;
  throw new InputError(
    `${action}: these statistics belong to ${different.join("; ")}; ` +
      `give others, or make them with \`calibrate\``,
  );
}

function namesOf(layers: Statistics["layers"]): string {
  return [...layers.keys()].sort().join(", ");
}
