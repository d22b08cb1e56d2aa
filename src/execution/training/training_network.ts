import * as tf from "@tensorflow/tfjs";
import {
  activationArgument,
  activationOf,
  constructorName,
  consumersByNode,
  type LayerGraph,
  type LayerNode,
  nodeKeyOf,
  nodesByKey,
  planeOf,
} from "../../graph/mod.ts";
import { createRandom, InputError } from "../../base/mod.ts";
import { type Kernels, trainBatchNorm } from "../../kernels/mod.ts";
import { isTrainable, type ParameterLayout } from "./parameters.ts";
import { runAtRandom } from "./random_layers.ts";
import type { StepSums, TrainingBatch, TrainingLoss } from "./training_loss.ts";

/** How a network is trained. */
export interface TrainingNetworkOptions {
  /** What it is trained by. */
  readonly loss: TrainingLoss;
  /**
   * Whether the network runs as at inference: BatchNormalization keeps its mean and variance, and nothing is dropped at
   * random. Default: BatchNormalization uses those of the batch, and Dropout drops.
   */
  readonly freezesStatistics?: boolean;
}

/** Mean and variance of a batch at a BatchNormalization. */
interface BatchStatistics {
  readonly mean: tf.Tensor;
  readonly variance: tf.Tensor;
}

/**
 * A network in training mode: its weights are variables, BatchNormalization uses the statistics of the batch (unless they
 * are frozen, or the layer is), and a step gives the gradients of the mean loss.
 */
export class TrainingNetwork {
  readonly #kernels: Kernels;
  /** ReLU layers by the BatchNormalization that they run with. */
  readonly #fusedRelus: ReadonlyMap<string, FusedRelu>;
  readonly #graph: LayerGraph;
  readonly #model: tf.LayersModel;
  readonly #layout: ParameterLayout;
  readonly #loss: TrainingLoss;
  readonly #freezesStatistics: boolean;
  readonly #variables = new Map<string, tf.Variable>();

  /**
   * @param kernels The kernels.
   * @param graph The network.
   * @param model The same network in TensorFlow.js, which runs the layers without weights.
   * @param layout Where its weights lie in the flat array.
   * @param options How it is trained.
   */
  constructor(
    kernels: Kernels,
    graph: LayerGraph,
    model: tf.LayersModel,
    layout: ParameterLayout,
    { loss, freezesStatistics = false }: TrainingNetworkOptions,
  ) {
    this.#loss = loss;
    this.#freezesStatistics = freezesStatistics;
    this.#kernels = kernels;
    this.#fusedRelus = findFusedRelus(graph);
    this.#graph = graph;
    this.#model = model;
    this.#layout = layout;
    for (const node of graph.nodes.filter(({ key, name }) => key === name)) {
      for (const [role, { values, shape }] of node.weights) {
        const variable = tf.tidy(() => tf.variable(tf.tensor(values, shape), isTrainable(node)));
        this.#variables.set(variableName(node.name, role), variable);
      }
    }
  }

  /**
   * Takes weights over.
   *
   * @param flat Weights in the layout's order.
   */
  load(flat: Float32Array): void {
    for (const { key, role, shape, offset, length } of this.#layout.trained) {
      const values = tf.tensor(flat.slice(offset, offset + length), [...shape]);
      this.#variables.get(variableName(key, role))!.assign(values);
      values.dispose();
    }
  }

