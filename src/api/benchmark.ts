import * as tf from "@tensorflow/tfjs";
import {
  measureLatencyOn,
  networkCost,
  networkTimes,
  timeLayersOn,
  type Timing,
} from "../cost/mod.ts";
import { InputError, option, withDefaults } from "../base/mod.ts";
import { findChannelSpaces, type LayerGraph, openNetwork } from "../graph/mod.ts";
import { startBackend } from "../kernels/mod.ts";
import { disposeModel, type ModelFile } from "../model/mod.ts";
import { createRuntime, type Runtime, type RuntimeName } from "../runtimes/mod.ts";
import { type CountedFor, type ProgressListener, resolveSizedModel } from "../session/mod.ts";

/** Options of {@link benchmark}. */
export interface BenchmarkOptions {
  /** The models, all with inputs of the same shapes; relative times are relative to the first. */
  readonly models: readonly (string | ModelFile)[];
  /**
   * What runs them: `tfjs-wasm` and `secateur`, or `onnxruntime-web` and `litert`, whose npm packages `onnxruntime-web` and
   * `@litertjs/core` the caller has installed. Default: the first two.
   */
  readonly runtimes?: readonly RuntimeName[];
  /** Images in every timed prediction. Default 1. */
  readonly batchSize?: number;
  /** Timed predictions of every model; up to five more warm up. Default 50. */
  readonly rounds?: number;
  /** Whether every layer is timed alone as well. Default true. */
  readonly layers?: boolean;
  /** Height and width in pixels, for models that leave them open. Default: what their metadata say. */
  readonly inputSize?: readonly [number, number];
  /** Called at the beginning of every stage. */
  readonly onProgress?: ProgressListener;
}

/** What {@link benchmark} uses where an option is not given. */
export const BENCHMARK_DEFAULTS = {
  runtimes: ["tfjs-wasm", "secateur"],
  batchSize: 1,
  rounds: 50,
  layers: true,
} as const;

/** The time of a layer that runs alone. */
export interface BenchmarkedLayer {
  /** Its name. */
  readonly name: string;
  /** Its class, such as `Conv2D`. */
  readonly className: string;
  /** Milliseconds for a batch of `batchSize` images on each runtime; 0 where it becomes part of the layer ahead of it. */
  readonly milliseconds: Readonly<Partial<Record<RuntimeName, number>>>;
}

/** What a model costs: bytes, arithmetic, memory and time. */
export interface BenchmarkedModel {
  /** Path that it was read from. */
  readonly path: string;
  /** Bytes on disk. */
  readonly bytes: number;
  /** Number of weights, moving statistics included. */
  readonly params: number;
  /** Multiply–accumulates for one image. */
  readonly macs: number;
  /** Bytes in memory: of its weights, and the most that all other tensors take at once during a prediction. */
  readonly memory: { readonly weights: number; readonly activations: number };
  /** Milliseconds of a prediction of `batchSize` images on each runtime. */
  readonly latency: Readonly<Partial<Record<RuntimeName, Timing>>>;
  /** Its layers, in graph order; absent with `layers: false`. */
  readonly layers?: readonly BenchmarkedLayer[];
}

/** What {@link benchmark} has measured. */
export interface BenchmarkReport {
  /** Images in every timed prediction. */
  readonly batchSize: number;
  /** Timed predictions of every model. */
  readonly rounds: number;
  /** What ran them, with versions. */
  readonly runtimes: readonly { readonly name: RuntimeName; readonly version: string }[];
  /** The models, in the order given. */
  readonly models: readonly BenchmarkedModel[];
  /** What all figures are of, where a model leaves sizes of its inputs open. */
  readonly countedFor?: CountedFor;
}

/**
 * Measures models on one thread of this machine: the latency of predictions on each runtime, in the format that it reads, the
 * memory, and the time of every layer alone. The models take turns, so that a drift of the machine's speed meets all of them.
 *
 * @param options The models and how they are measured.
 * @returns The figures of every model, in the order given; times are in milliseconds.
 * @throws {InputError} When a model cannot be read or leaves a size open, models read images of different shapes, a runtime is
 * not to be had, or its format has no place for a layer.
 * @throws {WorkerError} When a thread that takes times is lost.
 *
 * @example Compare a folded model with the original
 * ```ts
 * import { benchmark, fold } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const original = "cli/example/resnet8-fashion-mnist";
 * const { file } = await fold(original);
 * const { models } = await benchmark({ models: [original, file], rounds: 5, layers: false });
 * const [before, after] = models;
 * assert.ok(after.params < before.params);
 * assert.ok(after.latency["tfjs-wasm"]!.relative.median > 0);
 * ```
 */
