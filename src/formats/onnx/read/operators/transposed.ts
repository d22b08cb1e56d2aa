import { type Constant, countElements, type Pair } from "../../../import/mod.ts";
import type { NodeCall } from "../node_call.ts";
import type { Feature } from "../../values.ts";
import { spreadKernel, transposeKernel } from "./convolution.ts";
import { pairAttribute } from "./windows.ts";

/**
 * ConvTranspose: a Conv2DTranspose, and a Cropping2D behind it where the node pads otherwise than the layer can:
 *
 *     node    (n − 1) · stride + kernel − begin − end + output_padding
 *     layer   (n − 1) · stride + max(kernel, stride), cropped by begin and by what remains
 *
 * An output padding that reaches further than the layer does becomes zeros at the end of the kernel.
 */
export function importTransposedConvolution(call: NodeCall): Feature {
  const value = call.maps();
  const kernel = call.constant(1);
  checkKernel(call, kernel, value);
  const strides = pairAttribute(call, "strides", 1);
  const dilations = pairAttribute(call, "dilations", 1);
  const { begins, ends, excess } = listMargins(call);
  const axes = [0, 1].map((axis) => {
    const extent = (kernel.shape[2 + axis] - 1) * dilations[axis] + 1;
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

function checkKernel(call: NodeCall, { shape }: Constant, value: Feature): void {
  if (call.number("group", 1) !== 1) {
    throw call.refusal(`has groups, wanted one; use a convolution for each group, or upsampling`);
  }
  if (shape.length === 4 && shape[0] === value.shape[0] && countElements(shape) > 0) return;
  throw call.refusal(
    `has a kernel of shape [${shape.join(", ")}] for ${value.shape[0]} channels, ` +
      `wanted inputs × outputs × rows × columns`,
  );
}

/** What is cut off at the edges, and what is put on behind. */
function listMargins(call: NodeCall): { begins: Pair; ends: Pair; excess: Pair } {
  const autoPad = call.text("auto_pad", "NOTSET");
  if (call.list("output_shape") !== undefined || !["NOTSET", "VALID", ""].includes(autoPad)) {
    throw call.refusal(
      `states the size of its output or has auto_pad ${autoPad}, wanted pads; ` +
        `export the model with explicit padding`,
    );
  }
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
  const bias = call.optionalConstant(2);
  if (bias !== undefined && bias.values.length !== filters) {
    throw call.refusal(`has ${bias.values.length} biases for ${filters} channels`);
  }
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
