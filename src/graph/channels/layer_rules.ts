import { OPERATION_CLASS, type OperationConfig } from "../../model/mod.ts";
import type { LayerNode } from "../layer_graph.ts";
import { opaqueReason } from "./opaque_reasons.ts";
import { activationOf, isLastAxis } from "../options.ts";
import { selectedPositions } from "./selectors.ts";

/**
 * What a layer does to channels (the last axis of its tensors):
 *
 * - `source`: makes channels of its own (an input layer);
 * - `convolution`, `dense`: reads all channels of its input, makes new ones;
 * - `carry`: every output channel comes from the same channel of each input (activations, pooling, BatchNorm, Add, rows
 *   or columns joined …); an input of one channel is spread over all;
 * - `depthwise`: every input channel gives `multiplier` neighboring output channels;
 * - `concatenate`: the channels of all inputs, one behind the other;
 * - `flatten`: the last axis becomes longer, all channels of a position behind those of the one before;
 * - `unflatten`: the last axis becomes shorter: input positions c, c + C, c + 2C … are channel c;
 * - `select`: output channel i is input channel `positions[i]`, or zero where that is −1;
 * - `opaque`: not understood, with the reason; what touches it is kept.
 */
export type LayerRule =
  | {
    kind: "source" | "convolution" | "dense" | "carry" | "concatenate" | "flatten" | "unflatten";
  }
  | { kind: "depthwise"; multiplier: number }
  | { kind: "select"; positions: Int32Array }
  | { kind: "opaque"; reason: string };

type Shape = readonly (number | null)[];

const CARRIERS = new Set([
  "Activation",
  "ActivityRegularization",
  "AlphaDropout",
  "AveragePooling1D",
  "AveragePooling2D",
  "AveragePooling3D",
  "Cropping1D",
  "Cropping2D",
  "Dropout",
  "ELU",
  "GaussianDropout",
  "GaussianNoise",
  "GlobalAveragePooling1D",
  "GlobalAveragePooling2D",
  "GlobalMaxPooling1D",
  "GlobalMaxPooling2D",
  "LeakyReLU",
  "MaxPooling1D",
  "MaxPooling2D",
  "MaxPooling3D",
  "PReLU",
  "ReLU",
  "RepeatVector",
  "Rescaling",
  "Softmax",
  "SpatialDropout1D",
  "SpatialDropout2D",
  "ThresholdedReLU",
  "UpSampling1D",
  "UpSampling2D",
  "ZeroPadding1D",
  "ZeroPadding2D",
]);

const MERGES = new Set(["Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"]);

const CHANNEL_MIXING_ACTIVATIONS = new Set(["softmax", "logSoftmax", "log_softmax"]);

/** The rule of a layer that is not understood. */
export function opaque(reason: string): LayerRule {
  return { kind: "opaque", reason };
}

/**
 * How a layer treats channels.
 *
 * @param node The layer.
 * @param inputShapes Shapes of its inputs, without the batch.
 * @returns The rule; a layer that is not understood is `opaque` and says why.
 */
