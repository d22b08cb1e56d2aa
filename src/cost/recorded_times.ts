import { tupleOf } from "../graph/mod.ts";
import type { LayerShape } from "./layer_shape.ts";

/** What takes time in layers, in milliseconds each. */
export interface RecordedTimes {
  /** A call of a layer. */
  readonly call: number;
  /** A multiply–accumulate of a 1×1 convolution. */
  readonly pointMac: number;
  /** A multiply–accumulate of any other convolution. */
  readonly windowMac: number;
  /** A value that a convolution reads. */
  readonly read: number;
  /** A value that a convolution writes. */
  readonly write: number;
  /** A value that a BatchNormalization reads. */
  readonly normalize: number;
  /** A value that any other layer reads. */
  readonly pass: number;
}

/**
 * Stock tfjs-wasm on one machine, fitted to 72 layers by `bench/selector_bench.ts` (bench/results/deployment.md). These are
 * for comparisons of layers with each other, which hold on other machines too; {@link LatencyTable} measures this one.
 */
export const RECORDED_TIMES: RecordedTimes = {
  call: 0.0131,
  pointMac: 7.5e-8,
  windowMac: 5.83e-8,
  read: 1.41e-7,
  write: 0,
  normalize: 3.2e-6,
  pass: 3.67e-7,
};

/** Output channels that XNNPACK computes together. */
const OUTPUT_TILE = 8;

const CONVOLUTIONS = new Set(["Conv1D", "Conv2D", "Conv2DTranspose"]);

/**
 * How often each of the things that take time is done in a layer.
 *
 * @param shape A convolution, or a layer that works value by value.
 * @returns A number for each.
 */
export function countWork(
  { className, config, inputShapes, batchSize }: LayerShape,
): Readonly<Record<keyof RecordedTimes, number>> {
  const read = inputShapes.reduce((sum, shape) => sum + batchSize * sizeOf(shape), 0);
  const work = { call: 1, pointMac: 0, windowMac: 0, read: 0, write: 0, normalize: 0, pass: 0 };
  if (className === "BatchNormalization") return { ...work, normalize: read };
  if (!CONVOLUTIONS.has(className)) return { ...work, pass: read };
  const [input] = inputShapes;
  const extents = input.slice(0, -1);
  const taps = sizeOf(tupleOf(config.kernel_size, extents.length, 1));
  const strides = tupleOf(config.strides, extents.length, 1);
  const outputs = batchSize * sizeOf(
    extents.map((extent, axis) =>
      className === "Conv2DTranspose" ? extent * strides[axis] : Math.ceil(extent / strides[axis])
    ),
  );
  const positions = className === "Conv2DTranspose" ? batchSize * sizeOf(extents) : outputs;
  const filters = Number(config.filters);
  const computed = OUTPUT_TILE * Math.ceil(filters / OUTPUT_TILE);
  const macs = positions * taps * input.at(-1)! * computed;
  return {
    ...work,
    [taps === 1 ? "pointMac" : "windowMac"]: macs,
    read,
    write: outputs * filters,
  };
}

/**
 * How long a layer takes, by what was recorded.
 *
 * @param shape A convolution, or a layer that works value by value.
 * @param times What was recorded.
 * @returns Milliseconds for a batch.
 */
export function recordedTime(shape: LayerShape, times: RecordedTimes = RECORDED_TIMES): number {
  const work = countWork(shape);
  const kinds = Object.keys(work) as (keyof RecordedTimes)[];
  return kinds.reduce((sum, kind) => sum + times[kind] * work[kind], 0);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}
