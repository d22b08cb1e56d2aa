import { giveBack } from "../../kernels/mod.ts";
import {
  OPERATION_CLASS,
  type OperationConfig,
  sliceOperation,
  type Weight,
} from "../../model/mod.ts";
import type { ChannelMap } from "../channels/channel_spaces.ts";
import {
  consumersByNode,
  type LayerGraph,
  type LayerNode,
  nodeKeyOf,
  reachableNodes,
} from "../layer_graph.ts";
import { putInGraphOrder } from "../graph_order.ts";
import { kernelAxes } from "../kernel.ts";
import { tupleOf } from "../options.ts";
import { renumberCalls } from "../shared_calls.ts";
import {
  isStrided,
  selectedPositions,
  selectorNode,
  selectorStrides,
} from "../channels/selectors.ts";

/** What is taken out of a model. */
export interface Cuts {
  /** By global channel number, 1 where the channel is removed from its whole space. */
  readonly removed: Uint8Array;
  /** By name of a convolution, the input positions that it alone keeps, ascending. */
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
 * @returns The weight with these entries alone; the given one where that has no others.
 */
export function takeAlongAxis(weight: Weight, axis: number, kept: Int32Array): Weight {
  const { shape, values } = weight;
  if (kept.length === shape[axis] && kept.every((index, at) => index === at)) return weight;
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
    if (weight === undefined) return;
    const taken = takeAlongAxis(weight, axis, kept);
    weights.set(role, taken);
    const isOwn = weight !== node.weights.get(role);
    if (isOwn && taken !== weight) giveBack([weight.values]);
  };
  const config = { ...node.config };
  const rule = map.rules.get(node.key)!;
  switch (rule.kind) {
    case "convolution":
    case "dense":
    case "select": {
      const { input, output } = kernelAxes(node);
      take("kernel", input, keptInputs);
      take("kernel", output, keptOutputs);
      take("bias", 0, keptOutputs);
      config[rule.kind === "dense" ? "units" : "filters"] = keptOutputs.length;
      break;
    }
    case "depthwise":
      take("depthwise_kernel", 2, keptInputs);
      take("kernel", 2, keptInputs);
      take("bias", 0, keptOutputs);
      break;
    case "carry":
      for (const [role, weight] of weights) {
        if (weight.shape.at(-1) !== 1) take(role, weight.shape.length - 1, keptOutputs);
      }
      break;
  }
  if (node.className === OPERATION_CLASS && rule.kind === "carry") {
    Object.assign(config, sliceOperation(config as OperationConfig, keptOutputs));
  }
  if (node.className === "Reshape") {
    config.target_shape = (config.target_shape as number[]).with(-1, keptOutputs.length);
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
 * run on the kept channels only and can be folded into it; they are copied when another layer reads them too. A branch of
 * a concatenation that loses all its channels leaves the model.
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
    const keptInputs = cuts.selections.get(node.name) ?? keptPositions(input, cuts.removed);
    nodes.set(
      node.key,
      sliceLayer(node, map, keptInputs, keptPositions(output, cuts.removed)),
    );
  }
  leaveEmptyBranches(nodes, map);
  const consumers = consumersByNode(graph);
  for (const { key, name } of graph.nodes) {
    const kept = cuts.selections.get(name);
    if (kept !== undefined) insertSelector(nodes, map, key, kept, consumers);
  }
  // Originals that only selecting convolutions read are left behind.
  const left = renumberCalls({ ...graph, nodes: reachableNodes(nodes, graph) });
  return { ...left, nodes: putInGraphOrder(left.nodes, left.outputs) };
}

/** Takes branches that have lost all their channels out of concatenations; one that joins nothing any more goes too. */
function leaveEmptyBranches(nodes: Map<string, LayerNode>, map: ChannelMap): void {
  const others = new Map<string, string>();
  for (const [key, node] of nodes) {
    const inputs = node.inputs.map((tensor) => others.get(tensor) ?? tensor);
    if (map.rules.get(key)!.kind !== "concatenate") {
      nodes.set(key, { ...node, inputs });
      continue;
    }
    const left = [...inputs.keys()].filter((index) =>
      nodes.get(nodeKeyOf(inputs[index]))!.outputShape.at(-1) !== 0
    );
    const callArguments = left.map((index) => node.callArguments[index]);
    nodes.set(key, { ...node, inputs: left.map((index) => inputs[index]), callArguments });
    if (left.length === 1 && inputs.length > 1) others.set(key, inputs[left[0]]);
  }
}

