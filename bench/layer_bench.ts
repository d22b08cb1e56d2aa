/**
 * Selection and reconstruction of a 3×3×64→64 convolution from 76,800 samples, against scikit-learn.
 *
 *     deno run --allow-read --allow-write --allow-env --allow-sys=loadavg --allow-run=python3,/usr/bin/python3 \
 *       bench/layer_bench.ts
 *
 * Either side selects 32 channels by the Lasso and refits the layer. Secateur's total holds gathering the patches from
 * feature maps, accumulating their moments, the Lasso's whole path and one reconstruction; scikit-learn is handed the
 * same patches, gathered, and selects from 400 of them; see bench/layer_sklearn.py. Elimination of every channel, with
 * a reconstruction of its own, is timed apart.
 *
 * With two threads, two workers accumulate half of the batches each on a backend of their own, and their moments are
 * merged; scikit-learn's BLAS is allowed two. All four take turns. Where Python or scikit-learn is missing, its part is
 * left out.
 *
 * @module
 */
import { type Kernels, loadKernels } from "../src/kernels/load.ts";
import { mergeMoments, type Moments } from "../src/kernels/moments.ts";
import { startBackend } from "../src/kernels/backend.ts";
import { createLassoSelector } from "../src/pruning/selection/lasso.ts";
import { createObsSelector } from "../src/pruning/selection/obs.ts";
import { reconstruct } from "../src/pruning/selection/reconstruction.ts";
import { relativeDifference } from "../test/reference/samples.ts";
import {
  type Batch,
  BATCHES,
  CHANNELS,
  collectMoments,
  gatherPatches,
  makeBatches,
  makeWeights,
  OUTPUTS,
  SAMPLES,
  SEED,
} from "./layer_samples.ts";
import { formatSpread, formatTable, spreadOf } from "./timing.ts";

const RUNS = 9;
const KEPT = 32;
const WORKERS = 2;

/** Seconds of each stage of one run, and what came out. */
interface Run {
  seconds: Record<string, number> & { total: number };
  kept: number[];
  relativeError: number;
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1e3;
}

function describeProblem(moments: Moments, weights: Float32Array) {
  return {
    moments,
    weights,
    positions: CHANNELS,
    channelOf: Int32Array.from({ length: CHANNELS }, (_, channel) => channel),
    channels: CHANNELS,
  };
}

function pruneByLasso(kernels: Kernels, moments: Moments, weights: Float32Array) {
  const problem = describeProblem(moments, weights);
  const start = performance.now();
  const { kept } = createLassoSelector(kernels, [problem]).keep(KEPT);
  const select = secondsSince(start);
  const { relativeError } = reconstruct(kernels, problem, kept);
  const reconstruction = secondsSince(start) - select;
  return { seconds: { lasso: select, reconstruction }, kept: [...kept], relativeError };
}

function pruneByElimination(kernels: Kernels, moments: Moments, weights: Float32Array): Run {
  const problem = describeProblem(moments, weights);
  const start = performance.now();
  const { kept } = createObsSelector(kernels, [problem]).keep(KEPT);
  const { relativeError } = reconstruct(kernels, problem, kept);
  return { seconds: { total: secondsSince(start) }, kept: [...kept], relativeError };
}

/** One thread does everything. */
function runAlone(kernels: Kernels, batches: Batch[], weights: Float32Array) {
  const start = performance.now();
  const { moments, patches, accumulate } = collectMoments(kernels, batches);
  const { seconds, ...pruned } = pruneByLasso(kernels, moments, weights);
  const total = secondsSince(start);
  const run: Run = { seconds: { patches, accumulate, ...seconds, total }, ...pruned };
  return { run, moments };
}

/** Two workers accumulate; this thread waits, merges and does the rest. */
async function runShared(kernels: Kernels, workers: Worker[], weights: Float32Array) {
  const start = performance.now();
  const shards = await Promise.all(workers.map((worker) => ask<Moments>(worker, null)));
  const moments = mergeMoments(shards);
  const accumulate = secondsSince(start);
  const { seconds, ...pruned } = pruneByLasso(kernels, moments, weights);
  const total = secondsSince(start);
  const run: Run = {
    seconds: { "patches + accumulate": accumulate, ...seconds, total },
    ...pruned,
  };
  return { run, moments };
}

function ask<Answer>(worker: Worker, message: [number, number] | null): Promise<Answer> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Answer>) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(message);
  });
}

async function startWorkers(): Promise<Worker[]> {
  const url = new URL("layer_worker.ts", import.meta.url);
  const workers = Array.from({ length: WORKERS }, () => new Worker(url, { type: "module" }));
  const share = BATCHES / WORKERS;
  await Promise.all(
    workers.map((worker, index) => ask(worker, [index * share, (index + 1) * share])),
  );
  return workers;
}

