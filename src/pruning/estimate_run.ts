import { networkCost } from "../cost/mod.ts";
import { type ChannelMap, kernelSize, type LayerGraph, type LayerNode } from "../graph/mod.ts";
import { keptSamples } from "../execution/mod.ts";
import {
  CALIBRATION_DEFAULTS,
  layersToSample,
  partIntoPasses,
  samplesOf,
} from "./statistics/statistics_source.ts";

/** What is known of a run before it begins. */
export interface PlannedRun {
  /** Calibration images. */
  readonly images: number;
  /** Threads that share them. */
  readonly threads: number;
}

/** What a run takes, about. */
export interface RunEstimate extends PlannedRun {
  /** Seconds of wall time on the machine of bench/results/size.md. */
  readonly seconds: number;
  /** Bytes of memory at its peak. */
  readonly bytes: number;
}

const [FLOAT_BYTES, DOUBLE_BYTES, MEBIBYTE] = [4, 8, 2 ** 20];

/** Multiply–accumulates of a forward pass that a thread does in a second. */
const FORWARD_RATE = 1.8e10;

/** Forward passes over all images beside those that gather statistics: prices, repair, BatchNormalization, evaluations. */
const OTHER_PASSES = 9;

/** Seconds for a layer of d inputs, over d³: ranking its channels, which threads share, and fitting it, which they do not. */
const RANKING_TIME = 3.1e-10, FITTING_TIME = 3e-10;

/** Seconds that any run takes. */
const START_TIME = 4;

/** Bytes of the program, and of every thread. */
const PROGRAM_BYTES = 250 * MEBIBYTE, THREAD_BYTES = 80 * MEBIBYTE;

/** Bytes of what is live of a batch on its way through the network, and what kernels work on. */
const BATCH_BYTES = 160 * MEBIBYTE;

/**
 * What a run with a budget takes, about: the formula of docs/size.md.
 *
 * @param network The network, with a fixed input size, and its channel spaces.
 * @param run Images and threads.
 * @returns Time and memory.
 */
export function estimateRun(
  network: { readonly graph: LayerGraph; readonly map: ChannelMap },
  { images, threads }: PlannedRun,
): RunEstimate {
  const { macs, params } = networkCost(network.graph);
  const calibration = { ...CALIBRATION_DEFAULTS, images };
  const layers = layersToSample(network);
  const passes = partIntoPasses(layers, calibration, threads).length;
  const sizes = layers.map((node) => solvedSize(node, samplesOf(node, calibration)));
  const cubes = sizes.reduce((sum, size) => sum + size ** 3, 0);
  const forward = images * macs * (passes + OTHER_PASSES) / (threads * FORWARD_RATE);
  const largest = Math.max(0, ...sizes);
  const sums = calibration.memoryBudget / threads / 2;
  const perThread = THREAD_BYTES + 2 * params * FLOAT_BYTES + BATCH_BYTES +
    Math.min(sums, sizes.reduce((sum, size) => sum + DOUBLE_BYTES * size ** 2, 0));
  return {
    images,
    threads,
    seconds: START_TIME + forward + cubes * (RANKING_TIME / threads + FITTING_TIME),
    bytes: PROGRAM_BYTES + 2 * params * FLOAT_BYTES +
      threads * (perThread + 3 * DOUBLE_BYTES * largest ** 2),
  };
}

/** Rows of the matrix that a layer is solved with: its inputs, or its samples where they are fewer. */
function solvedSize(node: LayerNode, samples: number): number {
  const size = kernelSize(node);
  return keptSamples(size, samples) ?? size.inputs;
}
