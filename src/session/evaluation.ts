import type { Figures } from "../execution/mod.ts";
import type { ModelFile } from "../model/mod.ts";
import type { ImageSelection } from "./workers/replica_images.ts";
import { batchesOfThread, type Session, trackBatches } from "./session.ts";
import type { DataOptions } from "./options.ts";

/** All images of a split. */
export function wholeSplit(
  session: Session,
  split: "train" | "test",
  { batchSizeEval = 100 }: DataOptions,
): ImageSelection {
  const { length } = session.pool.local.dataset[split];
  const indices = Int32Array.from({ length }, (_, index) => index);
  return { split, indices, batchSize: batchSizeEval };
}

/** Measures a model within a session, with progress. */
export async function evaluateOn(
  session: Session,
  file: ModelFile,
  images: ImageSelection,
  { onProgress }: Pick<DataOptions, "onProgress">,
  stage: string,
): Promise<Figures> {
  const total = batchesOfThread(session, images.indices.length, images.batchSize);
  trackBatches(session, { stage, total }, onProgress);
  return await session.pool.evaluate(file, images);
}

/** A figure before and after. */
export interface Change {
  /** Of the network as it was. */
  readonly before: number;
  /** Of what became of it. */
  readonly after: number;
}

/** Relative errors of outputs before and after. */
export interface OutputErrorChange extends Change {
  /** Every output by itself. */
  readonly outputs: readonly (Change & { readonly name: string })[];
}

/** What became of a network's figures. */
export interface FigureChanges {
  /** Share of test images classified rightly; absent where outputs are compared. */
  readonly accuracy?: Change;
  /** Relative error of all outputs on the test images; absent where images are classified. */
  readonly outputError?: OutputErrorChange;
  /** On the test images: the mean cross-entropy in nats, or the squared relative error. */
  readonly loss: Change;
}

/**
 * Sets the figures of two networks side by side.
 *
 * @param before Of the network as it was.
 * @param after Of what became of it, by the same objective.
 * @returns Both, by the names that the objective has for them.
 */
export function compareFigures(before: Figures, after: Figures): FigureChanges {
  const outputs = before.outputs?.map(({ name, error }, index) => ({
    name,
    before: error,
    after: after.outputs![index].error,
  }));
  return {
    ...(before.accuracy !== undefined &&
      { accuracy: { before: before.accuracy, after: after.accuracy! } }),
    ...(outputs && { outputError: { before: before.error, after: after.error, outputs } }),
    loss: { before: before.loss, after: after.loss },
  };
}
