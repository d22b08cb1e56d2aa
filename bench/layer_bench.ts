/**
 * Selection and reconstruction of a 3×3×64→64 convolution from 76,800 samples, against scikit-learn.
 *
 *     deno run --allow-read --allow-write --allow-env --allow-run=python3,/usr/bin/python3 bench/layer_bench.ts
 *
 * Timed here: gathering the patches from feature maps, accumulating their moments, the whole Lasso path and the whole
 * elimination (hence every count at once), and a reconstruction for each. scikit-learn is handed the same patches,
 * gathered, on one thread; see bench/layer_sklearn.py. The two take turns. Where Python or scikit-learn is missing, its
 * half is left out.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import {
  type Geometry,
  type Kernels,
  loadKernels,
  MomentAccumulator,
  type Moments,
  samplePatches,
  startBackend,
} from "../src/kernels/mod.ts";
import { createRandom } from "../src/random.ts";
import { createLassoSelector, createObsSelector, reconstruct } from "../src/selection/mod.ts";
import { formatSpread, formatTable, spreadOf } from "./timing.ts";

const SEED = 1;
const RUNS = 9;
const BATCHES = 60, BATCH = 128, POINTS = 10;
const SIZE = 8, CHANNELS = 64, OUTPUTS = 64, KEPT = 32, TAPS = 9;
const INPUTS = TAPS * CHANNELS, SAMPLES = BATCHES * BATCH * POINTS;
const GEOMETRY: Geometry = {
  kernel: [3, 3],
  strides: [1, 1],
  dilations: [1, 1],
  padding: "same",
};

/** One batch of feature maps, the sampled positions, and the layer's output there. */
interface Batch {
  features: tf.Tensor4D;
  positions: Int32Array;
  targets: tf.Tensor2D;
}

/** ReLU of mixtures of half as many hidden maps: channels depend on one another, as a network's do. */
function makeFeatures(batch: number): tf.Tensor4D {
  return tf.tidy(() => {
    const shape: [number, number, number, number] = [BATCH, SIZE, SIZE, CHANNELS / 2];
    const hidden = tf.randomNormal<tf.Rank.R4>(shape, 0, 1, "float32", SEED + batch);
    const mixing = tf.randomNormal<tf.Rank.R4>(
      [1, 1, CHANNELS / 2, CHANNELS],
      0,
      0.3,
      "float32",
      7,
    );
    const noise = tf.randomNormal([BATCH, SIZE, SIZE, CHANNELS], 0, 0.5, "float32", 1000 + batch);
    return tf.conv2d(hidden, mixing, 1, "same").add(noise).relu<tf.Tensor4D>();
  });
}

function makePositions(batch: number): Int32Array {
  const random = createRandom(SEED, batch);
  const positions = new Int32Array(BATCH * POINTS * 3);
  for (let p = 0; p < BATCH * POINTS; p++) {
    positions[3 * p] = Math.floor(p / POINTS);
    positions[3 * p + 1] = Math.floor(random() * SIZE);
    positions[3 * p + 2] = Math.floor(random() * SIZE);
  }
  return positions;
}

function makeBatch(kernels: Kernels, weights: tf.Tensor2D, batch: number): Batch {
  const features = makeFeatures(batch), positions = makePositions(batch);
  const targets = tf.tidy(() => {
    const exact = samplePatches(kernels, features, positions, GEOMETRY).matMul<tf.Tensor2D>(
      weights,
    );
    return exact.add<tf.Tensor2D>(tf.randomNormal(exact.shape, 0, 0.1, "float32", 2000 + batch));
  });
  return { features, positions, targets };
}

/** Seconds of each stage of one run, and what came out. */
interface Run {
  patches: number;
  accumulate: number;
  lasso: number;
  elimination: number;
  reconstructions: number;
  total: number;
  lassoError: number;
  eliminationError: number;
}

function collectMoments(kernels: Kernels, batches: Batch[]) {
  const accumulator = new MomentAccumulator(kernels, INPUTS, OUTPUTS);
  let patchSeconds = 0, accumulateSeconds = 0;
  for (const { features, positions, targets } of batches) {
    const start = performance.now();
    const patches = samplePatches(kernels, features, positions, GEOMETRY);
    const gathered = performance.now();
    accumulator.accumulate(patches, targets);
    patches.dispose();
    patchSeconds += (gathered - start) / 1e3;
    accumulateSeconds += (performance.now() - gathered) / 1e3;
  }
  const start = performance.now();
  const moments = accumulator.read();
  accumulator.dispose();
  accumulateSeconds += (performance.now() - start) / 1e3;
  return { moments, patchSeconds, accumulateSeconds };
}

