import {
  type Constant,
  countElements,
  type LayerWeight,
  type Pair,
  resized,
  spreadTaps,
} from "../../import/mod.ts";
import type { NodeCall } from "../node_call.ts";
import type { Feature } from "../values.ts";
import { addFused } from "./fused.ts";
import { placeWindows } from "./windows.ts";

const CONVOLUTION = { data_format: "channels_last", activation: "linear", use_bias: false };

/** A constant as a weight of a layer, which may be changed later. */
function weightOf({ shape, values }: Constant): LayerWeight {
  return { shape, values: Float32Array.from(values) };
}

/**
 * A kernel of rows × columns × inputs × second.
 *
 * @param call The node.
 * @param channels Its third extent, at place `axis`.
 * @throws {InputError} When it has another shape.
 */
function readKernel(call: NodeCall, channels: number, axis = 2): Constant {
  const kernel = call.constant(1);
  const { shape } = kernel;
  if (shape.length === 4 && shape[axis] === channels && countElements(shape) > 0) return kernel;
  throw call.refusal(
    `has a kernel of shape [${shape.join(", ")}] for ${channels} channels, ` +
      `wanted rows × columns × ${axis === 2 ? "inputs × outputs" : "outputs × inputs"}`,
  );
}

/** Extents of a kernel with its holes. */
function extentsOf({ shape }: Constant, dilations: Pair): Pair {
  return [(shape[0] - 1) * dilations[0] + 1, (shape[1] - 1) * dilations[1] + 1];
}

/** Writes the holes of a kernel as zeros. */
function spreadKernel(call: NodeCall, kernel: Constant, dilations: Pair): Constant {
  const [rows, columns, inputs, outputs] = kernel.shape;
  const extents = extentsOf(kernel, dilations);
  const inner = inputs * outputs;
  call.requireModest(extents[0] * extents[1] * inner, "a kernel");
  const values = spreadTaps(kernel.values, { outer: 1, rows, columns, inner }, dilations);
  return { kind: "constant", shape: [...extents, inputs, outputs], values };
}

/** Conv2D, with whatever is fused to it. */
export function importConvolution(call: NodeCall): Feature {
  const value = call.maps();
  const given = readKernel(call, call.channelsOf(value));
  const strides = call.pair("strides");
  const isSpread = isDilated(call) && Math.max(...strides) > 1;
  const kernel = isSpread ? spreadKernel(call, given, call.pair("dilations")) : given;
  const dilations: Pair = isSpread ? [1, 1] : call.pair("dilations");
  const { source, padding, size } = placeWindows(call, value, extentsOf(kernel, dilations));
  const filters = kernel.shape[3];
  const layer = call.addLayer("Conv2D", [source], {
    filters,
    kernel_size: kernel.shape.slice(0, 2),
    strides,
    padding,
    dilation_rate: dilations,
    ...CONVOLUTION,
  }, { kernel: weightOf(kernel) });
  const shape = resized(call, value, size, filters);
  return addFused(call, call.result(layer, value, { shape, nonNegative: false }));
}

function isDilated(call: NodeCall): boolean {
  return Math.max(...call.pair("dilations")) > 1;
}

/** DepthwiseConv2dNative, with whatever is fused to it. */
export function importDepthwise(call: NodeCall): Feature {
  const value = call.maps();
  const channels = call.channelsOf(value);
  const given = readKernel(call, channels);
  const kernel = isDilated(call) ? spreadKernel(call, given, call.pair("dilations")) : given;
  const strides = call.pair("strides");
  const { source, padding, size } = placeWindows(call, value, [kernel.shape[0], kernel.shape[1]]);
  const multiplier = kernel.shape[3];
  const layer = call.addLayer("DepthwiseConv2D", [source], {
    kernel_size: kernel.shape.slice(0, 2),
    strides,
    padding,
    depth_multiplier: multiplier,
    dilation_rate: [1, 1],
    ...CONVOLUTION,
  }, { depthwise_kernel: weightOf(kernel) });
  const shape = resized(call, value, size, channels * multiplier);
  return addFused(call, call.result(layer, value, { shape, nonNegative: false }));
}

/** Conv2DBackpropInput: Conv2DTranspose, whose output has the size that its padding gives it. */
export function importTransposed(call: NodeCall): Feature {
  const value = call.maps(2);
  const kernel = readKernel(call, call.channelsOf(value), 3);
  const [rows, columns, filters] = kernel.shape;
  const strides = call.pair("strides");
  const padding = call.text("padding", "VALID").toLowerCase();
  if (isDilated(call) || padding !== "same" && padding !== "valid") {
    throw call.refusal(`has dilations or padding ${padding}, wanted neither, or SAME or VALID`);
  }
  const wanted = call.constant(0).values;
  const size = [rows, columns].map((extent, axis) => {
    const from = value.shape[axis];
    const excess = padding === "same" ? 0 : Math.max(0, extent - strides[axis]);
    return from === null ? null : from * strides[axis] + excess;
  });
  const isFitting = wanted.length === 4 && size.every((extent, axis) => {
    const stated = wanted[1 + axis];
    return extent === null || Number.isNaN(stated) || stated === extent;
  });
  if (!isFitting) {
    throw call.refusal(
      `makes maps of [${Array.from(wanted).join(", ")}] from [N, ${value.shape.join(", ")}], ` +
        `wanted ${size.join(" × ")} as its padding and strides give`,
    );
  }
  const layer = call.addLayer("Conv2DTranspose", [value], {
    filters,
    kernel_size: [rows, columns],
    strides,
    padding,
    dilation_rate: [1, 1],
    ...CONVOLUTION,
  }, { kernel: weightOf(kernel) });
  return call.result(layer, value, {
    shape: resized(call, value, size, filters),
    nonNegative: false,
  });
}
