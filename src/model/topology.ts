import { InputError } from "../base/mod.ts";
import { checkTopology } from "./check_topology.ts";
import { isJsonObject } from "./json_object.ts";
import type { LayerJson, LayersTopology } from "./model_file.ts";

export { isJsonObject, type JsonObject } from "./json_object.ts";

function isLayerNode(value: unknown): value is LayerJson {
  return isJsonObject(value) && typeof value.class_name === "string" && isJsonObject(value.config);
}

/**
 * Brings `modelTopology` to the form tfjs writes.
 *
 * Keras' converter wraps the graph in `model_config` and keeps the training configuration beside it; early versions
 * give a Sequential model's layers as a bare list.
 *
 * @param topology `modelTopology` of model.json.
 * @param path Path of model.json, for messages.
 * @returns The graph, and the training configuration found inside the topology.
 * @throws {InputError} When it is not the topology of a layers model, or no Sequential or functional model.
 */
export function readTopology(
  topology: unknown,
  path: string,
): { topology: LayersTopology; trainingConfig?: unknown } {
  if (!isJsonObject(topology)) {
    throw new InputError(
      `reading ${path}: found no modelTopology, wanted a layers model; save it with model.save()`,
    );
  }
  const graph = isJsonObject(topology.model_config) ? topology.model_config : topology;
  const { class_name, config } = graph;
  if (class_name !== "Sequential" && class_name !== "Model" && class_name !== "Functional") {
    throw new InputError(
      `reading ${path}: found a model of class ${JSON.stringify(class_name)}, ` +
        `wanted Sequential, Model or Functional; save the model from tf.sequential() or tf.model()`,
    );
  }
  const wrapped = Array.isArray(config) ? { layers: config } : config;
  if (!isJsonObject(wrapped) || !Array.isArray(wrapped.layers)) {
    throw new InputError(
      `reading ${path}: found no list of layers in modelTopology; ` +
        `save the model again with model.save()`,
    );
  }
  const stranger = wrapped.layers.findIndex((layer) => !isLayerNode(layer));
  if (stranger >= 0) {
    throw new InputError(
      `reading ${path}: layer ${stranger} of modelTopology lacks class_name or config; ` +
        `save the model again with model.save()`,
    );
  }
  checkTopology({ class_name, config: wrapped }, path);
  const { keras_version, backend, training_config } = topology;
  return {
    topology: {
      class_name,
      config: wrapped,
      ...(typeof keras_version === "string" && { keras_version }),
      ...(typeof backend === "string" && { backend }),
    },
    ...(training_config != null && { trainingConfig: training_config }),
  };
}

/**
 * The refusal of a graph model.
 *
 * @param path Path of model.json.
 * @returns The error to throw.
 */
export function graphModelError(path: string): InputError {
  return new InputError(
    `reading ${path}: found a graph model, wanted a layers model; open it with openModel(), which makes layers of it, ` +
      `or save the model from tfjs with model.save()`,
  );
}

/**
 * Shape of the batches a model reads, from its topology alone; looks into nested models.
 *
 * @param topology Graph of the model.
 * @returns The shape with the batch axis first, `null` where it is open; undefined when the topology does not state
 * it or the model has several inputs.
 */
export function findInputShape(topology: LayerJson): (number | null)[] | undefined {
  if (Array.isArray(topology.config.batch_input_shape)) return topology.config.batch_input_shape;
  const [first, ...others] = findInputs(topology);
  return others.length === 0 ? first?.shape : undefined;
}

/** An input as a topology states it. */
export interface InputDeclaration {
  /** Name of its layer. */
  readonly name: string;
  /** Shape of its batches, `null` where it is open; absent when the topology does not state it. */
  readonly shape?: (number | null)[];
  /** Whether it reads whole numbers: it says so, or an Embedding looks them up. */
  readonly isWhole?: boolean;
  /** How many words an Embedding knows that reads it: the numbers are 0 to one less. */
  readonly wordCount?: number;
}

/**
 * Inputs of a model, from its topology alone.
 *
 * @param topology Graph of the model.
 * @returns The inputs, in the model's order; that of a Sequential model has its first layer's name.
 */
export function findInputs({ class_name: className, config }: LayerJson): InputDeclaration[] {
  const layers = Array.isArray(config.layers) ? config.layers : [];
  const nameOf = (layer: LayerJson) => String(layer.name ?? layer.config.name);
  const names = className === "Sequential"
    ? layers.slice(0, 1).map(nameOf)
    : inputNames(config.input_layers);
  return names.map((name) => {
    const layer = layers.find((candidate) => nameOf(candidate) === name);
    const readers = className === "Sequential"
      ? layers.slice(0, 2)
      : layers.filter(({ inbound_nodes: calls }) => readsTensorOf(calls, name));
    const embeddings = readers.filter((reader) => reader.class_name === "Embedding");
    const isWhole = /^u?int/.test(String(layer?.config.dtype)) || embeddings.length > 0;
    const counts = embeddings.map(({ config: { input_dim: count } }) => count);
    const wordCount = Math.min(...counts.filter((count) => typeof count === "number"));
    return {
      name,
      shape: layer && findInputShape(layer),
      ...(isWhole && { isWhole }),
      ...(Number.isFinite(wordCount) && { wordCount }),
    };
  });
}

/** Whether one of a layer's calls reads what a layer of some name makes. */
function readsTensorOf(calls: unknown, name: string): boolean {
  return Array.isArray(calls) &&
    (calls[0] === name || calls.some((call) => readsTensorOf(call, name)));
}

/**
 * Names of a model's inputs: Keras writes `[[name, 0, 0], …]`, and for one input also `[name, 0, 0]`.
 *
 * @param inputs `input_layers` of a functional model.
 * @returns The names; none when it is something else.
 */
function inputNames(inputs: unknown): string[] {
  if (!Array.isArray(inputs)) return [];
  const references = typeof inputs[0] === "string" ? [inputs] : inputs;
  return references.flatMap((reference) =>
    Array.isArray(reference) && typeof reference[0] === "string" ? [reference[0]] : []
  );
}
