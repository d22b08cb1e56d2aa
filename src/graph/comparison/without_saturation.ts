import { disposeModel, type ModelFile } from "../../model/mod.ts";
import {
  consumersByNode,
  type LayerGraph,
  type LayerNode,
  nodeKeyOf,
  nodesByKey,
  reachableNodes,
} from "../layer_graph.ts";
import { openNetwork } from "../opening/network.ts";
import { activationOf } from "../options.ts";
import { writeGraph } from "../write_graph.ts";

/** Activations that give nearly the same for inputs that are far apart. */
const SATURATING = new Set([
  "hard_sigmoid",
  "log_softmax",
  "relu",
  "relu6",
  "sigmoid",
  "softmax",
  "softsign",
  "tanh",
]);

/** Layers that are such an activation and nothing else. */
const SATURATING_LAYERS = new Set(["ReLU", "Softmax"]);

/**
 * A network whose outputs are what its last activations read, where those saturate: there two networks that differ may
 * give the same.
 *
 * @param file The network.
 * @returns The network with such outputs; itself where none saturates.
 */
export async function withoutSaturation(file: ModelFile): Promise<ModelFile> {
  const { graph, model } = await openNetwork(file);
  disposeModel(model);
  const open = openOutputs(graph);
  return open === graph ? file : writeGraph(open, file);
}

function openOutputs(graph: LayerGraph): LayerGraph {
  const consumers = consumersByNode(graph);
  const nodes = nodesByKey(graph.nodes);
  const outputs = graph.outputs.map((tensor) => {
    let node = nodes.get(nodeKeyOf(tensor))!;
    while (isSaturatingLayer(node)) {
      tensor = node.inputs[0];
      node = nodes.get(nodeKeyOf(tensor))!;
    }
    const isReadElsewhere = consumers.get(node.key)!.length > 1 || node.calls > 1;
    if (!isReadElsewhere && SATURATING.has(activationOf(node))) {
      nodes.set(node.key, { ...node, config: { ...node.config, activation: "linear" } });
    }
    return tensor;
  });
  const changed = reachableNodes(nodes, { inputs: graph.inputs, outputs });
  const isSame = changed.every((node, index) => node === graph.nodes[index]) &&
    changed.length === graph.nodes.length;
  return isSame ? graph : { ...graph, nodes: changed, outputs };
}

function isSaturatingLayer(node: LayerNode): boolean {
  const { className } = node;
  return SATURATING_LAYERS.has(className) ||
    className === "Activation" && SATURATING.has(activationOf(node));
}