  /**
   * Runs a batch forward and backward.
   *
   * @param batch The batch; the caller disposes it.
   * @param out Receives, in the layout's order, the gradients of the mean loss and, in the places of moving mean and
   * variance, the batch's mean and variance, those of all calls of a layer on average, unless they are frozen.
   * @returns Loss and right answers.
   * @throws {InputError} When there is no gradient for the weights of a layer.
   */
  step(batch: TrainingBatch, out: Float32Array): StepSums {
    const { trained } = this.#layout;
    const variables = trained.map(({ key, role }) => this.#variables.get(variableName(key, role))!);
    return tf.tidy(() => {
      const statistics = new Map<string, BatchStatistics[]>();
      let correct: number | undefined;
      const { value, grads } = this.#gradients(() => {
        const mean = this.#loss.meanOf(this.#outputs(batch, statistics), batch);
        correct = mean.correct;
        return mean.loss;
      }, variables);
      trained.forEach(({ key, offset }, index) => {
        const gradient = grads[variables[index].name] as tf.Tensor | undefined;
        if (gradient === undefined) throw this.#withoutGradient(`none for layer ${key}`);
        out.set(gradient.dataSync(), offset);
      });
      for (const { key, role, offset } of this.#freezesStatistics ? [] : this.#layout.statistics) {
        const calls = statistics.get(key)!
          .map(({ mean, variance }) => role === "moving_mean" ? mean : variance);
        out.set(tf.addN(calls).div(calls.length).dataSync(), offset);
      }
      for (const { mean, variance } of [...statistics.values()].flat()) {
        tf.dispose([mean, variance]);
      }
      const images = batch.inputs[0].shape[0];
      const loss = value.dataSync()[0] * images;
      return { loss, ...(correct !== undefined && { correct }), images };
    });
  }

  /** TensorFlow.js says in plain errors which operations it has no derivative of. */
  #gradients(lossOf: () => tf.Scalar, variables: tf.Variable[]) {
    try {
      return tf.variableGrads(lossOf, variables);
    } catch (error) {
      if (!(error instanceof Error) || !/gradient/.test(error.message)) throw error;
      throw this.#withoutGradient(error.message);
    }
  }

  #withoutGradient(found: string): InputError {
    return new InputError(
      `training ${this.#graph.name}: found ${found}, wanted gradients for the weights of every layer; ` +
        "do without training, or with a network without that layer",
    );
  }

  /** Frees the variables. */
  dispose(): void {
    for (const variable of this.#variables.values()) variable.dispose();
  }

  #outputs(
    { inputs, randomKeys = [] }: TrainingBatch,
    statistics: Map<string, BatchStatistics[]>,
  ): tf.Tensor[] {
    const tensors = new Map(
      this.#graph.inputs.map((name, index) => [name, inputs[index]] as const),
    );
    for (const [place, node] of this.#graph.nodes.entries()) {
      if (tensors.has(node.key)) continue;
      const inputs = node.inputs.map((name) => tensors.get(name)!);
      const changed = this.#freezesStatistics
        ? undefined
        : runAtRandom(node, inputs[0], seedOf([...randomKeys, place]));
      const outputs = changed ? [changed] : this.#run(node, inputs, statistics);
      const relu = this.#fusedRelus.get(node.key);
      if (relu !== undefined) tensors.set(relu.key, outputs[0]);
      outputs.forEach((output, index) => {
        tensors.set(index === 0 ? node.key : `${node.key}#${index}`, output);
      });
    }
    return this.#graph.outputs.map((name) => tensors.get(name)!);
  }

  #run(
    node: LayerNode,
    inputs: tf.Tensor[],
    statistics: Map<string, BatchStatistics[]>,
  ): tf.Tensor[] {
    const [x] = inputs;
    switch (node.className) {
      case "Conv1D":
      case "Conv2D":
      case "Conv2DTranspose":
      case "DepthwiseConv2D":
        return [this.#activate(node, this.#convolve(node, x))];
      case "Dense":
        return [this.#activate(node, this.#multiply(node, x))];
      case "BatchNormalization":
        return [this.#normalize(node, x, statistics)];
      case "PReLU":
        return [tf.prelu(x, this.#weight(node, "alpha")!)];
      default: {
        if (this.#isOutputSoftmax(node)) return [x];
        const layer = this.#model.getLayer(node.name);
        const output = layer.apply(inputs.length === 1 ? x : inputs, {
          training: !this.#freezesStatistics,
        });
        return Array.isArray(output) ? output as tf.Tensor[] : [output as tf.Tensor];
      }
    }
  }

  #weight(node: LayerNode, role: string): tf.Variable | undefined {
    return this.#variables.get(variableName(node.name, role));
  }

  #convolve(node: LayerNode, x: tf.Tensor): tf.Tensor {
    const kernel = this.#weight(node, "depthwise_kernel") ?? this.#weight(node, "kernel")!;
    const output = node.className === "Conv1D"
      ? convolve(node, x.expandDims(1), kernel.expandDims(0)).squeeze([1])
      : convolve(node, x, kernel);
    const bias = this.#weight(node, "bias");
    return bias ? output.add(bias) : output;
  }

  #multiply(node: LayerNode, x: tf.Tensor): tf.Tensor {
    const kernel = this.#weight(node, "kernel")! as tf.Tensor as tf.Tensor2D;
    const rows = x.reshape([-1, kernel.shape[0]]) as tf.Tensor2D;
    const product = tf.matMul(rows, kernel).reshape([...x.shape.slice(0, -1), kernel.shape[1]]);
    const bias = this.#weight(node, "bias");
    return bias ? product.add(bias) : product;
  }

  #normalize(
    node: LayerNode,
    x: tf.Tensor,
    statistics: Map<string, BatchStatistics[]>,
  ): tf.Tensor {
    const epsilon = Number(node.config.epsilon ?? 1e-3);
    const channels = x.shape.at(-1)!;
    const gamma = this.#weight(node, "gamma") ?? tf.ones([channels]);
    const beta = this.#weight(node, "beta") ?? tf.zeros([channels]);
    const relu = this.#fusedRelus.get(node.key)?.activation;
    const isFrozen = this.#freezesStatistics || !isTrainable(node);
    const { output, mean, variance } = trainBatchNorm(
      this.#kernels,
      x,
      gamma as tf.Tensor1D,
      beta as tf.Tensor1D,
      epsilon,
      {
        relu,
        moments: isFrozen
          ? {
            mean: this.#weight(node, "moving_mean")! as tf.Tensor as tf.Tensor1D,
            variance: this.#weight(node, "moving_variance")! as tf.Tensor as tf.Tensor1D,
          }
          : undefined,
      },
    );
    if (!isFrozen) {
      const calls = statistics.get(node.name) ?? [];
      calls.push({ mean: tf.keep(mean), variance: tf.keep(variance) });
      statistics.set(node.name, calls);
    }
    return output;
  }

  #activate(node: LayerNode, x: tf.Tensor): tf.Tensor {
    const activation = activationOf(node);
    if (activation === "linear" || this.#isOutputSoftmax(node)) return x;
    if (activation === "relu") return tf.relu(x);
    const layer = tf.layers.activation({ activation: constructorName(activation) as "relu" });
    return layer.apply(x) as tf.Tensor;
  }

  /** The network's own softmax is part of a loss that reads logits. */
  #isOutputSoftmax(node: LayerNode): boolean {
    const hasSoftmax = node.className === "Softmax" || activationOf(node) === "softmax";
    return this.#loss.readsLogits && hasSoftmax && nodeKeyOf(this.#graph.outputs[0]) === node.key;
  }
}