export function ruleOf(node: LayerNode, inputShapes: readonly Shape[]): LayerRule {
  const { className, name, config } = node;
  if (className === "InputLayer") return { kind: "source" };
  const rule = ruleOfClass(node, inputShapes);
  if (rule.kind === "opaque") return rule;
  if (config.data_format === "channels_first") {
    return opaque(`layer ${name} has its channels first`);
  }
  if ([...inputShapes, node.outputShape].some((shape) => typeof shape.at(-1) !== "number")) {
    return opaque(`layer ${name} has no fixed number of channels`);
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
    node.className === "Softmax" && isOverChannels(node);
  return isMixing ? `the softmax of layer ${node.name} mixes channels` : undefined;
}

/** The axis of a Softmax layer is 1 where it is not stated. */
function isOverChannels({ config, outputShape }: LayerNode): boolean {
  const axes = Array.isArray(config.axis) ? config.axis : [config.axis ?? 1];
  return axes.some((axis) => isLastAxis(axis, outputShape.length));
}

function ruleOfClass(node: LayerNode, inputShapes: readonly Shape[]): LayerRule {
  const { className, config, name } = node;
  const [shape = []] = inputShapes;
  if (CARRIERS.has(className)) return carryUnlessResized(node, shape);
  if (MERGES.has(className)) return { kind: "carry" };
  switch (className) {
    case "Conv1D":
    case "Conv2D":
    case "Conv2DTranspose":
      return ruleOfConvolution(node);
    case "Dense":
      return { kind: "dense" };
    case "DepthwiseConv2D":
      return { kind: "depthwise", multiplier: Number(config.depth_multiplier ?? 1) };
    case "BatchNormalization":
      return isLastAxis(config.axis ?? -1, shape.length)
        ? { kind: "carry" }
        : opaque(`BatchNormalization layer ${name} normalizes axis ${config.axis}, not channels`);
    case "LayerNormalization":
      return ruleOfNormalization(node, shape);
    case "Concatenate":
      return isLastAxis(config.axis ?? -1, shape.length)
        ? { kind: "concatenate" }
        : { kind: "carry" };
    case "Flatten":
      return [...shape, ...node.outputShape].includes(null)
        ? opaque(`Flatten layer ${name} has an input without a fixed size`)
        : { kind: "flatten" };
    case "Reshape":
      return ruleOfReshape(node, shape);
    case "Permute":
      return (config.dims as number[]).at(-1) === shape.length
        ? { kind: "carry" }
        : opaque(`Permute layer ${name} moves the channels to another axis`);
    case OPERATION_CLASS:
      return ruleOfOperation(node, inputShapes);
    default:
      return opaque(opaqueReason(node));
  }
}

/** A layer whose widths tell another story than its class is left alone. */
function carryUnlessResized(node: LayerNode, shape: Shape): LayerRule {
  return shape.at(-1) === node.outputShape.at(-1)
    ? { kind: "carry" }
    : opaque(`${node.className} layer ${node.name} changes the number of channels`);
}

function ruleOfConvolution(node: LayerNode): LayerRule {
  const { className, config, name } = node;
  if (Number(config.groups ?? 1) !== 1) return opaque(`${className} layer ${name} has groups`);
  if (config.padding === "causal") return opaque(`${className} layer ${name} has causal padding`);
  const positions = selectedPositions(node);
  return positions ? { kind: "select", positions } : { kind: "convolution" };
}

/** Over the positions of every channel, a normalization without weights lets channels through, those of zeros too. */
function ruleOfNormalization({ name, config }: LayerNode, shape: Shape): LayerRule {
  const axes = [config.axis ?? -1].flat();
  if (axes.some((axis) => isLastAxis(axis, shape.length))) {
    return opaque(`LayerNormalization layer ${name} normalizes over channels`);
  }
  return config.center === false && config.scale === false
    ? { kind: "carry" }
    : opaque(`LayerNormalization layer ${name} normalizes axis ${config.axis}, not channels`);
}

/** Values keep their order, so the channels can be followed where one width is a multiple of the other. */
function ruleOfReshape({ name, outputShape }: LayerNode, shape: Shape): LayerRule {
  const [before, after] = [shape.at(-1), outputShape.at(-1)];
  if (before === after) return { kind: "carry" };
  if (before && after && after % before === 0) return { kind: "flatten" };
  if (before && after && before % after === 0) return { kind: "unflatten" };
  return opaque(`Reshape layer ${name} breaks the channels up: ${before} become ${after}`);
}

/** What works on values or channels by themselves passes channels on. */
function ruleOfOperation(node: LayerNode, inputShapes: readonly Shape[]): LayerRule {
  const config = node.config as OperationConfig;
  const what = `layer ${node.name} (${config.operator})`;
  if (config.reach === "all") return opaque(`${what} mixes channels`);
  return inputShapes.some((shape) => shape.at(-1) === node.outputShape.at(-1))
    ? { kind: "carry" }
    : opaque(`${what} spreads one channel over many`);
}
