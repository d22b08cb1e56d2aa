import {
  batchNormAffine,
  type ChannelMap,
  kernelMatrix,
  type LayerGraph,
  type LayerNode,
  nodeKeyOf,
} from "../../graph/mod.ts";

const KNOWN = new WeakMap<LayerGraph, ReadonlyMap<string, Float64Array>>();

/**
 * How much a squared error in each output channel of a layer matters to the network's outputs, as far as weights alone
 * tell: errors are taken to be independent, so that their squares go back through every layer by the squares of its
 * weights, and a nonlinearity passes on what it gets.
 *
 *     v_input = Σ_readers Σ_o W_input,o² · v_o,     v = 1 at the network's outputs
 *
 * A channel that is multiplied by some number, and divided by it where it is read, gets the importance divided by its
 * square: so the weighted error of a network does not depend on how it scales its channels.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @returns A number for every position of the last axis, by node.
 */
export function outputImportance(
  graph: LayerGraph,
  map: ChannelMap,
): ReadonlyMap<string, Float64Array> {
  const known = KNOWN.get(graph);
  if (known) return known;
  const found = new Map<string, Float64Array>();
  const ends = new Set(graph.outputs.map(nodeKeyOf));
  for (const node of graph.nodes.toReversed()) {
    const own = found.get(node.key) ?? new Float64Array(widthOf(node));
    if (ends.has(node.key)) own.forEach((value, at) => own[at] = value + 1);
    found.set(node.key, own);
    const widths = node.inputs.map((tensor) => map.layouts.get(nodeKeyOf(tensor))?.length ?? 0);
    inputImportances(map, node, own, widths).forEach((values, input) => {
      const key = nodeKeyOf(node.inputs[input]);
      const sums = found.get(key) ?? new Float64Array(widths[input]);
      if (sums.length === values.length) values.forEach((value, at) => sums[at] += value);
      found.set(key, sums);
    });
  }
  KNOWN.set(graph, found);
  return found;
}

function widthOf({ outputShape }: LayerNode): number {
  return outputShape.at(-1) ?? 1;
}

/** What a layer's inputs are worth, given what its outputs are. */
function inputImportances(
  map: ChannelMap,
  node: LayerNode,
  outputs: Float64Array,
  widths: readonly number[],
): Float64Array[] {
  const rule = map.rules.get(node.key)!;
  const [width] = widths;
  switch (rule.kind) {
    case "convolution":
    case "dense":
      return [throughKernel(node, outputs, width)];
    case "depthwise":
      return [throughDepthwise(node, outputs, width)];
    case "concatenate": {
      let end = 0;
      return widths.map((each) => outputs.slice(end, end += each));
    }
    case "flatten":
      return [gather(width, outputs, (at) => at % width)];
    case "unflatten":
      return [Float64Array.from({ length: width }, (_, at) => outputs[at % outputs.length])];
    case "select":
      return [gather(width, outputs, (at) => rule.positions[at])];
    case "carry": {
      const passed = throughNorm(node, outputs);
      return widths.map((each) =>
        each === passed.length ? passed : gather(each, passed, (at) => at % each)
      );
    }
    default:
      return widths.map((each) => new Float64Array(each).fill(1));
  }
}

/** Adds up what goes to each of `width` inputs; −1 goes nowhere. */
function gather(width: number, outputs: Float64Array, inputOf: (at: number) => number) {
  const sums = new Float64Array(width);
  outputs.forEach((value, at) => {
    if (inputOf(at) >= 0) sums[inputOf(at)] += value;
  });
  return sums;
}

function throughKernel(node: LayerNode, outputs: Float64Array, width: number): Float64Array {
  const kernel = kernelMatrix(node);
  const n = outputs.length;
  const sums = new Float64Array(width);
  kernel.forEach((weight, at) => sums[Math.floor(at / n) % width] += weight ** 2 * outputs[at % n]);
  return sums;
}

/** The kernel is taps × inputs × multiplier, output i · multiplier + m that of input i. */
function throughDepthwise(node: LayerNode, outputs: Float64Array, width: number): Float64Array {
  const kernel = (node.weights.get("depthwise_kernel") ?? node.weights.get("kernel"))!.values;
  const multiplier = outputs.length / width;
  const sums = new Float64Array(width);
  kernel.forEach((weight, at) => {
    const output = at % outputs.length;
    sums[Math.floor(output / multiplier)] += weight ** 2 * outputs[output];
  });
  return sums;
}

function throughNorm(node: LayerNode, outputs: Float64Array): Float64Array {
  if (node.className !== "BatchNormalization") return outputs;
  const { scale } = batchNormAffine(node);
  return outputs.map((value, channel) => value * scale[channel] ** 2);
}
