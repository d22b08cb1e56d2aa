import { copyShared } from "../base/mod.ts";
import type { ModelFile } from "./model_file.ts";

/**
 * The same model with weights that threads share: sent to another thread it takes no memory there.
 *
 * @param file A model.
 * @returns The model, its weights in shared memory.
 */
export function shareWeights(file: ModelFile): ModelFile {
  const weights = [...file.weights].map(([name, weight]) =>
    [name, { ...weight, values: copyShared(weight.values) }] as const
  );
  return { ...file, weights: new Map(weights) };
}
