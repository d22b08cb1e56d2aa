import { InputError, withAction } from "../../base/mod.ts";
import type { LayerConfig, LayerJson, ModelFile, Weight } from "../../model/mod.ts";
import type { LayerCall } from "./layer_call.ts";
import { widenSeries } from "./widen_series.ts";

/** A model as calls of layers, every one behind what it reads. */
export interface ExpandedModel {
  readonly calls: readonly LayerCall[];
  readonly inputs: readonly LayerCall[];
  readonly outputs: readonly LayerCall[];
}

type Reference = readonly [layer: string, call: number, output: number, options?: unknown];

const MODEL_CLASSES = new Set(["Functional", "Model", "Sequential"]);

/**
 * Lists the calls of a model's layers; nested models are replaced by what is in them, layers of series by those of maps.
 *
 * @param file The model.
 * @param format Name of the format that is written, for messages.
 * @returns The calls. A Sequential model without input layer gets one.
 * @throws {InputError} When layers of two nested models have the same name, so that their weights cannot be told apart;
 * when a reference leads nowhere.
 */
export function expandLayers(file: ModelFile, format: string): ExpandedModel {
  return new Expansion(file, format).expand();
}

class Expansion {
  readonly #file: ModelFile;
  readonly #format: string;
  readonly #calls: LayerCall[] = [];
  readonly #weights: Map<string, Map<string, Weight>>;
  readonly #names = new Set<string>();

  constructor(file: ModelFile, format: string) {
    this.#file = file;
    this.#format = format;
    const names = new Set<string>();
    collectNames(file.topology, names, (name) => {
      throw this.#refusal(`found two layers named "${name}"`, "a name for each; rename one");
    });
    this.#weights = assignWeights(file, names);
  }

  expand(): ExpandedModel {
    const { topology } = this.#file;
    const inputs = this.#listInputs(topology).map((config) =>
      this.#add(String(config.name), String(config.name), "InputLayer", config, [])
    );
    const outputs = this.#apply(topology, inputs, "");
    return { calls: this.#calls, inputs, outputs };
  }

  #refusal(found: string, wanted: string): InputError {
    return new InputError(
      withAction(
        `writing ${this.#file.path} as ${this.#format}: ${found}, wanted ${wanted}`,
        "save the model again where it was made",
      ),
    );
  }

  #listInputs({ class_name, config }: LayerJson): LayerConfig[] {
    const layers = config.layers!;
    if (class_name !== "Sequential") {
      const named = new Map(layers.map((layer) => [nameOf(layer), layer]));
      return parseReferences(config.input_layers).map(([name]) => named.get(name)!.config);
    }
    const first = layers[0];
    if (first?.class_name === "InputLayer") return [{ ...first.config, name: nameOf(first) }];
    const shape = first && findShape(first);
    if (shape) return [{ name: `${nameOf(first)}_input`, batch_input_shape: shape }];
    throw this.#refusal("found no input shape", "one on the first layer; build the model first");
  }

  /** What a model gives for what it is given. */
  #apply(model: LayerJson, inputs: readonly LayerCall[], prefix: string): LayerCall[] {
    const layers = model.config.layers!;
    if (model.class_name === "Sequential") {
      return layers.filter((layer) => layer.class_name !== "InputLayer").reduce(
        (values, layer) => this.#call(layer, values, prefix, 0),
        [...inputs],
      );
    }
    const named = new Map(layers.map((layer) => [nameOf(layer), layer]));
    const made = new Map<string, LayerCall[]>();
    parseReferences(model.config.input_layers).forEach(([name], index) =>
      made.set(`${name}@0`, [inputs[index]])
    );
    const resolve = ([name, call, output]: Reference): LayerCall => {
      const layer = named.get(name);
      if (layer === undefined) {
        throw this.#refusal(`found a reference to layer "${name}"`, "a layer of the model");
      }
      const place = MODEL_CLASSES.has(layer.class_name) ? call - 1 : call;
      const key = `${name}@${place}`;
      if (!made.has(key)) {
        const inbound = layer.inbound_nodes?.[place] as readonly Reference[] | undefined;
        if (inbound === undefined) {
          throw this.#refusal(`found a reference to call ${call} of layer "${name}"`, "one it has");
        }
        made.set(key, this.#call(layer, inbound.map(resolve), prefix, place));
      }
      return made.get(key)![output];
    };
    for (const layer of layers) {
      const isModel = MODEL_CLASSES.has(layer.class_name);
      layer.inbound_nodes?.forEach((_, place) =>
        resolve([nameOf(layer), isModel ? place + 1 : place, 0])
      );
    }
    return parseReferences(model.config.output_layers).map(resolve);
  }

  #call(
    layer: LayerJson,
    inputs: readonly LayerCall[],
    prefix: string,
    place: number,
  ): LayerCall[] {
    const layerName = nameOf(layer);
    const name = `${prefix}${layerName}${place > 0 ? `@${place}` : ""}`;
    if (MODEL_CLASSES.has(layer.class_name)) return this.#apply(layer, inputs, `${name}/`);
    return [this.#add(name, layerName, layer.class_name, layer.config, inputs)];
  }

  #add(
    wanted: string,
    layer: string,
    className: string,
    config: LayerConfig,
    inputs: readonly LayerCall[],
  ): LayerCall {
    let name = wanted;
    for (let suffix = 2; this.#names.has(name); suffix++) name = `${wanted}_${suffix}`;
    this.#names.add(name);
    const weights = this.#weights.get(layer) ?? new Map();
    const call = widenSeries({ name, layer, className, config, inputs, weights });
    this.#calls.push(call);
    return call;
  }
}

