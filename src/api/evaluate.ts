import { InputError, type Notice, option } from "../base/mod.ts";
import type { ModelFile } from "../model/mod.ts";
import {
  type DataOptions,
  evaluateOn,
  forecastPass,
  noticeOfChance,
  openSession,
  type PassForecast,
  resolveReference,
  tellForecast,
  wholeSplit,
} from "../session/mod.ts";

/** What an evaluation found. */
export interface EvaluationReport {
  /** Share of images classified rightly; absent where outputs are compared. */
  readonly accuracy?: number;
  /**
   * Relative error of the outputs f against the reference's g, √(Σ‖f − g‖² / Σ‖g − mean g‖²); with several outputs the
   * root of the mean of their squares. Absent where images are classified.
   */
  readonly outputError?: number;
  /** The relative error of every output by itself. */
  readonly outputs?: readonly { readonly name: string; readonly error: number }[];
  /** Mean cross-entropy in nats; where outputs are compared, the squared relative error. */
  readonly loss: number;
  /** Number of images that were measured on. */
  readonly images: number;
  /** Names of the images that could not be read. */
  readonly unreadable: readonly string[];
  /** What was wrong with them, as messages, in the same order. */
  readonly unreadableReasons: readonly string[];
  /** What is worth knowing about the data, and whether the accuracy is no better than chance. */
  readonly notices: readonly Notice[];
  /** Wall time in seconds. */
  readonly seconds: number;
}

/** Options of {@link evaluate}. */
export interface EvaluateOptions extends DataOptions {
  /** The images that are measured on. Default `test`. */
  readonly split?: "train" | "test";
  /**
   * A network whose outputs the model's are compared with, instead of classifying images; it reads images as the model
   * does. Needed where the images or the model have no classes.
   */
  readonly reference?: string | ModelFile;
  /** Called before the work begins with what will be done and about how long that takes, for which some images are timed. */
  readonly onForecast?: (forecast: PassForecast) => void;
}

/**
 * Measures a network on a data set: accuracy and cross-entropy, or with a `reference` how far its outputs are from the
 * reference's.
 *
 * @param options Model, data and split.
 * @returns Accuracy and loss, or the relative error of the outputs.
 * @throws {InputError} When model or data cannot be read or do not fit each other.
 * @throws {WorkerError} When a thread is lost.
 *
 * @example Measure the accuracy on the test images
 * ```ts
 * import { evaluate } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const { accuracy, images } = await evaluate({
 *   model: "cli/example/resnet8-fashion-mnist",
 *   data: "cli/example/fashion-mnist",
 * });
 * assert.equal(images, 2000);
 * assert.ok(accuracy! > 0.92);
 * ```
 *
 * @example Compare outputs with those of another network
 * ```ts
 * import { evaluate, fold } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const pixels = () => crypto.getRandomValues(new Uint8Array(28 * 28));
 * const images = Array.from({ length: 64 }, () => ({ data: pixels(), height: 28, width: 28 }));
 * const data = { classes: [..."0123456789"], train: { images, labels: new Uint8Array(64) } };
 *
 * const reference = "cli/example/resnet8-fashion-mnist";
 * const { file: model } = await fold(reference);
 * const { outputError } = await evaluate({ model, reference, data });
 * assert.ok(outputError! < 1e-4);
 * ```
 */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationReport> {
  const start = performance.now();
  const { reference, split = "test" } = options;
  const labels = reference === undefined ? options.labels : false;
  const session = await openSession({ ...options, labels }, async (file, why) => {
    if (reference !== undefined) return await resolveReference(reference, file);
    throw new InputError([
      `measuring ${file.path}: ${why}, so there is no accuracy; `,
      option("reference"),
      " compares its outputs with another model's",
    ]);
  });
  try {
    const test = wholeSplit(session, split, options);
    await tellForecast(options.onForecast, () => forecastPass(session, test));
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
      unreadableReasons: faults.reasons,
      notices: [...session.notices, ...chance],
      seconds: (performance.now() - start) / 1000,
    };
  } finally {
    await session.close();
  }
}
