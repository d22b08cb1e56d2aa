import {
  addActivation,
  addArithmetic,
  addBatchNorm,
  addCappedRelu,
  addPRelu,
  addSpreadPRelu,
  addUnary,
  type Constant,
} from "../../import/mod.ts";
import type { NodeCall } from "../node_call.ts";
import type { Feature } from "../values.ts";

/** Slope of a LeakyRelu that does not say. */
export const DEFAULT_SLOPE = 0.2;

/**
 * Adds what is fused to a convolution or matrix product: `fused_ops`, whose constants come behind the kernel.
 *
 * @param call The node.
 * @param value What it makes without.
 * @returns What it makes.
 * @throws {InputError} When something else is fused to it.
 */
export function addFused(call: NodeCall, value: Feature): Feature {
  let next = 2;
  const take = (): Constant => call.constant(next++);
  return (call.texts("fused_ops") ?? []).reduce<Feature>((made, operation) => {
    switch (operation) {
      case "BiasAdd":
        return addArithmetic(call, made, "add", call.perChannel(take(), made), true);
      case "FusedBatchNorm":
        return normalize(call, made, [take(), take(), take(), take()], "norm");
      case "Relu6":
        return addCappedRelu(call, made, 6, "relu6");
      case "LeakyRelu": {
        const alpha = call.number("leakyrelu_alpha", DEFAULT_SLOPE);
        return addUnary(call, made, "LeakyReLU", { alpha }, { suffix: "leaky_relu" });
      }
      case "Prelu":
        return importSlopes(call, made, take(), "prelu");
      case "Elu":
      case "Relu":
      case "Sigmoid":
      case "Tanh": {
        const activation = operation.toLowerCase();
        return addActivation(call, made, activation, activation);
      }
      default:
        throw call.refusal(`has ${operation} fused to it, wanted a bias or an activation`);
    }
  }, value);
}

/** Prelu with a slope for every channel, or for every value. */
export function importSlopes(
  call: NodeCall,
  value: Feature,
  slope: Constant,
  suffix?: string,
): Feature {
  const { length: rank } = value.shape;
  const isBatched = slope.shape.length === rank + 1 && slope.shape[0] === 1;
  const shape = isBatched ? slope.shape.slice(1) : slope.shape;
  const isOfChannels = shape.length <= rank && shape.slice(0, -1).every((extent) => extent === 1);
  if (isOfChannels) return addPRelu(call, value, slope, suffix);
  return addSpreadPRelu(
    call,
    value,
    { ...slope, shape },
    value.shape.map((_, axis) => axis),
    suffix,
  );
}

/** FusedBatchNorm as it is used, with the statistics of the training. */
export function importBatchNorm(call: NodeCall): Feature {
  if (call.node.attributes.is_training !== undefined && call.flag("is_training")) {
    throw call.refusal(`is in training mode; export the model for inference`);
  }
  const isFlat = call.feature().shape.length === 1;
  const value = isFlat ? call.feature() : call.maps();
  return normalize(call, value, [1, 2, 3, 4].map((index) => call.constant(index)));
}

function normalize(
  call: NodeCall,
  value: Feature,
  constants: readonly Constant[],
  suffix?: string,
): Feature {
  const epsilon = call.number("epsilon", 1e-4);
  return addBatchNorm(call, value, constants, { epsilon, momentum: 0.99, suffix });
}
