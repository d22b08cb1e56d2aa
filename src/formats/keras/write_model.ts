import { InputError } from "../../base/mod.ts";
import { findInputShape, type LayerJson } from "../../model/mod.ts";
import { type Call, orderAsKeras, requireAcyclic } from "./calls.ts";
import { modelClasses } from "./layer_classes.ts";
import { readCalls, readEnds, type Reference, type ReferenceRules } from "./read_references.ts";
import type { JsonObject } from "./read_options.ts";
import { writeLayer } from "./write_layer.ts";

/** A layer as Keras 3 numbers it. */
export interface WrittenLayer {
  /** Its class in Keras 3. */
  readonly kerasClass: string;
  /** The layer as it was. */
  readonly source: LayerJson;
  /** The layers of a model that stands here as a layer. */
  readonly nested?: WrittenModel;
}

/** A model in the form of Keras 3. */
export interface WrittenModel {
  /** The serialized model. */
  readonly entry: JsonObject;
  /** Its layers in the order of their groups; without the InputLayer of a Sequential model, which has none. */
  readonly layers: readonly WrittenLayer[];
}

/**
 * Translates a model to what Keras 3 deserializes.
 *
 * @param model Whole or nested model in the form of tfjs-layers.
 * @param place What is being written, for messages.
 * @returns The serialized model, and its layers in the order Keras gives them.
 * @throws {InputError} When a layer has no counterpart, or the input's shape is not stated.
 */
export function writeModelConfig(model: LayerJson, place: string): WrittenModel {
  return model.class_name === "Sequential"
    ? writeSequential(model, place)
    : writeFunctional(model, place);
}

function nameOf(layer: LayerJson): string {
  return String(layer.name ?? layer.config.name);
}

function serialize(module: string, className: string, config: JsonObject): JsonObject {
  return { module, class_name: className, config, registered_name: null };
}

function writeNode(layer: LayerJson, place: string): WrittenLayer & { entry: JsonObject } {
  if (modelClasses.has(layer.class_name)) {
    const named = { ...layer, config: { ...layer.config, name: nameOf(layer) } };
    const nested = writeModelConfig(named, place);
    const kerasClass = String(nested.entry.class_name);
    return { kerasClass, source: layer, nested, entry: nested.entry };
  }
  const { className, config } = writeLayer(layer, place);
  return {
    kerasClass: className,
    source: layer,
    entry: serialize("keras.layers", className, config),
  };
}

function writeSequential(model: LayerJson, place: string): WrittenModel {
  const { config } = model;
  const name = String(config.name ?? "sequential");
  const shape = findInputShape(model);
  if (!shape) {
    throw new InputError(
      `${place}: found no shape of the input of model ${name}, wanted batch_input_shape in its first layer; ` +
        `build the model with an input shape before saving it`,
    );
  }
  const listed = config.layers!;
  const layers = listed.filter((layer) => layer.class_name !== "InputLayer")
    .map((layer) => writeNode(layer, place));
  const given = listed.find((layer) => layer.class_name === "InputLayer");
  const names = new Set(listed.map(nameOf));
  const inputName = given
    ? nameOf(given)
    : names.has("input_layer")
    ? `${name}_input`
    : "input_layer";
  const input = serialize("keras.layers", "InputLayer", {
    name: inputName,
    batch_shape: shape,
    dtype: "float32",
    sparse: false,
  });
  const entries = [input, ...layers.map(({ entry }) => entry)];
  const options = { name, trainable: true, layers: entries, build_input_shape: shape };
  return { entry: serialize("keras", "Sequential", options), layers };
}