function nameOf(layer: LayerJson): string {
  return String(layer.name ?? layer.config.name);
}

/** A single reference is written without the list around it. */
function parseReferences(references: unknown): readonly Reference[] {
  const list = references as readonly unknown[];
  return Array.isArray(list[0]) ? list as readonly Reference[] : [list as unknown as Reference];
}

function findShape({ class_name, config }: LayerJson): LayerConfig["batch_input_shape"] {
  if (config.batch_input_shape) return config.batch_input_shape;
  const inner = MODEL_CLASSES.has(class_name) ? config.layers?.[0] : undefined;
  return inner && findShape(inner);
}

function collectNames(
  model: LayerJson,
  names: Set<string>,
  refuse: (name: string) => never,
): void {
  for (const layer of model.config.layers ?? []) {
    if (MODEL_CLASSES.has(layer.class_name)) {
      collectNames(layer, names, refuse);
      continue;
    }
    if (layer.class_name === "InputLayer") continue;
    if (names.has(nameOf(layer))) refuse(nameOf(layer));
    names.add(nameOf(layer));
  }
}

/**
 * Weights by layer and role. TensorFlow.js writes `layer/kernel`; Keras' converter puts scopes before or between, so the
 * last layer name in the path owns the weight. Names may have slashes in them: longer ones are tried first.
 */
function assignWeights(file: ModelFile, names: ReadonlySet<string>) {
  const byLayer = new Map<string, Map<string, Weight>>();
  for (const weight of file.weights.values()) {
    const path = weight.name.split("/");
    const role = path.pop()!.replace(/:\d+$/, "");
    const starts = path.map((_, start) => start);
    const ends = path.map((_, end) => path.length - end);
    const candidates = ends.flatMap((end) =>
      starts.filter((start) => start < end).map((start) => path.slice(start, end).join("/"))
    );
    const owner = candidates.sort((first, second) =>
      second.split("/").length - first.split("/").length
    ).find((candidate) => names.has(candidate));
    if (owner === undefined) continue;
    byLayer.set(owner, (byLayer.get(owner) ?? new Map()).set(role, weight));
  }
  return byLayer;
}
