import * as tf from "@tensorflow/tfjs";
import { applyActivation, type Operation, type Product } from "../forward/steps.ts";

/** Tensors around an activation. */
export interface ActivationTensors {
  /** What the product in front of it has read. */
  readonly input: tf.Tensor;
  /** What the activation has made. */
  readonly output: tf.Tensor;
  /** The gradient with respect to that. */
  readonly gradient: tf.Tensor;
}

/**
 * Gradient with respect to what an activation has read. That of a ReLU follows from its output; for any other the product
 * in front of it is computed again.
 *
 * @param product The product.
 * @param tensors What it has read, what the activation has made, and the gradient there.
 * @returns The gradient.
 */
export function activationGradient(
  { activation, run }: Product,
  { input, output, gradient }: ActivationTensors,
): tf.Tensor {
  switch (activation) {
    case "linear":
      return gradient;
    case "relu":
      return gradient.mul(tf.step(output));
    case "relu6":
      return gradient.mul(tf.step(output)).mul(tf.step(tf.sub(6, output)));
    default:
      return tf.grad((x) => applyActivation(x, activation))(run(input), gradient);
  }
}

/**
 * Gradients with respect to what any layer has read; the layer is run again.
 *
 * @param operation The layer.
 * @param inputs What it has read.
 * @param gradients Gradients with respect to what it has made, by name; its first output has the name `output`.
 * @param isWanted Which gradients are wanted.
 * @param output Name of its first output.
 * @returns The gradients, undefined where none is wanted.
 * @throws {Error} When TensorFlow.js has no derivative of it.
 */
export function layerGradients(
  operation: Operation,
  inputs: readonly tf.Tensor[],
  gradients: ReadonlyMap<string, tf.Tensor>,
  isWanted: readonly boolean[],
  output: string,
): (tf.Tensor | undefined)[] {
  const places = [...isWanted.keys()].filter((place) => isWanted[place]);
  const product = (...wanted: tf.Tensor[]) => {
    const all = inputs.map((input, place) => wanted[places.indexOf(place)] ?? input);
    const products = operation.run(all).flatMap((made, index) => {
      const gradient = gradients.get(index === 0 ? output : `${output}#${index}`);
      return gradient ? [tf.sum(made.mul(gradient))] : [];
    });
    return tf.addN(products);
  };
  const found = tf.grads(product)(places.map((place) => inputs[place]));
  return inputs.map((_, place) => found[places.indexOf(place)]);
}
