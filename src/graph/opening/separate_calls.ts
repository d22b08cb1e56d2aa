import type { LayerJson, ModelFile } from "../../model/mod.ts";
import { isModelClass, layerName, parseReferences, type TensorReference } from "../layer_graph.ts";
import { ownerOf } from "./build_graph.ts";

/**
 * Makes a layer of its own of every call of a layer without weights: one ReLU that is called all over a model is many
 * then, and each can be cut with what it reads. What the model computes stays the same.
 *
 * @param file The model.
 * @returns The model; the given one where no such layer is called twice.
 */
export function separateCalls(file: ModelFile): ModelFile {
  const { config, class_name } = file.topology;
  const layers = config?.layers;
  // What holds no layers is refused where TensorFlow.js is to make a model of it.
  if (class_name === "Sequential" || layers === undefined) return file;
  const names = new Set(layers.map(layerName));
  const owners = findOwners(file, names);
  const ownNames = new Map<string, readonly string[]>();
  for (const layer of layers) {
    const calls = layer.inbound_nodes?.length ?? 0;
    if (calls < 2 || isModelClass(layer) || owners.has(layerName(layer))) continue;
    ownNames.set(layerName(layer), nameCalls(layerName(layer), calls, names));
  }
  if (ownNames.size === 0) return file;
  const rename = (reference: TensorReference): TensorReference => {
    const [name, call, output, ...options] = reference;
    const own = ownNames.get(name);
    return own ? [own[call], 0, output, ...options] as TensorReference : reference;
  };
  const separated = layers.flatMap((layer): LayerJson[] => {
    const inbound = ((layer.inbound_nodes ?? []) as TensorReference[][])
      .map((call) => call.map(rename));
    const own = ownNames.get(layerName(layer));
    if (own === undefined) return [{ ...layer, inbound_nodes: inbound }];
    return own.map((name, call) => ({
      ...layer,
      name,
      config: { ...layer.config, name },
      inbound_nodes: [inbound[call]],
    }));
  });
  const ends = (references: unknown) => parseReferences(references).map(rename);
  const changed = {
    ...config,
    layers: separated,
    input_layers: ends(config.input_layers),
    output_layers: ends(config.output_layers),
  };
  return { ...file, topology: { ...file.topology, config: changed } };
}

/** Layers that have weights. */
function findOwners({ weights }: ModelFile, names: Set<string>): Set<string | undefined> {
  return new Set([...weights.keys()].map((name) => ownerOf(name.split("/").slice(0, -1), names)));
}

/** The first call keeps the layer's name. */
function nameCalls(layer: string, calls: number, taken: Set<string>): string[] {
  return Array.from({ length: calls }, (_, call) => {
    if (call === 0) return layer;
    let name = `${layer}_${call + 1}`;
    while (taken.has(name)) name += "_";
    taken.add(name);
    return name;
  });
}
