import { isJsonObject } from "./topology.ts";

/**
 * How image bytes become the numbers a network reads:
 *
 *     value = (x · scale − mean) / std        x in 0 … 255, mean and std per channel
 *
 * `mean` and `std` are in the network's channel order.
 */
export interface Preprocessing {
  /** Height and width of the images. */
  inputSize: [number, number];
  /** 1 (grey) or 3. */
  channels: number;
  /** Factor of the bytes. */
  scale: number;
  /** What is taken off each channel of the scaled image. */
  mean: number[];
  /** What each channel is divided by. */
  std: number[];
  /** Order of the colours in the network's input. */
  channelOrder: "rgb" | "bgr";
  /** Class names in the order of the network's outputs. */
  classes?: string[];
}

/** The values of {@link Preprocessing} that do not depend on the model. */
export type PixelTransform = Pick<Preprocessing, "scale" | "mean" | "std" | "channelOrder">;

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
  const { inputSize, scale, mean, std, channelOrder, classes } = preprocessing;
  const stored = isJsonObject(metadata?.preprocess) ? metadata.preprocess : {};
  return {
    ...metadata,
    preprocess: { ...stored, inputSize, scale, mean, std, channelOrder },
    ...(classes && { classes }),
  };
}

/**
 * Prepares one image; no allocation.
 *
 * @param bytes height × width × channels bytes, RGB or grey.
 * @param out Receives as many values in the network's channel order.
 * @param offset Where in `out` the image starts.
 * @param preprocessing What to do.
 * @throws {RangeError} When the image does not have the preprocessing's size, or does not fit behind `offset`.
 */
export function applyPreprocessing(
  bytes: Uint8Array,
  out: Float32Array,
  offset: number,
  preprocessing: Preprocessing,
): void {
  const { inputSize, channels, scale, mean, std, channelOrder } = preprocessing;
  const length = inputSize[0] * inputSize[1] * channels;
  if (bytes.length !== length || offset < 0 || offset + length > out.length) {
    throw new RangeError(
      `preprocessing an image: found ${bytes.length} bytes and room for ${
        out.length - offset
      } values, ` +
        `wanted ${length} of both`,
    );
  }
  for (let channel = 0; channel < channels; channel++) {
    const source = channelOrder === "bgr" ? channels - 1 - channel : channel;
    const shift = mean[channel];
    const divisor = std[channel];
    for (let pixel = 0; pixel < length; pixel += channels) {
      out[offset + pixel + channel] = (bytes[pixel + source] * scale - shift) / divisor;
    }
  }
}
