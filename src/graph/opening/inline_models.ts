import { findInputShape, type LayerJson, type ModelFile, type Weight } from "../../model/mod.ts";
import { isModelClass, layerName, parseReferences, type TensorReference } from "../layer_graph.ts";
import { ownerOf } from "./build_graph.ts";

/** The layers of a model as the calls of a functional one. */
interface FlatModel {
  readonly layers: LayerJson[];
  readonly inputs: TensorReference[];
  readonly outputs: TensorReference[];
}

/** Says which tensor a reference means now. */
type Renaming = (reference: TensorReference) => TensorReference;

/**
 * Puts the layers of nested models in the place of these, at any depth, so that they can be cut like all others. Teachable
 * Machine writes such models: a Sequential of Sequentials. What the model computes stays the same.
 *
 * Of a nested model that is called several times, every layer is. One stays a layer when a layer in it has the name of
 * another, or when it does not state the shape of its input.
 *
 * @param file The model.
 * @returns The model without the nested models, of class `Model`; the given one where there are none.
 */
export function inlineModels(file: ModelFile): ModelFile {
  const { topology } = file;
  const nested = topology.config.layers!.filter(isModelClass).map(layerName);
  if (nested.length === 0) return file;
  const flat = flattenModel(topology);
  const left = new Set(flat?.layers.map(layerName));
  if (flat === undefined || nested.every((name) => left.has(name))) return file;
  const config = {
    name: topology.config.name,
    layers: flat.layers,
    input_layers: flat.inputs,
    output_layers: flat.outputs,
  };
  const weights = renameWeights(file.weights, flat.layers);
  return { ...file, topology: { ...topology, class_name: "Model", config }, weights };
}

/** Flattens a model; undefined when it is a Sequential one that does not state its input's shape. */
function flattenModel(model: LayerJson): FlatModel | undefined {
  const outer = asFunctional(model);
  if (outer === undefined) return undefined;
  const bodies = flattenNested(outer);
  const rename = outerRenaming(bodies);
  const layers = outer.layers.flatMap((layer): LayerJson[] => {
    const body = bodies.get(layer);
    if (body === undefined) return [withReferences(layer, rename)];
    const entries = inboundOf(layer).map((call, index) =>
      enterRenaming(body, call.map(rename), index)
    );
    return body.layers
      .filter((inner) => !isInput(body, inner))
      .map((inner) => withTrainable(withReferences(inner, ...entries), layer.config.trainable));
  });
  return { layers, inputs: outer.inputs, outputs: outer.outputs.map(rename) };
}

/** Bodies of the nested models that can be put in their places. */
function flattenNested({ layers }: FlatModel): Map<LayerJson, FlatModel> {
  const bodies = new Map<LayerJson, FlatModel>();
  const taken = new Set(layers.map(layerName));
  for (const layer of layers) {
    if (!isModelClass(layer) || inboundOf(layer).length === 0) continue;
    const body = flattenModel(layer);
    if (body === undefined) continue;
    const names = body.layers.filter((inner) => !isInput(body, inner)).map(layerName);
    if (names.some((name) => taken.has(name))) continue;
    for (const name of names) taken.add(name);
    bodies.set(layer, body);
  }
  return bodies;
}

function isInput({ inputs }: FlatModel, layer: LayerJson): boolean {
  return inputs.some(([name]) => name === layerName(layer));
}

/** References to outputs of nested models come to mean tensors inside; their own construction counts as call 0. */
function outerRenaming(bodies: ReadonlyMap<LayerJson, FlatModel>): Renaming {
  const byName = new Map([...bodies].map(([layer, body]) => [layerName(layer), { layer, body }]));
  const rename: Renaming = (reference) => {
    const [name, call, output] = reference;
    const nested = byName.get(name);
    if (nested === undefined) return reference;
    const { layer, body } = nested;
    const calls = inboundOf(layer);
    const outer = calls.length === 1 ? 0 : call - 1;
    const end = body.outputs[output];
    const entry = body.inputs.findIndex(([input]) => input === end[0]);
    const source = entry < 0 ? callInside(body, end, outer) : rename(calls[outer][entry]);
    return [source[0], source[1], source[2], reference[3] ?? {}];
  };
  return rename;
}

/** What a reference inside a nested model means in one of its calls: a layer's calls in the first one come first. */
function callInside(
  { layers }: FlatModel,
  [name, call, output, options]: TensorReference,
  outer: number,
): TensorReference {
  const inner = layers.find((layer) => layerName(layer) === name)!;
  return [name, outer * inboundOf(inner).length + call, output, options];
}

/** Inside a nested model its inputs come to mean what it was called with. */
function enterRenaming(
  body: FlatModel,
  given: readonly TensorReference[],
  outer: number,
): Renaming {
  return (reference) => {
    const entry = body.inputs.findIndex(([name]) => name === reference[0]);
    if (entry < 0) return callInside(body, reference, outer);
    const [name, call, output] = given[entry];
    return [name, call, output, reference[3] ?? {}];
  };
}

/** Every renaming gives the layer its calls anew. */
function withReferences(layer: LayerJson, ...renamings: Renaming[]): LayerJson {
  return {
    ...layer,
    name: layerName(layer),
    inbound_nodes: renamings.flatMap((rename) => inboundOf(layer).map((call) => call.map(rename))),
  };
}

/** What lies in a frozen model is frozen. */
function withTrainable(layer: LayerJson, trainable: unknown): LayerJson {
  return trainable === false ? { ...layer, config: { ...layer.config, trainable: false } } : layer;
}

function inboundOf(layer: LayerJson): TensorReference[][] {
  return (layer.inbound_nodes ?? []) as TensorReference[][];
}

/** A Sequential model becomes a chain behind an input layer. */
function asFunctional(model: LayerJson): FlatModel | undefined {
  const { class_name, config } = model;
  const layers = config.layers!;
  if (class_name !== "Sequential") {
    const inputs = parseReferences(config.input_layers);
    return { layers, inputs, outputs: parseReferences(config.output_layers) };
  }
  const shape = findInputShape(model);
  if (shape === undefined) return undefined;
  const chain = layers[0].class_name === "InputLayer"
    ? layers
    : [inputLayer(`${layerName(layers[0])}_input`, shape), ...layers];
  const called = chain.map((layer, index): LayerJson => ({
    ...layer,
    name: layerName(layer),
    inbound_nodes: index === 0 ? [] : [[referenceTo(chain[index - 1])]],
  }));
  return {
    layers: called,
    inputs: [referenceTo(called[0])],
    outputs: [referenceTo(called[called.length - 1])],
  };
}

/** The only output of a layer's only call. */
function referenceTo(layer: LayerJson): TensorReference {
  return [layerName(layer), isModelClass(layer) ? 1 : 0, 0, {}];
}

function inputLayer(name: string, shape: (number | null)[]): LayerJson {
  return {
    name,
    class_name: "InputLayer",
    config: { batch_input_shape: shape, dtype: "float32", sparse: false, name },
  };
}

/** Weights are called after the layer that owns them, without the models around it. */
function renameWeights(
  weights: ReadonlyMap<string, Weight>,
  layers: readonly LayerJson[],
): Map<string, Weight> {
  const names = new Set(layers.map(layerName));
  return new Map([...weights].map(([name, weight]) => {
    const path = name.split("/");
    const role = path.pop()!;
    const owner = ownerOf(path, names);
    const own = owner === undefined ? name : `${owner}/${role}`;
    return [own, { ...weight, name: own }];
  }));
}
