import { reachable } from "../../base/mod.ts";
import type { Weight } from "../../model/mod.ts";
import { type ChannelMap, spacesOfTensor } from "../channels/channel_spaces.ts";
import {
  batchNormAffine,
  isChannelNorm,
  isLinearMap,
  isWithoutActivation,
  scaleOutputs,
} from "../affine.ts";
import {
  consumersByNode,
  type LayerGraph,
  type LayerNode,
  MODEL_OUTPUT,
  nodeKeyOf,
  nodesByKey,
} from "../layer_graph.ts";

/**
 * The layers of a residual block (He et al. 2015, arXiv 1512.03385, section 3.1): what stands beside a shortcut that hands
 * its input on as it is. Without them, the network goes on by the shortcut alone.
 */
export interface ResidualBlock {
  /** Key of the addition at its end. */
  readonly addition: string;
  /** Key of the tensor that the block begins with, and its shortcut hands on. */
  readonly shortcut: string;
  /** Keys of its layers, in graph order, without the addition. */
  readonly layers: readonly string[];
  /** Key of its last convolution or Dense layer: where it reads nothing, the block adds a constant. */
  readonly last: string;
}

/** A residual block that leaves, and what it gave on average. */
export interface LeftBlock {
  /** The block. */
  readonly block: ResidualBlock;
  /** Mean of what was added, per channel; undefined where it is not known. */
  readonly mean?: Float32Array;
}

/**
 * Finds the residual blocks that one decision can take out: all channels within, other than those of the shortcut, are
 * read by the last convolution. A bottleneck, with two sets of channels within, is none of them.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @returns The blocks, by key of their last convolution or Dense layer.
 */
export function findResidualBlocks(
  graph: LayerGraph,
  map: ChannelMap,
): ReadonlyMap<string, ResidualBlock> {
  const nodes = nodesByKey(graph.nodes);
  const consumers = consumersByNode(graph);
  const blocks = graph.nodes.filter(isAddition).flatMap(({ key, inputs: [first, second] }) =>
    [[first, second], [second, first]].flatMap(([end, shortcut]) =>
      blockBetween({ graph, map, nodes, consumers }, shortcut, end, key) ?? []
    )
  );
  return new Map(blocks.map((block) => [block.last, block]));
}

interface Network {
  readonly graph: LayerGraph;
  readonly map: ChannelMap;
  readonly nodes: ReadonlyMap<string, LayerNode>;
  readonly consumers: ReadonlyMap<string, readonly string[]>;
}

function isAddition({ className, inputs, calls }: LayerNode): boolean {
  return className === "Add" && calls === 1 && inputs.length === 2;
}

/** The block from a tensor to another, which are added; undefined where there is none. */
function blockBetween(
  { graph, map, nodes, consumers }: Network,
  shortcut: string,
  end: string,
  addition: string,
): ResidualBlock | undefined {
  const shapes = [shortcut, end, addition].map((tensor) => nodes.get(tensor)?.outputShape);
  if (shapes.some((shape) => shape?.join() !== shapes[0]?.join())) return undefined;
  const sourcesOf = (key: string) =>
    nodes.get(key)!.inputs.filter((tensor) => tensor !== shortcut).map(nodeKeyOf);
  const within = reachable([end], sourcesOf);
  const isClosed = [...within].every((key) => {
    const { calls, inputs } = nodes.get(key)!;
    return key !== shortcut && calls === 1 && inputs.length > 0 &&
      map.rules.get(key)!.kind !== "opaque" &&
      consumers.get(key)!.every((reader) => within.has(reader) || reader === addition);
  });
  if (!isClosed || consumers.get(addition)!.includes(MODEL_OUTPUT)) return undefined;
  const layers = graph.nodes.map(({ key }) => key).filter((key) => within.has(key));
  const last = lastReader(nodes, map, end);
  const block = last === undefined ? undefined : { addition, shortcut, layers, last };
  return block && isDecidedAtOnce(map, nodes, block) ? block : undefined;
}

/** The convolution or Dense layer whose outputs, one by one, become what is added. */
function lastReader(
  nodes: ReadonlyMap<string, LayerNode>,
  map: ChannelMap,
  end: string,
): string | undefined {
  for (let key = end;;) {
    const { inputs } = nodes.get(key)!;
    const { kind } = map.rules.get(key)!;
    if (kind === "convolution" || kind === "dense") return key;
    if (inputs.length !== 1 || !nodes.has(inputs[0])) return undefined;
    [key] = inputs;
  }
}

/** Whether the last layer reads all channels within the block, and others than the block's layers those of its shortcut. */
function isDecidedAtOnce(
  map: ChannelMap,
  nodes: ReadonlyMap<string, LayerNode>,
  { shortcut, layers, last }: ResidualBlock,
): boolean {
  const outside = new Set(map.layouts.get(shortcut));
  const [input] = nodes.get(last)!.inputs;
  const read = new Set(map.layouts.get(nodeKeyOf(input)));
  const within = layers.flatMap((key) => [...map.layouts.get(key)!])
    .filter((channel) => !outside.has(channel));
  return within.length > 0 && within.every((channel) => read.has(channel)) &&
    [...read].every((channel) => !outside.has(channel)) &&
    spacesOfTensor(map, shortcut).every(({ frozen, consumers }) =>
      frozen !== undefined || consumers.some((reader) => !layers.includes(reader))
    );
}

