import { InputError } from "../../../base/mod.ts";
import { orderNodes as putInOrder } from "../../import/mod.ts";
import type { OnnxGraph, OnnxNode } from "../messages.ts";
import { nameOfNode } from "./node_call.ts";

/**
 * Puts the nodes of a graph behind what they read. ONNX asks for that order; files are not always in it.
 *
 * @param graph The graph.
 * @param path Path of the file, for messages.
 * @returns The nodes, as they were where that is in order.
 * @throws {InputError} When nodes read one another in a circle; when a node makes nothing.
 */
export function orderNodes({ nodes }: OnnxGraph, path: string): OnnxNode[] {
  const makers = new Map<string, OnnxNode>();
  for (const node of nodes) {
    if (node.outputs.length === 0 || node.outputs[0] === "") {
      throw new InputError(
        `reading ${path}: node "${
          nameOfNode(node)
        }" (${node.operator}) makes nothing, wanted an output; export the model again`,
      );
    }
    for (const output of node.outputs) if (output !== "") makers.set(output, node);
  }
  const sourcesOf = ({ inputs }: OnnxNode) => inputs.flatMap((name) => makers.get(name) ?? []);
  const { ordered, stuck } = putInOrder(nodes, sourcesOf);
  if (stuck) {
    throw new InputError(
      `reading ${path}: node "${
        nameOfNode(stuck)
      }" (${stuck.operator}) waits for what it makes itself, ` +
        `wanted a graph without circles; export the model again`,
    );
  }
  return ordered;
}
