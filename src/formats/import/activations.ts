import type { LayerConfig } from "../../model/mod.ts";
import { addUniformAffine } from "./affine.ts";
import {
  broadcastShapes,
  combineConstants,
  type Constant,
  transposeConstant,
} from "./constants.ts";
import type { Feature, ImportCall } from "./import_call.ts";

/** What may be said about a layer that is added. */
export interface UnaryOptions {
  /** Whether none of its values can be below zero; as in what it reads unless given. */
  readonly nonNegative?: boolean;
  /** Goes behind the node's name, if anything. */
  readonly suffix?: string;
}

/** Adds a layer that changes values one by one. */
export function addUnary<Tensor extends Feature>(
  call: ImportCall<Tensor>,
  value: Tensor,
  className: string,
  config: LayerConfig,
  { nonNegative = value.nonNegative, suffix }: UnaryOptions = {},
): Tensor {
  return call.result(call.addLayer(className, [value], config, {}, suffix), value, {
    nonNegative,
  });
}

/** Activations whose values cannot be below zero. */
const NON_NEGATIVE = new Set(["hard_sigmoid", "relu", "sigmoid", "softmax", "softplus"]);

/** Adds an Activation layer. */
export function addActivation<Tensor extends Feature>(
  call: ImportCall<Tensor>,
  value: Tensor,
  activation: string,
  suffix?: string,
): Tensor {
  const options = { nonNegative: NON_NEGATIVE.has(activation), suffix };
  return addUnary(call, value, "Activation", { activation }, options);
}

/** Activations without options that have one name in all formats. */
export const COMMON_ACTIVATIONS: Readonly<
  Record<string, <Tensor extends Feature>(call: ImportCall<Tensor>) => Tensor>
> = {
  Relu: (call) => addActivation(call, call.feature(), "relu"),
  Sigmoid: (call) => addActivation(call, call.feature(), "sigmoid"),
  Tanh: (call) => addActivation(call, call.feature(), "tanh"),
  Softplus: (call) => addActivation(call, call.feature(), "softplus"),
  Softsign: (call) => addActivation(call, call.feature(), "softsign"),
};

/** min(max(x, 0), bound). */
export function addCappedRelu<Tensor extends Feature>(
  call: ImportCall<Tensor>,
  value: Tensor,
  bound: number,
  suffix?: string,
): Tensor {
  return addUnary(call, value, "ReLU", { max_value: bound }, { nonNegative: true, suffix });
}

/** min(max(x, low), high); a bound that no f32 reaches is none. */
export function addClip<Tensor extends Feature>(
  call: ImportCall<Tensor>,
  value: Tensor,
  low: number,
  high: number,
): Tensor {
  if (Number.isNaN(low + high)) throw call.refusal(`has bounds ${low} and ${high}, wanted numbers`);
  const isOpenBelow = low < -3e38, isOpenAbove = high > 3e38;
  if (isOpenBelow && isOpenAbove) return value;
  if (low === 0 && isOpenAbove) return addActivation(call, value, "relu");
  if (low === 0) return addCappedRelu(call, value, high);
  if (isOpenBelow) {
    const turned = addUniformAffine(call, value, -1, high, { mayFold: true, suffix: "turned" });
    const cut = addActivation(call, turned, "relu");
    return { ...addUniformAffine(call, cut, -1, high, { suffix: "back" }), nonNegative: false };
  }
  const shifted = addUniformAffine(call, value, 1, -low, { mayFold: true, suffix: "shifted" });
  const cut = isOpenAbove
    ? addActivation(call, shifted, "relu")
    : addCappedRelu(call, shifted, high - low);
  return { ...addUniformAffine(call, cut, 1, low, { suffix: "back" }), nonNegative: low >= 0 };
}

/** x where it is positive, slope · x elsewhere; one slope or one for every channel. */
export function addPRelu<Tensor extends Feature>(
  call: ImportCall<Tensor>,
  value: Tensor,
  slope: Constant,
  suffix?: string,
): Tensor {
  if (slope.values.length === 1) {
    call.requireFinite(slope.values, "a slope of");
    return addUnary(call, value, "LeakyReLU", { alpha: slope.values[0] }, { suffix });
  }
  const values = call.perChannel(slope, value);
  const positions = call.isVector(value) ? [] : value.shape.slice(1);
  const shape = [...positions.map(() => 1), values.length];
  const shared_axes = positions.map((_, axis) => axis + 1);
  const config = shared_axes.length > 0 ? { shared_axes } : {};
  const alpha = { shape, values };
  return call.result(call.addLayer("PReLU", [value], config, { alpha }, suffix), value);
}

/**
 * {@link addPRelu} with a slope for every value. Slopes that rows or columns share are written out: stock TensorFlow.js 4.22
 * computes them wrongly on its WASM backend.
 *
 * @param call The node.
 * @param value Maps of a fixed size.
 * @param slope Slopes that broadcast to the values of one image.
 * @param axes Where each axis of the layers' tensor is in the file's.
 * @param suffix Goes behind the node's name, if anything.
 * @returns What it makes.
 * @throws {InputError} When the slopes do not fit.
 */
export function addSpreadPRelu<Tensor extends Feature>(
  call: ImportCall<Tensor>,
  value: Tensor,
  slope: Constant,
  axes: readonly number[],
  suffix?: string,
): Tensor {
  const shape = value.shape as readonly number[];
  const spread = value.shape.includes(null) ? undefined : broadcastShapes(slope.shape, shape);
  if (spread?.join() !== shape.join()) {
    throw call.refusal(
      `has slopes of shape [${slope.shape.join(", ")}] for [N, ${value.shape.join(", ")}], ` +
        `wanted one for every channel, or maps of a fixed size that they fit`,
    );
  }
  const all = combineConstants(slope, slope, shape, (number) => number);
  const alpha = transposeConstant(all, axes);
  const weight = { shape: alpha.shape, values: Float32Array.from(alpha.values) };
  const layer = call.addLayer("PReLU", [value], {}, { alpha: weight }, suffix);
  return call.result(layer, value, { nonNegative: false });
}

/** x of x · sigmoid(x), in whichever order its two factors are; undefined for any other product. */
export function findSwish<Tensor extends Feature>(
  call: ImportCall<Tensor>,
  first: Tensor,
  second: Tensor,
): Tensor | undefined {
  const { layers } = call.context;
  const gates = (gate: Tensor, value: Tensor) =>
    layers.activationOf(gate.layer) === "sigmoid" && layers.inputsOf(gate.layer)[0] === value.layer;
  if (gates(second, first)) return first;
  return gates(first, second) ? second : undefined;
}