/**
 * What a block adds on average when its last layer gives its mean.
 *
 * @param graph The network.
 * @param block The block.
 * @param mean Means of what the last layer gives, its bias included, per channel.
 * @returns The constant; undefined where what follows that layer is more than a normalization.
 */
export function meanOfBlock(
  graph: LayerGraph,
  { last, layers }: ResidualBlock,
  mean: Float32Array,
): Float32Array | undefined {
  const nodes = nodesByKey(graph.nodes);
  let constant = mean;
  for (const key of layers.slice(layers.indexOf(last))) {
    const node = nodes.get(key)!;
    if (isChannelNorm(node)) {
      const { scale, shift } = batchNormAffine(node);
      constant = constant.map((value, channel) => value * scale[channel] + shift[channel]);
    } else if (!isWithoutActivation(node) || !(key === last || node.className === "Dropout")) {
      return undefined;
    }
  }
  return constant;
}

/**
 * Takes the layers of residual blocks out of a network. In the place of an addition its shortcut is handed on under the
 * same name, so that all others find it; {@link leaveOutBypasses} takes that out too. What a block gave on average goes into
 * the bias of what makes its shortcut, where nothing else reads that; elsewhere it is lost.
 *
 * @param graph The network.
 * @param blocks The blocks.
 * @returns The network without them; the given one, which is unchanged, where there are none.
 */
export function bypassBlocks(graph: LayerGraph, blocks: readonly LeftBlock[]): LayerGraph {
  if (blocks.length === 0) return graph;
  const gone = new Set(blocks.flatMap(({ block }) => block.layers));
  const shortcuts = new Map(blocks.map(({ block }) => [block.addition, block.shortcut]));
  const nodes = nodesByKey(
    graph.nodes.filter(({ key }) => !gone.has(key)).map((node) => {
      const shortcut = shortcuts.get(node.key);
      return shortcut === undefined ? node : bypass(node, shortcut);
    }),
  );
  const left = { ...graph, nodes: [...nodes.values()] };
  const consumers = consumersByNode(left);
  const findWriter = (key: string): string | undefined => {
    const node = nodes.get(key);
    if (node === undefined || consumers.get(key)!.length > 1) return undefined;
    if (isChannelNorm(node) || (isLinearMap(node) && isWithoutActivation(node))) return key;
    if (!isAddition(node) && !shortcuts.has(key)) return undefined;
    return node.inputs.map(findWriter).find((writer) => writer !== undefined);
  };
  for (const { block: { shortcut }, mean } of blocks) {
    const writer = mean && findWriter(shortcut);
    if (writer !== undefined) nodes.set(writer, shiftedBy(nodes.get(writer)!, mean!));
  }
  return { ...left, nodes: [...nodes.values()] };
}

function bypass({ key, name, outputShape, calls }: LayerNode, shortcut: string): LayerNode {
  return {
    key,
    name,
    className: "Activation",
    config: { name, activation: "linear" },
    inputs: [shortcut],
    callArguments: [{}],
    weights: new Map(),
    outputShape,
    calls,
  };
}

/**
 * Takes out what {@link bypassBlocks} has left of residual blocks.
 *
 * @param graph The network.
 * @param blocks The blocks.
 * @returns The network; the given one, which is unchanged, where there are none.
 */
export function leaveOutBypasses(
  graph: LayerGraph,
  blocks: readonly ResidualBlock[],
): LayerGraph {
  if (blocks.length === 0) return graph;
  const shortcuts = new Map(blocks.map(({ addition, shortcut }) => [addition, shortcut]));
  const remaining = (tensor: string): string => {
    const shortcut = shortcuts.get(tensor);
    return shortcut === undefined ? tensor : remaining(shortcut);
  };
  const nodes = graph.nodes.filter(({ key }) => !shortcuts.has(key))
    .map((node) => ({ ...node, inputs: node.inputs.map(remaining) }));
  return { ...graph, nodes };
}

function shiftedBy(node: LayerNode, shift: Float32Array): LayerNode {
  if (!isChannelNorm(node)) return scaleOutputs(node, { scale: shift.map(() => 1), shift });
  const beta = node.weights.get("beta");
  const values = shift.map((value, channel) => value + (beta?.values[channel] ?? 0));
  const weight: Weight = {
    name: `${node.name}/beta`,
    shape: [values.length],
    dtype: "float32",
    ...beta,
    values,
  };
  const weights = new Map(node.weights).set("beta", weight);
  return { ...node, weights, config: { ...node.config, center: true } };
}
