import { fingerprintImages, openDataset } from "../data/mod.ts";
import { fingerprintModel, readPreprocessing } from "../model/mod.ts";
import type { DataOptions } from "./options.ts";
import { resolveModel } from "./resolve_model.ts";

/** Names of a model and of images by their content: SHA-256, as 64 hexadecimal digits. */
export interface Fingerprints {
  /** Layers and weights. */
  readonly model: string;
  /** Labels of the training images and pixels of some of them, as the model reads them. */
  readonly data: string;
}

/**
 * Names a model and its images by what they are, not by where they lie.
 *
 * @param options The model, the images, and what is said about preprocessing.
 * @returns Their names.
 * @throws {InputError} When one cannot be read, or they do not fit each other.
 *
 * @example Tell whether two models are the same
 * ```ts
 * import { fingerprint, openModel } from "@secateur/secateur";
 * import assert from "node:assert/strict";
 *
 * const [path, data] = ["cli/example/resnet8-fashion-mnist", "cli/example/fashion-mnist"];
 * const names = await fingerprint({ model: path, data });
 * assert.match(names.model, /^[0-9a-f]{64}$/);
 * const model = await openModel(path);
 * assert.deepEqual(await fingerprint({ model, data }), names);
 * model.weights.get("conv1/kernel")!.values[0] += 1;
 * assert.notEqual((await fingerprint({ model, data })).model, names.model);
 * ```
 */
export async function fingerprint(
  { model, data, preprocessing }: Pick<DataOptions, "model" | "data" | "preprocessing">,
): Promise<Fingerprints> {
  const file = await resolveModel(model);
  const { inputs, classes } = readPreprocessing(file, preprocessing);
  const dataset = await openDataset(data, { inputs, classes });
  try {
    return {
      model: await fingerprintModel(file),
      data: await fingerprintImages(dataset.train, inputs),
    };
  } finally {
    dataset.close();
  }
}
