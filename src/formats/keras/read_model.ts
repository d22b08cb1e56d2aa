import { InputError } from "../../base/mod.ts";
import { findInputShape, type LayerJson } from "../../model/mod.ts";
import type { StatedShape } from "./affine_parts.ts";
import { type Call, requireAcyclic } from "./calls.ts";
import { modelClasses, type WeightRole, weightRoles } from "./layer_classes.ts";
import { outputName, type Part, type TranslatedLayer } from "./parts.ts";
import { translateKeras1 } from "./read_keras1.ts";
import { readEntry, translateLayer } from "./read_layer.ts";
import { readCalls, readEnds, type Reference, type ReferenceRules } from "./read_references.ts";
import { isOperation, translateOperation } from "./read_operation.ts";
import { ATTENTION_CLASS, listAttentionInputs, translateAttention } from "./read_attention.ts";
import { isJsonObject, type JsonObject } from "./read_options.ts";

/** A layer of a file: what it is in Keras, by which its weights are found, and in TensorFlow.js. */
export interface ReadLayer {
  /** Its class in Keras. */
  readonly kerasClass: string;
  /** Its name in the file. */
  readonly kerasName: string;
  /** Its name in the new model, under which its weights are read. */
  readonly name: string;
  /** Its layers for TensorFlow.js; of a model the model alone. */
  readonly parts: readonly Part[];
  /** The weights that the file has of it. */
  readonly roles: readonly WeightRole[];
  /** Makes the weights of the parts of these, where they are not the same. */
  readonly convert?: TranslatedLayer["convert"];
  /** Whether training changes it. */
  readonly isTrainable: boolean;
  /** The layers of a model that stands here as a layer. */
  readonly nested?: ReadModel;
}

/** A model of a file, whole or nested. */
export interface ReadModel {
  /** Its class in Keras. */
  readonly kerasClass: string;
  /** Class and options for TensorFlow.js. */
  readonly json: LayerJson;
  /** Its layers in the order of the file. */
  readonly layers: readonly ReadLayer[];
}

/** What holds for all models of a file. */
interface Reading {
  readonly path: string;
  readonly kerasMajor: number;
  /** Names of layers that are taken: TensorFlow.js names weights by layer alone. */
  readonly names: Set<string>;
  readonly depth: number;
}

/** Models in models; Teachable Machine needs three. */
export const MAX_DEPTH = 16;

/**
 * Translates a model of Keras to what tfjs-layers deserializes.
 *
 * @param entry The model as Keras serialized it.
 * @param source Path of the file and the first part of Keras' version.
 * @returns The model and its layers.
 * @throws {InputError} When it is no Sequential or functional model, is not built, its calls lead into themselves, or a
 * layer cannot be translated.
 */
export function readModelConfig(
  entry: unknown,
  source: { path: string; kerasMajor: number },
): ReadModel {
  const { className, config } = readEntry(entry, `reading ${source.path}`);
  if (!modelClasses.has(className)) {
    throw new InputError(
      `reading ${source.path}: found a model of class ${className}, wanted Sequential or Functional; ` +
        `build it from layers without a class of its own`,
    );
  }
  return readModel(className, config, String(config.name ?? "model"), {
    ...source,
    names: new Set(),
    depth: 0,
  });
}

function readModel(
  className: string,
  config: JsonObject,
  name: string,
  reading: Reading,
): ReadModel {
  const place = `reading ${reading.path}: model ${name}`;
  if (reading.depth > MAX_DEPTH) {
    throw new InputError(
      `${place}: found more than ${MAX_DEPTH} models in one another; ` +
        `take the inner ones apart before saving`,
    );
  }
  if (!Array.isArray(config.layers) || config.layers.length === 0) {
    throw new InputError(
      `${place}: found no layers, wanted a model that was built; call build() before saving it`,
    );
  }
  const entries = readEntries(config, place);
  const names = chooseNames(entries.map(({ kerasName }) => kerasName), name, reading, place);
  const layers = entries.map((entry) =>
    readLayer(entry, names.get(entry.kerasName)!, { ...reading, depth: reading.depth + 1 })
  );
  const isChain = className === "Sequential" && layers.every(({ parts }) => parts.every(isLink));
  const rules = { names, place, kerasMajor: reading.kerasMajor };
  const json = isChain
    ? sequentialJson(config, name, layers, place)
    : className === "Sequential"
    ? branchingJson(config, name, layers, rules)
    : functionalJson(className, config, name, layers, rules);
  return { kerasClass: className, json, layers };
}

/** Whether a part reads what stands ahead of it and nothing else. */
function isLink({ reads }: Part, index: number): boolean {
  const [source, ...others] = reads ?? [];
  if (source === undefined) return true;
  const isAhead = "input" in source ? index === 0 && source.input === 0 : source.part === index - 1;
  return isAhead && others.length === 0;
}

