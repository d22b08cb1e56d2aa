import { measureLatencyOn, networkCost } from "../../cost/mod.ts";
import { InputError, option, UsageError, withDefaults } from "../../base/mod.ts";
import { evaluate } from "../evaluate.ts";
import { compareToLimits, type LimitResult } from "./compare_to_limits.ts";
import { type LimitName, type Limits, needsOf } from "./limits.ts";
import { openNetwork } from "../../graph/mod.ts";
import { startBackend } from "../../kernels/mod.ts";
import { disposeModel, type ModelFile } from "../../model/mod.ts";
import { type CountedFor, type DataOptions, resolveSizedModel } from "../../session/mod.ts";

/** Options of {@link check}. */
export interface CheckOptions extends Omit<DataOptions, "data"> {
  /** What the model must not exceed or must reach. */
  readonly limits: Limits;
  /** The model that `latencyShare`, `accuracyDrop` and `outputError` compare with. */
  readonly reference?: string | ModelFile;
  /** Folder or file of the data set; its test images are used. */
  readonly data?: string;
  /** Images in every timed prediction. Default 1. */
  readonly batchSize?: number;
  /** Timed predictions of every model; up to five more warm up. Default 50. */
  readonly rounds?: number;
}

/** What {@link check} uses where an option is not given. */
export const CHECK_DEFAULTS = { batchSize: 1, rounds: 50 } as const;

/** What {@link check} has found. */
export interface CheckReport {
  /** Path that the model was read from. */
  readonly model: string;
  /** A result for every limit. */
  readonly results: readonly LimitResult[];
  /** Whether all limits hold. */
  readonly holds: boolean;
  /** What multiply–accumulates and latency are of, where the model leaves sizes of its inputs open. */
  readonly countedFor?: CountedFor;
}

type Figures = Partial<Record<LimitName, number>>;

/**
 * Compares a model with limits of its size, cost, latency on stock tfjs-wasm and accuracy. Nothing is measured that no
 * limit needs.
 *
 * @param options Model, limits, and the images and the reference that they need.
 * @returns A result for every limit.
 * @throws {UsageError} When a limit needs images or a reference that is not given.
 * @throws {InputError} When a model or the data cannot be read.
 * @throws {WorkerError} When a thread is lost.
 *
 * @example Hold a model against limits of size, cost and accuracy
 * ```ts
 * import { check } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const { holds, results } = await check({
 *   model: "cli/example/resnet8-fashion-mnist",
 *   data: "cli/example/fashion-mnist",
 *   limits: { bytes: 400_000, macs: 9_000_000, accuracy: 0.9 },
 * });
 * assert.ok(!holds);
 * assert.deepEqual(results.filter(({ holds }) => !holds).map(({ name }) => name), ["macs"]);
 * ```
 */
export async function check(options: CheckOptions): Promise<CheckReport> {
  const settings = withDefaults(options, CHECK_DEFAULTS);
  const { limits, preprocessing } = settings;
  const needs = needsOf(limits);
  requireGiven("reference", settings.reference, needs.reference);
  requireGiven("data", settings.data, needs.data);
  const dependsOnSize = needs.latency || "macs" in limits || "convMacs" in limits;
  const open = async (model: string | ModelFile) => {
    const sized = await resolveSizedModel(model, preprocessing);
    if (sized.isOpen && dependsOnSize) throw refuseOpenSize(sized.file);
    return sized;
  };
  const { file: model, countedFor } = await open(settings.model);
  const reference = needs.reference ? (await open(settings.reference!)).file : undefined;
  await startBackend();
  const figures: Figures = {
    ...await measureSize(model),
    ...needs.latency ? await compareLatency(model, reference, settings) : {},
    ...await compareAccuracy(model, reference, settings),
    ...await compareOutputs(model, reference, settings),
  };
  const results = compareToLimits(limits, figures);
  const holds = results.every(({ holds }) => holds);
  return { model: model.path, results, holds, ...(countedFor && { countedFor }) };
}

function refuseOpenSize({ path }: ModelFile): InputError {
  return new InputError([
    `checking ${path}: the model leaves the size of its inputs open, and MACs and latency depend on it; give `,
    option("inputSize"),
  ]);
}

function requireGiven(name: "reference" | "data", value: unknown, isNeeded: boolean): void {
  if (isNeeded && value === undefined) {
    throw new UsageError([
      "checking the limits: one of them needs ",
      option(name),
      ", which is not given; give it, or take the limit out",
    ]);
  }
}

async function measureSize(file: ModelFile): Promise<Figures> {
  const { model, graph } = await openNetwork(file);
  disposeModel(model);
  return { ...networkCost(graph), bytes: file.bytes };
}

async function compareLatency(
  model: ModelFile,
  reference: ModelFile | undefined,
  { batchSize, rounds, onProgress }: typeof CHECK_DEFAULTS & CheckOptions,
): Promise<Figures> {
  onProgress?.({ stage: "measuring latency", done: 0, total: 1 });
  const files = reference ? [reference, model] : [model];
  const { median, relative } = (await measureLatencyOn("tfjs-wasm", files, { batchSize, rounds }))
    .at(-1)!;
  return { latency: median, ...reference && { latencyShare: relative.median } };
}

async function compareAccuracy(
  model: ModelFile,
  reference: ModelFile | undefined,
  { limits, reference: _, ...settings }: CheckOptions,
): Promise<Figures> {
  if (limits.accuracy === undefined && limits.accuracyDrop === undefined) return {};
  const measure = async (file: ModelFile) => {
    const { accuracy } = await evaluate({ ...settings, data: settings.data!, model: file });
    if (accuracy !== undefined) return accuracy;
    throw new InputError(
      `checking ${file.path}: found no accuracy, images are not classified; give outputError as a limit`,
    );
  };
  const accuracy = await measure(model);
  if (limits.accuracyDrop === undefined) return { accuracy };
  return { accuracy, accuracyDrop: await measure(reference!) - accuracy };
}

async function compareOutputs(
  model: ModelFile,
  reference: ModelFile | undefined,
  { limits, ...settings }: CheckOptions,
): Promise<Figures> {
  if (limits.outputError === undefined) return {};
  const { outputError } = await evaluate({ ...settings, data: settings.data!, model, reference });
  return { outputError };
}
