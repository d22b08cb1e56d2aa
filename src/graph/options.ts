import { ownValue } from "../base/mod.ts";
import type { LayerNode } from "./layer_graph.ts";

/** A layer's activation by its serialized name; `linear` when it has none. */
export function activationOf(node: LayerNode): string {
  const activation = node.config.activation ?? "linear";
  return typeof activation === "string"
    ? activation
    : String((activation as { class_name?: string }).class_name);
}

/** What the constructors of TensorFlow.js call activations that are serialized under another name. */
const CONSTRUCTOR_NAMES: Readonly<Record<string, string>> = {
  hard_sigmoid: "hardSigmoid",
  log_softmax: "logSoftmax",
};

/** An activation's name as `tf.layers.activation` wants it, from its serialized one. */
export function constructorName(activation: string): string {
  return ownValue(CONSTRUCTOR_NAMES, activation) ?? activation;
}

/** Numbers, one for every spatial axis, from a configuration value that is one number or a list. */
export function tupleOf(value: unknown, axes: number, fallback: number): number[] {
  const list = Array.isArray(value) && value.length > 0 ? value : [value ?? fallback];
  return Array.from({ length: axes }, (_, axis) => Number(list[axis] ?? list[0]));
}

/** A pair of numbers from a configuration value that is one number or two. */
export function pairOf(value: unknown, fallback: number): [number, number] {
  const [first, second] = tupleOf(value, 2, fallback);
  return [first, second];
}

/** A convolution's strides, kernel size or dilations, down and across; a sequence is an image of one row. */
export function planeOf({ className, config }: LayerNode, option: string): [number, number] {
  return className === "Conv1D" ? [1, tupleOf(config[option], 1, 1)[0]] : pairOf(config[option], 1);
}

/** Whether an axis, counted with the batch as a configuration does, is that of the channels. */
export function isLastAxis(axis: unknown, rank: number): boolean {
  const value = Number(Array.isArray(axis) ? axis[0] : axis);
  return value === -1 || value === rank;
}
