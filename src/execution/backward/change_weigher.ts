import * as tf from "@tensorflow/tfjs";
import { createRandom, type Random } from "../../base/mod.ts";
import type { LayerNode, Network } from "../../graph/mod.ts";
import type { Weight } from "../../model/mod.ts";
import { givesProbabilities } from "../forward/classification.ts";
import { convolutionOperation, transposedOperation } from "../forward/convolution_steps.ts";
import { denseOperation, type Operation } from "../forward/steps.ts";
import { BackwardPlan, type LayerGradient } from "./backward_plan.ts";

/** What is added to the weights of a layer. */
export interface LayerChange {
  /** Key of the layer. */
  readonly key: string;
  /** To its kernel, in its shape. */
  readonly kernel: Weight;
  /** To its bias. */
  readonly bias: Weight;
}

/** What a rise of the loss means. */
export type LossMeaning =
  /** The only output holds probabilities of classes or their logits; the loss is the cross-entropy in nats. */
  | { readonly kind: "classes" }
  /** The loss is the mean over outputs of the squared error, relative to the output's variance. */
  | { readonly kind: "outputs"; readonly variances: readonly number[] };

/** Changes to be weighed, as they can be sent to a thread. */
export interface ChangeRequest {
  /** Changes of one network; each is weighed by itself. */
  readonly changes: readonly (readonly LayerChange[])[];
  /** The loss. */
  readonly loss: LossMeaning;
  /** Random directions at the outputs, for every image. */
  readonly probes: number;
  /** Seed of these directions. */
  readonly seed: number;
}

const SMALLEST_PROBABILITY = 1e-12;

/**
 * Weighs changes of a network's weights by the second-order term of the loss, all of them in one pass forward and
 * backward over the images. With Δy the change of the outputs of the layers that are changed, to first order in their
 * weights, and J the derivative of the network's outputs z with respect to these,
 *
 *     rise ≈ ½ (J Δy)ᵀ H (J Δy) = ½ E (g · Δy)²,     g = Jᵀ v,   E v vᵀ = H.
 *
 * H is the Hessian of the loss in z. Of the cross-entropy it is diag(p) − p pᵀ, whatever the labels: the Fisher information
 * under the network's own answer p, for which v = √p ∘ ε − p (√p · ε) with random signs ε. Of the squared relative error it
 * is diagonal. First-order terms are left out: a trained network has none, on the whole.
 */
export class ChangeWeigher {
  readonly #plan: BackwardPlan;
  readonly #request: ChangeRequest;
  readonly #areProbabilities: boolean;
  /** Changes of every layer, by number. */
  readonly #changesOf: ReadonlyMap<string, readonly (readonly [number, LayerChange])[]>;
  readonly #shown = new Set<string>();

  /**
   * @param network The network; weights of its model that are not needed are freed.
   * @param request What is weighed.
   * @param memoryBudget Bytes for activations.
   */
  constructor(network: Network, request: ChangeRequest, memoryBudget: number) {
    const all = request.changes.flatMap((layers, number) =>
      layers.map((layer) => [number, layer] as const)
    );
    this.#changesOf = Map.groupBy(all, ([, { key }]) => key);
    this.#plan = new BackwardPlan(network, [...this.#changesOf.keys()], memoryBudget);
    this.#request = request;
    this.#areProbabilities = givesProbabilities(network.graph);
  }

  /**
   * Weighs the changes on a batch.
   *
   * @param inputs What the network's inputs read; disposed.
   * @param indices Index of every image in its set, which its random directions follow.
   * @returns By change, the rise of the loss of every image; undefined where a layer that is changed is not one product
   * with a kernel, or a layer behind it has no derivative.
   */
  weigh(
    inputs: readonly tf.Tensor[],
    indices: ArrayLike<number>,
  ): (Float64Array | undefined)[] {
    const { changes, probes, seed } = this.#request;
    const products = changes.map(() =>
      Array.from({ length: probes }, () => new Float64Array(indices.length))
    );
    const randoms = Array.from(indices, (index) => createRandom(seed, index));
    this.#plan.run(
      inputs,
      (outputs) => Array.from({ length: probes }, () => this.#drawDirections(outputs, randoms)),
      (layer) => this.#addProducts(layer, products),
    );
    const isKnown = ({ key }: LayerChange) => this.#shown.has(key) && !this.#plan.unknown.has(key);
    return products.map((ofProbes, number) =>
      changes[number].every(isKnown) ? meanOfHalfSquares(ofProbes) : undefined
    );
  }

