import type { EvaluationSums } from "../forward/mod.ts";
import type { ModelFile } from "../model/mod.ts";
import type { ImageSelection } from "../parallel/mod.ts";
import { batchesOfThread, type Session, trackBatches } from "./session.ts";
import type { DataOptions } from "./options.ts";

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
export function meanFigures({ correct, loss, images }: Omit<EvaluationSums, "answers">): {
  accuracy: number;
  loss: number;
} {
  return { accuracy: correct / images, loss: loss / images };
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
