import type { Weight } from "../model/mod.ts";
import type { ChannelMap } from "./channel_spaces.ts";
import {
  consumersByNode,
  type LayerGraph,
  type LayerNode,
  nodeKeyOf,
  orderNodes,
} from "./layer_graph.ts";
import { pairOf } from "./layer_rules.ts";

/** What is taken out of a model. */
export interface Cuts {
  /** By global channel number, 1 where the channel is removed from its whole space. */
  readonly removed: Uint8Array;
  /** By key of a convolution, the input positions that it alone keeps, ascending. */
  readonly selections: ReadonlyMap<string, Int32Array>;
}

/** No channel removed, no selection. */
export function noCuts(
  map: ChannelMap,
): { removed: Uint8Array; selections: Map<string, Int32Array> } {
  return { removed: new Uint8Array(map.channels.length), selections: new Map() };
}

/**
 * Picks entries along one axis of a weight.
 *
 * @param weight The weight.
 * @param axis The axis, from 0.
 * @param kept Indices along that axis, in the order wanted.
 * @returns A new weight; the given one is unchanged.
 */
export function takeAlongAxis(weight: Weight, axis: number, kept: Int32Array): Weight {
  const { shape, values } = weight;
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const outer = shape.slice(0, axis).reduce((product, size) => product * size, 1);
  const taken = new (values.constructor as Float32ArrayConstructor)(outer * kept.length * inner);
  for (let block = 0; block < outer; block++) {
    for (let index = 0; index < kept.length; index++) {
      const from = (block * shape[axis] + kept[index]) * inner;
      taken.set(
        (values as Float32Array).subarray(from, from + inner),
        (block * kept.length + index) * inner,
      );
    }
  }
  const newShape = shape.with(axis, kept.length);
  return { ...weight, shape: newShape, values: taken };
}

/** Positions of a layout whose channels stay. */
function keptPositions(layout: Int32Array, removed: Uint8Array): Int32Array {
  const kept: number[] = [];
  layout.forEach((channel, position) => {
    if (removed[channel] === 0) kept.push(position);
  });
  return Int32Array.from(kept);
}

/** Slices the weights and widths of one layer to the input and output positions that stay. */
function sliceLayer(
  node: LayerNode,
  map: ChannelMap,
  keptInputs: Int32Array,
  keptOutputs: Int32Array,
): LayerNode {
  const weights = new Map(node.weights);
  const take = (role: string, axis: number, kept: Int32Array) => {
    const weight = weights.get(role);
    if (weight) weights.set(role, takeAlongAxis(weight, axis, kept));
  };
  const config = { ...node.config };
  const rule = map.rules.get(node.key)!;
  switch (rule.kind) {
    case "convolution":
      take("kernel", 2, keptInputs);
      take("kernel", 3, keptOutputs);
      take("bias", 0, keptOutputs);
      config.filters = keptOutputs.length;
      break;
    case "dense":
      take("kernel", 0, keptInputs);
      take("kernel", 1, keptOutputs);
      take("bias", 0, keptOutputs);
      config.units = keptOutputs.length;
      break;
    case "depthwise":
      take("depthwise_kernel", 2, keptInputs);
      take("kernel", 2, keptInputs);
      take("bias", 0, keptOutputs);
      break;
    case "carry":
      for (const [role, weight] of weights) {
        if (weight.shape.at(-1) !== 1) take(role, weight.shape.length - 1, keptOutputs);
      }
      if (node.className === "Reshape") {
        const target = config.target_shape as number[];
        if (target.at(-1) !== -1) config.target_shape = target.with(-1, keptOutputs.length);
      }
      break;
  }
  const outputShape = node.outputShape.length > 0
    ? node.outputShape.with(-1, keptOutputs.length)
    : node.outputShape;
  return { ...node, config, weights, outputShape };
}

/**
 * Takes channels out of a model: removed channels leave their producers, riders and consumers; a convolution with a
 * selection gets a frozen 1×1 convolution with a one-hot kernel in front.
 *
 * The selector stands before a BatchNormalization on the way to the convolution, so that normalization and activation
 * run on the kept channels only and can be folded into it; they are copied when another layer reads them too.
 *
 * @param graph The model, its kernels already repaired.
 * @param map Its channel spaces.
 * @param cuts What to take out. A channel of a frozen space is never removed.
 * @returns The smaller model; the given graph is unchanged.
 */
export function shrinkGraph(graph: LayerGraph, map: ChannelMap, cuts: Cuts): LayerGraph {
  const nodes = new Map<string, LayerNode>();
  for (const node of graph.nodes) {
    const rule = map.rules.get(node.key)!;
    if (rule.kind === "opaque" || rule.kind === "source") {
      nodes.set(node.key, node);
      continue;
    }
    const input = map.layouts.get(nodeKeyOf(node.inputs[0]))!;
    const output = map.layouts.get(node.key)!;
    const keptInputs = cuts.selections.get(node.key) ?? keptPositions(input, cuts.removed);
    nodes.set(
      node.key,
      sliceLayer(node, map, keptInputs, keptPositions(output, cuts.removed)),
    );
  }
  const consumers = consumersByNode(graph);
  for (const [key, kept] of cuts.selections) {
    insertSelector(nodes, map, key, kept, consumers);
  }
  return { ...graph, nodes: orderNodes(reachableNodes(nodes, graph), graph.outputs) };
}

