import { InputError, withAction } from "../../base/mod.ts";
import type { LayerConfig, LayerJson } from "../../model/mod.ts";
import { layerClasses } from "./layer_classes.ts";
import { isJsonObject, type JsonObject, type OptionSource, readOption } from "./read_options.ts";

/** A layer in TensorFlow.js' form; a second layer behind it where one does not suffice. */
export interface TranslatedLayer {
  /** Class and options. */
  readonly layer: LayerJson;
  /** What has to follow, under a name of its own. */
  readonly follower?: LayerJson;
}

/**
 * Translates a layer of Keras 2 or 3 that is no model.
 *
 * @param className Its class in Keras.
 * @param config Its options as Keras wrote them.
 * @param name Its name in the new model.
 * @param source The file and Keras' version; the channels of the layer's input as far as the file states them.
 * @returns The layer as tfjs-layers deserializes it.
 * @throws {InputError} When TensorFlow.js has no such class, or lacks an option that is used.
 */
export function translateLayer(
  className: string,
  config: JsonObject,
  name: string,
  source: { path: string; kerasMajor: number; channels?: number },
): TranslatedLayer {
  const { path, kerasMajor, channels } = source;
  const place = `reading ${path}: layer ${name} (${className})`;
  refuseOptions(className, config, place);
  const translated = renameClass(className, config, place);
  const known = layerClasses.get(translated.className);
  if (!known) throw unknownClass(className, place);
  const optionSource: OptionSource = { place, kerasMajor };
  const options: LayerConfig = { name, trainable: config.trainable !== false, dtype: "float32" };
  for (const option of known.options) {
    if (!(option in translated.config)) continue;
    const value = readOption(option, translated.config[option], optionSource);
    if (value !== undefined) options[option] = value;
  }
  const shape = config.batch_shape ?? config.batch_input_shape;
  if (Array.isArray(shape)) options.batch_input_shape = shape;
  const layer = { class_name: translated.className, config: options };
  if (!className.startsWith("Global") || config.keepdims !== true) return { layer };
  if (channels !== undefined) return { layer, follower: keepDimensions(className, name, channels) };
  throw unsupportedOption(place, "keepdims without the shape of its input", "Keras 3 or a Reshape");
}

/** `keepdims` of a global pool: the channels under one position, as a Reshape. */
function keepDimensions(className: string, name: string, channels: number): LayerJson {
  const target_shape = className.endsWith("1D") ? [1, channels] : [1, 1, channels];
  const config = { name: `${name}_keepdims`, trainable: true, dtype: "float32", target_shape };
  return { class_name: "Reshape", config };
}

/** Classes and options that both know by other names, or as a case of something else. */
function renameClass(
  className: string,
  config: JsonObject,
  place: string,
): { className: string; config: JsonObject } {
  switch (className) {
    case "ReLU":
      return translateRelu(config, place);
    case "LeakyReLU":
      return { className, config: { alpha: config.negative_slope ?? config.alpha ?? 0.3 } };
    case "SpatialDropout2D":
      return { className: "Dropout", config: { ...config, noise_shape: [null, 1, 1, null] } };
    case "BatchNormalization":
      return { className, config: { ...config, axis: onlyAxis(config.axis, place) } };
    case "Softmax":
      return { className, config: { axis: onlyAxis(config.axis ?? -1, place) } };
    default:
      return { className, config };
  }
}

/** tf.keras writes the axis of a BatchNormalization as a list of one. */
function onlyAxis(axis: unknown, place: string): unknown {
  if (!Array.isArray(axis)) return axis;
  if (axis.length === 1) return axis[0];
  throw unsupportedOption(place, `axis ${JSON.stringify(axis)}`, "one axis");
}

/** f(x) = min(x, max) for x ≥ threshold, else slope·(x − threshold); TensorFlow.js has a class for each case. */
function translateRelu(config: JsonObject, place: string) {
  const slope = Number(config.negative_slope ?? 0);
  const threshold = Number(config.threshold ?? 0);
  const isCapped = config.max_value != null;
  if (slope === 0 && threshold === 0) return { className: "ReLU", config };
  if (threshold === 0 && !isCapped) return { className: "LeakyReLU", config: { alpha: slope } };
  if (slope === 0 && !isCapped) {
    return { className: "ThresholdedReLU", config: { theta: threshold } };
  }
  throw unsupportedOption(
    place,
    `max_value ${config.max_value}, negative_slope ${slope} and threshold ${threshold} together`,
    "one of them",
  );
}