/** Where a convolution's selector goes. */
export interface SelectorPlace {
  /** The layers between selector and convolution, the convolution's side first. */
  readonly path: readonly string[];
  /** The tensor that the selector reads. */
  readonly source: string;
  /** The selector that reads it now; the new one chooses among what that one passes on. */
  readonly former?: string;
}

/**
 * Finds the place of a convolution's selector: in front of a BatchNormalization on the way to it, and in the place of a
 * selector that is there already.
 *
 * @param nodes The network.
 * @param map Its channel spaces.
 * @param convolution The convolution.
 * @returns The place.
 */
export function findSelectorPlace(
  nodes: ReadonlyMap<string, LayerNode>,
  map: ChannelMap,
  convolution: string,
): SelectorPlace {
  const path: string[] = [];
  let [tensor] = nodes.get(convolution)!.inputs;
  let place: SelectorPlace = { path: [], source: tensor };
  for (;;) {
    const node = nodes.get(tensor);
    const rule = node && map.rules.get(node.key)!;
    if (node === undefined || rule === undefined) return place;
    if (rule.kind === "select") return { path, source: node.inputs[0], former: node.key };
    if (rule.kind !== "carry" || !isPassable(node)) return place;
    path.push(node.key);
    [tensor] = node.inputs;
    if (node.className === "BatchNormalization") place = { path: [...path], source: tensor };
  }
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

/**
 * Whether a layer can run behind a selector as well, which may leave out positions. One that is called several times keeps
 * its weights as they are.
 */
function isPassable({ className, inputs, weights, calls }: LayerNode): boolean {
  const sizes = weights.get("alpha")?.shape.slice(0, -1) ?? [];
  return calls === 1 && inputs.length === 1 && PASSABLE.has(className) &&
    sizes.every((size) => size === 1);
}

/** Steps and size of a convolution's selector. */
export function selectorWindow(
  nodes: ReadonlyMap<string, LayerNode>,
  { source, former }: SelectorPlace,
  convolution: LayerNode,
): { strides: number[]; outputSize: readonly (number | null)[] } {
  const own = selectorStrides(convolution);
  const before = nodes.get(former ?? nodeKeyOf(source))!;
  const given = former === undefined ? [] : tupleOf(before.config.strides, own.length, 1);
  const outputSize = (isStrided(own) ? convolution : before).outputShape.slice(0, -1);
  return { strides: own.map((stride, axis) => stride * (given[axis] ?? 1)), outputSize };
}

function insertSelector(
  nodes: Map<string, LayerNode>,
  map: ChannelMap,
  key: string,
  kept: Int32Array,
  consumers: ReadonlyMap<string, readonly string[]>,
): void {
  const convolution = nodes.get(key)!;
  const place = findSelectorPlace(nodes, map, key);
  const { source, former } = place;
  const passed = former === undefined ? undefined : selectedPositions(nodes.get(former)!)!;
  const { strides, outputSize } = selectorWindow(nodes, place, convolution);
  const selector = selectorNode({
    name: freeName(nodes, `${convolution.name}_select`),
    input: source,
    inputShape: nodes.get(nodeKeyOf(source))!.outputShape,
    kept: passed ? kept.map((position) => passed[position]) : kept,
    strides,
    outputSize,
  });
  nodes.set(selector.key, selector);
  let input = selector.key;
  const path = place.path.toReversed();
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
      outputShape: [...outputSize, kept.length],
    });
    input = name;
  });
  const config = { ...convolution.config };
  const own = selectorStrides(convolution);
  if (isStrided(own)) config.strides = own.map(() => 1);
  nodes.set(key, { ...convolution, config, inputs: [input] });
}

function freeName(nodes: ReadonlyMap<string, LayerNode>, wanted: string): string {
  let name = wanted;
  for (let suffix = 2; nodes.has(name); suffix++) name = `${wanted}_${suffix}`;
  return name;
}
