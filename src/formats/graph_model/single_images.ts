import type { NodeCall } from "./node_call.ts";
import type { Feature } from "./values.ts";

/**
 * What takes the axis of a batch of one away, or puts it back, as graphs do that treat every image by itself: in the layers
 * nothing happens.
 *
 * @param call The node.
 * @returns What it makes; undefined for any other node.
 */
export function importSingle(call: NodeCall): Feature | undefined {
  const [value] = call.inputs;
  if (value?.kind !== "feature") return undefined;
  const isSingle = value.isSingle === true;
  const changes = isSingle ? addsBatch(call) : call.context.isSingle && dropsBatch(call);
  return changes ? { ...value, isSingle: !isSingle } : undefined;
}

function addsBatch(call: NodeCall): boolean {
  if (call.operator === "ExpandDims") return call.constant(1).values[0] === 0;
  return call.operator === "Pack" && call.inputs.length === 1 && call.number("axis", 0) === 0;
}

function dropsBatch(call: NodeCall): boolean {
  if (call.operator === "Unpack") return call.number("axis", 0) === 0;
  if (call.operator !== "Squeeze") return false;
  const axes = call.numbers("squeeze_dims") ?? call.numbers("axis") ?? [];
  return axes.length === 1 && axes[0] === 0;
}