/** Nodes that an output needs, and the inputs: originals that only selecting convolutions read are left behind. */
function reachableNodes(nodes: ReadonlyMap<string, LayerNode>, graph: LayerGraph): LayerNode[] {
  const reached = new Set(graph.inputs.map(nodeKeyOf));
  const stack = graph.outputs.map(nodeKeyOf);
  for (let key = stack.pop(); key !== undefined; key = stack.pop()) {
    if (reached.has(key)) continue;
    reached.add(key);
    stack.push(...nodes.get(key)!.inputs.map(nodeKeyOf));
  }
  return [...nodes.values()].filter((node) => reached.has(node.key));
}

/** The layers between a convolution and the place of its selector, the convolution's side first. */
export function selectorPath(
  nodes: ReadonlyMap<string, LayerNode>,
  map: ChannelMap,
  convolution: string,
): string[] {
  const path: string[] = [];
  let normalizations = 0;
  let key = nodes.get(convolution)!.inputs[0];
  for (;;) {
    const node = nodes.get(key);
    if (
      node === undefined || node.inputs.length !== 1 || !PASSABLE.has(node.className) ||
      map.rules.get(key)?.kind !== "carry"
    ) break;
    path.push(key);
    if (node.className === "BatchNormalization") normalizations = path.length;
    key = node.inputs[0];
  }
  return path.slice(0, normalizations);
}

const PASSABLE = new Set([
  "Activation",
  "BatchNormalization",
  "Dropout",
  "ELU",
  "LeakyReLU",
  "PReLU",
  "ReLU",
]);

function insertSelector(
  nodes: Map<string, LayerNode>,
  map: ChannelMap,
  key: string,
  kept: Int32Array,
  consumers: ReadonlyMap<string, readonly string[]>,
): void {
  const convolution = nodes.get(key)!;
  const path = selectorPath(nodes, map, key).reverse();
  const source = path.length === 0 ? convolution.inputs[0] : nodes.get(path[0])!.inputs[0];
  const strides = selectorStrides(convolution);
  const size = isStrided(strides) ? convolution.outputShape.slice(0, -1) : undefined;
  const selector = selectorNode(
    freeName(nodes, `${convolution.name}_select`),
    source,
    nodes.get(nodeKeyOf(source))!.outputShape,
    kept,
    strides,
    size,
  );
  nodes.set(selector.key, selector);
  let input = selector.key;
  path.forEach((step, index) => {
    const original = nodes.get(step)!;
    const isMovable = path.slice(index).every((later) => consumers.get(later)!.length === 1);
    const name = isMovable
      ? original.name
      : freeName(nodes, `${original.name}_${convolution.name}`);
    const sliced = sliceLayer(original, map, kept, kept);
    nodes.set(name, {
      ...sliced,
      key: name,
      name,
      config: { ...sliced.config, name },
      inputs: [input],
      outputShape: size ? [...size, kept.length] : sliced.outputShape,
    });
    input = name;
  });
  const config = { ...convolution.config };
  if (isStrided(strides)) config.strides = [1, 1];
  nodes.set(key, { ...convolution, config, inputs: [input] });
}

/**
 * In front of a strided 1×1 convolution the selector takes over the stride: what that one would skip need not be
 * selected.
 */
export function selectorStrides(convolution: LayerNode): [number, number] {
  const [height, width] = pairOf(convolution.config.kernel_size, 1);
  return height === 1 && width === 1 ? pairOf(convolution.config.strides, 1) : [1, 1];
}

function isStrided([vertical, horizontal]: [number, number]): boolean {
  return vertical > 1 || horizontal > 1;
}

function freeName(nodes: ReadonlyMap<string, LayerNode>, wanted: string): string {
  let name = wanted;
  for (let suffix = 2; nodes.has(name); suffix++) name = `${wanted}_${suffix}`;
  return name;
}

/**
 * The frozen 1×1 convolution whose one-hot kernel passes the kept positions on.
 *
 * @param name Its name.
 * @param input The tensor it reads.
 * @param inputShape Shape of that tensor.
 * @param kept Positions of its last axis.
 * @param strides Its strides.
 * @param outputSize Rows and columns of its output, when they are fewer than those of its input.
 * @returns The layer.
 */
export function selectorNode(
  name: string,
  input: string,
  inputShape: readonly (number | null)[],
  kept: Int32Array,
  strides: [number, number],
  outputSize: readonly (number | null)[] = inputShape.slice(0, -1),
): LayerNode {
  const width = inputShape.at(-1)!;
  const values = new Float32Array(width * kept.length);
  kept.forEach((position, index) => values[position * kept.length + index] = 1);
  const kernel: Weight = {
    name: `${name}/kernel`,
    shape: [1, 1, width, kept.length],
    dtype: "float32",
    values,
  };
  return {
    key: name,
    name,
    className: "Conv2D",
    config: {
      name,
      trainable: false,
      filters: kept.length,
      kernel_size: [1, 1],
      strides,
      padding: "valid",
      data_format: "channels_last",
      dilation_rate: [1, 1],
      activation: "linear",
      use_bias: false,
    },
    inputs: [input],
    callArguments: [{}],
    weights: new Map([["kernel", kernel]]),
    outputShape: [...outputSize, kept.length],
    calls: 1,
  };
}
