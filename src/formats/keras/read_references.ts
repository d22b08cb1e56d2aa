import { InputError } from "../../base/mod.ts";
import { isJsonObject } from "./read_options.ts";

/** A tensor in the form of tfjs-layers: layer, call, output, arguments of the call that reads it. */
export type Reference = [layer: string, call: number, output: number, callArguments: unknown];

/** What references of one model are translated by. */
export interface ReferenceRules {
  /** New names of the layers by their old ones. */
  readonly names: ReadonlyMap<string, string>;
  /** Layers behind which another was put that has to be read in their place. */
  readonly followers: ReadonlyMap<string, string>;
  /** Classes in Keras of the nested models by their old names. */
  readonly models: ReadonlyMap<string, string>;
  /** First part of the version of Keras. */
  readonly kerasMajor: number;
  /** What is being read, for messages. */
  readonly place: string;
}

/**
 * Translates the calls of a layer: Keras 2 lists tensors, Keras 3 the arguments with tensors in them.
 *
 * @param calls `inbound_nodes` of the layer.
 * @param layer Name of the layer, for messages.
 * @param rules How to translate references.
 * @returns For each call its input tensors.
 * @throws {InputError} When a call is of another form, has no tensor or other tensors than its first argument's.
 */
export function readCalls(calls: unknown, layer: string, rules: ReferenceRules): Reference[][] {
  if (!Array.isArray(calls)) throw fault(layer, calls, rules);
  return calls.map((call) => {
    if (isJsonObject(call)) return readArguments(call, layer, rules);
    const tensors = Array.isArray(call) && typeof call[0] === "string" ? [call] : call;
    if (!Array.isArray(tensors) || tensors.length === 0) throw fault(layer, call, rules);
    return tensors.map((tensor) => readReference(tensor, layer, rules));
  });
}

/** Keras 3: `{ args: [tensor or tensors], kwargs }`; nested models count their calls from 0 here. */
function readArguments(
  { args, kwargs }: Record<string, unknown>,
  layer: string,
  rules: ReferenceRules,
): Reference[] {
  const [first, ...rest] = Array.isArray(args) ? args : [];
  if (rest.some((argument) => argument !== null)) throw fault(layer, args, rules);
  const options = isJsonObject(kwargs) ? plainArguments(kwargs, layer, rules) : {};
  const tensors = Array.isArray(first) ? first : [first];
  return tensors.map((tensor) => {
    const isTensor = isJsonObject(tensor) && tensor.class_name === "__keras_tensor__" &&
      isJsonObject(tensor.config);
    const history = isTensor && (tensor.config as Record<string, unknown>).keras_history;
    if (!Array.isArray(history)) throw fault(layer, tensor, rules);
    const [name, call, output] = history;
    const first = rules.models.has(name) ? 1 : 0;
    return readReference([name, call + first, output, options], layer, rules);
  });
}

/** Arguments besides the tensors: `training` and the like, as long as they are plain values. */
function plainArguments(
  kwargs: Record<string, unknown>,
  layer: string,
  rules: ReferenceRules,
): Record<string, unknown> {
  const given = Object.entries(kwargs).filter(([, value]) => value !== null);
  for (const [, value] of given) {
    if (typeof value === "object") throw fault(layer, kwargs, rules);
  }
  return Object.fromEntries(given);
}

function readReference(tensor: unknown, layer: string, rules: ReferenceRules): Reference {
  const [name, call, output, callArguments] = Array.isArray(tensor) ? tensor : [];
  const newName = rules.followers.get(name) ?? rules.names.get(name);
  if (newName === undefined || !Number.isInteger(call) || !Number.isInteger(output)) {
    throw fault(layer, tensor, rules);
  }
  const options = isJsonObject(callArguments) ? plainArguments(callArguments, layer, rules) : {};
  return [newName, call, output, options];
}

function fault(layer: string, found: unknown, { place }: ReferenceRules): InputError {
  const text = (JSON.stringify(found) ?? "nothing").slice(0, 120);
  return new InputError(
    `${place}: layer ${layer} is called with ${text}, wanted the outputs of other layers alone; ` +
      `write what is computed between as layers`,
  );
}

/**
 * Translates a model's inputs or outputs, which are one reference, a list or an object of them.
 *
 * @param ends `input_layers` or `output_layers`.
 * @param option Which of the two.
 * @param rules How to translate references.
 * @returns The tensors.
 * @throws {InputError} When there is none or one is of another form.
 */
export function readEnds(ends: unknown, option: string, rules: ReferenceRules): Reference[] {
  const list = isJsonObject(ends) ? Object.values(ends) : ends;
  if (!Array.isArray(list) || list.length === 0) throw fault(option, ends, rules);
  const references = typeof list[0] === "string" ? [list] : list;
  return references.map((reference) => {
    const [name, call, output] = Array.isArray(reference) ? reference : [];
    const isCountedFromZero = rules.kerasMajor >= 3 && rules.models.get(name) === "Sequential";
    return readReference([name, call + (isCountedFromZero ? 1 : 0), output], option, rules);
  });
}