/** An entry of a model's list of layers. */
interface ModelEntry {
  readonly entry: JsonObject;
  readonly className: string;
  readonly config: JsonObject;
  readonly kerasName: string;
  readonly calls: unknown;
  readonly shape: StatedShape;
}

function readEntries(config: JsonObject, place: string): ModelEntry[] {
  const list = config.layers as unknown[];
  const entries = list.map((entry) => ({
    entry: entry as JsonObject,
    ...readEntry(entry, place),
    calls: isJsonObject(entry) ? entry.inbound_nodes : undefined,
    kerasName: layerName(entry),
  }));
  const shapes = new Map(entries.map((entry) => [entry.kerasName, inputShape(entry.config)]));
  const first = inputShape(config) ?? shapes.get(entries[0].kerasName);
  return entries.map((entry, index) => {
    const isFirst = entry.calls === undefined &&
      (index === 0 || index === 1 && entries[0].className === "InputLayer");
    return {
      ...entry,
      shape: entry.shape ?? (isFirst ? first : undefined) ??
        shapes.get(sourceOf(entry.calls) ?? ""),
    };
  });
}

function inputShape(config: JsonObject): StatedShape {
  const shape = config.batch_shape ?? config.batch_input_shape ?? config.build_input_shape;
  return Array.isArray(shape) ? shape : undefined;
}

/** The layer that the first call reads first. */
function sourceOf(calls: unknown): string | undefined {
  let value: unknown = calls;
  while (Array.isArray(value) || isJsonObject(value)) {
    if (Array.isArray(value)) [value] = value;
    else if (Array.isArray(value.args)) [value] = value.args;
    else value = isJsonObject(value.config) ? value.config.keras_history : undefined;
  }
  return typeof value === "string" ? value : undefined;
}

function layerName(entry: unknown): string {
  const { name, config } = entry as JsonObject;
  return String(name ?? (isJsonObject(config) ? config.name : undefined) ?? "");
}

/** A layer keeps its name unless a model around it has one of the same name. */
function chooseNames(
  kerasNames: string[],
  model: string,
  { names, depth }: Reading,
  place: string,
): Map<string, string> {
  const chosen = new Map<string, string>();
  for (const kerasName of kerasNames) {
    if (kerasName === "" || chosen.has(kerasName)) {
      throw new InputError(
        `${place}: found the layer name "${kerasName}"${
          kerasName ? " twice" : ""
        }, wanted one for each; rename the layers before saving`,
      );
    }
    let name = kerasName;
    while (depth > 0 && names.has(name)) name = `${model}_${name}`;
    names.add(name);
    chosen.set(kerasName, name);
  }
  return chosen;
}

/** A layer with its calls, which may be others than those of the file. */
interface CalledLayer extends ReadLayer {
  readonly calls: unknown;
}

function readLayer(given: ModelEntry, name: string, reading: Reading): CalledLayer {
  const { entry, className, config, calls, kerasName, shape } = given;
  const own = { kerasClass: className, kerasName, name, calls, roles: [] };
  const isTrainable = config.trainable !== false;
  if (modelClasses.has(className)) {
    const nested = readModel(className, config, name, reading);
    return { ...own, parts: [{ json: nested.json }], nested, isTrainable };
  }
  const { kerasMajor, path } = reading;
  if (className === ATTENTION_CLASS) {
    const place = `reading ${path}: layer ${name} (${className})`;
    const { build_config } = entry;
    const shapes = isJsonObject(build_config) ? build_config.shapes_dict : undefined;
    const layer = translateAttention(config, name, isJsonObject(shapes) ? shapes : {}, place);
    return { ...own, ...layer, calls: listAttentionInputs(calls, place), isTrainable };
  }
  if (isOperation(entry)) {
    const source = { name, shape, kerasMajor, place: `reading ${path}` };
    const { layer, calls } = translateOperation(entry, source);
    return { ...own, ...layer, calls, isTrainable };
  }
  const current = kerasMajor < 2
    ? translateKeras1(className, config, `reading ${path}`)
    : { className, config };
  const layer = translateLayer(current.className, current.config, name, {
    path,
    kerasMajor,
    shape,
  });
  const [{ json }] = layer.parts;
  return { ...own, roles: weightRoles(json.class_name, json.config), ...layer, isTrainable };
}

/** TensorFlow.js reads the input's shape from an InputLayer or from the first layer. */
function sequentialJson(
  config: JsonObject,
  name: string,
  layers: readonly ReadLayer[],
  place: string,
): LayerJson {
  const chain = layers.flatMap(({ parts }) => parts.map(({ json }) => json));
  if (layers[0].nested) return { class_name: "Sequential", config: { name, layers: chain } };
  const shape = firstShape(config, layers, place);
  chain[0] = { ...chain[0], config: { ...chain[0].config, batch_input_shape: shape } };
  return { class_name: "Sequential", config: { name, layers: chain } };
}

