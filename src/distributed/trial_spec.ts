import { join } from "node:path";
import { withTempFolder } from "../base/mod.ts";
import { listCutUnits, listReaders, type SharedMode } from "../graph/mod.ts";
import type { BlobStore } from "./blobs/blob_store.ts";
import { loadKernels } from "../kernels/mod.ts";
import {
  type NetworkRepairOptions,
  openCountNetworks,
  OriginalMoments,
  type PlanRules,
  type RepairExtent,
  type SearchContext,
  type SelectionMethod,
  trialImages,
} from "../pruning/mod.ts";
import type { DataOptions } from "../session/mod.ts";
import { NETWORK_REPAIR, REPAIR, SELECT, SHARED } from "./run_input.ts";
import {
  allOptional,
  type FieldsOf,
  flag,
  hash,
  listOf,
  number,
  objectOf,
  optional,
  positive,
  text,
} from "./schema.ts";
import {
  describeSource,
  type OpenedSource,
  openSource,
  orRefuse,
  SOURCE_FIELDS,
  type SourceSpec,
  type WorkerResources,
} from "./source_spec.ts";

/** What a worker opens a search from: plain data. */
export interface TrialSpec extends SourceSpec {
  /** Blob of the statistics of the original network. */
  readonly statistics: string;
  /** What happens to channels that several layers read. */
  readonly shared: SharedMode;
  /** How channels are chosen. */
  readonly select: SelectionMethod;
  /** Pull towards the old weights. Default: chosen for every layer. */
  readonly ridge?: number;
  /** Rules for all layers. */
  readonly rules: PlanRules;
  /** Training images that roll-outs are measured on, where there are as many. */
  readonly images: number;
  /** How far networks are repaired. */
  readonly repair: RepairExtent;
  /** How they are repaired as a whole, where they are. */
  readonly networkRepair?: NetworkRepairOptions;
}

const RULES = {
  skip: listOf(text),
  channelMultiple: positive,
  slowSelectors: optional(flag),
  keepBlocks: optional(flag),
} satisfies FieldsOf<PlanRules>;

/** What a {@link TrialSpec} has to be, field by field. */
export const TRIAL_FIELDS = {
  ...SOURCE_FIELDS,
  statistics: hash,
  shared: SHARED,
  select: SELECT,
  ridge: optional(number),
  rules: objectOf(RULES),
  images: positive,
  repair: REPAIR,
  networkRepair: optional(objectOf(allOptional(NETWORK_REPAIR))),
} satisfies FieldsOf<TrialSpec>;

/** A search, opened by a worker. */
export interface OpenedTrials extends OpenedSource {
  /** What networks are tried out with. */
  readonly trials: SearchContext;
}

/** What the driver of a search was given. */
export interface TrialOptions extends DataOptions {
  /** What happens to channels that several layers read. */
  readonly shared: SharedMode;
  /** Training images that roll-outs are measured on. */
  readonly images: number;
}

/**
 * Describes a search, so that workers open the same; model and statistics become blobs.
 *
 * @param trials What the driver would try networks out with itself.
 * @param options What the driver was given.
 * @param blobs Where model and statistics go.
 * @returns The description.
 * @throws {InputError} When the images are in memory, or blobs cannot be written.
 */
export async function describeTrials(
  { context, rules: { skip, channelMultiple, slowSelectors, keepBlocks }, repair, networkRepair }:
    SearchContext,
  { shared, images, ...options }: TrialOptions,
  blobs: BlobStore,
): Promise<TrialSpec> {
  return await withTempFolder("secateur-statistics-", async (folder) => {
    const path = await context.original.writtenTo(join(folder, "statistics"));
    return {
      ...await describeSource(context, options, blobs),
      statistics: await blobs.putFile(path),
      shared,
      select: context.select,
      ridge: context.ridge,
      images,
      repair,
      networkRepair,
      rules: { skip, channelMultiple, slowSelectors, keepBlocks },
    };
  });
}

/**
 * Opens a search.
 *
 * @param spec The driver's description.
 * @param resources What the worker has.
 * @returns What networks are tried out with.
 * @throws {RefusalError} When the worker lacks something, or has other content, with both hashes.
 */
export async function openTrials(
  spec: TrialSpec,
  resources: WorkerResources,
): Promise<OpenedTrials> {
  const { session, source } = await openSource(spec, resources);
  let original: OriginalMoments | undefined;
  try {
    const { select, ridge, rules, shared, images, repair, networkRepair } = spec;
    const statistics = await orRefuse(() => resources.blobs.fetch(spec.statistics));
    original = await OriginalMoments.open(source, { path: statistics });
    const context = {
      ...source,
      select,
      ridge,
      original,
      kernels: await loadKernels(),
      onStage: () => {},
    };
    const { graph, map } = source;
    const places = listReaders(graph, map, shared);
    const units = listCutUnits(graph, map, places);
    const networks = await openCountNetworks(context, places, units, rules);
    const trials = {
      session,
      context,
      places,
      rules,
      units,
      networks,
      repair,
      networkRepair,
      ...trialImages(context, images),
    };
    return { session, source, trials };
  } catch (error) {
    original?.release();
    await session.close();
    throw error;
  }
}
