import { openDataset } from "../data/mod.ts";
import { fingerprintModel, type ModelFile, writePreprocessing } from "../model/mod.ts";
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
 * @param options The models, the images, and what is said about preprocessing.
 * @returns Their names.
 * @throws {InputError} When one cannot be read, or they do not fit each other.
 *
 * @example Tell whether two models are the same
 * ```ts
 * import { fingerprint, openModel } from "secateur";
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
export async function fingerprint(options: FingerprintOptions): Promise<Fingerprints> {
  const { file: read, preprocessing } = await readSource(options);
  const file = { ...read, metadata: writePreprocessing(read.metadata, preprocessing) };
  const { inputs, classes } = preprocessing;
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
