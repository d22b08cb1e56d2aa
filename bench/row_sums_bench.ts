/**
 * Sums and means over rows, on stock kernels and on ours: the gradient of a bias, and global pooling.
 *
 *     deno run --allow-read --allow-env bench/row_sums_bench.ts
 *
 * Both take turns; milliseconds are the processor's, of 15 rounds, and the largest difference from sums in f64 stands
 * beside them.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { startBackend } from "../src/kernels/backend.ts";
import { loadKernels } from "../src/kernels/load.ts";
import { cpuSeconds, kernelSwitch } from "./machine.ts";
import { formatSpread, formatTable, spreadOf } from "./timing.ts";

const ROUNDS = 15, WARM_UPS = 3, SEED = 1;
type Shape = [number, number, number, number];
/** What is done to which batch, and over which axes. */
const CASES: readonly (readonly [string, Shape, number[]])[] = [
  ["gradient of a bias", [128, 32, 32, 16], [0, 1, 2]],
  ["gradient of a bias", [32, 16, 16, 256], [0, 1, 2]],
  ["global pooling", [128, 8, 8, 64], [1, 2]],
  ["global pooling", [1, 7, 7, 1280], [1, 2]],
];

/** Largest difference of any sum from its value in f64, over the largest sum. */
function errorOf(x: tf.Tensor4D, axes: readonly number[], sums: tf.Tensor): number {
  const [images, height, width, channels] = x.shape;
  const groups = axes.includes(0) ? 1 : images, rows = images * height * width / groups;
  const exact = new Float64Array(groups * channels);
  x.dataSync().forEach((value, at) => {
    const row = Math.floor(at / channels);
    exact[Math.floor(row / rows) * channels + at % channels] += value;
  });
  const found = sums.dataSync();
  const differences = found.map((value, at) => Math.abs(value - exact[at]));
  return Math.max(...differences) / exact.reduce((most, sum) => Math.max(most, Math.abs(sum)), 0);
}

await startBackend();
const use = kernelSwitch(await loadKernels());
const rows = CASES.map(([what, shape, axes]) => {
  const x = tf.randomNormal<tf.Rank.R4>(shape, 0, 1, "float32", SEED);
  const sides = Object.entries(use).map(([name, useKernels]) => {
    useKernels();
    const sums = tf.sum(x, axes), error = errorOf(x, axes, sums);
    sums.dispose();
    return { name, useKernels, error, seconds: [] as number[] };
  });
  for (let round = -WARM_UPS; round < ROUNDS; round++) {
    for (const { useKernels, seconds } of sides) {
      useKernels();
      const start = cpuSeconds();
      tf.sum(x, axes).dispose();
      if (round >= 0) seconds.push(cpuSeconds() - start);
    }
  }
  x.dispose();
  const [stock, ours] = sides.map(({ seconds }) => spreadOf(seconds));
  return {
    what,
    "images × map × channels": shape.join("×"),
    "stock, ms min / median / max": formatSpread(stock, 1e3, 3),
    "ours": formatSpread(ours, 1e3, 3),
    "times as fast": (stock.median / ours.median).toFixed(1),
    "errors": sides.map(({ error }) => error.toExponential(0)).join(", "),
  };
});
console.log(formatTable(rows));
