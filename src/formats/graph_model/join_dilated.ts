import type { Constant } from "../import/mod.ts";
import { listAttribute, readNumbers, readText, textAttribute } from "./attributes.ts";
import type { GraphNode, NodeOutput } from "./graph_def.ts";

/** Operations that may stand between a convolution and the joining of its blocks: they change values one by one. */
const BETWEEN = /^(BiasAdd|FusedBatchNorm(V[23])?|Relu6?|Elu|LeakyRelu|Sigmoid|Tanh|Identity)$/;

const CONVOLUTIONS = /^(_FusedConv2D|Conv2D|(Fused)?DepthwiseConv2dNative)$/;

/**
 * Puts dilated convolutions together that older converters take apart: maps are dealt out to a block of smaller ones
 * (SpaceToBatchND), convolved without padding, and joined (BatchToSpaceND). The same is a dilated convolution with the
 * paddings of the first and without the crops of the last.
 *
 * @param nodes The graph.
 * @param constantOf The constant that a tensor is, if it is one.
 * @returns The graph with dilated convolutions, and Identity where the blocks were joined.
 */
export function joinDilated(
  nodes: ReadonlyMap<string, GraphNode>,
  constantOf: (tensor: NodeOutput) => Constant | undefined,
): Map<string, GraphNode> {
  const joined = new Map(nodes);
  const readers = countReaders(nodes);
  for (const join of nodes.values()) {
    if (join.operator !== "BatchToSpaceND") continue;
    const convolution = findConvolution(join, nodes, readers);
    const deal = convolution && nodes.get(convolution.inputs[0]?.node);
    if (convolution === undefined || deal?.operator !== "SpaceToBatchND") continue;
    const plan = [deal.inputs[1], deal.inputs[2], join.inputs[1], join.inputs[2]].map((tensor) =>
      tensor && constantOf(tensor)?.values
    );
    const attributes = dilate(convolution, plan);
    if (attributes === undefined) continue;
    const inputs = [deal.inputs[0], ...convolution.inputs.slice(1)];
    joined.set(convolution.name, { ...convolution, inputs, attributes });
    joined.set(join.name, { ...join, operator: "Identity", inputs: join.inputs.slice(0, 1) });
  }
  return joined;
}

function countReaders(nodes: ReadonlyMap<string, GraphNode>): Map<string, number> {
  const readers = new Map<string, number>();
  for (const { inputs } of nodes.values()) {
    for (const { node } of inputs) readers.set(node, (readers.get(node) ?? 0) + 1);
  }
  return readers;
}

/** The convolution whose blocks a node joins, if nothing else reads anything on the way. */
function findConvolution(
  join: GraphNode,
  nodes: ReadonlyMap<string, GraphNode>,
  readers: ReadonlyMap<string, number>,
): GraphNode | undefined {
  const seen = new Set<GraphNode>();
  let node = nodes.get(join.inputs[0]?.node);
  while (node && BETWEEN.test(node.operator) && readers.get(node.name) === 1 && !seen.has(node)) {
    seen.add(node);
    node = nodes.get(node.inputs[0]?.node);
  }
  const isFound = node && CONVOLUTIONS.test(node.operator) && readers.get(node.name) === 1;
  return isFound ? node : undefined;
}

/** Attributes of the dilated convolution; undefined where it cannot be one. */
function dilate(
  { attributes }: GraphNode,
  [block, paddings, joinBlock, crops]: readonly (ArrayLike<number> | undefined)[],
): GraphNode["attributes"] | undefined {
  if (block?.length !== 2 || paddings?.length !== 4 || crops?.length !== 4) return undefined;
  const isPlain = readText(attributes.padding) === "VALID" &&
    [attributes.strides, attributes.dilations].every((attribute) =>
      (readNumbers(attribute) ?? []).every((number) => number === 1)
    );
  const rest = Array.from(paddings, (padding, place) => padding - crops[place]);
  const isWhole = joinBlock !== undefined &&
    [...rest, ...Array.from(block)].every((number) => Number.isSafeInteger(number) && number >= 0);
  if (!isPlain || !isWhole || Array.from(block).join() !== Array.from(joinBlock).join()) {
    return undefined;
  }
  return {
    ...attributes,
    dilations: listAttribute([1, block[0], block[1], 1]),
    padding: textAttribute("EXPLICIT"),
    explicit_paddings: listAttribute([0, 0, ...rest, 0, 0]),
  };
}
