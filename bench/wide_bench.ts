/**
 * A layer with fewer samples than inputs, cut and fitted by its samples, against the same by G and C where these have room.
 *
 *     deno run --allow-read --allow-env --allow-sys=loadavg bench/wide_bench.ts CHANNELS POSITIONS OUTPUTS SAMPLES [g]
 *
 * The layer is a Dense layer behind Flatten: every channel has some positions. With `g` as the last word it is cut by G too. Half of
 * the channels stay; the errors are those of weights that are fitted to all outputs by samples, over Σy², on the samples. Times
 * are processor seconds. Ridge 0.1.
 *
 * @module
 */
import process from "node:process";
import { createRandom } from "../src/base/random.ts";
import { startBackend } from "../src/kernels/backend.ts";
import { loadKernels } from "../src/kernels/load.ts";
import { centerInPlace, type Moments } from "../src/kernels/moments.ts";
import { momentsOfSamples } from "../src/kernels/samples.ts";
import { createObsSelector } from "../src/pruning/selection/obs.ts";
import type { Problem } from "../src/pruning/selection/problem.ts";
import { reconstruct } from "../src/pruning/selection/reconstruction.ts";
import { formatTable } from "./timing.ts";

const SEED = 1;
const RIDGE = 0.1;
const FACTORS = 32;

function processorSeconds<Result>(run: () => Result): [number, Result] {
  const before = process.cpuUsage();
  const result = run();
  const { user, system } = process.cpuUsage(before);
  return [(user + system) / 1e6, result];
}

const [channels, positions, n, count] = Deno.args.slice(0, 4).map(Number);
const d = channels * positions;
const random = createRandom(SEED, d);
const uniform = () => random() - 0.5;
const mixing = Float32Array.from({ length: FACTORS * d }, uniform);
const x = new Float64Array(count * d), y = new Float64Array(count * n);
for (let sample = 0; sample < count; sample++) {
  const hidden = Float64Array.from({ length: FACTORS }, uniform);
  for (let input = 0; input < d; input++) {
    let sum = 0.3 * uniform();
    for (let f = 0; f < FACTORS; f++) sum += hidden[f] * mixing[f * d + input];
    x[sample * d + input] = Math.max(0, sum);
  }
}
const weights = Float32Array.from({ length: d * n }, () => uniform() / Math.sqrt(d));
for (let input = 0; input < d; input++) {
  for (let sample = 0; sample < count; sample++) {
    const value = x[sample * d + input];
    if (value === 0) continue;
    for (let o = 0; o < n; o++) y[sample * n + o] += value * weights[input * n + o];
  }
}
const sumsOf = (values: Float64Array, width: number, power: number) => {
  const sums = new Float64Array(width);
  values.forEach((value, at) => sums[at % width] += value ** power);
  return sums;
};
const none = new Float64Array(0);
const moments: Moments = centerInPlace({
  d,
  n,
  count,
  gram: none,
  cross: none,
  sumX: sumsOf(x, d, 1),
  sumY: sumsOf(y, n, 1),
  sumYY: sumsOf(y, n, 2),
  samples: { x, y },
});
const channelOf = Int32Array.from({ length: d }, (_, row) => row % channels);
const bySamples: Problem = { moments, weights, positions: d, channelOf, channels };

await startBackend();
const kernels = await loadKernels();
const rows = [];
for (const kind of Deno.args[4] === "g" ? ["samples", "G"] : ["samples"]) {
  const problem = kind === "G"
    ? { ...bySamples, moments: momentsOfSamples(kernels, moments) }
    : bySamples;
  const [selecting, selector] = processorSeconds(() =>
    createObsSelector(kernels, [problem], { ridge: RIDGE })
  );
  const { kept } = selector.keep(channels / 2);
  const fit = { ridge: RIDGE, tryOut: false };
  const [fitting] = processorSeconds(() => reconstruct(kernels, problem, kept, fit));
  const { relativeError } = reconstruct(kernels, bySamples, kept, fit);
  rows.push({
    by: kind,
    "d, n, samples": `${d}, ${n}, ${count}`,
    "choosing, s": selecting.toFixed(1),
    "fitting, s": fitting.toFixed(1),
    "error found": relativeError.toPrecision(4),
    "error told": selector.errorAt(channels / 2).toPrecision(4),
  });
}
console.log(JSON.stringify({ seed: SEED, load: Deno.loadavg(), ridge: RIDGE }));
console.log(formatTable(rows));
console.log(`resident at most: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`);
