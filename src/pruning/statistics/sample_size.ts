import { networkCost } from "../../cost/mod.ts";
import type { LayerGraph } from "../../graph/mod.ts";

/** Images where nothing speaks against it, and as many as are worth any time. */
const MOST_IMAGES = 7680, LEAST_IMAGES = 256;

/** Multiply-accumulates that a pass of the network over the images may take: a minute on two cores or so. */
const PASS_MACS = 1.5e12;

/**
 * How many training images statistics are gathered from when nobody says: 7,680, fewer where a pass over them takes more
 * than 1.5 · 10¹² multiply-accumulates, 256 at least.
 *
 * @param graph The network.
 * @returns The number; the training split may have fewer.
 */
export function imagesFor(graph: LayerGraph): number {
  const affordable = Math.floor(PASS_MACS / Math.max(1, networkCost(graph).macs));
  return Math.max(LEAST_IMAGES, Math.min(MOST_IMAGES, affordable));
}

/** How many images are wanted, as options say it. */
export interface ImageCount {
  /** Batches of images. Default: as {@link imagesFor} says, whatever the size of a batch. */
  readonly batches?: number;
  /** Images of a batch. */
  readonly batchSize: number;
}

/**
 * How many training images statistics are gathered from.
 *
 * @param graph The network.
 * @param count What the options say.
 * @returns The number; the training split may have fewer.
 */
export function wantedImages(graph: LayerGraph, { batches, batchSize }: ImageCount): number {
  return batches === undefined ? imagesFor(graph) : batches * batchSize;
}