/** Writes the numbers as raw f32. */
function writeSamples(folder: string, kernels: Kernels, batches: Batch[], weights: Float32Array) {
  const append = (name: string, values: Float32Array) =>
    Deno.writeFileSync(
      `${folder}/${name}.f32`,
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      { append: true },
    );
  for (const batch of batches) {
    const patches = gatherPatches(kernels, batch);
    append("x", patches.dataSync<"float32">());
    append("y", batch.targets.dataSync<"float32">());
    patches.dispose();
  }
  append("w", weights);
}

interface PythonResult {
  versions: string;
  kept: number;
  relativeError: number;
  seconds: Record<"select" | "reconstruct" | "total", number>;
}

/** Lets scikit-learn work on the files; undefined where it cannot. */
function runScikitLearn(folder: string, seed: number, threads: number): PythonResult | undefined {
  const script = new URL("layer_sklearn.py", import.meta.url).pathname;
  const sizes = [SAMPLES, CHANNELS, OUTPUTS, KEPT, seed].map(String);
  for (const python of ["/usr/bin/python3", "python3"]) {
    const result = runPython(python, [script, folder, ...sizes], threads);
    if (result) return result;
  }
}

function runPython(python: string, args: string[], threads: number): PythonResult | undefined {
  try {
    const env = {
      PATH: Deno.env.get("PATH") ?? "",
      OMP_NUM_THREADS: String(threads),
      OPENBLAS_NUM_THREADS: String(threads),
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

/** One row per stage. */
function describe(who: string, threads: number, runs: readonly Pick<Run, "seconds">[]) {
  return Object.keys(runs[0].seconds).map((stage) => ({
    threads: String(threads),
    stage: `${who}, ${stage}`,
    "seconds min / median / max": formatSpread(
      spreadOf(runs.map(({ seconds }) => seconds[stage])),
      1,
      3,
    ),
  }));
}

function describeSpeedUp(runs: Run[], rivals: PythonResult[]): string {
  const ratios = rivals.map(({ seconds }, turn) => seconds.total / runs[turn].seconds.total);
  return formatSpread(spreadOf(ratios), 1, 2);
}

await startBackend();
const kernels = await loadKernels();
const weights = makeWeights();
const batches = makeBatches(kernels, weights, 0, BATCHES);
const workers = await startWorkers();
const warm = runAlone(kernels, batches, weights);
const shared = await runShared(kernels, workers, weights);
pruneByElimination(kernels, warm.moments, weights);
const mergeError = relativeDifference(shared.moments.gram, warm.moments.gram);

const load = [Deno.loadavg()[0]];
const alone: Run[] = [], together: Run[] = [], eliminations: Run[] = [];
const rivals: Record<1 | 2, PythonResult[]> = { 1: [], 2: [] };
const folder = Deno.makeTempDirSync();
try {
  writeSamples(folder, kernels, batches, weights);
  let hasRival = true;
  for (let turn = 0; turn < RUNS; turn++) {
    const { run, moments } = runAlone(kernels, batches, weights);
    alone.push(run);
    eliminations.push(pruneByElimination(kernels, moments, weights));
    for (const threads of [1, 2] as const) {
      if (threads === 2) together.push((await runShared(kernels, workers, weights)).run);
      const rival = hasRival ? runScikitLearn(folder, turn, threads) : undefined;
      if (rival) rivals[threads].push(rival);
      else hasRival = false;
    }
  }
} finally {
  Deno.removeSync(folder, { recursive: true });
  for (const worker of workers) worker.terminate();
}
load.push(Deno.loadavg()[0]);

console.log(
  JSON.stringify({ seed: SEED, build: kernels.build, alone, eliminations, together, rivals }),
);
console.log(formatTable([
  ...describe("secateur", 1, alone),
  ...(rivals[1].length > 0 ? describe("scikit-learn", 1, rivals[1]) : []),
  ...describe("secateur", WORKERS, together),
  ...(rivals[2].length > 0 ? describe("scikit-learn", 2, rivals[2]) : []),
  ...describe("secateur, elimination + reconstruction", 1, eliminations),
]));
console.log(`load average before and after: ${load.map((value) => value.toFixed(1)).join(", ")}`);
console.log(
  `relative error, Lasso: ${alone[0].relativeError}, two workers: ${together[0].relativeError}`,
);
console.log(`relative error, elimination: ${eliminations[0].relativeError}`);
console.log(`G of two workers against one: ${mergeError.toExponential(1)}`);
if (rivals[2].length > 0) {
  const [{ relativeError, versions }] = rivals[1];
  console.log(`relative error, scikit-learn: ${relativeError} (${versions})`);
  console.log(`speed-up in turns, one thread: ${describeSpeedUp(alone, rivals[1])}`);
  console.log(`speed-up in turns, two threads: ${describeSpeedUp(together, rivals[2])}`);
} else {
  console.log("scikit-learn: not measured, python3 with scikit-learn is not installed");
}
