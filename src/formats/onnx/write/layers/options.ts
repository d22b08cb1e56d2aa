import type { GraphWriter, WrittenTensor } from "../graph_writer.ts";
import type { LayerCall } from "../../../export/mod.ts";
import type { OnnxAttribute } from "../../messages.ts";

/** How a layer becomes nodes. */
export type LayerWriter = (
  graph: GraphWriter,
  call: LayerCall,
  inputs: readonly WrittenTensor[],
) => WrittenTensor;

/** Windows of a convolution or pooling, and the size they give. */
export interface WindowAttributes {
  readonly attributes: Record<string, OnnxAttribute>;
  readonly size: (number | null)[];
}

/**
 * Strides and padding of a layer as attributes.
 *
 * @param call The layer.
 * @param input What it reads.
 * @param extents Rows and columns of a window, dilation counted in.
 * @param strides Its strides.
 * @returns The attributes, and rows and columns of the output. `same` padding is written as numbers, or as `auto_pad`
 * where the size is open.
 */
export function describeWindows(
  call: LayerCall,
  input: WrittenTensor,
  extents: readonly [number, number],
  strides: readonly [number, number],
): WindowAttributes {
  const isSame = call.config.padding === "same";
  const axes = [0, 1].map((axis) => {
    const from = input.shape[axis], extent = extents[axis], stride = strides[axis];
    const count = from === null
      ? null
      : isSame
      ? Math.ceil(from / stride)
      : Math.floor((from - extent) / stride) + 1;
    const total = !isSame
      ? 0
      : from === null
      ? extent - 1
      : Math.max(0, (count! - 1) * stride + extent - from);
    return { count, begin: Math.floor(total / 2), end: Math.ceil(total / 2), from, stride };
  });
  const [rows, columns] = axes;
  const isOpen = isSame && axes.some(({ from, stride }) => from === null && stride > 1);
  const padding: Record<string, OnnxAttribute> = isOpen
    ? { auto_pad: "SAME_UPPER" }
    : { pads: [rows.begin, columns.begin, rows.end, columns.end] };
  return { attributes: { strides, ...padding }, size: [rows.count, columns.count] };
}
