import { consumersByNode, type LayerGraph, type LayerNode, nodesByKey } from "../layer_graph.ts";
import { activationOf } from "../options.ts";
import {
  type Affine,
  isLinearMap,
  isWithoutActivation,
  readsUnpadded,
  scaleInputs,
  scaleOutputs,
} from "../affine.ts";

/**
 * Largest shift of a channel, over how far its values reach: rounding costs so many times as much in a stream that carries
 * it.
 */
const FARTHEST = 64;

/** Layers whose outputs are twice as large where their inputs are, channel by channel. */
const HOMOGENEOUS = new Set([
  "AveragePooling1D",
  "AveragePooling2D",
  "Cropping2D",
  "GlobalAveragePooling1D",
  "GlobalAveragePooling2D",
  "GlobalMaxPooling1D",
  "GlobalMaxPooling2D",
  "MaxPooling1D",
  "MaxPooling2D",
  "UpSampling2D",
  "ZeroPadding2D",
]);

/** A layer that takes a constant into its bias: `scale` is 1 or −1. */
interface Part {
  readonly key: string;
  readonly scale: number;
}

/** What has to change for a ReLU to stand in the place of a normalization. */
interface Move {
  /** Layers that write the stream, or add to it behind, with how often the shift goes into their biases. */
  readonly writers: readonly Part[];
  /** Other layers that read the stream. */
  readonly readers: readonly string[];
  /** Layers that read what the ReLU makes. */
  readonly scaled: readonly string[];
}

/**
 * Leaves a ReLU of a normalization that stands alone in front of one, where the layers around can take the rest:
 *
 *     relu(s·x + t) = s·relu(x + t/s)   for s > 0
 *
 * The shift t/s goes into the bias of what writes x, a convolution or one that is added there, and is taken off again
 * where x is read by others: from the bias of a convolution that is added to it, or of one that does not pad. The scale
 * goes into the layers that read the ReLU. So every block of a residual network of the second kind (He et al. 2016, arXiv
 * 1603.05027) is spared a layer with weights.
 *
 * @param graph A network whose normalizations are depthwise convolutions.
 * @param reaches By key of such a normalization, how far the values of every channel that it reads reach.
 * @returns The network; the given one is unchanged.
 */
export function shiftStreams(
  graph: LayerGraph,
  reaches: ReadonlyMap<string, Float32Array>,
): LayerGraph {
  const nodes = nodesByKey(graph.nodes);
  const consumers = consumersByNode(graph);
  for (const [key, reach] of reaches) {
    const norm = nodes.get(key)!;
    const { scale, shift } = affineOf(norm);
    const move = activationOf(norm) === "relu" && isPositive(scale) && isNear(shift, scale, reach)
      ? planMove(norm, nodes, consumers)
      : undefined;
    if (move === undefined) continue;
    const offset = shift.map((value, channel) => value / scale[channel]);
    const [ones, zeros] = [offset.map(() => 1), offset.map(() => 0)];
    const change = (key: string, changed: (node: LayerNode) => LayerNode) =>
      nodes.set(key, changed(nodes.get(key)!));
    for (const { key, scale } of move.writers) {
      const shift = offset.map((value) => scale * value);
      change(key, (node) => scaleOutputs(node, { scale: ones, shift }));
    }
    for (const key of move.readers) {
      const shift = offset.map((value) => -value);
      change(key, (node) => scaleInputs(node, { scale: ones, shift }));
    }
    for (const key of move.scaled) {
      change(key, (node) => scaleInputs(node, { scale, shift: zeros }));
    }
    change(norm.key, asRelu);
  }
  return { ...graph, nodes: [...nodes.values()] };
}

function affineOf({ weights }: LayerNode): Affine {
  const [scale, shift] = ["depthwise_kernel", "bias"]
    .map((role) => weights.get(role)!.values as Float32Array);
  return { scale, shift };
}

function isPositive(scale: Float32Array): boolean {
  return scale.every((value) => value > 0);
}

function isNear(shift: Float32Array, scale: Float32Array, reach: Float32Array): boolean {
  return shift.every((value, channel) =>
    Math.abs(value) <= FARTHEST * scale[channel] * reach[channel]
  );
}

function asRelu(norm: LayerNode): LayerNode {
  const { name, trainable } = norm.config;
  return {
    ...norm,
    className: "Activation",
    config: { name, ...(trainable !== undefined && { trainable }), activation: "relu" },
    weights: new Map(),
  };
}

/** What has to change; undefined where a layer around cannot take its part. */
function planMove(
  norm: LayerNode,
  nodes: ReadonlyMap<string, LayerNode>,
  consumers: ReadonlyMap<string, readonly string[]>,
): Move | undefined {
  const [tensor] = norm.inputs;
  const stream = nodes.get(tensor);
  const scaled = scaledReaders(norm, nodes, consumers);
  const writer = stream && writerOf(stream, nodes, consumers);
  if (stream === undefined || scaled === undefined || writer === undefined) return undefined;
  const writers: Part[] = [{ key: writer, scale: 1 }];
  const readers: string[] = [];
  for (const key of new Set(consumers.get(stream.key)!)) {
    const reader = nodes.get(key);
    if (key === norm.key) continue;
    if (reader === undefined) return undefined;
    if (readsUnpadded(reader)) readers.push(key);
    else {
      const addend = reader.className === "Add" ? addendOf(reader, nodes, consumers) : undefined;
      if (addend === undefined) return undefined;
      writers.push({ key: addend, scale: -reader.inputs.filter((name) => name === tensor).length });
    }
  }
  return { writers, readers, scaled };
}

/** The layer whose bias shifts a tensor. */
function writerOf(
  stream: LayerNode,
  nodes: ReadonlyMap<string, LayerNode>,
  consumers: ReadonlyMap<string, readonly string[]>,
): string | undefined {
  if (stream.className === "Add") return addendOf(stream, nodes, consumers);
  return isShiftable(stream) ? stream.key : undefined;
}

/** A layer that only a sum reads, and whose bias shifts it. */
function addendOf(
  { inputs, outputShape }: LayerNode,
  nodes: ReadonlyMap<string, LayerNode>,
  consumers: ReadonlyMap<string, readonly string[]>,
): string | undefined {
  return inputs.find((name) => {
    const node = nodes.get(name);
    return node !== undefined && isShiftable(node) && consumers.get(name)!.length === 1 &&
      node.outputShape.at(-1) === outputShape.at(-1);
  });
}

function isShiftable(node: LayerNode): boolean {
  return isLinearMap(node) && isWithoutActivation(node);
}

function isHomogeneous({ className, config }: LayerNode): boolean {
  return HOMOGENEOUS.has(className) && config.data_format !== "channels_first";
}

/** Layers with kernels that read what a layer makes, through layers that pass a factor on; undefined where others do. */
function scaledReaders(
  { key, outputShape }: LayerNode,
  nodes: ReadonlyMap<string, LayerNode>,
  consumers: ReadonlyMap<string, readonly string[]>,
): string[] | undefined {
  const found: string[] = [];
  for (const consumer of consumers.get(key)!) {
    const reader = nodes.get(consumer);
    if (reader === undefined) return undefined;
    const passed = isLinearMap(reader)
      ? [reader.key]
      : isHomogeneous(reader) && reader.outputShape.at(-1) === outputShape.at(-1)
      ? scaledReaders(reader, nodes, consumers)
      : undefined;
    if (passed === undefined) return undefined;
    found.push(...passed);
  }
  return found;
}
