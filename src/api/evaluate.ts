import { InputError } from "../base/mod.ts";
import type { ModelFile } from "../model/mod.ts";
import {
  type DataOptions,
  evaluateOn,
  noticeOfChance,
  openSession,
  resolveReference,
  wholeSplit,
} from "../session/mod.ts";

/** What an evaluation found. */
export interface EvaluationReport {
  /** Share of images classified rightly; absent where outputs are compared. */
  readonly accuracy?: number;
  /**
   * Relative error of the outputs f against the reference's g, √(Σ‖f − g‖² / Σ‖g − mean g‖²), of several the root of
   * the mean square; absent where images are classified.
   */
  readonly outputError?: number;
  /** The same of every output by itself. */
  readonly outputs?: readonly { readonly name: string; readonly error: number }[];
  /** Mean cross-entropy in nats, or the squared relative error. */
  readonly loss: number;
  /** How many images were looked at. */
  readonly images: number;
  /** Images that could not be read, by name. */
  readonly unreadable: readonly string[];
  /** What is worth knowing about the data, and whether the accuracy is no better than chance. */
  readonly notices: readonly string[];
  /** Wall time. */
  readonly seconds: number;
}

/** Options of {@link evaluate}. */
export interface EvaluateOptions extends DataOptions {
  /** The split. Default `test`. */
  readonly split?: "train" | "test";
  /**
   * A network whose outputs the model's are compared with, instead of classifying images; it reads images as the model
   * does. Needed where the images or the model have no classes.
   */
  readonly reference?: string | ModelFile;
}

/**
 * Measures a network on a data set.
 *
 * @param options Model, data and split.
 * @returns Accuracy and loss, or the relative error of the outputs.
 * @throws {InputError} When model or data cannot be read or do not fit each other.
 */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationReport> {
  const start = performance.now();
  const { reference, split = "test" } = options;
  const labels = reference === undefined ? options.labels : false;
  const session = await openSession({ ...options, labels }, async (file, why) => {
    if (reference !== undefined) return await resolveReference(reference, file);
    throw new InputError(
      `measuring ${file.path}: ${why}, so there is no accuracy; ` +
        `give a model to compare its outputs with, with --reference`,
    );
  });
  try {
    const test = wholeSplit(session, split, options);
    const found = await evaluateOn(session, session.file, test, options, "evaluating");
    const { error, loss, accuracy, outputs, images } = found;
    const faults = await session.pool.faults();
    const chance = noticeOfChance(session, found, split);
    for (const notice of chance) options.onNotice?.(notice);
    return {
      ...(accuracy !== undefined && { accuracy }),
      ...(outputs && {
        outputError: error,
        outputs: outputs.map(({ name, error }) => ({ name, error })),
      }),
      loss,
      images,
      unreadable: faults.names,
      notices: [...session.notices, ...chance],
      seconds: (performance.now() - start) / 1000,
    };
  } finally {
    await session.close();
  }
}
