import {
  batchNormAffine,
  type ChannelMap,
  isChannelNorm,
  kernelMatrix,
  type LayerGraph,
  type LayerNode,
  nodeKeyOf,
} from "../../graph/mod.ts";
import { activationBehind } from "./activations.ts";
import {
  scaledSpread,
  type Spread,
  spreadBehind,
  spreadOfProduct,
  spreadOfSum,
  UNIT_SPREAD,
} from "./spread.ts";

/**
 * Mean and variance of every channel of every tensor of a network, without any data. A BatchNormalization tells them: what
 * it reads has its moving mean and variance, so its output has mean β and variance γ². Behind it, and where there is none,
 * they are carried on from layer to layer, as if values were normally distributed and independent: through a nonlinearity
 * by its integral, through a kernel by its weights and their squares. Inputs of the network have mean 0 and variance 1.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @returns A spread for every position of the last axis, by node.
 */
export function channelSpreads(
  graph: LayerGraph,
  map: ChannelMap,
): ReadonlyMap<string, readonly Spread[]> {
  const found = new Map<string, readonly Spread[]>();
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((tensor) => found.get(nodeKeyOf(tensor)) ?? []);
    const act = activationBehind(node);
    const before = spreadsOf(node, map, inputs);
    found.set(node.key, act ? before.map((spread) => spreadBehind(spread, act)) : before);
  }
  return found;
}

/** Spreads of what a layer gives, before its activation. */
function spreadsOf(
  node: LayerNode,
  map: ChannelMap,
  inputs: readonly (readonly Spread[])[],
): readonly Spread[] {
  const width = node.outputShape.at(-1) ?? 1;
  const rule = map.rules.get(node.key)!;
  const [first = []] = inputs;
  switch (rule.kind) {
    case "convolution":
    case "dense":
      return spreadsBehindKernel(node, first);
    case "depthwise":
      return spreadsBehindDepthwise(node, first, rule.multiplier);
    case "select":
      return Array.from(
        rule.positions,
        (position) => position < 0 ? { mean: 0, variance: 0 } : first[position],
      );
    case "concatenate":
      return inputs.flat();
    case "flatten":
      return Array.from({ length: width }, (_, at) => first[at % first.length]);
    case "unflatten":
      return Array.from({ length: width }, (_, at) => first[at]);
    case "carry":
      return carry(node, inputs, width);
    default:
      return new Array<Spread>(width).fill(UNIT_SPREAD);
  }
}

function spreadsBehindKernel(node: LayerNode, inputs: readonly Spread[]): Spread[] {
  const matrix = kernelMatrix(node);
  const bias = node.weights.get("bias")?.values;
  const outputs = node.outputShape.at(-1)!;
  const sums = Array.from({ length: outputs }, (_, o) => ({ mean: bias?.[o] ?? 0, variance: 0 }));
  matrix.forEach((weight, at) => {
    const { mean, variance } = inputs[Math.floor(at / outputs) % inputs.length];
    const sum = sums[at % outputs];
    sum.mean += weight * mean;
    sum.variance += weight ** 2 * variance;
  });
  return sums;
}

function spreadsBehindDepthwise(
  { weights }: LayerNode,
  inputs: readonly Spread[],
  multiplier: number,
): Spread[] {
  const outputs = inputs.length * multiplier;
  const bias = weights.get("bias")?.values;
  const kernel = weights.get("depthwise_kernel") ?? weights.get("kernel");
  const sums = Array.from({ length: outputs }, (_, o) => ({ mean: bias?.[o] ?? 0, variance: 0 }));
  kernel!.values.forEach((weight, at) => {
    const { mean, variance } = inputs[Math.floor(at % outputs / multiplier)];
    const sum = sums[at % outputs];
    sum.mean += weight * mean;
    sum.variance += weight ** 2 * variance;
  });
  return sums;
}

/** Through layers that keep channels apart; an input of one channel is spread over all. */
function carry(
  node: LayerNode,
  inputs: readonly (readonly Spread[])[],
  width: number,
): Spread[] {
  const partsAt = (at: number) => inputs.map((input) => input[input.length === 1 ? 0 : at]);
  if (isChannelNorm(node)) return normalized(node, inputs[0]);
  return Array.from({ length: width }, (_, at) => mergeSpreads(node.className, partsAt(at)));
}

function normalized(node: LayerNode, inputs: readonly Spread[]): Spread[] {
  const { scale, shift } = batchNormAffine(node);
  const [mean, variance] = ["moving_mean", "moving_variance"].map((role) =>
    node.weights.get(role)!.values
  );
  return inputs.map((_, at) =>
    scaledSpread({ mean: mean[at], variance: variance[at] }, scale[at], shift[at])
  );
}

function mergeSpreads(className: string, parts: readonly Spread[]): Spread {
  switch (className) {
    case "Add":
      return spreadOfSum(parts);
    case "Average":
      return scaledSpread(spreadOfSum(parts), 1 / parts.length);
    case "Subtract":
      return spreadOfSum([parts[0], scaledSpread(parts[1], -1)]);
    case "Multiply":
      return spreadOfProduct(parts);
    default:
      return parts[0];
  }
}
