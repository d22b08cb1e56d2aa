import { fingerprintImages, type ImageSet } from "../data/mod.ts";
import {
  fingerprintModel,
  type InputPreparation,
  type ModelFile,
  readPreprocessing,
} from "../model/mod.ts";

/** What a model and its images are, by content: where they lie does not matter. */
export interface Content {
  /** Fingerprint of the model: layers and weights. */
  readonly model: string;
  /** Fingerprint of the train split: its labels, and pixels of some of its images as the model reads them. */
  readonly data: string;
  /** How bytes become the model's input, as text. */
  readonly preprocessing: string;
}

/**
 * Finds out what a model and its images are. That takes time: all weights are looked at.
 *
 * @param file The model, with a fixed input size and with its preprocessing.
 * @param images The train split.
 * @returns Their fingerprints.
 */
export async function identifyContent(file: ModelFile, images: ImageSet): Promise<Content> {
  const { inputs } = readPreprocessing(file);
  return {
    model: await fingerprintModel(file),
    data: await fingerprintImages(images, inputs),
    preprocessing: JSON.stringify(inputs.length === 1 ? describeInput(inputs[0]) : inputs),
  };
}

/** The text of a single input, whatever it is called: layers are renamed when a model changes its format. */
function describeInput({ shape, transform, preparesFloats }: InputPreparation) {
  if (shape.length !== 3) return { shape, ...transform, preparesFloats };
  const [height, width, channels] = shape;
  return { inputSize: [height, width], channels, ...transform, preparesFloats };
}
