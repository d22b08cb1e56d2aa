/**
 * Elimination of all channels of a layer, one after the other, against the same build's bare micro-kernel.
 *
 *     deno run --allow-read --allow-env --allow-sys=loadavg bench/elimination_bench.ts [CHANNELS …]
 *
 * The layers are 3×3 convolutions with as many outputs as channels. Flops: d³ for the inverse of G, 2d²n for the weights, d³/3 for
 * all down-dates of H, d²n for those of W, d²n/2 for the costs, d rows and n outputs. The ceiling is the 6×4 micro-kernel on two
 * panels that stay in the nearest cache, timed before and after. Times are processor seconds of the whole process, so that
 * other work on the machine counts little. The error is the largest difference of the squared error from a fresh fit, over Σy²,
 * at four counts.
 *
 * @module
 */
import process from "node:process";
import { createRandom } from "../src/base/random.ts";
import { startBackend } from "../src/kernels/backend.ts";
import { solveRidge } from "../src/kernels/cholesky.ts";
import { GroupElimination } from "../src/kernels/elimination.ts";
import { type Kernels, loadKernels } from "../src/kernels/load.ts";
import type { Moments } from "../src/kernels/moments.ts";
import { formatTable } from "./timing.ts";

const SEED = 1;
const TAPS = 9;
const FACTORS = 16;
const RIDGE = 1e-4;
const DEPTH = 128;

function processorSeconds(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** GFLOP/s of the micro-kernel. */
function measureCeiling({ wasm, memory }: Kernels): number {
  const repetitions = 200_000;
  const bytes = { a: DEPTH * 48, b: DEPTH * 32, tile: 24 * 8 };
  return memory.withScratch(bytes, ({ a, b, tile }) => {
    memory.f64(a, DEPTH * 6).fill(0.5);
    memory.f64(b, DEPTH * 4).fill(0.5);
    const run = () => wasm.gemmF64Tile6x4Peak(DEPTH, a, b, tile, repetitions);
    run();
    return 48 * DEPTH * repetitions / processorSeconds(run) / 1e9;
  });
}

/** Inputs of which some factors are common, and the old weights' outputs as targets of all but a hundredth. */
function makeLayer(d: number, n: number): { moments: Moments; weights: Float32Array } {
  const random = createRandom(SEED, d);
  const mixing = Float64Array.from({ length: d * FACTORS }, () => random() - 0.5);
  const gram = new Float64Array(d * d);
  for (let row = 0; row < d; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = row === column ? 0.5 + random() : 0;
      for (let factor = 0; factor < FACTORS; factor++) {
        sum += mixing[row * FACTORS + factor] * mixing[column * FACTORS + factor];
      }
      gram[row * d + column] = gram[column * d + row] = d * sum;
    }
  }
  const weights = Float32Array.from({ length: d * n }, () => random() - 0.5);
  const cross = Float64Array.from(weights, (weight, at) => {
    return weight * gram[Math.floor(at / n) * (d + 1)];
  });
  const sumYY = new Float64Array(n);
  for (let at = 0; at < d * n; at++) sumYY[at % n] += 2 * weights[at] * cross[at];
  const [sumX, sumY] = [new Float64Array(d), new Float64Array(n)];
  return { moments: { d, n, count: 2 * d, gram, cross, sumX, sumY, sumYY }, weights };
}

/** Squared error of a fresh fit with some rows, at a given pull. */
function freshError(
  kernels: Kernels,
  { moments: { d, n, gram, cross, sumYY }, weights }: ReturnType<typeof makeLayer>,
  rows: readonly number[],
  rho: number,
): number {
  const size = rows.length;
  const kept = new Float64Array(size * size);
  const keptCross = new Float64Array(size * n), keptWeights = new Float64Array(size * n);
  rows.forEach((row, i) => {
    rows.forEach((column, j) => kept[i * size + j] = gram[row * d + column]);
    keptCross.set(cross.subarray(row * n, (row + 1) * n), i * n);
    keptWeights.set(weights.subarray(row * n, (row + 1) * n), i * n);
  });
  let diagonal = 0;
  for (let i = 0; i < size; i++) diagonal += kept[i * (size + 1)] / size;
  const system = { gram: kept, cross: keptCross, weights: keptWeights, size, outputs: n };
  const { solution, energy } = solveRidge(kernels, { ...system, ridge: rho / diagonal });
  let error = energy;
  for (const square of sumYY) error += square;
  for (let i = 0; i < solution.length; i++) error -= 2 * solution[i] * keptCross[i];
  return error;
}

function measure(kernels: Kernels, channels: number): Record<string, string> {
  const d = TAPS * channels, n = channels;
  const layer = makeLayer(d, n);
  const groups = Array.from(
    { length: channels },
    (_, channel) => Array.from({ length: TAPS }, (_, tap) => tap * channels + channel),
  );
  const total = layer.moments.sumYY.reduce((sum, square) => sum + square, 0);
  const before = measureCeiling(kernels);
  let elimination!: GroupElimination;
  const inverting = processorSeconds(() => {
    elimination = new GroupElimination(kernels, { ...layer, groups, ridge: RIDGE });
  });
  const left = [...groups.keys()];
  const checked = new Map<number, { left: number[]; error: number }>();
  const eliminating = processorSeconds(() => {
    while (left.length > 0) {
      const costs = elimination.costsOf(left);
      left.splice(costs.indexOf(Math.min(...costs)), 1).forEach((group) =>
        elimination.eliminate(group)
      );
      const error = elimination.squaredError();
      if (left.length > 0 && left.length % Math.ceil(channels / 5) === 0) {
        checked.set(left.length, { left: left.slice(), error });
      }
    }
  });
  elimination.dispose();
  const ceiling = (before + measureCeiling(kernels)) / 2;
  let mean = 0;
  for (let row = 0; row < d; row++) mean += layer.moments.gram[row * (d + 1)] / d;
  const differences = [...checked.values()].map(({ left, error }) => {
    const rows = left.flatMap((group) => groups[group]).sort((a, b) => a - b);
    return Math.abs(error - freshError(kernels, layer, rows, RIDGE * mean)) / total;
  });
  const flops = (4 / 3) * d ** 3 + 3.5 * d * d * n;
  const rate = flops / (inverting + eliminating) / 1e9;
  return {
    build: kernels.build,
    "channels, d": `${channels}, ${d}`,
    "inverse, s": inverting.toFixed(2),
    "elimination, s": eliminating.toFixed(2),
    "total, s": (inverting + eliminating).toFixed(2),
    "GFLOP/s": rate.toFixed(1),
    "ceiling, GFLOP/s": ceiling.toFixed(1),
    share: `${(100 * rate / ceiling).toFixed(0)} %`,
    "max error": Math.max(...differences).toExponential(1),
  };
}

await startBackend();
const kernels = await loadKernels();
const sizes = Deno.args.length > 0 ? Deno.args.map(Number) : [128, 256, 512];
console.log(JSON.stringify({ seed: SEED, load: Deno.loadavg() }));
console.log(formatTable(sizes.map((channels) => measure(kernels, channels))));
