import { type Constant, countElements, type Pair } from "../../../import/mod.ts";
import type { NodeCall } from "../node_call.ts";
import type { Feature } from "../../values.ts";
import { readBias, requireStatedShape, spreadKernel, transposeKernel } from "./convolution.ts";
import { pairAttribute } from "./windows.ts";

/**
 * ConvTranspose: a Conv2DTranspose, and a Cropping2D behind it where the node pads otherwise than the layer can:
 *
 *     node    (n − 1) · stride + kernel − begin − end + output_padding
 *     layer   (n − 1) · stride + max(kernel, stride), cropped by begin and by what remains
 *
 * An output padding that reaches further than the layer does becomes zeros at the end of the kernel. Where the node states
 * the size of its output, begin and end follow from it.
 */
export function importTransposedConvolution(call: NodeCall): Feature {
  const value = call.maps();
  const kernel = joinGroups(call, readKernel(call, value));
  const strides = pairAttribute(call, "strides", 1);
  const dilations = pairAttribute(call, "dilations", 1);
  const wide = [0, 1].map((axis) => (kernel.shape[2 + axis] - 1) * dilations[axis] + 1);
  const { begins, ends, excess } = listMargins(call, value, [wide[0], wide[1]], strides);
  const axes = [0, 1].map((axis) => {
    const extent = wide[axis];
    const idle = Math.max(0, strides[axis] - extent);
    const behind = idle + ends[axis] - excess[axis];
    return { zeros: behind < 0 ? idle - behind : 0, crop: [begins[axis], Math.max(0, behind)] };
  });
  const cropping = axes.map(({ crop }) => crop);
  const spread = spreadKernel(call, kernel, dilations, [axes[0].zeros, axes[1].zeros]);
  const extents: Pair = [spread.shape[2], spread.shape[3]];
  const isSame = cropping.every(([begin, end], axis) => {
    const total = Math.max(0, extents[axis] - strides[axis]);
    return begin === Math.floor(total / 2) && end === Math.ceil(total / 2);
  });
  const isCropped = !isSame && cropping.flat().some((crop) => crop > 0);
  const size = [0, 1].map((axis) => {
    const from = value.shape[1 + axis], stride = strides[axis];
    if (from === null) return null;
    return isSame ? from * stride : (from - 1) * stride + Math.max(extents[axis], stride);
  });
  const layer = addTransposed(call, value, spread, {
    strides,
    padding: isSame ? "same" : "valid",
    suffix: isCropped ? "whole" : undefined,
  });
  const whole = call.result(layer, value, {
    shape: [kernel.shape[1], ...size],
    nonNegative: false,
    isFlat: false,
  });
  if (!isCropped) return whole;
  const config = { cropping, data_format: "channels_last" };
  const cropped = size.map((extent, axis) =>
    extent === null ? null : extent - cropping[axis][0] - cropping[axis][1]
  );
  const shape = [kernel.shape[1], ...cropped];
  return call.result(call.addLayer("Cropping2D", [whole], config), whole, { shape });
}

function readKernel(call: NodeCall, value: Feature): Constant {
  const kernel = call.constant(1);
  const { shape } = kernel, groups = call.number("group", 1);
  const isFitting = shape.length === 4 && shape[0] === value.shape[0] && countElements(shape) > 0 &&
    Number.isSafeInteger(groups) && groups >= 1 && shape[0] % groups === 0;
  if (!isFitting) {
    throw call.refusal(
      `has a kernel of shape [${shape.join(", ")}] and ${groups} group(s) for ` +
        `${value.shape[0]} channels, wanted inputs × outputs per group × rows × columns`,
    );
  }
  requireStatedShape(call, kernel);
  return kernel;
}