function writeFunctional({ config, name }: LayerJson, place: string): WrittenModel {
  const modelName = String(config.name ?? name ?? "functional");
  const listed = config.layers!;
  const rules = referenceRules(listed, `${place}: model ${modelName}`);
  const calls = listed.flatMap((layer) =>
    listCalls(layer, readCalls(layer.inbound_nodes ?? [], nameOf(layer), rules))
  );
  const inputs = readEnds(config.input_layers, "input_layers", rules);
  const outputs = readEnds(config.output_layers, "output_layers", rules);
  requireAcyclic(calls, outputs.map(callOf), rules.place);
  const inputNames = inputs.map(([layer]) => layer);
  const { layers: order, needed } = orderAsKeras(calls, inputNames, outputs.map(callOf));
  const made = calls.filter((call) => needed.has(call));
  const numbers = numberCalls(made);
  const byName = new Map(listed.map((layer) => [nameOf(layer), layer]));
  const layers = order.map((layer) => writeNode(byName.get(layer)!, place));
  const entries = layers.map(({ entry }, index) => {
    const own = made.filter(({ layer, references }) =>
      layer === order[index] && references.length > 0
    );
    const inbound_nodes = own.map(({ references }) => writeCall(references, numbers));
    return { ...entry, name: order[index], inbound_nodes };
  });
  const options = {
    name: modelName,
    trainable: true,
    layers: entries,
    input_layers: writeEnds(inputs, numbers, rules),
    output_layers: writeEnds(outputs, numbers, rules),
  };
  const entry = serialize("keras.src.models.functional", "Functional", options);
  return { entry: { ...entry, registered_name: "Functional" }, layers };
}

/** Rules that leave the references of tfjs-layers as they are. */
function referenceRules(layers: LayerJson[], place: string): ReferenceRules {
  const nested = layers.filter(({ class_name }) => modelClasses.has(class_name));
  return {
    names: new Map(layers.map((layer) => [nameOf(layer), nameOf(layer)])),
    followers: new Map(),
    models: new Map(nested.map((layer) => [nameOf(layer), layer.class_name])),
    kerasMajor: 2,
    place,
  };
}

/** A call with the tensors it reads. */
interface ModelCall extends Call {
  readonly references: Reference[];
}

function callOf([layer, call]: Reference): string {
  return `${layer}@${call}`;
}

function listCalls(layer: LayerJson, inbound: Reference[][]): ModelCall[] {
  const name = nameOf(layer);
  const first = modelClasses.has(layer.class_name) ? 1 : 0;
  const calls = inbound.length === 0 ? [[]] : inbound;
  return calls.map((references, index) => ({
    key: `${name}@${first + index}`,
    layer: name,
    inputs: references.map(callOf),
    references,
  }));
}

/** Each call's number among those that remain of its layer, from 0. */
function numberCalls(calls: Call[]): Map<string, number> {
  const counts = new Map<string, number>();
  return new Map(calls.map(({ key, layer }) => {
    const number = counts.get(layer) ?? 0;
    counts.set(layer, number + 1);
    return [key, number];
  }));
}

/** Keras fills in the tensor itself when it reads this; its shape only has to be one. */
function writeCall(references: Reference[], numbers: ReadonlyMap<string, number>): JsonObject {
  const tensors = references.map((reference) => ({
    class_name: "__keras_tensor__",
    config: {
      shape: [null],
      dtype: "float32",
      keras_history: [reference[0], numbers.get(callOf(reference)), reference[2]],
    },
  }));
  return { args: [tensors.length === 1 ? tensors[0] : tensors], kwargs: references[0][3] };
}

/** Here Keras 3 counts the construction of a functional model as its call 0, that of a Sequential one not. */
function writeEnds(
  ends: Reference[],
  numbers: ReadonlyMap<string, number>,
  { models }: ReferenceRules,
): unknown[] {
  const references = ends.map((reference) => {
    const [layer, , output] = reference;
    const isFunctional = models.has(layer) && models.get(layer) !== "Sequential";
    return [layer, (numbers.get(callOf(reference)) ?? 0) + (isFunctional ? 1 : 0), output];
  });
  return references.length === 1 ? references[0] : references;
}
