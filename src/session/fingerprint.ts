import { openDataset } from "../data/mod.ts";
import { fingerprintModel, type ModelFile } from "../model/mod.ts";
import { identifyContent } from "./content.ts";
import type { DataOptions } from "./options.ts";
import { resolveReference } from "./resolve_model.ts";
import { readSource } from "./session.ts";

/** Names of models and of images by their content: SHA-256, as 64 hexadecimal digits. */
export interface Fingerprints {
  /** Layers and weights. */
  readonly model: string;
  /** Labels of the training images and pixels of some of them, as the model reads them. */
  readonly data: string;
  /** Fingerprint of the network that is imitated, when there is one. */
  readonly teacher?: string;
}

/** What {@link fingerprint} is asked about. */
export interface FingerprintOptions extends Pick<DataOptions, "model" | "data" | "preprocessing"> {
  /** The network that is imitated, as a model or where it is. */
  readonly teacher?: string | ModelFile;
}

/**
 * Names a model, its images and its teacher by what they are, not by where they lie.
 *
 * @param options The models, the images, and what flags say about preprocessing.
 * @returns Their names.
 * @throws {InputError} When one cannot be read, or they do not fit each other.
 */
export async function fingerprint(options: FingerprintOptions): Promise<Fingerprints> {
  const { file, preprocessing: { inputs, classes } } = await readSource(options);
  const dataset = await openDataset(options.data, { inputs, classes });
  try {
    const { model, data } = await identifyContent(file, dataset.train);
    if (options.teacher === undefined) return { model, data };
    const teacher = await resolveReference(options.teacher, file);
    return { model, data, teacher: await fingerprintModel(teacher) };
  } finally {
    dataset.close();
  }
}
