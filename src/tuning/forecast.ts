import { type Session, timeImages } from "../session/mod.ts";
import type { TuningOptions } from "./options.ts";
import type { TuningPlan } from "./prepare_tuning.ts";

/** A step goes forward and backward through the network, which is three times the cost of a pass. */
export const PASSES_PER_STEP = 3;

/** A step has half the pace of a pass: it waits for the slowest thread, and keeps what it goes back over. */
export const STEP_SLOWNESS = 2;

/** What a training or tuning is going to do. */
export interface TuningForecast extends Pick<TuningOptions, "batchSize" | "validationImages"> {
  /** Passes over the training images that are to be done: of a run that is resumed those that are left. */
  readonly epochs: number;
  /** Images that are learned from. */
  readonly images: number;
  /** About how long that takes, in seconds, by the time that some images took. */
  readonly seconds: number;
}

/**
 * What the steps of a training take.
 *
 * @param epochs Passes over the images.
 * @param images Images that are learned from.
 * @param networks Cost of the network that learns as a share of the one that was timed, and whether a teacher of that cost
 * is asked.
 * @returns Passes of images through the network that was timed.
 */
export function stepPasses(
  epochs: number,
  images: number,
  { share, hasTeacher }: { readonly share: number; readonly hasTeacher: boolean },
): number {
  return STEP_SLOWNESS * epochs * Math.max(0, images) *
    (PASSES_PER_STEP * share + (hasTeacher ? 1 : 0));
}

/**
 * Tells what a training is going to do, and about how long that takes, with the measurements before and after it.
 *
 * @param session Model and data.
 * @param plan How it is trained.
 * @param epochsDone Epochs that a resumed run has behind it.
 * @returns The forecast; its seconds are rough.
 */
export async function forecastTuning(
  session: Session,
  { options, teacher }: Pick<TuningPlan, "options" | "teacher">,
  epochsDone: number,
): Promise<TuningForecast> {
  const { batchSize, validationImages } = options;
  const { train, test } = session.pool.local.dataset;
  const indices = Int32Array.from({ length: train.length }, (_, index) => index);
  const pace = await timeImages(session, { split: "train", indices });
  const images = train.length - validationImages;
  const epochs = Math.max(0, options.epochs - epochsDone);
  const networks = { share: 1, hasTeacher: teacher !== undefined };
  const passes = 2 * test.length + (epochs + 1) * validationImages +
    stepPasses(epochs, images, networks);
  return { epochs, images, batchSize, validationImages, seconds: passes * pace };
}
