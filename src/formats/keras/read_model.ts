import { InputError } from "../../base/mod.ts";
import type { LayerConfig, LayerJson } from "../../model/mod.ts";
import { type Call, requireAcyclic } from "./calls.ts";
import { modelClasses } from "./layer_classes.ts";
import { translateKeras1 } from "./read_keras1.ts";
import { readEntry, translateLayer } from "./read_layer.ts";
import { readCalls, readEnds, type Reference, type ReferenceRules } from "./read_references.ts";
import { isJsonObject, type JsonObject } from "./read_options.ts";

/** A layer of a file: what it is in Keras, by which its weights are found, and in TensorFlow.js. */
export interface ReadLayer {
  /** Its class in Keras. */
  readonly kerasClass: string;
  /** Its name in the file. */
  readonly kerasName: string;
  /** Class and options for TensorFlow.js, under the name its weights get. */
  readonly json: LayerJson;
  /** The layers of a model that stands here as a layer. */
  readonly nested?: ReadModel;
}

/** A model of a file, whole or nested. */
export interface ReadModel {
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
  const entries = config.layers.map((entry) => ({
    ...readEntry(entry, place),
    calls: isJsonObject(entry) ? entry.inbound_nodes : undefined,
    kerasName: layerName(entry),
  }));
  const names = chooseNames(entries.map(({ kerasName }) => kerasName), name, reading, place);
  const layers = entries.map((entry) => {
    const newName = names.get(entry.kerasName)!;
    return { ...entry, ...readLayer(entry, newName, { ...reading, depth: reading.depth + 1 }) };
  });
  const json = className === "Sequential"
    ? sequentialJson(config, name, layers, place)
    : functionalJson(className, config, name, layers, {
      names,
      place,
      kerasMajor: reading.kerasMajor,
    });
  return { json, layers };
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

interface LayerParts {
  json: LayerJson;
  follower?: LayerJson;
  nested?: ReadModel;
}

function readLayer(
  { className, config, channels }: { className: string; config: JsonObject; channels?: number },
  name: string,
  reading: Reading,
): LayerParts & { kerasClass: string } {
  if (modelClasses.has(className)) {
    const nested = readModel(className, config, name, reading);
    return { kerasClass: className, json: nested.json, nested };
  }
  const current = reading.kerasMajor < 2
    ? translateKeras1(className, config, `reading ${reading.path}`)
    : { className, config };
  const { layer, follower } = translateLayer(current.className, current.config, name, {
    ...reading,
    channels,
  });
  return { kerasClass: className, json: layer, follower };
}

/** TensorFlow.js reads the input's shape from an InputLayer or from the first layer. */
function sequentialJson(
  config: JsonObject,
  name: string,
  layers: LayerParts[],
  place: string,
): LayerJson {
  const chain = layers.flatMap(({ json, follower }) => follower ? [json, follower] : [json]);
  const [first] = layers;
  const shape = first.json.config.batch_input_shape ?? config.build_input_shape ??
    config.batch_input_shape;
  if (!first.nested && !Array.isArray(shape)) {
    throw new InputError(
      `${place}: found no shape of its input, wanted a Sequential model that was built; ` +
        `call build() or add an Input before saving it`,
    );
  }
  if (!first.nested) {
    const options: LayerConfig = { ...first.json.config, batch_input_shape: shape as number[] };
    chain[0] = { ...first.json, config: options };
  }
  return { class_name: "Sequential", config: { name, layers: chain } };
}

function functionalJson(
  className: string,
  config: JsonObject,
  name: string,
  layers: (LayerParts & { kerasName: string; calls: unknown })[],
  rules: { names: Map<string, string>; place: string; kerasMajor: number },
): LayerJson {
  const referenceRules: ReferenceRules = {
    ...rules,
    followers: new Map(
      layers.flatMap(({ kerasName, follower }) =>
        follower ? [[kerasName, String(follower.config.name)]] : []
      ),
    ),
    models: new Map(
      layers.flatMap(({ kerasName, nested }) =>
        nested ? [[kerasName, nested.json.class_name]] : []
      ),
    ),
  };
  const listed = layers.flatMap(({ json, follower, calls }) => {
    const inbound = readCalls(calls, String(json.config.name), referenceRules);
    const layer = { ...json, name: String(json.config.name), inbound_nodes: inbound };
    return follower ? [layer, follow(layer, follower, inbound.length)] : [layer];
  });
  const input_layers = readEnds(config.input_layers, "input_layers", referenceRules);
  const output_layers = readEnds(config.output_layers, "output_layers", referenceRules);
  requireAcyclic(listCalls(listed), output_layers.map(callOf), rules.place);
  return {
    class_name: className === "Model" ? "Model" : "Functional",
    config: { name, layers: listed, input_layers, output_layers },
  };
}

function follow(layer: LayerJson, follower: LayerJson, calls: number): LayerJson {
  const inbound_nodes = Array.from({ length: calls }, (_, call) => [[layer.name, call, 0, {}]]);
  return { ...follower, name: String(follower.config.name), inbound_nodes };
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