export async function benchmark(options: BenchmarkOptions): Promise<BenchmarkReport> {
  const settings = withDefaults(options, BENCHMARK_DEFAULTS);
  const { batchSize, rounds, layers, inputSize, onProgress = () => {} } = settings;
  const runtimes = [...new Set<RuntimeName>(settings.runtimes)].map(createRuntime);
  const sized = await Promise.all(
    options.models.map((model) => resolveSizedModel(model, { inputSize })),
  );
  const files = sized.map(({ file }) => file);
  await startBackend();
  const subjects: Subject[] = [];
  for (const file of files) subjects.push(await describe(file, batchSize));
  checkShapes(subjects);
  const total = runtimes.length + (layers ? subjects.length : 0);
  const stages = { done: 0, total };
  const next = (stage: string) => onProgress({ stage, ...stages, done: stages.done++ });
  const timings: [RuntimeName, readonly Timing[]][] = [];
  for (const { name } of runtimes) {
    next(`measuring on ${name}`);
    timings.push([name, await measureLatencyOn(name, files, { batchSize, rounds })]);
  }
  const models: BenchmarkedModel[] = [];
  for (const [index, { graph, figures }] of subjects.entries()) {
    const latency = Object.fromEntries(timings.map(([name, times]) => [name, times[index]]));
    const model = { ...figures, latency };
    if (layers) next("measuring layers");
    models.push(
      layers ? { ...model, layers: await timeEveryLayer(graph, batchSize, runtimes) } : model,
    );
  }
  const { countedFor } = sized.find((model) => model.countedFor) ?? {};
  return {
    batchSize,
    rounds,
    runtimes: runtimes.map(({ name, version }) => ({ name, version })),
    models,
    ...(countedFor && { countedFor }),
  };
}

interface Subject {
  readonly graph: LayerGraph;
  readonly inputShapes: readonly (readonly number[])[];
  readonly figures: Omit<BenchmarkedModel, "latency" | "layers">;
}

async function describe(file: ModelFile, batchSize: number): Promise<Subject> {
  const { model, graph } = await openNetwork(file);
  try {
    const inputShapes = model.inputs.map(({ shape }) => shape.slice(1));
    if (inputShapes.some((shape) => shape.includes(null))) {
      throw new InputError([
        `measuring ${file.path}: found inputs ${JSON.stringify(inputShapes)}, ` +
        "wanted known sizes; give ",
        option("inputSize"),
        " where they are open",
      ]);
    }
    const { macs, params } = networkCost(graph);
    const activations = await peakBytes(model, batchSize);
    const weights = model.weights.reduce((sum, { shape }) => sum + FLOAT_BYTES * sizeOf(shape), 0);
    const { path, bytes } = file;
    const figures = { path, bytes, params, macs, memory: { weights, activations } };
    return { graph, inputShapes: inputShapes as number[][], figures };
  } finally {
    disposeModel(model);
  }
}

const FLOAT_BYTES = 4;

function sizeOf(shape: readonly (number | null)[]): number {
  return shape.reduce<number>((product, extent) => product * extent!, 1);
}

/** The most that tensors take at once during a prediction, beside what was there before. */
async function peakBytes(model: tf.LayersModel, batchSize: number): Promise<number> {
  const before = tf.memory().numBytes;
  const { peakBytes } = await tf.profile(() =>
    tf.tidy(() => {
      model.predict(model.inputs.map(({ shape: [, ...extents] }) =>
        tf.zeros([batchSize, ...extents as number[]])
      ));
    })
  );
  return peakBytes - before;
}

function checkShapes(subjects: readonly Subject[]): void {
  const [first, ...others] = subjects;
  const wanted = describeShapes(first);
  for (const subject of others) {
    const found = describeShapes(subject);
    if (found === wanted) continue;
    throw new InputError(
      `measuring ${subject.figures.path}: found images of ${found}, ` +
        `wanted ${wanted} as ${first.figures.path} reads; measure them one by one`,
    );
  }
}

function describeShapes({ inputShapes }: Subject): string {
  return inputShapes.map((shape) => shape.join("x")).join(" and ");
}

async function timeEveryLayer(
  graph: LayerGraph,
  batchSize: number,
  runtimes: readonly Runtime[],
): Promise<BenchmarkedLayer[]> {
  const map = findChannelSpaces(graph);
  const measured: [RuntimeName, ReadonlyMap<string, number>][] = [];
  for (const { name, isCompiled } of runtimes) {
    const timer = timeLayersOn(name);
    measured.push([name, await networkTimes(graph, map, batchSize, timer, isCompiled)]);
  }
  const [[, timed]] = measured;
  return graph.nodes.filter(({ key }) => timed.has(key)).map(({ key, className }) => ({
    name: key,
    className,
    milliseconds: Object.fromEntries(measured.map(([name, times]) => [name, times.get(key)!])),
  }));
}
