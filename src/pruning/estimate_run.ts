import { forwardSeconds, networkCost } from "../cost/mod.ts";
import {
  activationBytes,
  type ChannelMap,
  kernelSize,
  type LayerGraph,
  type LayerNode,
} from "../graph/mod.ts";
import { heldWeightBytes, keptSamples } from "../execution/mod.ts";
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

/** Forward passes over all images beside those that gather statistics: prices, repair, BatchNormalization, evaluations. */
const OTHER_PASSES = 8;

/** Seconds for a layer of d inputs, over d³: ranking its channels, and fitting it. */
const RANKING_TIME = 3.1e-10, FITTING_TIME = 3e-10;

/** Seconds that any run takes. */
const START_TIME = 4;

/** Bytes of the program, and of every thread. */
const PROGRAM_BYTES = 350 * MEBIBYTE, THREAD_BYTES = 120 * MEBIBYTE;

/** Bytes of what is live of a batch on its way through the network, and what kernels work on. */
const BATCH_BYTES = 300 * MEBIBYTE;

/** Matrices of the largest layer that are there at a time: half of G, half of that of half of the images, and the inverse. */
const SOLVER_MATRICES = 2;

/**
 * What a run with a budget takes, about: the formula of docs/size.md.
 *
 * @param network The network, with a fixed input size, and its channel spaces.
 * @param run Images and threads.
 * @returns Time and memory.
 */
export function estimateRun(network: SizedNetwork, { images, threads }: PlannedRun): RunEstimate {
  const { macs, params } = networkCost(network.graph);
  const calibration = { ...CALIBRATION_DEFAULTS, images };
  const layers = layersToSample(network);
  const passes = partIntoPasses(layers, calibration, threads).length;
  const { backward: made } = activationBytes(network.graph);
  const pass = images * forwardSeconds(macs, made) / threads;
  const forward = pass * (passes + OTHER_PASSES);
  const sizes = solvedSizes(layers, images);
  const largest = Math.max(0, ...sizes);
  const sums = calibration.memoryBudget / threads / 2;
  const perThread = THREAD_BYTES + heldWeightBytes(network.graph) + BATCH_BYTES +
    Math.min(sums, sizes.reduce((sum, size) => sum + DOUBLE_BYTES * size ** 2, 0));
  return {
    images,
    threads,
    seconds: START_TIME + forward + secondsToSolve(sizes, threads),
    bytes: PROGRAM_BYTES + 2 * params * FLOAT_BYTES + threads * perThread +
      SOLVER_MATRICES * DOUBLE_BYTES * largest ** 2,
  };
}

/**
 * What ranking the channels of all layers takes, which threads share, and fitting them, which the first one does.
 *
 * @param network The network and its channel spaces.
 * @param run Images and threads.
 * @returns Seconds.
 */
export function solvingSeconds(network: SizedNetwork, { images, threads }: PlannedRun): number {
  return secondsToSolve(solvedSizes(layersToSample(network), images), threads);
}

function secondsToSolve(sizes: readonly number[], threads: number): number {
  const cubes = sizes.reduce((sum, size) => sum + size ** 3, 0);
  return cubes * (RANKING_TIME / threads + FITTING_TIME);
}

/** A network with a fixed input size, and its channel spaces. */
interface SizedNetwork {
  readonly graph: LayerGraph;
  readonly map: ChannelMap;
}

/** Rows of the matrix that each layer is solved with: its inputs, or its samples where they are fewer. */
function solvedSizes(layers: readonly LayerNode[], images: number): number[] {
  return layers.map((node) => {
    const size = kernelSize(node);
    return keptSamples(size, samplesOf(node, { images })) ?? size.inputs;
  });
}
