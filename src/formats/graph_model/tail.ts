import {
  type FrameOutput,
  type GraphTail,
  type GraphTailNode,
  isJsonObject,
  type JsonObject,
  type ModelTail,
  type Weight,
} from "../../model/mod.ts";
import { findTail, type FoundLayer } from "../import/mod.ts";
import type { Graph, GraphNode, NodeOutput } from "./graph_def.ts";
import type { GraphValues } from "./graph_values.ts";
import type { Value } from "./values.ts";

/** Operations that pruning is about. */
const CONVOLUTION = /^(_FusedConv2D|Conv2D|Conv2DBackpropInput|(Fused)?DepthwiseConv2dNative)$/;

/** What a graph gives when its tail is left out. */
export interface SeparatedTail {
  /** Layers whose tensors are outputs, or go into the tail. */
  readonly layers: readonly string[];
  readonly outputs: readonly FrameOutput[];
  readonly tail?: ModelTail;
}

/** What the tail is taken from. */
export interface TailSource {
  readonly graph: Graph;
  readonly values: GraphValues;
  readonly weights: ReadonlyMap<string, Weight>;
}

/**
 * Takes the nodes that are no layers, and all behind them, out of a graph as its tail.
 *
 * @param source The graph and what is known of its tensors.
 * @returns The outputs and the tail; undefined where it would hold all convolutions.
 */
export function separateTail(
  { graph, values, weights }: TailSource,
): SeparatedTail | undefined {
  const { nodes: kept, places, inputs, layers } = findTail(graph.outputs, {
    nameOf,
    makerOf: ({ node }) => graph.nodes.get(node)!,
    inputsOf: (node) => node.inputs,
    findLayer: (tensor) => findLayer(values.find(tensor)),
  });
  const outputs = graph.outputs.map((tensor, index): FrameOutput => {
    const key = graph.outputKeys[index] ?? tensor.node;
    const place = places[index];
    return { key, name: nameOf(tensor), ...(place !== undefined && { place }) };
  });
  if (kept.size === 0) return { layers, outputs };
  const convolutions = (some: Iterable<GraphNode>) =>
    [...some].filter(({ operator }) => CONVOLUTION.test(operator)).length;
  if (convolutions(graph.nodes.values()) === convolutions(kept)) return undefined;
  const constants = [...kept].filter(({ operator }) => operator === "Const");
  const nodes = [...kept].filter(({ operator }) => operator !== "Const");
  const library = needsLibrary(kept) ? graph.library : undefined;
  const held = [...constants.map(({ name }) => name), ...constantsOf(library)].flatMap((name) => {
    const weight = weights.get(name);
    return weight ? [[name, weight] as const] : [];
  });
  const names = new Set([...kept].map(({ name }) => name));
  const content: GraphTail = {
    kind: "graph",
    nodes: [...kept].map((node) => describe(node, names)),
    weights: new Map(held),
    ...(library && { library }),
  };
  const named = nodes.map(({ name, operator }) => ({ name, operator }));
  return { layers, outputs, tail: { nodes: named, inputs, content } };
}

function needsLibrary(nodes: ReadonlySet<GraphNode>): boolean {
  return [...nodes].some(({ attributes }) =>
    Object.values(attributes).some((attribute) => isJsonObject(attribute) && "func" in attribute)
  );
}

function describe(
  { name, operator, inputs, controls, attributes }: GraphNode,
  kept: ReadonlySet<string>,
): GraphTailNode {
  const orders = controls.filter((control) => kept.has(control));
  const read = [...inputs.map(nameOf), ...orders.map((control) => `^${control}`)];
  return { name, operator, inputs: read, attributes };
}

/** Outputs of layers are floats with a batch: what makes others is taken into the tail. */
function findLayer(value: Value | undefined): FoundLayer | undefined {
  if (value?.kind !== "feature" || value.type !== undefined || value.isSingle) return undefined;
  return { layer: value.layer, form: { type: value.isInteger ? "DT_INT32" : "DT_FLOAT" } };
}

/** Constants in functions. */
function constantsOf(library: JsonObject | undefined): string[] {
  const functions = Array.isArray(library?.function) ? library.function as JsonObject[] : [];
  return functions.flatMap(({ nodeDef }) =>
    Array.isArray(nodeDef)
      ? nodeDef.filter(({ op }) => op === "Const").map(({ name }) => String(name))
      : []
  );
}

/** Name of a tensor: the node's, with a colon and the number behind it for its further outputs. */
export function nameOf({ node, index }: NodeOutput): string {
  return index === 0 ? node : `${node}:${index}`;
}
