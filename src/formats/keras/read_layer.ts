import { InputError, withAction } from "../../base/mod.ts";
import type { LayerConfig } from "../../model/mod.ts";
import type { StatedShape } from "./affine_parts.ts";
import { layerClasses, weightRoles } from "./layer_classes.ts";
import { joinParts, partsOf, type Step, type TranslatedLayer } from "./parts.ts";
import { type ReadActivation, readActivation } from "./read_activation.ts";
import { translateGroups } from "./read_groups.ts";
import { translateImageLayer } from "./read_image_layer.ts";
import { subtractParts } from "./read_operation.ts";
import { isJsonObject, type JsonObject, type OptionSource, readOption } from "./read_options.ts";

/** What is known of a layer beside its class and options. */
export interface LayerSource {
  /** Path of the file, for messages. */
  readonly path: string;
  /** First part of the version of Keras. */
  readonly kerasMajor: number;
  /** Shape of its input, the batch first, as far as the file states it. */
  readonly shape?: StatedShape;
}

/**
 * Translates a layer of Keras 2 or 3 that is no model.
 *
 * @param className Its class in Keras.
 * @param config Its options as Keras wrote them.
 * @param name Its name in the new model.
 * @param source The file and Keras' version, and what it states about the layer's input.
 * @returns The layers that tfjs-layers deserializes in its place.
 * @throws {InputError} When TensorFlow.js has no such class, or lacks an option that is used.
 */
export function translateLayer(
  className: string,
  config: JsonObject,
  name: string,
  source: LayerSource,
): TranslatedLayer {
  const { path, kerasMajor, shape } = source;
  const place = `reading ${path}: layer ${name} (${className})`;
  const image = translateImageLayer({ className, config, name, shape, place });
  if (image) return withInputShape(image, config);
  refuseOptions(className, config, place);
  const optionSource: OptionSource = { place, kerasMajor };
  const groups = Number(config.groups ?? 1);
  if (groups !== 1) {
    const inner = translateLayer(
      className,
      { ...config, groups: 1, activation: null },
      name,
      source,
    );
    const parts = translateGroups(inner.parts[0].json, { groups, shape, place });
    const activation = readActivation(config.activation, optionSource);
    return addActivation(withInputShape(parts, config), activation, name, source);
  }
  const composed = composeLayer(className, config, name);
  if (composed) return withInputShape({ parts: composed }, config);
  const translated = renameClass(className, config, place);
  const known = layerClasses.get(translated.className);
  if (!known) throw unknownClass(className, place);
  const options: LayerConfig = { name, trainable: config.trainable !== false, dtype: "float32" };
  for (const option of known.options) {
    if (!(option in translated.config) || option === "activation") continue;
    const value = readOption(option, translated.config[option]);
    if (value !== undefined) options[option] = value;
  }
  const layer: TranslatedLayer = {
    parts: [{ json: { class_name: translated.className, config: options } }],
  };
  if (known.options.includes("activation") && "activation" in translated.config) {
    const activation = readActivation(translated.config.activation, optionSource);
    return withInputShape(addActivation(layer, activation, name, source), config);
  }
  const keepsDimensions = className.startsWith("Global") && config.keepdims === true;
  return withInputShape(
    keepsDimensions ? keepDimensions(layer, className, name, shape) : layer,
    config,
  );
}

/** The shape of a model's input, where its first layer states it. */
function withInputShape(translated: TranslatedLayer, config: JsonObject): TranslatedLayer {
  const shape = config.batch_shape ?? config.batch_input_shape;
  if (!Array.isArray(shape)) return translated;
  const [first, ...others] = translated.parts;
  const { class_name, config: options } = first.json;
  const json = { class_name, config: { ...options, batch_input_shape: shape } };
  return { ...translated, parts: [{ ...first, json }, ...others] };
}

