import {
  addActivation,
  addArithmetic,
  addBatchNorm,
  addCappedRelu,
  addPRelu,
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
        return addPRelu(call, made, take(), "prelu");
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
