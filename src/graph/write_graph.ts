import type { LayerJson, ModelFile, Weight } from "../model/mod.ts";
import {
  IMPLIED_INPUT_SUFFIX,
  isModelClass,
  type LayerGraph,
  nodeKeyOf,
  type TensorReference,
} from "./layer_graph.ts";

/**
 * Writes a graph as a model again: a Sequential model stays one while it is a chain.
 *
 * @param graph The graph.
 * @param source The file it came from: metadata and training configuration are taken over.
 * @returns The model, ready to be written or opened.
 */
export function writeGraph(graph: LayerGraph, source: ModelFile): ModelFile {
  const weights = new Map<string, Weight>();
  for (const node of graph.nodes) {
    for (const [role, weight] of node.weights) {
      const name = `${node.name}/${role}`;
      weights.set(name, { ...weight, name });
    }
  }
  for (const [name, weight] of graph.otherWeights) weights.set(name, weight);
  const staysSequential = graph.className === "Sequential" && isChain(graph);
  const model = staysSequential ? sequentialJson(graph) : functionalJson(graph);
  return { ...source, topology: { ...source.topology, ...model }, weights };
}

function isChain(graph: LayerGraph): boolean {
  return graph.nodes.every((node, index) =>
    index === 0 || (node.inputs.length === 1 && node.inputs[0] === graph.nodes[index - 1].key)
  );
}

/** The first layer of a Sequential model states the input's shape, whichever layer that is now. */
function sequentialJson(graph: LayerGraph) {
  const [input] = graph.nodes;
  const layers = graph.nodes
    .filter((node) => !node.name.endsWith(IMPLIED_INPUT_SUFFIX))
    .map(({ className, config: { batch_input_shape: _, ...config } }, index) => ({
      class_name: className,
      config: index === 0
        ? { ...config, batch_input_shape: input.config.batch_input_shape }
        : config,
    }));
  return { class_name: "Sequential", config: { name: graph.name, layers } };
}

function functionalJson(graph: LayerGraph) {
  const nested = new Set(
    graph.nodes.filter((node) => isModelClass({ class_name: node.className })).map((node) =>
      node.name
    ),
  );
  const reference = (tensor: string): TensorReference => {
    const [name, call, output] = parseTensorName(tensor);
    return [name, nested.has(name) ? call + 1 : call, output];
  };
  const layers = new Map<string, LayerJson>();
  const byCall = [...graph.nodes].sort((first, second) =>
    parseTensorName(first.key)[1] - parseTensorName(second.key)[1]
  );
  for (const node of byCall) {
    const layer = layers.get(node.name) ?? {
      name: node.name,
      class_name: node.className,
      config: node.config,
      inbound_nodes: [],
    };
    if (node.inputs.length > 0) {
      layer.inbound_nodes!.push(
        node.inputs.map((tensor, index) => [...reference(tensor), node.callArguments[index]]),
      );
    }
    layers.set(node.name, layer);
  }
  return {
    class_name: graph.className === "Sequential" ? "Model" : graph.className,
    config: {
      name: graph.name,
      layers: [...layers.values()],
      input_layers: graph.inputs.map(reference),
      output_layers: graph.outputs.map(reference),
    },
  };
}

function parseTensorName(tensor: string): TensorReference {
  const key = nodeKeyOf(tensor);
  const output = key === tensor ? 0 : Number(tensor.slice(key.length + 1));
  const mark = key.lastIndexOf("@");
  const call = mark < 0 ? 0 : Number(key.slice(mark + 1));
  return [mark < 0 ? key : key.slice(0, mark), call, output];
}
