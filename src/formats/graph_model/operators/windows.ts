import { padFor, type Pair, sizeOf, type Windows } from "../../import/mod.ts";
import type { NodeCall } from "../node_call.ts";
import type { Feature } from "../values.ts";

/** Maps as a convolution or pooling is to read them. */
export interface Placement {
  /** The maps, with zeros around them where the layers' padding is another one. */
  readonly source: Feature;
  /** Padding of the layer. */
  readonly padding: "same" | "valid";
  /** Rows and columns of the output. */
  readonly size: readonly (number | null)[];
}

/**
 * Lays out the windows of a node: its strides, and padding SAME, VALID or EXPLICIT.
 *
 * @param call The node.
 * @param value The maps it reads.
 * @param extents Rows and columns of a window, dilation counted in.
 * @returns What the layer is to read, and how.
 * @throws {InputError} When the padding is another one.
 */
export function placeWindows(call: NodeCall, value: Feature, extents: Pair): Placement {
  const strides = call.pair("strides");
  const padding = call.text("padding", "VALID");
  const from = sizeOf(call, value);
  if (padding === "SAME") {
    const size = from.map((extent, axis) =>
      extent === null ? null : Math.ceil(extent / strides[axis])
    );
    return { source: value, padding: "same", size };
  }
  const pads = padding === "VALID" ? [] : readPads(call, padding);
  const [top = 0, bottom = 0, left = 0, right = 0] = pads;
  const size = from.map((extent, axis) => {
    const around = axis === 0 ? top + bottom : left + right;
    return extent === null
      ? null
      : Math.floor((extent + around - extents[axis]) / strides[axis]) + 1;
  });
  const windows: Windows = { extents, strides, begins: [top, left], ends: [bottom, right], size };
  return { ...padFor(call, value, windows), size };
}

/** Zeros above, below, left and right. */
function readPads(call: NodeCall, padding: string): readonly number[] {
  const pads = call.numbers("explicit_paddings") ?? [];
  const isUsable = padding === "EXPLICIT" && pads.length === 8 &&
    pads.every((pad) => Number.isSafeInteger(pad) && pad >= 0) &&
    pads[0] + pads[1] + pads[6] + pads[7] === 0;
  if (isUsable) return pads.slice(2, 6);
  throw call.refusal(
    `has padding ${padding} [${pads.join(", ")}], wanted SAME, VALID, or rows and columns of zeros`,
  );
}
