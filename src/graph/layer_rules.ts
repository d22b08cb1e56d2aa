import type { LayerNode } from "./layer_graph.ts";

/**
 * What a layer does to channels (the last axis of its tensors):
 *
 * - `source`: makes channels of its own (an input layer);
 * - `convolution`, `dense`: reads all channels of its input, makes new ones;
 * - `carry`: every output channel comes from the same channel of each input (activations, pooling, BatchNorm, Add …);
 * - `depthwise`: every input channel gives `multiplier` neighbouring output channels;
 * - `concatenate`: the channels of all inputs, one behind the other;
 * - `flatten`: the last axis becomes rows × columns × channels;
 * - `opaque`: not understood, with the reason; what touches it is kept.
 */
export type LayerRule =
  | { kind: "source" | "convolution" | "dense" | "carry" | "concatenate" | "flatten" }
  | { kind: "depthwise"; multiplier: number }
  | { kind: "opaque"; reason: string };

const CARRIERS = new Set([
  "ActivityRegularization",
  "AlphaDropout",
  "AveragePooling2D",
  "Cropping2D",
  "Dropout",
  "ELU",
  "GaussianDropout",
  "GaussianNoise",
  "GlobalAveragePooling2D",
  "GlobalMaxPooling2D",
  "LeakyReLU",
  "MaxPooling2D",
  "ReLU",
  "Rescaling",
  "SpatialDropout2D",
  "ThresholdedReLU",
  "UpSampling2D",
  "ZeroPadding2D",
]);

const MERGES = new Set(["Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"]);

const CHANNEL_MIXING_ACTIVATIONS = new Set(["softmax", "logSoftmax", "log_softmax"]);

/** A layer's activation by its serialized name; `linear` when it has none. */
export function activationOf(node: LayerNode): string {
  const activation = node.config.activation ?? "linear";
  return typeof activation === "string"
    ? activation
    : String((activation as { class_name?: string }).class_name);
}

/** A pair of numbers from a configuration value that is one number or two. */
export function pairOf(value: unknown, fallback: number): [number, number] {
  if (value === undefined || value === null) return [fallback, fallback];
  return Array.isArray(value) ? [value[0], value[1]] : [Number(value), Number(value)];
}

function opaque(reason: string): LayerRule {
  return { kind: "opaque", reason };
}

/**
 * How a layer treats channels.
 *
 * @param node The layer.
 * @param inputShapes Shapes of its inputs, without the batch.
 * @returns The rule; a layer that is not understood is `opaque` and says why.
 */
export function ruleOf(
  node: LayerNode,
  inputShapes: readonly (readonly (number | null)[])[],
): LayerRule {
  const rule = ruleOfClass(node, inputShapes);
  if (rule.kind === "opaque" || rule.kind === "source") return rule;
  if (node.calls > 1) return opaque(`layer ${node.name} is called ${node.calls} times`);
  if (node.config.data_format === "channels_first") {
    return opaque(`layer ${node.name} has its channels first`);
  }
  const mixing = mixingReason(node);
  return mixing !== undefined && !makesChannels(rule) ? opaque(mixing) : rule;
}

function makesChannels(rule: LayerRule): boolean {
  return rule.kind === "convolution" || rule.kind === "dense";
}

/**
 * Why a layer's activation ties its output channels together, if it does. A convolution or Dense layer with such an
 * activation still reads its input like any other.
 *
 * @param node The layer.
 * @returns The reason, or undefined for activations of single values.
 */
export function mixingReason(node: LayerNode): string | undefined {
  const isMixing = CHANNEL_MIXING_ACTIVATIONS.has(activationOf(node)) ||
    node.className === "Softmax";
  return isMixing ? `the softmax of layer ${node.name} mixes channels` : undefined;
}

function ruleOfClass(
  node: LayerNode,
  inputShapes: readonly (readonly (number | null)[])[],
): LayerRule {
  const { className, config, name } = node;
  const [shape] = inputShapes;
  if (className === "InputLayer") return { kind: "source" };
  if (CARRIERS.has(className) || className === "Activation") return { kind: "carry" };
  if (MERGES.has(className)) {
    const widths = new Set(inputShapes.map((input) => input.at(-1)));
    return widths.size === 1
      ? { kind: "carry" }
      : opaque(`${className} layer ${name} broadcasts one channel over many`);
  }
  switch (className) {
    case "Conv2D":
      return Number(config.groups ?? 1) === 1
        ? { kind: "convolution" }
        : opaque(`Conv2D layer ${name} has groups`);
    case "Dense":
      return { kind: "dense" };
    case "DepthwiseConv2D":
      return { kind: "depthwise", multiplier: Number(config.depth_multiplier ?? 1) };
    case "BatchNormalization":
      return isLastAxis(config.axis ?? -1, shape.length)
        ? { kind: "carry" }
        : opaque(`BatchNormalization layer ${name} normalizes axis ${config.axis}, not channels`);
    case "PReLU":
      return { kind: "carry" };
    case "Concatenate":
      return isLastAxis(config.axis ?? -1, shape.length)
        ? { kind: "concatenate" }
        : opaque(`Concatenate layer ${name} joins axis ${config.axis}, not channels`);
    case "Flatten":
      return shape.includes(null)
        ? opaque(`Flatten layer ${name} has an input without a fixed size`)
        : { kind: "flatten" };
    case "Reshape":
      return shape.at(-1) === node.outputShape.at(-1)
        ? { kind: "carry" }
        : opaque(`Reshape layer ${name} moves the channels`);
    default:
      return opaque(`${className} layer ${name} is not understood`);
  }
}

/** Keras' converter writes the axis of BatchNormalization as a number or as a list of one. */
function isLastAxis(axis: unknown, rank: number): boolean {
  const value = Number(Array.isArray(axis) ? axis[0] : axis);
  return value === -1 || value === rank;
}
