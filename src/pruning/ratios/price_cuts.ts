import { copyShared } from "../../base/mod.ts";
import { networkCost } from "../../cost/mod.ts";
import { activationBytes } from "../../graph/mod.ts";
import type { LayerChange } from "../../execution/mod.ts";
import { giveBack } from "../../kernels/mod.ts";
import { heldOutImages, measureNetwork, measureVariants } from "../measure_network.ts";
import type { ImageSelection } from "../../session/mod.ts";
import type { RepairContext } from "../repair/repair.ts";
import type { CountNetworks } from "./count_networks.ts";

/** Held-out training images that cuts are weighed on. */
const WEIGHING_IMAGES = 200;

/** Random directions that all images together are given at least, as far as {@link MOST_PROBES} allows. */
const DIRECTIONS = 200;

/** The most random directions of an image. */
const MOST_PROBES = 4;

/** Bytes of gradients that the directions of an image may take. */
const PROBES_MEMORY = 256 * 2 ** 20;

/** Random directions that there are if need be by images of the statistics, beside those that are held out. */
const LEAST_DIRECTIONS = 24;

/** Bytes of changed weights that are weighed together. */
const CHANGES_MEMORY = 256 * 2 ** 20;

/** Bytes of networks that are measured together, in every thread. */
const NETWORKS_MEMORY = 64 * 2 ** 20;

const FLOAT_BYTES = 4;

/** Held-out training images that a cut is measured on which cannot be weighed. */
const FEW_IMAGES = 200;

/** Held-out training images that all cuts are measured on, where that is cheap. */
export const MEASURING_IMAGES = 1000;

/** Fewer held-out images tell less of a cut than its weight does. */
const LEAST_MEASURING_IMAGES = 500;

/** Multiply–accumulates that measuring may take: about half a minute on two cores. */
export const MEASURING_MACS = 1.5e12;

/** What cuts are weighed with. */
export type PricingContext = Pick<
  RepairContext,
  "graph" | "pool" | "file" | "calibration" | "onStage"
>;

/** A unit that is cut while the others are whole. */
export interface SingleCut {
  /** The unit, by index. */
  readonly unit: number;
  /** Channels that it keeps. */
  readonly count: number;
}

/**
 * What each of some cuts raises the loss by. Small networks are measured with every cut; the weight that stands for that in
 * large ones is the second-order term of the loss, from a pass forward and backward over some images (`ChangeWeigher`).
 * What cannot be weighed, for a layer behind it has no derivative, is measured on few images.
 *
 * @param context What to work with.
 * @param networks Networks for any counts.
 * @param cuts The cuts.
 * @param whole Counts of the whole network.
 * @returns The rises.
 */
export async function priceCuts(
  context: PricingContext,
  networks: CountNetworks,
  cuts: readonly SingleCut[],
  whole: readonly number[],
): Promise<number[]> {
  const judges = heldOutImages(context, MEASURING_IMAGES);
  const steps = (cuts.length + 1) * judges.indices.length;
  const isCheap = steps * networkCost(context.graph).macs <= MEASURING_MACS;
  if (isCheap && judges.indices.length >= LEAST_MEASURING_IMAGES) {
    return await measureCuts(context, networks, cuts, whole, judges);
  }
  const { graph, pool, file, calibration: { seed }, onStage } = context;
  const room = Math.max(1, Math.floor(PROBES_MEMORY / activationBytes(graph).gradient));
  const images = weighingImages(context, Math.ceil(LEAST_DIRECTIONS / Math.min(MOST_PROBES, room)));
  const probes = Math.min(MOST_PROBES, room, Math.ceil(DIRECTIONS / images.indices.length));
  const rises: (number | undefined)[] = [];
  while (rises.length < cuts.length) {
    const changes = nextChanges(networks, cuts.slice(rises.length), pool.size > 1);
    onStage("pricing errors", rises.length, cuts.length);
    rises.push(...await pool.weighChanges(file, { changes, probes, seed }, images));
  }
  const unknown = cuts.filter((_, index) => rises[index] === undefined);
  if (unknown.length === 0) return rises as number[];
  const few = { ...images, indices: images.indices.subarray(0, FEW_IMAGES) };
  const measured = await measureCuts(context, networks, unknown, whole, few);
  return rises.map((rise) => rise ?? measured.shift()!);
}

/** What each of some cuts raises the loss by, measured. */
async function measureCuts(
  context: PricingContext,
  networks: CountNetworks,
  cuts: readonly SingleCut[],
  whole: readonly number[],
  images: ImageSelection,
): Promise<number[]> {
  if ((cuts.length + 1) * networkCost(context.graph).params * FLOAT_BYTES <= NETWORKS_MEMORY) {
    return await measureTogether(context, networks, cuts, whole, images);
  }
  const measure = async (counts: readonly number[]) =>
    (await measureNetwork(context, networks.networkFor(counts), images)).loss;
  const lossWhole = await measure(whole);
  const rises: number[] = [];
  for (const { unit, count } of cuts) {
    context.onStage("pricing errors", rises.length, cuts.length);
    rises.push(await measure(whole.with(unit, count)) - lossWhole);
  }
  return rises;
}

/** The same, all at once: what networks have in common from the images on is run once. */
async function measureTogether(
  context: PricingContext,
  networks: CountNetworks,
  cuts: readonly SingleCut[],
  whole: readonly number[],
  images: ImageSelection,
): Promise<number[]> {
  const { pool, onStage } = context;
  const total = Math.ceil(images.indices.length / images.batchSize / pool.size);
  let done = 0;
  onStage("pricing errors", done, total);
  const graphs = [whole, ...cuts.map(({ unit, count }) => whole.with(unit, count))]
    .map((counts) => networks.networkFor(counts));
  const figures = await measureVariants(
    context,
    graphs,
    images,
    () => onStage("pricing errors", Math.min(++done, total), total),
  );
  const [lossWhole, ...losses] = figures.map(({ loss }) => loss);
  return losses.map((loss) => loss - lossWhole);
}

/** Held-out images; where these are few or none, some of those of the statistics too, for no label is looked at. */
function weighingImages(context: PricingContext, least: number): ImageSelection {
  const heldOut = heldOutImages(context, WEIGHING_IMAGES);
  const own = heldOut.indices;
  const wanted = own.length > 0 ? least : WEIGHING_IMAGES;
  const others = context.calibration.indices.subarray(0, Math.max(0, wanted - own.length));
  return { ...heldOut, indices: Int32Array.of(...own, ...others) };
}

/** The changes of the first cuts, as many as memory holds. */
function nextChanges(
  networks: CountNetworks,
  cuts: readonly SingleCut[],
  isShared: boolean,
): (readonly LayerChange[])[] {
  const changes: (readonly LayerChange[])[] = [];
  let room = CHANGES_MEMORY;
  for (const { unit, count } of cuts) {
    const found = networks.changeFor(unit, count);
    const change = isShared ? found.map(shareChange) : found;
    room -= change.reduce((bytes, { kernel }) => bytes + kernel.values.byteLength, 0);
    if (room < 0 && changes.length > 0) break;
    changes.push(change);
  }
  return changes;
}

/** A change that threads share; its own memory is given back. */
function shareChange(change: LayerChange): LayerChange {
  const { kernel } = change;
  const values = copyShared(kernel.values);
  giveBack([kernel.values]);
  return { ...change, kernel: { ...kernel, values } };
}
