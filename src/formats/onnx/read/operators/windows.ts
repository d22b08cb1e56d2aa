import type { Pair, Windows } from "../../../import/mod.ts";
import type { NodeCall } from "../node_call.ts";
import type { Feature } from "../../values.ts";

/** A pair among the attributes of a node. */
export function pairAttribute(call: NodeCall, name: string, fallback: number): Pair {
  const list = call.list(name) ?? [fallback, fallback];
  const isUsable = list.length === 2 && list.every((value) => Number.isSafeInteger(value)) &&
    list.every((value) => value >= 1);
  if (isUsable) return [list[0], list[1]];
  throw call.refusal(`has ${name} [${list.join(", ")}], wanted two numbers, for rows and columns`);
}

/**
 * Lays out the windows of a node: `pads`, `auto_pad` and `ceil_mode`.
 *
 * @param call The node.
 * @param value What it reads.
 * @param extents Rows and columns of a window, dilation counted in.
 * @returns Where the windows lie; padding at the end that no window reaches is left out.
 * @throws {InputError} When the padding is negative, unknown, or needs a size that is open.
 */
export function layOutWindows(call: NodeCall, value: Feature, extents: Pair): Windows {
  const strides = pairAttribute(call, "strides", 1);
  const autoPad = call.text("auto_pad", "NOTSET");
  const pads = call.list("pads") ?? [0, 0, 0, 0];
  const isUsable = pads.length === 4 && pads.every((pad) => Number.isSafeInteger(pad) && pad >= 0);
  if (!isUsable) {
    throw call.refusal(`has pads [${pads.join(", ")}], wanted four numbers of 0 and more`);
  }
  const isCeil = call.number("ceil_mode", 0) === 1;
  const [rows, columns] = [0, 1].map((axis) => {
    const size = value.shape[1 + axis], extent = extents[axis], stride = strides[axis];
    if (autoPad === "SAME_UPPER" || autoPad === "SAME_LOWER") {
      return padToCover(call, size, extent, stride, autoPad === "SAME_LOWER");
    }
    if (autoPad !== "NOTSET" && autoPad !== "VALID" && autoPad !== "") {
      throw call.refusal(`has auto_pad ${autoPad}, wanted NOTSET, VALID, SAME_UPPER or SAME_LOWER`);
    }
    const [begin, end] = autoPad === "VALID" ? [0, 0] : [pads[axis], pads[axis + 2]];
    if (size === null) return { begin, end, count: null };
    const room = size + begin + end - extent;
    let count = Math.floor(room / stride) + 1;
    if (isCeil && room % stride !== 0 && count * stride < size + begin) count++;
    return { begin, end: Math.max(0, (count - 1) * stride + extent - size - begin), count };
  });
  return {
    extents,
    strides,
    begins: [rows.begin ?? 0, columns.begin ?? 0],
    ends: [rows.end ?? 0, columns.end ?? 0],
    size: [rows.count, columns.count],
    isLeftToLayer: [rows, columns].some(({ begin }) => begin === undefined),
  };
}

function padToCover(
  call: NodeCall,
  size: number | null,
  extent: number,
  stride: number,
  isLower: boolean,
) {
  if (size === null && stride > 1) {
    if (!isLower) return { begin: undefined, end: undefined, count: null };
    throw call.refusal(
      `pads maps of open size by itself, the odd row ahead; export the model with a fixed image size`,
    );
  }
  const count = size === null ? null : Math.ceil(size / stride);
  const total = size === null ? extent - 1 : Math.max(0, (count! - 1) * stride + extent - size);
  const begin = isLower ? Math.ceil(total / 2) : Math.floor(total / 2);
  return { begin, end: total - begin, count };
}