function pruneLayer(kernels: Kernels, moments: Moments, weights: Float32Array) {
  const problem = {
    moments,
    weights,
    positions: CHANNELS,
    channelOf: Int32Array.from({ length: CHANNELS }, (_, channel) => channel),
    channels: CHANNELS,
  };
  const marks = [performance.now()];
  const byLasso = createLassoSelector(kernels, [problem]).keep(KEPT);
  marks.push(performance.now());
  const byElimination = createObsSelector(kernels, [problem]).keep(KEPT);
  marks.push(performance.now());
  const lassoError = reconstruct(kernels, problem, byLasso.kept).relativeError;
  const eliminationError = reconstruct(kernels, problem, byElimination.kept).relativeError;
  marks.push(performance.now());
  const [lasso, elimination, reconstructions] = [1, 2, 3]
    .map((stage) => (marks[stage] - marks[stage - 1]) / 1e3);
  return { lasso, elimination, reconstructions, lassoError, eliminationError };
}

function runOnce(kernels: Kernels, batches: Batch[], weights: Float32Array): Run {
  const start = performance.now();
  const { moments, patchSeconds, accumulateSeconds } = collectMoments(kernels, batches);
  const pruned = pruneLayer(kernels, moments, weights);
  const total = (performance.now() - start) / 1e3;
  return { patches: patchSeconds, accumulate: accumulateSeconds, ...pruned, total };
}

/** Writes the numbers as raw f32. */
function writeSamples(folder: string, kernels: Kernels, batches: Batch[], weights: Float32Array) {
  const append = (name: string, values: Float32Array) =>
    Deno.writeFileSync(
      `${folder}/${name}.f32`,
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      { append: true },
    );
  for (const { features, positions, targets } of batches) {
    const patches = samplePatches(kernels, features, positions, GEOMETRY);
    append("x", patches.dataSync<"float32">());
    append("y", targets.dataSync<"float32">());
    patches.dispose();
  }
  append("w", weights);
}

/** Lets scikit-learn work on the files; undefined where it cannot. */
function runScikitLearn(folder: string, seed: number): PythonResult | undefined {
  const script = new URL("layer_sklearn.py", import.meta.url).pathname;
  const sizes = [SAMPLES, CHANNELS, OUTPUTS, KEPT, seed].map(String);
  for (const python of ["/usr/bin/python3", "python3"]) {
    const result = runPython(python, [script, folder, ...sizes]);
    if (result) return result;
  }
}

interface PythonResult {
  versions: string;
  kept: number;
  relativeError: number;
  seconds: Record<"select" | "reconstruct" | "total", number>;
}

function runPython(python: string, args: string[]): PythonResult | undefined {
  try {
    const env = {
      PATH: Deno.env.get("PATH") ?? "",
      OMP_NUM_THREADS: "1",
      OPENBLAS_NUM_THREADS: "1",
    };
    const output = new Deno.Command(python, { args, env, clearEnv: true }).outputSync();
    const decoder = new TextDecoder();
    if (output.success) return JSON.parse(decoder.decode(output.stdout));
    console.error(`${python}: ${decoder.decode(output.stderr).trim().split("\n").at(-1)}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.error(`${python}: not found`);
  }
}

function describe(label: string, seconds: number[]): Record<string, string> {
  return { stage: label, "seconds min / median / max": formatSpread(spreadOf(seconds), 1, 3) };
}

await startBackend();
const kernels = await loadKernels();
const random = createRandom(SEED, 1 << 20);
const weights = Float32Array.from({ length: INPUTS * OUTPUTS }, () => 0.2 * (random() - 0.5));
const weightTensor = tf.tensor2d(weights, [INPUTS, OUTPUTS]);
const batches = Array.from(
  { length: BATCHES },
  (_, batch) => makeBatch(kernels, weightTensor, batch),
);
runOnce(kernels, batches.slice(0, 10), weights);
const runs: Run[] = [];
const rivals: PythonResult[] = [];
const folder = Deno.makeTempDirSync();
try {
  writeSamples(folder, kernels, batches, weights);
  for (let turn = 0; turn < RUNS; turn++) {
    runs.push(runOnce(kernels, batches, weights));
    const rival = turn === rivals.length ? runScikitLearn(folder, turn) : undefined;
    if (rival) rivals.push(rival);
  }
} finally {
  Deno.removeSync(folder, { recursive: true });
}

console.log(JSON.stringify({ seed: SEED, build: kernels.build, runs, scikitLearn: rivals }));
const STAGES = [
  "patches",
  "accumulate",
  "lasso",
  "elimination",
  "reconstructions",
  "total",
] as const;
const rows = STAGES.map((stage) => describe(`secateur, ${stage}`, runs.map((run) => run[stage])));
for (const stage of ["select", "reconstruct", "total"] as const) {
  if (rivals.length === 0) break;
  rows.push(describe(`scikit-learn, ${stage}`, rivals.map(({ seconds }) => seconds[stage])));
}
console.log(formatTable(rows));
console.log(`relative error, Lasso: ${runs[0].lassoError}`);
console.log(`relative error, elimination: ${runs[0].eliminationError}`);
if (rivals.length > 0) {
  const speedUps = rivals.map(({ seconds }, turn) => seconds.total / runs[turn].total);
  const [{ relativeError, versions }] = rivals;
  console.log(`relative error, scikit-learn: ${relativeError} (${versions})`);
  console.log(`speed-up in turns, min / median / max: ${formatSpread(spreadOf(speedUps), 1, 2)}`);
} else {
  console.log("scikit-learn: not measured, python3 with scikit-learn is not installed");
}
