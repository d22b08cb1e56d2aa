import { isTensor } from "../write/encode.ts";
import { DATA_TYPES, FOREIGN_TYPES, type OnnxGraph, type OnnxNode } from "../messages.ts";

/** Operators whose result has the type of another input than the first. */
const TYPE_GIVERS: Readonly<Record<string, number>> = {
  CastLike: 1,
  DequantizeLinear: 1,
  Where: 1,
};

/**
 * Finds the element types of tensors that hold floats: float32, float16 or float64, which the layers do not tell apart. What
 * the file says goes first; what a node makes of floats has their type.
 *
 * @param nodes The nodes, each behind what it reads.
 * @param graph The graph.
 * @returns Types by name of the tensor, of {@link DATA_TYPES}.
 */
export function findElementTypes(
  nodes: readonly OnnxNode[],
  { inputs, outputs, initializers, valueInfos = [] }: OnnxGraph,
): Map<string, number> {
  const stated = [...initializers, ...valueInfos, ...outputs, ...inputs];
  const types = new Map(
    stated.filter(({ dataType }) => dataType > 0).map(({ name, dataType }) => [name, dataType]),
  );
  for (const node of nodes) {
    const type = typeMadeBy(node, types);
    for (const name of node.outputs) if (!types.has(name)) types.set(name, type);
  }
  return types;
}

function typeMadeBy(
  { operator, inputs, attributes }: OnnxNode,
  types: ReadonlyMap<string, number>,
): number {
  const [to, value] = [attributes.get("to"), attributes.get("value")];
  if (operator === "Cast" && typeof to === "number") return to;
  if (operator === "Constant" && isTensor(value)) return value.dataType;
  const giver = Object.hasOwn(TYPE_GIVERS, operator) ? TYPE_GIVERS[operator] : 0;
  return types.get(inputs[giver] ?? "") ?? DATA_TYPES.float;
}

const NAMES = new Map<number, string>(
  Object.entries({ ...DATA_TYPES, ...FOREIGN_TYPES }).map(([name, type]) => [type, name]),
);

/** Name of an element type; its number where it has none here. */
export function nameOfType(type: number): string {
  return NAMES.get(type) ?? String(type);
}

/** The element type of a name that {@link nameOfType} has given. */
export function typeOfName(name: string): number {
  const known = NAMES.entries().find(([, other]) => other === name);
  return known?.[0] ?? Number(name);
}
