import type { GraphValues } from "./graph_values.ts";
import { type GraphContext, NodeCall } from "./node_call.ts";
import { toPlain } from "./operators/mod.ts";
import type { Feature } from "../values.ts";

/**
 * A tensor as the layers give it to what is behind them, with its values in ONNX' order.
 *
 * @param name The tensor.
 * @param values The tensors of the graph.
 * @param context The graph.
 * @returns It, behind a Permute where flattened maps were in another order; undefined where the layers make no floats of that
 * name.
 * @throws {NodeRefusal} When its values cannot be put into that order.
 */
export function findBorder(
  name: string,
  values: GraphValues,
  context: GraphContext,
): Feature | undefined {
  const value = values.find(name);
  if (value?.kind !== "feature" || value.type !== undefined || value.isInteger) return undefined;
  const node = { name: "", operator: "Identity", domain: "", inputs: [name], outputs: [name] };
  const call = new NodeCall(context, { ...node, attributes: new Map() }, [value]);
  if (value.isTurned && value.shape.length === 3) return call.maps();
  const isGrouped = value.shape.length === 4 && !value.isLast;
  return value.pieces === undefined && !isGrouped ? value : toPlain(call, value);
}
