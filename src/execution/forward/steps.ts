import * as tf from "@tensorflow/tfjs";
import { channelMoments, type Kernels } from "../../kernels/mod.ts";
import { activationOf, constructorName, type LayerNode } from "../../graph/mod.ts";
import { KernelMatrix } from "./kernel_matrix.ts";

/** Runs one or more neighboring layers at once. */
export interface Operation {
  /** Computes the outputs; the caller owns them and keeps the inputs. */
  run(inputs: tf.Tensor[]): tf.Tensor[];
  /** Frees the weights that the operation holds. */
  dispose(): void;
  /** What it is made of, where it is a product with a kernel, a bias and an activation. */
  readonly product?: Product;
}

/** A product with a kernel, and what is done with it. */
export interface Product {
  /** Serialized name of the activation behind it. */
  readonly activation: string;
  /** Computes the outputs before the activation. */
  run(x: tf.Tensor): tf.Tensor;
  /**
   * Computes the gradient with respect to what it reads.
   *
   * @param x What it has read.
   * @param gradient The gradient with respect to its outputs before the activation.
   * @returns A tensor of the shape of x.
   */
  backward(x: tf.Tensor, gradient: tf.Tensor): tf.Tensor;
}

/** Applies an activation by its serialized name. */
export function applyActivation(x: tf.Tensor, activation: string): tf.Tensor {
  if (activation === "linear") return x;
  const layer = tf.layers.activation({ activation: constructorName(activation) as "relu" });
  return layer.apply(x) as tf.Tensor;
}

/** A Dense layer over the last axis. */
export function denseOperation(node: LayerNode): Operation {
  const kernel = node.weights.get("kernel")!;
  const weights = new KernelMatrix(kernel.values as Float32Array, kernel.shape);
  const biasValues = node.weights.get("bias")?.values as Float32Array | undefined;
  const bias = biasValues && tf.tensor1d(biasValues);
  const activation = activationOf(node);
  const run = (x: tf.Tensor) => {
    const rows = x.reshape([-1, kernel.shape[0]]) as tf.Tensor2D;
    const product = weights.multiply(rows, bias);
    return product.reshape([...x.shape.slice(0, -1), kernel.shape[1]]);
  };
  const backward = (x: tf.Tensor, gradient: tf.Tensor) =>
    weights.multiplyTransposed(gradient.reshape([-1, kernel.shape[1]])).reshape(x.shape);
  return {
    run: ([x]) => [applyActivation(run(x), activation)],
    product: { activation, run, backward },
    dispose() {
      weights.dispose();
      bias?.dispose();
    },
  };
}

/** Any other layer, as TensorFlow.js runs it at inference. */
export function layerOperation(layer: tf.layers.Layer): Operation {
  return {
    run: (inputs) => {
      const outputs = layer.apply(inputs.length === 1 ? inputs[0] : inputs, { training: false });
      return Array.isArray(outputs) ? outputs as tf.Tensor[] : [outputs as tf.Tensor];
    },
    dispose: () => {},
  };
}

/** Receives a batch's moments at a BatchNormalization: sums over images and positions, and their number. */
export type MomentSink = (
  layer: string,
  sums: Float32Array,
  squares: Float32Array,
  count: number,
) => void;

/** How statistics of batches are taken. */
export interface BatchStatistics {
  /** The kernels. */
  readonly kernels: Kernels;
  /** Receives the sums of every batch. */
  readonly report: MomentSink;
}

/**
 * A BatchNormalization that normalizes with the statistics of the batch, as in training, and reports them.
 *
 * @param node The layer.
 * @param statistics How they are taken.
 * @returns The operation.
 */
export function batchStatisticsOperation(
  node: LayerNode,
  { kernels, report }: BatchStatistics,
): Operation {
  const epsilon = Number(node.config.epsilon ?? 1e-3);
  const vector = (role: string) => {
    const weight = node.weights.get(role);
    return weight && tf.tensor1d(weight.values as Float32Array);
  };
  const gamma = vector("gamma");
  const beta = vector("beta");
  return {
    run: ([x]) => {
      const channels = x.shape.at(-1)!;
      const count = x.size / channels;
      const { mean, variance } = channelMoments(kernels, x);
      const means = mean.dataSync() as Float32Array;
      const variances = variance.dataSync() as Float32Array;
      const sums = means.map((value) => value * count);
      const squares = variances.map((value, c) => (value + means[c] * means[c]) * count);
      report(node.name, sums, squares, count);
      return [
        tf.batchNorm(x, mean, variance, beta, gamma, epsilon),
      ];
    },
    dispose: () => tf.dispose([...(gamma ? [gamma] : []), ...(beta ? [beta] : [])]),
  };
}
