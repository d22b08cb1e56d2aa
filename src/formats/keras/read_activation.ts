import { InputError } from "../../base/mod.ts";
import { sharedActivations } from "./layer_classes.ts";
import type { Step } from "./parts.ts";
import { isJsonObject, type JsonObject, type OptionSource } from "./read_options.ts";

/** An activation: one that TensorFlow.js has, layers that compute it, or a layer of Keras. */
export type ReadActivation =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "steps"; readonly steps: readonly Step[] }
  | { readonly kind: "layer"; readonly className: string; readonly config: JsonObject };

/** Names of Keras for activations that it has under others. */
const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ["hard_silu", "hard_swish"],
  ["silu", "swish"],
]);

const rescale = (scale: number, offset = 0): Step => ({
  className: "Rescaling",
  config: { scale, offset },
});
const cut = (max_value: number): Step => ({ className: "ReLU", config: { max_value } });
const activate = (activation: string): Step => ({
  className: "Activation",
  config: { activation },
});

/** relu6(x + 3) / 6. */
const HARD_SIGMOID = [rescale(1 / 6, 0.5), cut(1)];

/** Activations that TensorFlow.js lacks under any name. */
const STEPS: ReadonlyMap<string, readonly Step[]> = new Map<string, readonly Step[]>([
  ["hard_sigmoid", HARD_SIGMOID],
  ["hard_swish", [
    ...HARD_SIGMOID,
    { className: "Multiply", config: {}, reads: ["value", HARD_SIGMOID.length - 1] },
  ]],
  ["hard_tanh", [rescale(1, 1), cut(2), rescale(1, -1)]],
  ["leaky_relu", [{ className: "LeakyReLU", config: { alpha: 0.2 } }]],
  ["log_sigmoid", [rescale(-1), activate("softplus"), rescale(-1)]],
  ["sparse_sigmoid", [rescale(0.5, 0.5), cut(1)]],
  ["tanh_shrink", [activate("tanh"), rescale(-1), {
    className: "Add",
    config: {},
    reads: ["value", 1],
  }]],
]);

/**
 * Reads an activation, in any of the forms that Keras gives it.
 *
 * @param value A name, a serialized function, or a serialized layer.
 * @param source Whose it is.
 * @returns What it is in TensorFlow.js.
 * @throws {InputError} When it cannot be computed there.
 */
export function readActivation(
  value: unknown,
  { place, kerasMajor }: OptionSource,
): ReadActivation {
  const given = isJsonObject(value) && value.class_name === "function" ? value.config : value;
  if (given === null || given === undefined) return { kind: "name", name: "linear" };
  if (isJsonObject(given) && typeof given.class_name === "string" && isJsonObject(given.config)) {
    return { kind: "layer", className: given.class_name, config: given.config };
  }
  if (typeof given === "string") {
    const name = SYNONYMS.get(given) ?? given;
    const isShared = sharedActivations.has(name) || name === "hard_sigmoid" && kerasMajor < 3;
    if (isShared) return { kind: "name", name };
    const steps = STEPS.get(name);
    if (steps) return { kind: "steps", steps };
  }
  throw new InputError(
    `${place}: found the activation ${JSON.stringify(given)}, wanted one of ${
      [...sharedActivations, ...STEPS.keys()].join(", ")
    }; use one of these in Keras and train the model again`,
  );
}