/** Options that TensorFlow.js would ignore or compute otherwise: what is refused, and what is wanted. */
const REFUSED: [option: string, isFine: (value: unknown) => boolean, wanted: string][] = [
  ["groups", (value) => value === 1, "1, since TensorFlow.js has no grouped convolution"],
  ["data_format", (value) => value !== "channels_first", "channels_last; build it again that way"],
  ["padding", (value) => value !== "causal", "same or valid"],
  ["output_padding", () => false, "none; choose kernel and strides that need none"],
  ["renorm", (value) => value === false, "false"],
  ["rms_scaling", (value) => value === false, "false"],
  ["ragged", (value) => value === false, "false"],
];

function refuseOptions(className: string, config: JsonObject, place: string): void {
  for (const [option, isFine, wanted] of REFUSED) {
    const value = config[option];
    if (value === undefined || value === null || isFine(value)) continue;
    throw unsupportedOption(place, `${option} ${JSON.stringify(value)}`, wanted);
  }
  const dilation = [config.dilation_rate ?? 1].flat();
  if (className === "Conv2DTranspose" && dilation.some((rate) => rate !== 1)) {
    throw unsupportedOption(place, `dilation_rate ${JSON.stringify(dilation)}`, "1");
  }
  if (className === "ELU" && Number(config.alpha ?? 1) !== 1) {
    throw unsupportedOption(place, `alpha ${config.alpha}`, "1, the only one in TensorFlow.js");
  }
  if (className === "UpSampling2D" && (config.interpolation ?? "nearest") !== "nearest") {
    throw unsupportedOption(
      place,
      `interpolation ${JSON.stringify(config.interpolation)}`,
      "nearest: TensorFlow.js places the pixels of the others elsewhere; use nearest or Conv2DTranspose",
    );
  }
}

function unsupportedOption(place: string, found: string, wanted: string): InputError {
  return new InputError(
    withAction(
      `${place}: found ${found}, wanted ${wanted}`,
      "change it in Keras and save the model again",
    ),
  );
}

function unknownClass(className: string, place: string): InputError {
  const advice = /^(Random|Center|Auto|Mix|Cut)/.test(className)
    ? "take augmentation out of the model"
    : className === "Subtract"
    ? "add the second input with its sign changed before"
    : /Lambda|OpLayer$/.test(className)
    ? "write the operation as a layer"
    : "replace it by one of them, or cut it off the model";
  return new InputError(
    `${place}: found a class that is not read, wanted one of ${
      [...layerClasses.keys()].join(", ")
    }; ${advice}`,
  );
}

/**
 * The class and options of a serialized layer.
 *
 * @param entry JSON value of the layer.
 * @param place What is being read, for messages.
 * @returns Its class, its options, and how many channels it was built for where Keras 3 notes it.
 * @throws {InputError} When it has no class or options, or is an operation of Keras 3 and no layer.
 */
export function readEntry(
  entry: unknown,
  place: string,
): { className: string; config: JsonObject; channels?: number } {
  if (!isJsonObject(entry) || typeof entry.class_name !== "string") {
    throw new InputError(
      `${place}: found a layer without class_name, wanted a model of Keras; ` +
        `save the model again with model.save()`,
    );
  }
  const { module, class_name: className } = entry;
  const name = isJsonObject(entry.config) ? entry.config.name : entry.name;
  if (typeof module === "string" && /\bops\b/.test(module)) {
    throw new InputError(
      `${place}: found ${name}, the operation ${module}.${className}, wanted layers alone; ` +
        `write it as a layer, such as Add, Multiply or Rescaling`,
    );
  }
  if (!isJsonObject(entry.config) && !Array.isArray(entry.config)) {
    throw new InputError(
      `${place}: found ${className} without config, wanted a model of Keras; ` +
        `save the model again with model.save()`,
    );
  }
  if (Array.isArray(entry.config)) return { className, config: { layers: entry.config } };
  const options = Object.entries(entry.config).map(([option, value]) => [option, plain(value)]);
  const shape = isJsonObject(entry.build_config) && entry.build_config.input_shape;
  const channels = Array.isArray(shape) ? shape.at(-1) : undefined;
  const isStated = Number.isInteger(channels);
  return { className, config: Object.fromEntries(options), ...(isStated && { channels }) };
}

/** Early versions of Keras wrap numbers of NumPy. */
function plain(value: unknown): unknown {
  return isJsonObject(value) && value.type === "ndarray" ? value.value : value;
}
