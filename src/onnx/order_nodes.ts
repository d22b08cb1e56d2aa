import { InputError } from "../errors.ts";
import type { OnnxGraph, OnnxNode } from "./messages.ts";
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
        }" (${node.operator}) makes nothing, wanted an output`,
      );
    }
    for (const output of node.outputs) if (output !== "") makers.set(output, node);
  }
  const waiting = new Map<OnnxNode, number>();
  const readers = new Map<OnnxNode, OnnxNode[]>(nodes.map((node) => [node, []]));
  for (const node of nodes) {
    const sources = node.inputs.map((name) => makers.get(name)).filter((maker) => maker);
    waiting.set(node, sources.length);
    for (const source of sources) readers.get(source!)!.push(node);
  }
  const ordered = nodes.filter((node) => waiting.get(node) === 0);
  for (let index = 0; index < ordered.length; index++) {
    for (const reader of readers.get(ordered[index])!) {
      waiting.set(reader, waiting.get(reader)! - 1);
      if (waiting.get(reader) === 0) ordered.push(reader);
    }
  }
  const stuck = nodes.find((node) => waiting.get(node)! > 0);
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