/** Shape of a Sequential model's input. */
function firstShape(
  config: JsonObject,
  [{ parts: [{ json }], nested }]: readonly ReadLayer[],
  place: string,
): number[] {
  const shape = nested
    ? findInputShape(nested.json)
    : json.config.batch_input_shape ?? config.build_input_shape ?? config.batch_input_shape;
  if (Array.isArray(shape)) return shape;
  throw new InputError(
    `${place}: found no shape of its input, wanted a Sequential model that was built; ` +
      `call build() or add an Input before saving it`,
  );
}

/** A Sequential model with a layer that becomes several which are no chain. */
function branchingJson(
  config: JsonObject,
  name: string,
  layers: readonly ReadLayer[],
  rules: { names: ReadonlyMap<string, string>; place: string; kerasMajor: number },
): LayerJson {
  const shape = firstShape(config, layers, rules.place);
  const input: ReadLayer = {
    kerasClass: "InputLayer",
    kerasName: `${name}_input`,
    name: `${name}_input`,
    parts: [{
      json: {
        class_name: "InputLayer",
        config: { name: `${name}_input`, batch_input_shape: shape, dtype: "float32" },
      },
    }],
    roles: [],
    isTrainable: false,
  };
  const chain = layers[0].kerasClass === "InputLayer" ? layers : [input, ...layers];
  const called = chain.map((layer, index): CalledLayer => {
    const source = chain[index - 1];
    const calls = source ? [[[source.kerasName, source.nested ? 1 : 0, 0, {}]]] : [];
    return { ...layer, calls };
  });
  const last = chain.at(-1)!;
  const names = new Map(rules.names).set(input.kerasName, input.name);
  const ends = {
    input_layers: [[chain[0].kerasName, 0, 0]],
    output_layers: [[last.kerasName, last.nested ? 1 : 0, 0]],
  };
  return functionalJson("Functional", ends, name, called, { ...rules, kerasMajor: 2, names });
}

function functionalJson(
  className: string,
  config: JsonObject,
  name: string,
  layers: readonly CalledLayer[],
  rules: { names: ReadonlyMap<string, string>; place: string; kerasMajor: number },
): LayerJson {
  const referenceRules: ReferenceRules = {
    ...rules,
    followers: new Map(
      layers.filter(({ parts }) => parts.length > 1)
        .map((layer) => [layer.kerasName, outputName(layer)]),
    ),
    models: new Map(
      layers.flatMap(({ kerasName, nested }) => nested ? [[kerasName, nested.kerasClass]] : []),
    ),
  };
  const listed = layers.flatMap((layer) =>
    callParts(layer.parts, readCalls(layer.calls, layer.name, referenceRules), rules.place)
  );
  const input_layers = readEnds(config.input_layers, "input_layers", referenceRules);
  const output_layers = readEnds(config.output_layers, "output_layers", referenceRules);
  requireAcyclic(listCalls(listed), output_layers.map(callOf), rules.place);
  return {
    class_name: className === "Model" ? "Model" : "Functional",
    config: { name, layers: listed, input_layers, output_layers },
  };
}

/** Every call of a layer is one of each of its parts. */
function callParts(parts: readonly Part[], calls: Reference[][], place: string): LayerJson[] {
  const names = parts.map(({ json }) => String(json.config.name));
  return parts.map(({ json, reads }, index) => {
    const inbound_nodes = calls.map((inputs, call): Reference[] => {
      if (!reads && index === 0) return inputs;
      const sources = reads ?? [{ part: index - 1 }];
      return sources.map((source): Reference => {
        if ("part" in source) return [names[source.part], call, 0, {}];
        const [name, number, output] = inputs[source.input] ?? missingInput(names[index], place);
        return [name, number, output, {}];
      });
    });
    return { ...json, name: names[index], inbound_nodes };
  });
}

function missingInput(name: string, place: string): never {
  throw new InputError(
    `${place}: found too few inputs of layer ${name}, wanted one more; save the model again with Keras`,
  );
}

/** Name and number of the call that made a tensor; a nested model's own construction counts as its call 0. */
function callOf([layer, call]: Reference): Call["key"] {
  return `${layer}@${call}`;
}

function listCalls(layers: LayerJson[]): Call[] {
  return layers.flatMap((layer) => {
    const first = modelClasses.has(layer.class_name) ? 1 : 0;
    const inbound = layer.inbound_nodes as Reference[][];
    const calls = inbound.length === 0 ? [[]] : inbound;
    return calls.map((inputs, index) => ({
      key: callOf([layer.name!, first + index, 0, {}]),
      layer: layer.name!,
      inputs: inputs.map(callOf),
    }));
  });
}
