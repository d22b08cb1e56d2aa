import {
  addActivation,
  addCappedRelu,
  addClip,
  addUnary,
  COMMON_ACTIVATIONS,
} from "../../import/mod.ts";
import type { Operator } from "../node_call.ts";
import { DEFAULT_SLOPE, importSlopes } from "./fused.ts";

/** An activation that has no options. */
function importActivation(activation: string): Operator {
  return (call) => addActivation(call, call.feature(), activation);
}

/** Operations that change values one by one, and Softmax. */
export const activationOperators: Readonly<Record<string, Operator>> = {
  ...COMMON_ACTIVATIONS,
  Relu6: (call) => addCappedRelu(call, call.feature(), 6),
  Elu: importActivation("elu"),
  Selu: importActivation("selu"),
  Softmax: importActivation("softmax"),
  LogSoftmax: importActivation("log_softmax"),
  LeakyRelu: (call) => {
    const alpha = call.number("alpha", DEFAULT_SLOPE);
    return addUnary(call, call.feature(), "LeakyReLU", { alpha });
  },
  Prelu: (call) => importSlopes(call, call.feature(), call.constant(1)),
  ClipByValue: (call) => {
    const [low, high] = [1, 2].map((index) => call.constant(index).values[0]);
    return addClip(call, call.feature(), low, high);
  },
};
