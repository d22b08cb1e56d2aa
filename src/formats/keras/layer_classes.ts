import type { LayerConfig } from "../../model/mod.ts";

/** A weight of a layer: its name in TensorFlow.js and its number of axes (undefined where the input decides it). */
export interface WeightRole {
  /** Last part of the weight's name, such as `kernel`. */
  readonly role: string;
  /** Number of axes. */
  readonly rank?: number;
  /** Whether the file has it for training alone. */
  readonly isUnread?: boolean;
  /** Names of the group of a layer inside that has it in a `.keras` file; the weights of each such group are counted from 0. */
  readonly within?: readonly string[];
}

/** What Keras and TensorFlow.js have in common about a class of layers. */
export interface LayerClass {
  /** Options that mean the same to both; `name`, `trainable` and `dtype` are common to all classes. */
  readonly options: readonly string[];
  /** Weights in the order Keras keeps them: trainable ones first. */
  readonly weights?: (config: LayerConfig) => WeightRole[];
}

const INITIALIZED = (part: string) =>
  ["initializer", "regularizer", "constraint"].map((kind) => `${part}_${kind}`);
const BIASED = ["activation", "use_bias", "activity_regularizer", ...INITIALIZED("bias")];
const WINDOW = ["kernel_size", "strides", "padding", "data_format", "dilation_rate"];
const CONVOLUTION = ["filters", ...WINDOW, ...BIASED, ...INITIALIZED("kernel")];
const POOL = ["pool_size", "strides", "padding", "data_format"];
const SCALED = ["axis", "epsilon", "center", "scale", ...INITIALIZED("beta")]
  .concat(INITIALIZED("gamma"));

/** Weights that are always there, then the bias. */
const withBias = (...roles: WeightRole[]) => ({ use_bias }: LayerConfig): WeightRole[] =>
  use_bias === false ? roles : [...roles, { role: "bias", rank: 1 }];

const scaleAndShift = ({ scale, center }: LayerConfig): WeightRole[] => [
  ...(scale === false ? [] : [{ role: "gamma", rank: 1 }]),
  ...(center === false ? [] : [{ role: "beta", rank: 1 }]),
];

const withStatistics = (config: LayerConfig): WeightRole[] => [
  ...scaleAndShift(config),
  { role: "moving_mean", rank: 1 },
  { role: "moving_variance", rank: 1 },
];

/**
 * The classes of layers that are read and written, by their name in both. Everything here computes the same in Keras
 * and TensorFlow.js; what Keras knows under the same name but computes otherwise is refused where it is translated.
 */
export const layerClasses: ReadonlyMap<string, LayerClass> = new Map<string, LayerClass>([
  ["InputLayer", { options: ["batch_input_shape", "sparse"] }],
  ["Conv1D", { options: CONVOLUTION, weights: withBias({ role: "kernel", rank: 3 }) }],
  ["Conv2D", { options: CONVOLUTION, weights: withBias({ role: "kernel", rank: 4 }) }],
  ["Conv2DTranspose", {
    options: CONVOLUTION.filter((option) => option !== "dilation_rate"),
    weights: withBias({ role: "kernel", rank: 4 }),
  }],
  ["DepthwiseConv2D", {
    options: [...WINDOW, "depth_multiplier", ...BIASED, ...INITIALIZED("depthwise")],
    weights: withBias({ role: "depthwise_kernel", rank: 4 }),
  }],
  ["SeparableConv2D", {
    options: ["filters", ...WINDOW, "depth_multiplier", ...BIASED]
      .concat(INITIALIZED("depthwise"), INITIALIZED("pointwise")),
    weights: withBias(
      { role: "depthwise_kernel", rank: 4 },
      { role: "pointwise_kernel", rank: 4 },
    ),
  }],
  ["Embedding", {
    options: ["input_dim", "output_dim", "input_length", "mask_zero", ...INITIALIZED("embeddings")],
    weights: () => [{ role: "embeddings", rank: 2 }],
  }],
  ["Dense", {
    options: ["units", ...BIASED, ...INITIALIZED("kernel")],
    weights: withBias({ role: "kernel", rank: 2 }),
  }],
  ["BatchNormalization", {
    options: ["momentum", ...SCALED, "moving_mean_initializer", "moving_variance_initializer"],
    weights: withStatistics,
  }],
  ["LayerNormalization", {
    options: SCALED,
    weights: (config) => scaleAndShift(config).map(({ role }) => ({ role })),
  }],
  ["Activation", { options: ["activation"] }],
  ["ReLU", { options: ["max_value"] }],
  ["LeakyReLU", { options: ["alpha"] }],
  ["PReLU", {
    options: ["shared_axes", ...INITIALIZED("alpha")],
    weights: () => [{ role: "alpha" }],
  }],
  ["ELU", { options: ["alpha"] }],
  ["ThresholdedReLU", { options: ["theta"] }],
  ["Softmax", { options: ["axis"] }],
  ["MaxPooling1D", { options: POOL }],
  ["MaxPooling2D", { options: POOL }],
  ["AveragePooling1D", { options: POOL }],
  ["AveragePooling2D", { options: POOL }],
  ["GlobalAveragePooling1D", { options: ["data_format"] }],
  ["GlobalAveragePooling2D", { options: ["data_format"] }],
  ["GlobalMaxPooling1D", { options: ["data_format"] }],
  ["GlobalMaxPooling2D", { options: ["data_format"] }],
  ["Add", { options: [] }],
  ["Multiply", { options: [] }],
  ["Average", { options: [] }],
  ["Maximum", { options: [] }],
  ["Minimum", { options: [] }],
  ["Concatenate", { options: ["axis"] }],
  ["Dot", { options: ["axes", "normalize"] }],
  ["ZeroPadding2D", { options: ["padding", "data_format"] }],
  ["Cropping2D", { options: ["cropping", "data_format"] }],
  ["UpSampling2D", { options: ["size", "data_format", "interpolation"] }],
  ["Reshape", { options: ["target_shape"] }],
  ["Flatten", { options: ["data_format"] }],
  ["Permute", { options: ["dims"] }],
  ["RepeatVector", { options: ["n"] }],
  ["Dropout", { options: ["rate", "noise_shape", "seed"] }],
  ["SpatialDropout1D", { options: ["rate", "seed"] }],
  ["AlphaDropout", { options: ["rate", "noise_shape", "seed"] }],
  ["GaussianDropout", { options: ["rate", "seed"] }],
  ["GaussianNoise", { options: ["stddev", "seed"] }],
  ["Rescaling", { options: ["scale", "offset"] }],
]);

/**
 * The weights a layer has.
 *
 * @param className Class of the layer in TensorFlow.js.
 * @param config Its options.
 * @returns Their roles in the order Keras keeps them; none for a model, whose layers have them.
 */
export function weightRoles(className: string, config: LayerConfig): WeightRole[] {
  return layerClasses.get(className)?.weights?.(config) ?? [];
}

/** Classes of models, which may stand as layers in another. */
export const modelClasses: ReadonlySet<string> = new Set(["Sequential", "Model", "Functional"]);

/** Activations that compute the same in Keras and TensorFlow.js, as both write them. */
export const sharedActivations: ReadonlySet<string> = new Set([
  "elu",
  "gelu",
  "linear",
  "log_softmax",
  "mish",
  "relu",
  "relu6",
  "selu",
  "sigmoid",
  "softmax",
  "softplus",
  "softsign",
  "swish",
  "tanh",
]);
