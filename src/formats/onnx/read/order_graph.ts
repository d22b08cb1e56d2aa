import { InputError } from "../../../base/mod.ts";
import { orderNodes } from "../../import/mod.ts";
import type { OnnxGraph, OnnxNode } from "../messages.ts";
import { nameOfNode } from "./node_call.ts";

/**
 * Puts the nodes of a graph behind what they read. ONNX asks for that order; files are not always in it.
 *
 * @param graph The graph.
 * @param path Path of the file, for messages.
 * @returns The nodes in order.
 * @throws {InputError} When nodes read one another in a circle; when a node makes nothing.
 */
export function orderGraph({ nodes }: OnnxGraph, path: string): OnnxNode[] {
  const makers = new Map<string, OnnxNode>();
  for (const node of nodes) {
    if (node.outputs.length === 0 || node.outputs[0] === "") {
      throw new InputError(
        `reading ${path}: node ${describe(node)} makes nothing, wanted an output; ` +
          `export the model again`,
      );
    }
    for (const output of node.outputs) if (output !== "") makers.set(output, node);
  }
  return orderNodes(nodes, {
    path,
    remedy: "export the model again",
    sourcesOf: (node) => namesRead(node).flatMap((name) => makers.get(name) ?? []),
    describe,
  });
}

/**
 * Leaves out what no output of a graph needs.
 *
 * @param nodes The nodes, each behind what it reads.
 * @param graph The graph.
 * @returns The other nodes, in the same order.
 */
export function dropUnneeded(nodes: readonly OnnxNode[], { outputs }: OnnxGraph): OnnxNode[] {
  const needed = new Set(outputs.map(({ name }) => name));
  return nodes.toReversed().filter((node) => {
    if (!node.outputs.some((name) => needed.has(name))) return false;
    for (const name of namesRead(node)) needed.add(name);
    return true;
  }).reverse();
}

/** Tensors that a node reads, by itself and in the graphs inside it. */
export function namesRead({ inputs, subgraphs }: OnnxNode): readonly string[] {
  const named = inputs.filter((name) => name !== "");
  return subgraphs ? [...named, ...subgraphs.reads] : named;
}

function describe(node: OnnxNode): string {
  return `"${nameOfNode(node)}" (${node.operator})`;
}
