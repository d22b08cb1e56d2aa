import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { StatisticsIdentity } from "../execution/mod.ts";
import type { DatasetPlace } from "../data/mod.ts";
import { differences, InputError, option, Stopwatch } from "../base/mod.ts";
import type { BlobStore } from "./blobs/blob_store.ts";
import {
  BLOBS_OF_FILES,
  type FieldsOf,
  flag,
  number,
  objectOf,
  optional,
  positive,
  text,
} from "./schema.ts";
import { RefusalError } from "./queue/serve_queue.ts";
import { getModel, putModel } from "./model_blobs.ts";
import {
  createStatisticsSource,
  identifyStatistics,
  type StatisticsSource,
} from "../pruning/mod.ts";
import { type DataOptions, openSession, type Session } from "../session/mod.ts";

/** What a worker opens a network and its images from: plain data. */
export interface SourceSpec {
  /** Version of Secateur, model and images by their content, preprocessing and sampling. */
  readonly identity: StatisticsIdentity;
  /** Blobs of the files of the model, by name. */
  readonly model: Readonly<Record<string, string>>;
  /** Folder or file of the data set, where the driver has it. */
  readonly data: string;
  /** Whether labels are used. */
  readonly labels?: boolean;
  /** Largest share of images that may be undecodable. */
  readonly badImageShare?: number;
  /** How calibration images and positions are chosen; the identity says how many images. */
  readonly sampling: Omit<
    StatisticsSource["calibration"],
    "indices" | "place" | "images" | "scratch"
  >;
}

const SAMPLING = {
  batchSize: positive,
  seed: number,
  pointsPerImage: optional(positive),
  memoryBudget: number,
} satisfies FieldsOf<SourceSpec["sampling"]>;

const IDENTITY = {
  version: text,
  model: text,
  data: text,
  preprocessing: text,
  images: positive,
  pointsPerImage: optional(positive),
  seed: number,
} satisfies FieldsOf<StatisticsIdentity>;

/** What a {@link SourceSpec} has to be, field by field. */
export const SOURCE_FIELDS = {
  identity: objectOf(IDENTITY),
  model: BLOBS_OF_FILES,
  data: text,
  sampling: objectOf(SAMPLING),
  labels: optional(flag),
  badImageShare: optional(number),
} satisfies FieldsOf<SourceSpec>;

/** What a worker has of its own. */
export interface WorkerResources {
  /** Where blobs are. */
  readonly blobs: BlobStore;
  /** Folder in which data sets are sought by name. Default: they are read where the driver has them. */
  readonly dataFolder?: string;
  /** Threads that share the images of a job. */
  readonly threads: number;
}

/** A network and its images, opened by a worker. */
export interface OpenedSource {
  /** Both on all threads. */
  readonly session: Session;
  /** What statistics are gathered from. */
  readonly source: StatisticsSource;
}

/**
 * Describes what the driver works on, so that workers open the same; the model becomes blobs.
 *
 * @param source The network and its images.
 * @param options What the driver was given.
 * @param blobs Where the model goes.
 * @returns The description.
 * @throws {InputError} When the images are in memory, or blobs cannot be written.
 */
export async function describeSource(
  source: StatisticsSource,
  { data, labels, badImageShare }: DataOptions,
  blobs: BlobStore,
): Promise<SourceSpec> {
  const { indices: _, place: __, images: ___, scratch: ____, ...sampling } = source.calibration;
  return {
    identity: await identifyStatistics(source),
    model: await putModel(source.file, blobs),
    data: placeOf(data),
    labels,
    badImageShare,
    sampling,
  };
}

/**
 * Opens what a driver works on.
 *
 * @param spec The driver's description.
 * @param resources What the worker has.
 * @returns The network and its images.
 * @throws {RefusalError} When the worker lacks something, or has other content, with both hashes.
 */
export async function openSource(
  spec: SourceSpec,
  resources: WorkerResources,
): Promise<OpenedSource> {
  return await orRefuse(async () => {
    const { identity, labels, badImageShare, sampling } = spec;
    const data = await findData(spec.data, resources.dataFolder);
    const session = await openSession({
      data,
      labels,
      badImageShare,
      workers: resources.threads,
      model: await getModel(spec.model, resources.blobs),
    }, (file) => file);
    try {
      const settings = { ...sampling, images: identity.images };
      const source = createStatisticsSource(session, settings, new Stopwatch());
      requireSame(await identifyStatistics(source), identity, data);
      return { session, source };
    } catch (error) {
      await session.close();
      throw error;
    }
  });
}

/** What goes wrong before a job is begun is the worker's: another one may have what it takes. */
export async function orRefuse<Result>(open: () => Promise<Result>): Promise<Result> {
  try {
    return await open();
  } catch (error) {
    throw error instanceof InputError ? new RefusalError(error) : error;
  }
}

/**
 * Refuses what a worker has when a driver works on something else.
 *
 * @param found What the worker has.
 * @param wanted What the driver works on.
 * @param data Where the worker's images are.
 * @throws {InputError} With the difference.
 */
export function requireSame(found: object, wanted: object, data: string): void {
  const different = differences(found, wanted);
  if (different.length === 0) return;
  throw new InputError(
    `opening a job's model with the images in ${data}: found ${different.join("; ")}; ` +
      `give this worker the same version of Secateur and the same images`,
  );
}

/** Where a data set is, for others too. */
export function placeOf(data: DatasetPlace): string {
  if (typeof data === "string") return resolve(data);
  throw new InputError(
    "having work done elsewhere: found images in memory, wanted them on disk; give their folder",
  );
}

/**
 * Where a worker has a data set.
 *
 * @param data Where the driver has it.
 * @param folder The worker's folder for data sets, in which it goes by the same name. Default: it is read where the driver
 * has it.
 * @returns Its place.
 * @throws {InputError} When the folder has no such data set; nothing outside it is looked at.
 */
export async function findData(data: string, folder: string | undefined): Promise<string> {
  if (folder === undefined) return data;
  const name = data.split(/[\\/]/).filter((part) => part !== "").at(-1) ?? "";
  const own = join(folder, name);
  const isInside = name !== "." && name !== ".." && name !== "" && !name.includes("\0");
  if (isInside && await stat(own).then(() => true, () => false)) return own;
  throw new InputError([
    `opening a job's images: found no ${
      JSON.stringify(name)
    } in ${folder}, wanted the images that ` +
    `the driver has in ${JSON.stringify(data)}; put them there, or start the worker with another `,
    option("dataFolder"),
  ]);
}