/** A convolution of images, before bias and activation. */
function convolve(node: LayerNode, x: tf.Tensor, kernel: tf.Tensor): tf.Tensor4D {
  const [images, filter] = [x as tf.Tensor4D, kernel as tf.Tensor4D];
  const strides = planeOf(node, "strides");
  const padding = node.config.padding as "same" | "valid";
  switch (node.className) {
    case "Conv2DTranspose": {
      const shape = [x.shape[0], ...node.outputShape] as [number, number, number, number];
      return tf.conv2dTranspose(images, filter, shape, strides, padding);
    }
    case "DepthwiseConv2D":
      return tf.depthwiseConv2d(images, filter, strides, padding);
    default:
      return tf.conv2d(images, filter, strides, padding, "NHWC", planeOf(node, "dilation_rate"));
  }
}

/** A whole number from 1 that is drawn for a layer. */
function seedOf(keys: readonly number[]): number {
  return 1 + Math.floor(createRandom(...keys)() * 2 ** 31);
}

function variableName(layer: string, role: string): string {
  return `${layer}/${role}`;
}

/** A ReLU layer that a BatchNormalization clamps its output for. */
interface FusedRelu {
  readonly key: string;
  readonly activation: "relu" | "relu6";
}

/** ReLU layers that alone read a BatchNormalization. */
function findFusedRelus(graph: LayerGraph): Map<string, FusedRelu> {
  const nodes = nodesByKey(graph.nodes);
  const fused = new Map<string, FusedRelu>();
  for (const [key, readers] of consumersByNode(graph)) {
    const [norm, reader] = [nodes.get(key)!, nodes.get(readers[0])];
    const isAlone = norm.className === "BatchNormalization" && norm.calls === 1 &&
      readers.length === 1 && reader?.calls === 1;
    const activation = isAlone ? reluOf(reader) : undefined;
    if (activation !== undefined) fused.set(key, { key: reader!.key, activation });
  }
  return fused;
}

function reluOf(node: LayerNode): FusedRelu["activation"] | undefined {
  const activation = node.className === "Activation"
    ? activationOf(node)
    : activationArgument(node);
  return activation === "relu" || activation === "relu6" ? activation : undefined;
}
