import { InputError } from "../errors.ts";
import { mergeMoments, type Moments } from "../kernels/mod.ts";
import { type NamedTensor, readSafetensors, writeSafetensors } from "./safetensors.ts";

/** What statistics belong to; those of anything else are not mixed with them. */
export interface StatisticsIdentity {
  /** Version of Secateur. */
  readonly version: string;
  /** Fingerprint of the model. */
  readonly model: string;
  /** Fingerprint of the train split. */
  readonly data: string;
  /** How bytes become the model's input, as text. */
  readonly preprocessing: string;
  /** Calibration images, over all shards. */
  readonly images: number;
  /** Sampled positions per image and layer. */
  readonly pointsPerImage: number;
  /** Seed of the choice of images and positions. */
  readonly seed: number;
}

/** Moments of a network's layers, X and Y both from the network as it is. */
export interface Statistics {
  /** What they belong to. */
  readonly identity: StatisticsIdentity;
  /** How many shards the images are cut into, and which of them, from 1, are in. */
  readonly shards: { readonly of: number; readonly have: readonly number[] };
  /** Moments by key of the layer. */
  readonly layers: ReadonlyMap<string, Moments>;
}

const PARTS = ["gram", "cross", "sumX", "sumY", "sumYY"] as const;

/** Whether all shards are in. */
export function isComplete({ shards }: Statistics): boolean {
  return shards.have.length === shards.of;
}

/**
 * Adds up the statistics of shards.
 *
 * @param parts The shards, at least one.
 * @returns Their sums, in the order of the shards' numbers whatever order they are given in.
 * @throws {InputError} When they belong to different things, or a shard is there twice.
 */
export function mergeStatistics(parts: readonly Statistics[]): Statistics {
  const ordered = parts.toSorted((a, b) => a.shards.have[0] - b.shards.have[0]);
  const [{ identity, shards: { of }, layers }] = ordered;
  for (const part of ordered) {
    checkIdentity("merging statistics", { ...part.identity, shards: part.shards.of }, {
      ...identity,
      shards: of,
    });
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
 * Writes statistics as a safetensors file.
 *
 * @param path Where to.
 * @param statistics What.
 * @throws {InputError} When it cannot be written.
 */
export async function saveStatistics(path: string, statistics: Statistics): Promise<void> {
  const { identity, shards, layers } = statistics;
  const counts = Object.fromEntries([...layers].map(([key, { count }]) => [key, count]));
  const tensors = [...layers].flatMap(([key, moments]): NamedTensor[] => {
    const { d, n } = moments;
    const shapes = { gram: [d, d], cross: [d, n], sumX: [d], sumY: [n], sumYY: [n] };
    return PARTS.map((part) => ({
      name: `${key}/${part}`,
      shape: shapes[part],
      values: moments[part],
    }));
  });
  const metadata = { secateur: JSON.stringify({ identity, shards, counts }) };
  await writeSafetensors(path, metadata, tensors);
}

/**
 * Reads statistics.
 *
 * @param path Where from.
 * @param wanted What they must belong to, where that is known.
 * @returns The statistics.
 * @throws {InputError} When the file is damaged, or belongs to something else, with the difference.
 */
export async function loadStatistics(
  path: string,
  wanted?: StatisticsIdentity,
): Promise<Statistics> {
  const { metadata, tensors } = await readSafetensors(path);
  if (metadata.secateur === undefined) {
    throw new InputError(`reading ${path}: found no statistics, wanted a file of \`calibrate\``);
  }
  const { identity, shards, counts } = JSON.parse(metadata.secateur) as
    & Pick<Statistics, "identity" | "shards">
    & { counts: Record<string, number> };
  if (wanted) checkIdentity(`reading ${path}`, identity, wanted);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const layers = Object.entries(counts).map(([key, count]) => {
    const [gram, cross, sumX, sumY, sumYY] = PARTS.map((part) => {
      const tensor = byName.get(`${key}/${part}`);
      if (tensor) return tensor.values;
      throw new InputError(`reading ${path}: found no ${part} of layer "${key}"; make it again`);
    });
    const moments = { d: sumX.length, n: sumY.length, count, gram, cross, sumX, sumY, sumYY };
    return [key, moments] as const;
  });
  return { identity, shards, layers: new Map(layers) };
}

function checkIdentity(action: string, found: object, wanted: object): void {
  const differences = Object.entries(wanted)
    .filter(([name, value]) => (found as Record<string, unknown>)[name] !== value)
    .map(([name, value]) => `${name} ${(found as Record<string, unknown>)[name]}, not ${value}`);
  if (differences.length === 0) return;
  throw new InputError(`${action}: these statistics belong to ${differences.join("; ")}`);
}
