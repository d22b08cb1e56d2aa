import type { LayerChange } from "../../execution/mod.ts";
import { heldOutImages, measureNetwork } from "../measure_network.ts";
import type { ImageSelection } from "../../session/mod.ts";
import type { RepairContext } from "../repair/repair.ts";
import type { CountNetworks } from "./count_networks.ts";

/** Held-out training images that cuts are weighed on. */
const WEIGHING_IMAGES = 200;

/** Random directions that all images together are given at least, as far as {@link MOST_PROBES} allows. */
const DIRECTIONS = 200;

/** The most random directions of an image. */
const MOST_PROBES = 4;

/** Bytes of changed weights that are weighed together. */
const CHANGES_MEMORY = 256 * 2 ** 20;

/** Held-out training images that a cut is measured on which cannot be weighed. */
const MEASURING_IMAGES = 200;

/** What cuts are weighed with. */
export type WeighingContext = Pick<RepairContext, "pool" | "file" | "calibration" | "onStage">;

/** A unit that is cut while the others are whole. */
export interface SingleCut {
  /** The unit, by index. */
  readonly unit: number;
  /** Channels that it keeps. */
  readonly count: number;
}

/**
 * What each of some cuts raises the loss by: to second order, from a pass forward and backward over some images
 * (`ChangeWeigher`), where all layers behind the cut have a derivative; else from networks that are measured.
 *
 * @param context What to work with.
 * @param networks Networks for any counts.
 * @param cuts The cuts.
 * @param whole Counts of the whole network.
 * @returns The rises.
 */
export async function weighCuts(
  context: WeighingContext,
  networks: CountNetworks,
  cuts: readonly SingleCut[],
  whole: readonly number[],
): Promise<number[]> {
  const images = weighingImages(context);
  const probes = Math.min(MOST_PROBES, Math.ceil(DIRECTIONS / images.indices.length));
  const { pool, file, calibration: { seed }, onStage } = context;
  const rises: (number | undefined)[] = [];
  while (rises.length < cuts.length) {
    const changes = nextChanges(networks, cuts.slice(rises.length));
    onStage("pricing errors", rises.length, cuts.length);
    rises.push(...await pool.weighChanges(file, { changes, probes, seed }, images));
  }
  const measure = async (counts: readonly number[]) =>
    (await measureNetwork(context, networks.networkFor(counts), {
      ...images,
      indices: images.indices.subarray(0, MEASURING_IMAGES),
    })).loss;
  const lossWhole = rises.includes(undefined) ? await measure(whole) : 0;
  const all: number[] = [];
  for (const [index, { unit, count }] of cuts.entries()) {
    onStage("pricing errors", index, cuts.length);
    all.push(rises[index] ?? await measure(whole.with(unit, count)) - lossWhole);
  }
  return all;
}

/** Held-out images; where there are none, some of those of the statistics, for no label is looked at. */
function weighingImages(context: WeighingContext): ImageSelection {
  const heldOut = heldOutImages(context, WEIGHING_IMAGES);
  if (heldOut.indices.length > 0) return heldOut;
  return { ...heldOut, indices: context.calibration.indices.subarray(0, WEIGHING_IMAGES) };
}

/** The changes of the first cuts, as many as memory holds. */
function nextChanges(
  networks: CountNetworks,
  cuts: readonly SingleCut[],
): (readonly LayerChange[])[] {
  const changes: (readonly LayerChange[])[] = [];
  let room = CHANGES_MEMORY;
  for (const { unit, count } of cuts) {
    const change = networks.changeFor(unit, count);
    room -= change.reduce((bytes, { kernel }) => bytes + kernel.values.byteLength, 0);
    if (room < 0 && changes.length > 0) break;
    changes.push(change);
  }
  return changes;
}
