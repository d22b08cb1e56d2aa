import {
  type DataOptions,
  evaluateOn,
  meanFigures,
  openSession,
  wholeSplit,
} from "./session/mod.ts";

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
