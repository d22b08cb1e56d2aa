import type { OnnxNode, OnnxTensor } from "../messages.ts";
import { isReadable, readTensor } from "./tensors.ts";

/** Numbers in a list of axes, at most. */
const MOST_NUMBERS = 8;

/**
 * Single numbers and short lists among the constants of a graph, as patterns of nodes are told apart by.
 *
 * @param nodes The nodes.
 * @param initializers The stored constants.
 * @param path Path of the file, for messages.
 * @returns Their numbers by name.
 * @throws {InputError} When bytes and shape of one disagree.
 */
export function listShortConstants(
  nodes: readonly OnnxNode[],
  initializers: readonly OnnxTensor[],
  path: string,
): Map<string, readonly number[]> {
  const tensors = new Map(initializers.map((tensor) => [tensor.name, tensor]));
  for (const { operator, outputs, attributes } of nodes) {
    const value = operator === "Constant" ? attributes.get("value") : undefined;
    if (typeof value === "object" && "dataType" in value) tensors.set(outputs[0], value);
  }
  const short = [...tensors].filter(([, tensor]) =>
    tensor.external === undefined && isReadable(tensor) && tensor.shape.length < 2 &&
    tensor.shape.every((extent) => extent <= MOST_NUMBERS)
  );
  return new Map(
    short.map(([name, tensor]) => [name, [...readTensor(tensor, new Map(), path).values]]),
  );
}