/** The kernel of all groups: what a group does not read is multiplied by zeros. */
function joinGroups(call: NodeCall, kernel: Constant): Constant {
  const groups = call.number("group", 1);
  if (groups === 1) return kernel;
  const [inputs, filters, rows, columns] = kernel.shape;
  const block = filters * rows * columns, width = inputs / groups;
  call.requireModest(inputs * groups * block, "a kernel");
  const values = new Float32Array(inputs * groups * block);
  for (let input = 0; input < inputs; input++) {
    const group = Math.floor(input / width);
    const part = kernel.values.subarray(input * block, (input + 1) * block);
    values.set(part, (input * groups + group) * block);
  }
  return { ...kernel, shape: [inputs, groups * filters, rows, columns], values };
}

interface Margins {
  readonly begins: Pair;
  readonly ends: Pair;
  readonly excess: Pair;
}

/** What is cut off at the edges, and what is put on behind. */
function listMargins(call: NodeCall, value: Feature, extents: Pair, strides: Pair): Margins {
  const autoPad = call.text("auto_pad", "NOTSET");
  const stated = call.list("output_shape");
  if (!["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER", ""].includes(autoPad)) {
    throw call.refusal(`has auto_pad ${autoPad}, wanted NOTSET, VALID, SAME_UPPER or SAME_LOWER`);
  }
  const margins = readMargins(call, autoPad);
  if (stated === undefined && !autoPad.startsWith("SAME")) return margins;
  const isUsable = (stated?.length ?? 2) === 2 &&
    (stated ?? []).every((extent) => Number.isSafeInteger(extent) && extent >= 1);
  if (!isUsable || stated !== undefined && value.shape.includes(null)) {
    throw call.refusal(
      `states an output of [${stated!.join(", ")}] for maps of [${
        value.shape.map((extent) => extent ?? "open").join(", ")
      }], wanted two extents, and maps of a fixed size`,
    );
  }
  const [rows, columns] = [0, 1].map((axis) => {
    const wanted = stated ? stated[axis] - value.shape[1 + axis]! * strides[axis] : 0;
    const total = margins.excess[axis] + extents[axis] - strides[axis] - wanted;
    if (stated && total < 0) {
      throw call.refusal(
        `states an output of [${stated.join(", ")}], more than its windows reach, wanted ` +
          `${-total} less along axis ${2 + axis}`,
      );
    }
    const cut = Math.max(0, total);
    const begin = autoPad === "SAME_UPPER" ? Math.floor(cut / 2) : Math.ceil(cut / 2);
    return { begin, end: cut - begin, excess: margins.excess[axis] + cut - total };
  });
  return {
    begins: [rows.begin, columns.begin],
    ends: [rows.end, columns.end],
    excess: [rows.excess, columns.excess],
  };
}

/** {@link listMargins} as the node states them by itself. */
function readMargins(call: NodeCall, autoPad: string): Margins {
  const isCount = (pad: number) => Number.isSafeInteger(pad) && pad >= 0;
  const pads = autoPad === "VALID" ? [0, 0, 0, 0] : call.list("pads") ?? [0, 0, 0, 0];
  const excess = call.list("output_padding") ?? [0, 0];
  if (pads.length !== 4 || excess.length !== 2 || ![...pads, ...excess].every(isCount)) {
    throw call.refusal(
      `has pads [${pads.join(", ")}] and output_padding [${excess.join(", ")}], ` +
        `wanted four and two numbers of 0 and more`,
    );
  }
  return { begins: [pads[0], pads[1]], ends: [pads[2], pads[3]], excess: [excess[0], excess[1]] };
}

/** I × O × H × W becomes H × W × O × I. */
function addTransposed(
  call: NodeCall,
  value: Feature,
  kernel: Constant,
  { strides, padding, suffix }: { strides: Pair; padding: string; suffix?: string },
): string {
  const [, filters, ...kernel_size] = kernel.shape;
  const bias = readBias(call, filters);
  const weights = {
    kernel: transposeKernel(kernel),
    ...(bias && { bias: { shape: [filters], values: Float32Array.from(bias.values) } }),
  };
  const config = {
    filters,
    kernel_size,
    strides,
    padding,
    use_bias: bias !== undefined,
    data_format: "channels_last",
    activation: "linear",
  };
  return call.addLayer("Conv2DTranspose", [value], config, weights, suffix);
}
