import type { Constant } from "../../../import/mod.ts";
import type { OnnxAttribute, OnnxNode } from "../../messages.ts";
import { NodeCall, type Operator } from "../node_call.ts";
import type { Feature, Value } from "../../values.ts";

/**
 * An operator of maps for series too: N × C × L become maps of L rows and one column, and series again behind it.
 *
 * @param operator The operator of maps.
 * @returns The operator of both.
 */
export function overSeries(operator: (call: NodeCall) => Feature): Operator {
  return (call) => {
    const [value] = call.inputs;
    const isSeries = value?.kind === "feature" && value.shape.length === 2 && !value.isLast;
    if (!isSeries) return operator(call);
    const inputs = call.inputs.map((input) => widenInput(call, input));
    const made = operator(new NodeCall(call.context, widenNode(call.node), inputs));
    return asSeries(call, made);
  };
}

function widenInput(call: NodeCall, input: Value | undefined): Value | undefined {
  if (input?.kind === "feature") return asMaps(call, input);
  return input?.shape.length === 3 ? widenKernel(input) : input;
}

function widenKernel(kernel: Constant): Constant {
  return { ...kernel, shape: [...kernel.shape, 1] };
}

/** Attributes for rows, with what they are for a single column. */
function widenNode(node: OnnxNode): OnnxNode {
  const attributes = new Map<string, OnnxAttribute>(node.attributes);
  for (const [name, column] of [["dilations", 1], ["kernel_shape", 1], ["strides", 1]] as const) {
    widenList(attributes, name, (list) => [...list, column]);
  }
  widenList(attributes, "output_padding", (list) => [...list, 0]);
  widenList(attributes, "output_shape", (list) => [...list, 1]);
  widenList(attributes, "pads", ([begin, end]) => [begin, 0, end, 0]);
  return { ...node, attributes };
}

function widenList(
  attributes: Map<string, OnnxAttribute>,
  name: string,
  widen: (list: readonly number[]) => number[],
): void {
  const list = attributes.get(name);
  if (Array.isArray(list)) attributes.set(name, widen(list));
}

function asMaps(call: NodeCall, value: Feature): Feature {
  if (value.isFlat) return { ...value, shape: [...value.shape, 1] };
  const target_shape = [value.shape[1] ?? -1, 1, value.shape[0]];
  const layer = call.addLayer("Reshape", [value], { target_shape }, {}, "maps");
  return { ...value, layer, shape: [...value.shape, 1], isShared: false };
}

function asSeries(call: NodeCall, value: Feature): Feature {
  const [channels, length] = value.shape;
  if (value.isFlat) return { ...value, shape: [channels, length] };
  const target_shape = [length ?? -1, channels];
  const layer = call.addLayer("Reshape", [value], { target_shape }, {}, "series");
  return call.result(layer, value, { shape: [channels, length] });
}