/** Puts an activation into a layer or behind it. */
function addActivation(
  layer: TranslatedLayer,
  activation: ReadActivation,
  name: string,
  source: LayerSource,
): TranslatedLayer {
  const [{ json }] = layer.parts;
  const isBare = json.class_name === "Activation";
  if (activation.kind === "name" && layer.parts.length === 1) {
    const config = { ...json.config, activation: activation.name };
    return { ...layer, parts: [{ json: { ...json, config } }] };
  }
  const linear = { ...json, config: { ...json.config, activation: "linear" } };
  const ahead = [{ ...layer.parts[0], json: linear }, ...layer.parts.slice(1)];
  if (activation.kind === "name") {
    if (activation.name === "linear") return layer;
    const config = { activation: activation.name };
    return {
      ...layer,
      parts: joinParts(layer.parts, partsOf([{ className: "Activation", config }], `${name}_act`)),
    };
  }
  if (activation.kind === "steps") {
    const own = isBare ? name : `${name}_act`;
    const parts = partsOf(activation.steps, own);
    return isBare ? { parts } : { ...layer, parts: joinParts(ahead, parts) };
  }
  const inner = translateLayer(
    activation.className,
    activation.config,
    isBare ? name : `${name}_act`,
    source,
  );
  const [{ json: { class_name: innerClass, config: innerConfig } }] = inner.parts;
  const roles = inner.roles ?? weightRoles(innerClass, innerConfig);
  if (roles.length > 0) {
    throw new InputError(
      `reading ${source.path}: layer ${name}: found the activation ${activation.className}, which has weights, ` +
        `wanted one without; make it a layer of its own in Keras and save the model again`,
    );
  }
  return isBare ? inner : { ...layer, parts: joinParts(ahead, inner.parts) };
}

/** `keepdims` of a global pool: the channels under one position, as a Reshape. */
function keepDimensions(
  layer: TranslatedLayer,
  className: string,
  name: string,
  shape: StatedShape,
): TranslatedLayer {
  const channels = shape?.at(-1) ?? -1;
  const target_shape = className.endsWith("1D") ? [1, channels] : [1, 1, channels];
  const config = { name: `${name}_keepdims`, trainable: true, dtype: "float32", target_shape };
  return { parts: joinParts(layer.parts, [{ json: { class_name: "Reshape", config } }]) };
}

/** Layers that TensorFlow.js has by parts. */
function composeLayer(className: string, config: JsonObject, name: string) {
  if (className === "Subtract") return subtractParts(name);
  const alpha = Number(config.alpha ?? 1);
  if (className !== "ELU" || alpha === 1) return undefined;
  const steps: Step[] = [
    { className: "ELU", config: { alpha: 1 } },
    { className: "Rescaling", config: { scale: alpha, offset: 0 } },
    { className: "ReLU", config: {}, reads: ["value"] },
    { className: "Rescaling", config: { scale: 1 - alpha, offset: 0 } },
    { className: "Add", config: {}, reads: [1, 3] },
  ];
  return partsOf(steps, name);
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
    case "BatchNormalizationV1":
    case "SyncBatchNormalization":
      return renameClass("BatchNormalization", config, place);
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
  const advice = /^(Random|Auto|Equal|Solar)/.test(className)
    ? "take augmentation out of the model"
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
 * @returns Its class, its options, and the shape that it was built for where Keras 3 notes it.
 * @throws {InputError} When it has no class or options.
 */
export function readEntry(
  entry: unknown,
  place: string,
): { className: string; config: JsonObject; shape?: StatedShape } {
  if (!isJsonObject(entry) || typeof entry.class_name !== "string") {
    throw new InputError(
      `${place}: found a layer without class_name, wanted a model of Keras; ` +
        `save the model again with model.save()`,
    );
  }
  const { class_name: className } = entry;
  if (!isJsonObject(entry.config) && !Array.isArray(entry.config)) {
    throw new InputError(
      `${place}: found ${className} without config, wanted a model of Keras; ` +
        `save the model again with model.save()`,
    );
  }
  if (Array.isArray(entry.config)) return { className, config: { layers: entry.config } };
  const options = Object.entries(entry.config).map(([option, value]) => [option, plain(value)]);
  const shape = isJsonObject(entry.build_config) ? entry.build_config.input_shape : undefined;
  const isStated = Array.isArray(shape) &&
    shape.every((extent) => extent === null || Number.isInteger(extent));
  return { className, config: Object.fromEntries(options), ...(isStated && { shape }) };
}

/** Early versions of Keras wrap numbers of NumPy. */
function plain(value: unknown): unknown {
  return isJsonObject(value) && value.type === "ndarray" ? value.value : value;
}
