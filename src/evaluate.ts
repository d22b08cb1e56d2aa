import type { EvaluationSums } from "./forward/mod.ts";
import type { ModelFile } from "./model/mod.ts";
import type { ImageSelection } from "./parallel/mod.ts";
import type { DataOptions } from "./prune_types.ts";
import { batchesOfThread, openSession, type Session, trackBatches } from "./session.ts";

/** What an evaluation found. */
export interface EvaluationReport {
  /** Share of images classified rightly. */
  readonly accuracy: number;
  /** Mean cross-entropy, in nats. */
  readonly loss: number;
  /** How many images were looked at. */
  readonly images: number;
  /** Images that could not be read, by name. */
  readonly unreadable: readonly string[];
  /** Wall time. */
  readonly seconds: number;
}

/** Options of {@link evaluate}. */
export interface EvaluateOptions extends DataOptions {
  /** The split. Default `test`. */
  readonly split?: "train" | "test";
}

/** All images of a split. */
export function wholeSplit(
  session: Session,
  split: "train" | "test",
  { batchSizeEval = 100 }: DataOptions,
): ImageSelection {
  const { length } = session.crew.local.dataset[split];
  const indices = Int32Array.from({ length }, (_, index) => index);
  return { split, indices, batchSize: batchSizeEval };
}

/** Mean figures from sums. */
export function meanFigures({ correct, loss, images }: EvaluationSums): {
  accuracy: number;
  loss: number;
} {
  return { accuracy: correct / images, loss: loss / images };
}

/**
 * Measures a network on a data set.
 *
 * @param options Model, data and split.
 * @returns Accuracy and loss.
 * @throws {InputError} When model or data cannot be read or do not fit each other.
 */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationReport> {
  const start = performance.now();
  const session = await openSession(options);
  try {
    const images = wholeSplit(session, options.split ?? "test", options);
    const sums = await evaluateOn(session, session.file, images, options, "evaluating");
    const faults = await session.crew.faults();
    const seconds = (performance.now() - start) / 1000;
    return { ...meanFigures(sums), images: sums.images, unreadable: faults.names, seconds };
  } finally {
    await session.close();
  }
}

/** Evaluates a model within a session, with progress. */
export async function evaluateOn(
  session: Session,
  file: ModelFile,
  images: ImageSelection,
  { onProgress }: DataOptions,
  stage: string,
): Promise<EvaluationSums> {
  const total = batchesOfThread(session, images.indices.length, images.batchSize);
  trackBatches(session, { stage, total }, onProgress);
  return await session.crew.evaluate(file, images);
}
