/**
 * Moments of sampled patches (XᵀX, XᵀY and the sums), against the same build's bare micro-kernel.
 *
 *     deno run --allow-read bench/gram_bench.ts
 *
 * Useful flops are d(d + 1)·P + 2·d·n·P: one triangle of G and all of C. Executed flops also count the tiles' part
 * below the diagonal and their padding. The ceiling is the 4×8 micro-kernel on two panels that stay in the nearest
 * cache. The two are timed in turns and for as many flops, so that whatever else the machine does hits both alike; the
 * share is given for the medians and for the best runs. The error is the largest element-wise difference from an f64 twin over the largest
 * element.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type KernelBuild, type Kernels, loadKernels } from "../src/kernels/load.ts";
import { MomentAccumulator } from "../src/kernels/moment_accumulator.ts";
import { packMoments } from "../src/kernels/packed_moments.ts";
import { startBackend } from "../src/kernels/backend.ts";
import { createRandom } from "../src/base/random.ts";
import { naiveMoments } from "../test/reference/moments.ts";
import { relativeDifference } from "../test/reference/samples.ts";
import { formatSpread, formatTable, measureInTurns, type Spread } from "./timing.ts";

const SEED = 1;
const RUNS = 61;
const TWIN_ROWS = 512;
const BATCH_ROWS = 128 * 10;
const SHAPES = [
  { d: 144, n: 16 },
  { d: 288, n: 32 },
  { d: 576, n: 64 },
  { d: 1152, n: 128 },
];

/** Results for one build and shape. */
interface Figure {
  build: KernelBuild;
  d: number;
  n: number;
  rows: number;
  usefulFlops: number;
  executedFlops: number;
  peakFlops: number;
  seconds: Spread;
  peakSeconds: Spread;
  relativeError: number;
}

function executedFlops(d: number, n: number, rows: number): number {
  let tiles = 0;
  for (let top = 0; top < d; top += 4) tiles += Math.ceil(d / 8) - Math.floor(top / 8);
  tiles += Math.ceil(d / 4) * Math.ceil(n / 8);
  return tiles * 32 * 2 * rows;
}

function randomMatrix(rows: number, columns: number, stream: number): tf.Tensor2D {
  const random = createRandom(SEED, stream);
  const values = Float32Array.from({ length: rows * columns }, () => Math.max(0, random() - 0.3));
  return tf.tensor2d(values, [rows, columns]);
}

function measureError(kernels: Kernels, x: tf.Tensor2D, y: tf.Tensor2D): number {
  const d = x.shape[1], n = y.shape[1];
  return tf.tidy(() => {
    const fewX = x.slice<tf.Tensor2D>([0, 0], [TWIN_ROWS, d]);
    const fewY = y.slice<tf.Tensor2D>([0, 0], [TWIN_ROWS, n]);
    const accumulator = new MomentAccumulator(kernels, d, n);
    accumulator.accumulate(fewX, fewY);
    const actual = accumulator.read();
    accumulator.dispose();
    const expected = naiveMoments(fewX.dataSync(), fewY.dataSync(), TWIN_ROWS, d, n);
    return Math.max(
      relativeDifference(packMoments(expected).triangle, actual.triangle),
      relativeDifference(actual.cross, expected.cross),
    );
  });
}

function measure(kernels: Kernels, d: number, n: number): Figure {
  const { wasm, memory } = kernels;
  const rows = BATCH_ROWS, depth = 256;
  const usefulFlops = (d * (d + 1) + 2 * d * n) * rows;
  const repetitions = Math.round(usefulFlops / (depth * 32 * 2));
  const x = randomMatrix(rows, d, 1), y = randomMatrix(rows, n, 2);
  const accumulator = new MomentAccumulator(kernels, d, n);
  const bytes = { a: depth * 16, b: depth * 32, sums: 32 * 8 };
  const [seconds, peakSeconds] = memory.withScratch(bytes, ({ a, b, sums }) => {
    memory.f32(a, depth * 4).fill(0.5);
    memory.f32(b, depth * 8).fill(0.5);
    memory.f64(sums, 32).fill(0);
    return measureInTurns(RUNS, [
      () => accumulator.accumulate(x, y),
      () => wasm.gemmF32Tile4x8Peak(depth, a, b, sums, repetitions),
    ]);
  });
  const relativeError = measureError(kernels, x, y);
  accumulator.dispose();
  x.dispose();
  y.dispose();
  return {
    build: kernels.build,
    d,
    n,
    rows,
    usefulFlops,
    executedFlops: executedFlops(d, n, rows),
    peakFlops: depth * repetitions * 32 * 2,
    seconds,
    peakSeconds,
    relativeError,
  };
}

function gflops(flops: number, seconds: number): string {
  return (flops / seconds / 1e9).toFixed(1);
}

function describe(figure: Figure): Record<string, string> {
  const { seconds, peakSeconds, usefulFlops, executedFlops, peakFlops } = figure;
  const share = (quantile: keyof Spread) =>
    100 * (usefulFlops / seconds[quantile]) / (peakFlops / peakSeconds[quantile]);
  return {
    build: figure.build,
    "P × d, n": `${figure.rows} × ${figure.d}, ${figure.n}`,
    "ms min / median / max": formatSpread(seconds, 1e3, 2),
    "useful GFLOP/s": gflops(usefulFlops, seconds.median),
    "executed GFLOP/s": gflops(executedFlops, seconds.median),
    "peak GFLOP/s": gflops(peakFlops, peakSeconds.median),
    "useful share of peak": `${share("median").toFixed(0)} %`,
    "best runs": `${gflops(usefulFlops, seconds.min)} of ${gflops(peakFlops, peakSeconds.min)}: ${
      share("min").toFixed(0)
    } %`,
    "max error": figure.relativeError.toExponential(1),
  };
}

await startBackend();
const figures: Figure[] = [];
for (const build of ["relaxed", "plain"] satisfies KernelBuild[]) {
  const kernels = await loadKernels({ build });
  for (const { d, n } of SHAPES) figures.push(measure(kernels, d, n));
}
console.log(JSON.stringify({ seed: SEED, runs: RUNS, figures }));
console.log(formatTable(figures.map(describe)));
