import { ownValue } from "../base/mod.ts";
import { isJsonObject, type JsonObject } from "./topology.ts";

/**
 * How bytes become the numbers a network reads:
 *
 *     value = (x · scale − mean) / std        x in 0 … 255, mean and std per channel
 *
 * `mean` and `std` are in the network's channel order.
 */
export interface PixelTransform {
  /** Factor of the bytes. */
  scale: number;
  /** What is taken off each channel of the scaled image. */
  mean: number[];
  /** What each channel is divided by. */
  std: number[];
  /** Order of the colors in the network's input. */
  channelOrder: "rgb" | "bgr";
}

/** What one input of a network reads. */
export interface InputPreparation {
  /** Name of the input. */
  readonly name: string;
  /** Its extents without the batch: height, width and channels of images. */
  readonly shape: readonly number[];
  /** How bytes become values, with one entry per channel; absent where nothing says so, and floats alone will do. */
  readonly transform?: PixelTransform;
  /** Whether the network reads whole numbers, such as the words that an Embedding looks up. */
  readonly isWhole?: boolean;
  /** How many words an Embedding knows that reads it: the numbers are 0 to one less. */
  readonly wordCount?: number;
  /** Whether floats are transformed as well; otherwise they are what the network reads. */
  readonly preparesFloats?: boolean;
  /** Whether images of another ratio of sides lose their margins; otherwise they are stretched. */
  readonly isCropped?: boolean;
  /** Whether images stay as they are stored, whatever orientation their EXIF records state. */
  readonly ignoresOrientation?: boolean;
}

/** How data becomes what a network reads. */
export interface Preprocessing {
  /** Its inputs, in the model's order. */
  readonly inputs: readonly InputPreparation[];
  /** Class names in the order of the network's outputs. */
  readonly classes?: string[];
}

const KERAS_TF: PixelTransform = { scale: 1 / 127.5, mean: [1], std: [1], channelOrder: "rgb" };

/**
 * Preprocessing by name: bytes as they are, x/255, Teachable Machine's, and the three modes of Keras'
 * `imagenet_utils.preprocess_input`.
 */
export const preprocessingPresets: ReadonlyMap<string, PixelTransform> = new Map<
  string,
  PixelTransform
>([
  ["raw", { scale: 1, mean: [0], std: [1], channelOrder: "rgb" }],
  ["unit", { scale: 1 / 255, mean: [0], std: [1], channelOrder: "rgb" }],
  ["teachable-machine", KERAS_TF],
  ["keras-tf", KERAS_TF],
  ["keras-torch", {
    scale: 1 / 255,
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    channelOrder: "rgb",
  }],
  ["keras-caffe", {
    scale: 1,
    mean: [103.939, 116.779, 123.68],
    std: [1],
    channelOrder: "bgr",
  }],
]);

/**
 * Names of the presets for so many channels.
 *
 * @param channels Channels of an input; absent for all presets.
 * @returns The names.
 */
export function presetNames(channels?: number): string[] {
  return [...preprocessingPresets]
    .filter(([, { mean: { length } }]) =>
      channels === undefined || length === 1 || length === channels
    )
    .map(([name]) => name);
}

/** Presets by which images lose their margins instead of being stretched. */
export const CROPPING_PRESETS: readonly string[] = ["teachable-machine"];

/**
 * Metadata that carries this preprocessing; everything else in it is kept.
 *
 * @param metadata The model's metadata so far.
 * @param preprocessing What to write.
 * @returns New metadata, from which `readPreprocessing()` gives the same preprocessing.
 */
export function writePreprocessing(
  metadata: Record<string, unknown> | undefined,
  preprocessing: Preprocessing,
): Record<string, unknown> {
  const { inputs, classes } = preprocessing;
  const stored = asObject(metadata?.preprocess);
  const [first, ...others] = inputs;
  const records = asObject(stored.inputs);
  const described = others.length === 0 ? describeInput(first, stored) : {
    inputs: Object.fromEntries(
      inputs.map((input) => [
        input.name,
        {
          ...asObject(ownValue(records, input.name)),
          ...describeInput(input, asObject(ownValue(records, input.name))),
        },
      ]),
    ),
  };
  return {
    ...metadata,
    preprocess: { ...stored, ...described },
    ...(classes && { classes }),
  };
}

function asObject(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** An input as metadata has it; switches that are off are written where one was stored. */
function describeInput(input: InputPreparation, stored: JsonObject): JsonObject {
  const { shape, transform, preparesFloats, isCropped = false, ignoresOrientation = false } = input;
  return {
    ...(isImageShape(shape) && { inputSize: shape.slice(0, 2) }),
    ...transform,
    ...(preparesFloats && { floats: true }),
    ...((isCropped || "crop" in stored) && { crop: isCropped }),
    ...((ignoresOrientation || "exifOrientation" in stored) &&
      { exifOrientation: !ignoresOrientation }),
  };
}

/** Whether an input reads images: height, width and channels. */
export function isImageShape(shape: readonly number[]): boolean {
  return shape.length === 3;
}

/** Whether an input reads images as files have them: gray or RGB. */
export function isPictureShape(shape: readonly number[]): boolean {
  return isImageShape(shape) && (shape[2] === 1 || shape[2] === 3);
}

/** Numbers of one row of an input. */
export function valuesOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/**
 * Prepares one image, or another row of an input; no allocation.
 *
 * @param values Its numbers, the channels (RGB, gray or others) side by side.
 * @param out Receives as many values in the network's channel order.
 * @param offset Where in `out` the image starts.
 * @param transform What to do.
 * @throws {RangeError} When the channels do not divide the numbers, or these do not fit behind `offset`.
 */
export function applyPreprocessing(
  values: Uint8Array | Float32Array,
  out: Float32Array,
  offset: number,
  { scale, mean, std, channelOrder }: PixelTransform,
): void {
  const channels = mean.length;
  const { length } = values;
  if (length % channels !== 0 || offset < 0 || offset + length > out.length) {
    throw new RangeError(
      `preprocessing an image: found ${length} numbers and room for ${out.length - offset}, ` +
        `wanted room for all, and a multiple of ${channels}`,
    );
  }
  for (let channel = 0; channel < channels; channel++) {
    const source = channelOrder === "bgr" ? channels - 1 - channel : channel;
    const shift = mean[channel];
    const divisor = std[channel];
    for (let pixel = 0; pixel < length; pixel += channels) {
      out[offset + pixel + channel] = (values[pixel + source] * scale - shift) / divisor;
    }
  }
}
