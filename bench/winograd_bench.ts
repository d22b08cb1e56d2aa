/**
 * Times a convolution of 3×3 by the direct kernel and by tiles of 2×2 and 4×4 pixels, and its filter gradient, in turns in
 * one process: the numbers of `src/kernels/winograd.ts` are fitted to these.
 *
 *     deno run --allow-read bench/winograd_bench.ts [BUILD]
 *
 * BUILD is `relaxed` (by default) or `plain`. The fastest run of each method counts.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { startBackend } from "../src/kernels/backend.ts";
import {
  convolutionFilterGradient,
  fasterGradientMethod,
  type FilterGradientMethod,
} from "../src/kernels/conv2d_backprop_filter.ts";
import { convolve } from "../src/kernels/conv2d.ts";
import type { KernelBuild } from "../src/kernels/load.ts";
import { loadKernels } from "../src/kernels/load.ts";
import { type ConvolutionMethod, fasterMethod } from "../src/kernels/winograd.ts";
import { formatTable } from "./timing.ts";

/** Images, rows and columns of a map, channels in and out. */
const SHAPES = [
  [128, 32, 3, 16],
  [128, 32, 16, 16],
  [128, 32, 16, 8],
  [128, 32, 8, 16],
  [128, 32, 8, 8],
  [128, 32, 4, 8],
  [128, 16, 32, 32],
  [128, 16, 16, 32],
  [128, 16, 24, 24],
  [128, 8, 64, 64],
  [128, 8, 32, 64],
  [64, 32, 1, 8],
  [64, 28, 1, 32],
  [64, 28, 8, 3],
  [32, 32, 64, 64],
  [32, 16, 128, 128],
  [32, 8, 256, 256],
  [32, 4, 512, 512],
  [32, 2, 512, 512],
  [16, 3, 64, 64],
  [16, 9, 64, 64],
  [8, 4, 512, 512],
  [8, 7, 512, 512],
  [8, 14, 256, 256],
  [4, 5, 64, 64],
  [4, 6, 64, 64],
  [4, 28, 128, 128],
  [2, 56, 64, 64],
  [1, 4, 64, 64],
  [1, 7, 512, 512],
  [1, 8, 64, 64],
  [1, 10, 96, 96],
  [1, 14, 256, 256],
  [1, 16, 32, 32],
  [1, 28, 128, 128],
  [1, 32, 16, 16],
  [1, 56, 64, 64],
  [1, 112, 32, 32],
  [1, 160, 64, 32],
  [1, 224, 16, 16],
] as const;

const METHODS = ["direct", "winograd2x2", "winograd4x4"] as const satisfies ConvolutionMethod[];
const GRADIENT_METHODS = ["direct", "winograd4x4"] as const satisfies FilterGradientMethod[];

/** A shape runs for so long, five times at least. */
const LEAST_MS = 600;
const LEAST_ROUNDS = 5;

/** The fastest of the runs of each, in turns, in ms. */
function fastest(runs: readonly (() => tf.Tensor)[]): number[] {
  const best = runs.map(() => Infinity);
  const start = performance.now();
  for (let round = 0; round < LEAST_ROUNDS || performance.now() - start < LEAST_MS; round++) {
    runs.forEach((run, index) => {
      const begun = performance.now();
      run().dispose();
      best[index] = Math.min(best[index], performance.now() - begun);
    });
  }
  return best;
}

const timesOver = (direct: number, other: number) =>
  `${other.toFixed(3)} (${(direct / other).toFixed(2)} ×)`;

await startBackend();
const build = (Deno.args[0] ?? "relaxed") as KernelBuild;
const kernels = await loadKernels({ build });
const rows = SHAPES.map(([images, size, channels, outputs]) => {
  const x = tf.randomNormal<tf.Rank.R4>([images, size, size, channels]);
  const dy = tf.randomNormal<tf.Rank.R4>([images, size, size, outputs]);
  const filter = tf.randomNormal<tf.Rank.R4>([3, 3, channels, outputs]);
  const shape = tf.backend_util.computeConv2DInfo(x.shape, filter.shape, 1, 1, "same");
  const forward = fastest(
    METHODS.map((method) => () => convolve(kernels, { x, filter }, shape, { method })),
  );
  const backward = fastest(
    GRADIENT_METHODS.map((method) => () =>
      convolutionFilterGradient(kernels, x, dy, shape, method)
    ),
  );
  tf.dispose([x, dy, filter]);
  const [direct, small, large] = forward, [gradient, byTiles] = backward;
  const chosen = fasterMethod(shape);
  const chosenGradient = fasterGradientMethod(shape);
  return {
    shape: `${images}× ${size}×${size} ${channels}→${outputs}`,
    "direct, ms": direct.toFixed(3),
    "2×2 tiles": timesOver(direct, small),
    "4×4 tiles": timesOver(direct, large),
    chosen: chosen.replace("winograd", ""),
    "over the fastest": (forward[METHODS.indexOf(chosen)] / Math.min(...forward)).toFixed(2),
    "filter gradient, direct": gradient.toFixed(3),
    "its 4×4 tiles": timesOver(gradient, byTiles),
    "its chosen": chosenGradient.replace("winograd", ""),
    "over its fastest": (backward[GRADIENT_METHODS.indexOf(chosenGradient)] / Math.min(...backward))
      .toFixed(2),
  };
});
console.log(formatTable(rows));
