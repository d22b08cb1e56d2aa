import { InputError } from "../base/mod.ts";
import type { ModelFile } from "./model_file.ts";

/**
 * Refuses a model with weights that are NaN or infinite: whatever reads it would give nothing else.
 *
 * @param file The model.
 * @param activity What is being done with it, for the message.
 * @throws {InputError} When there is one, with the name of the weight and its place.
 */
export function requireFiniteWeights({ weights }: ModelFile, activity: string): void {
  for (const { name, dtype, values } of weights.values()) {
    if (dtype !== "float32") continue;
    const place = values.findIndex((value: number) => !Number.isFinite(value));
    if (place < 0) continue;
    throw new InputError(
      `${activity}: found ${
        values[place]
      } as number ${place} of the weight "${name}", wanted finite ` +
        "numbers; train the model with a smaller learning rate, or go back to weights from before",
    );
  }
}
