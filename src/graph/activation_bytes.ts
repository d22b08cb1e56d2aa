import { foldableChains } from "./folding/chains.ts";
import { type LayerGraph, type LayerNode, nodeKeyOf } from "./layer_graph.ts";

/** What the activations of one image take, in bytes. */
export interface ActivationBytes {
  /** Most of what is live at the same time while the network runs. */
  readonly forward: number;
  /** What gradients at inference need: all that is made, BatchNormalizations and activations folded. */
  readonly backward: number;
  /** What every gradient takes on top while it is moved back: those at both ends of a step, and what a kernel makes of them. */
  readonly gradient: number;
  /** What a training step keeps and makes: every activation, its gradient, and what a kernel works on. */
  readonly training: number;
}

const FLOAT_BYTES = 4;

/** Stands for an extent that the network leaves open. */
export const OPEN_EXTENT = 64;

/** Tensors of the largest step for every gradient that is moved back. */
const GRADIENT_TENSORS = 4;

/** Tensors of a training step for every activation. */
const TRAINING_TENSORS = 3;

/**
 * What a network's activations take, by its shapes: so batches can be as large as there is room for.
 *
 * @param graph The network, with a fixed input size.
 * @returns Bytes for one image.
 */
export function activationBytes(graph: LayerGraph): ActivationBytes {
  const { nodes, outputs } = graph;
  const bytes = new Map(nodes.map((node) => [node.key, outputBytes(node)]));
  const lastUse = new Map<string, number>();
  nodes.forEach(({ key, inputs }, index) => {
    for (const source of [key, ...inputs.map(nodeKeyOf)]) lastUse.set(source, index);
  });
  for (const tensor of outputs) lastUse.set(nodeKeyOf(tensor), nodes.length);
  let [live, forward, all] = [0, 0, 0];
  nodes.forEach(({ key, inputs }, index) => {
    live += bytes.get(key)!;
    all += bytes.get(key)!;
    forward = Math.max(forward, live);
    for (const source of new Set([key, ...inputs.map(nodeKeyOf)])) {
      if (lastUse.get(source) === index) live -= bytes.get(source)!;
    }
  });
  const folded = foldableChains(graph).map((chain) => bytes.get(chain.at(-1)!.key)!);
  const backward = folded.reduce((sum, own) => sum + own, 0);
  const gradient = GRADIENT_TENSORS * Math.max(0, ...folded);
  return { forward, backward, gradient, training: TRAINING_TENSORS * all };
}

/**
 * What a layer's (first) output takes.
 *
 * @param node The layer.
 * @returns Bytes for one image.
 */
export function outputBytes({ outputShape }: LayerNode): number {
  return outputShape.reduce<number>(
    (product, extent) => product * (extent ?? OPEN_EXTENT),
    FLOAT_BYTES,
  );
}