  /** Frees the weights. */
  dispose(): void {
    this.#plan.dispose();
  }

  /** Adds g · Δy of a layer, image by image, to the products of the changes that it is part of. */
  #addProducts(
    { node, input, gradients }: LayerGradient,
    products: readonly (readonly Float64Array[])[],
  ): void {
    this.#shown.add(node.key);
    for (const [number, change] of this.#changesOf.get(node.key)!) {
      const product = makeProduct(node, change);
      tf.tidy(() => {
        const [difference] = product.run([input]);
        const axes = difference.shape.map((_, axis) => axis).slice(1);
        gradients.forEach((gradient, probe) => {
          const own = tf.sum(difference.mul(gradient), axes).dataSync();
          own.forEach((value, image) => products[number][probe][image] += value);
        });
      });
      product.dispose();
    }
  }

  /** Random v at every output, with E v vᵀ = H. */
  #drawDirections(outputs: readonly tf.Tensor[], randoms: readonly Random[]): tf.Tensor[] {
    const { loss } = this.#request;
    if (loss.kind === "classes") return [this.#drawClasses(outputs[0], randoms)];
    return outputs.map((output, index) => {
      const width = output.size / randoms.length;
      const size = Math.sqrt(2 / (outputs.length * width * loss.variances[index]));
      const values = new Float32Array(output.size);
      randoms.forEach((random, image) => {
        for (let i = image * width; i < (image + 1) * width; i++) values[i] = size * sign(random);
      });
      return tf.tensor(values, output.shape);
    });
  }

  /** With respect to probabilities p, v = ε / √p; softmax makes of it what it is for logits. */
  #drawClasses(output: tf.Tensor, randoms: readonly Random[]): tf.Tensor {
    const classes = output.shape.at(-1)!;
    const p = (this.#areProbabilities ? output : tf.softmax(output)).dataSync();
    const values = new Float32Array(p.length);
    randoms.forEach((random, image) => {
      const row = values.subarray(image * classes, (image + 1) * classes);
      const own = p.subarray(image * classes, (image + 1) * classes);
      const roots = Float64Array.from(
        own,
        (value) => sign(random) * Math.sqrt(Math.max(value, SMALLEST_PROBABILITY)),
      );
      const sum = roots.reduce((total, root) => total + root, 0);
      roots.forEach((root, c) => row[c] = this.#areProbabilities ? 1 / root : root - own[c] * sum);
    });
    return tf.tensor(values, output.shape);
  }
}

function sign(random: Random): number {
  return random() < 0.5 ? -1 : 1;
}

function meanOfHalfSquares(ofProbes: readonly Float64Array[]): Float64Array {
  return ofProbes[0].map((_, image) =>
    ofProbes.reduce((sum, products) => sum + products[image] ** 2, 0) / (2 * ofProbes.length)
  );
}

/**
 * What computes that which a change adds to the outputs of a layer, before its activation.
 *
 * @param node The layer.
 * @param change What is added to its weights.
 * @returns The operation; dispose it.
 */
export function makeProduct(
  node: LayerNode,
  { kernel, bias }: Omit<LayerChange, "key">,
): Operation {
  const changed = {
    ...node,
    weights: new Map([["kernel", kernel], ["bias", bias]]),
    config: { ...node.config, activation: "linear", use_bias: true },
  };
  switch (node.className) {
    case "Dense":
      return denseOperation(changed);
    case "Conv2DTranspose":
      return transposedOperation(changed);
    default:
      return convolutionOperation(changed);
  }
}
