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
 * @param options The model, the images, and what flags say about preprocessing.
 * @returns Their names.
 * @throws {InputError} When one cannot be read, or they do not fit each other.
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
