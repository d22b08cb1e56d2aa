import type { LayerConfig } from "../../../../model/mod.ts";
import {
  addBatchNorm,
  addSelector,
  type Constant,
  countElements,
  type LayerWeight,
  padFor,
  type Pair,
  spreadTaps,
} from "../../../import/mod.ts";
import type { NodeCall } from "../node_call.ts";
import type { Feature } from "../../values.ts";
import { layOutWindows, pairAttribute } from "./windows.ts";

/**
 * Conv: Conv2D, DepthwiseConv2D where every group has one channel, or one Conv2D for every group behind a selector of
 * its channels, and a Concatenate.
 */
export function importConvolution(call: NodeCall): Feature {
  const value = call.maps();
  const kernel = call.constant(1);
  const group = call.number("group", 1);
  checkKernel(call, kernel, value, group);
  requireStatedShape(call, kernel);
  const given = pairAttribute(call, "dilations", 1);
  const strides = pairAttribute(call, "strides", 1);
  const isDepthwise = group > 1 && group === value.shape[0];
  const isSpread = Math.max(...given) > 1 && (isDepthwise || Math.max(...strides) > 1);
  const spread = isSpread ? spreadKernel(call, kernel, given) : kernel;
  const dilations: Pair = isSpread ? [1, 1] : given;
  const extents = [0, 1].map((axis) => (spread.shape[2 + axis] - 1) * dilations[axis] + 1);
  const windows = layOutWindows(call, value, [extents[0], extents[1]]);
  const { source, padding } = padFor(call, value, windows);
  const config: LayerConfig = {
    kernel_size: spread.shape.slice(2),
    strides,
    padding,
    dilation_rate: dilations,
    data_format: "channels_last",
    activation: "linear",
  };
  const bias = readBias(call, kernel.shape[0]);
  const shape = [kernel.shape[0], ...windows.size];
  const changes = { shape, nonNegative: false, isFlat: false };
  const plan = { call, source, kernel: spread, bias, config };
  if (group === 1) return call.result(addConvolution(plan), value, changes);
  if (isDepthwise) return call.result(addDepthwise(plan, group), value, changes);
  return call.result(addGroups(plan, group), value, changes);
}

interface ConvolutionPlan {
  readonly call: NodeCall;
  readonly source: Feature;
  /** O × I × H × W, I per group. */
  readonly kernel: Constant;
  readonly bias: Constant | undefined;
  readonly config: LayerConfig;
}

function checkKernel(call: NodeCall, kernel: Constant, value: Feature, group: number): void {
  const [outputs, inputs] = kernel.shape;
  const isFitting = kernel.shape.length === 4 && Number.isSafeInteger(group) && group >= 1 &&
    inputs * group === value.shape[0] && outputs % group === 0 && countElements(kernel.shape) > 0;
  if (isFitting) return;
  throw call.refusal(
    `has a kernel of shape [${kernel.shape.join(", ")}] and ${group} group(s) for ` +
      `${value.shape[0]} channels, wanted outputs × inputs per group × rows × columns`,
  );
}

/** Refuses a kernel of another size than the node states. */
export function requireStatedShape(call: NodeCall, { shape }: Constant): void {
  const stated = call.list("kernel_shape") ?? shape.slice(2);
  if (stated.join() === shape.slice(2).join()) return;
  throw call.refusal(
    `has kernel_shape [${stated.join(", ")}] and a kernel of shape [${shape.join(", ")}], ` +
      `wanted the rows and columns of the kernel`,
  );
}

/** The biases of a node, one for every channel that it makes. */
export function readBias(call: NodeCall, channels: number): Constant | undefined {
  const bias = call.optionalConstant(2);
  if (bias === undefined || bias.values.length === channels) return bias;
  throw call.refusal(`has ${bias.values.length} biases for ${channels} channels`);
}

/**
 * A kernel with its holes written out, see `spreadTaps`.
 *
 * @param call The node.
 * @param kernel Its kernel, rows and columns last.
 * @param dilations Steps between its rows and columns.
 * @param excess Rows and columns of zeros behind the others.
 * @returns The larger kernel.
 */
export function spreadKernel(
  call: NodeCall,
  { shape, values }: Constant,
  dilations: Pair,
  excess: Pair = [0, 0],
): Constant {
  const [outputs, inputs, rows, columns] = shape;
  const height = (rows - 1) * dilations[0] + 1 + excess[0];
  const width = (columns - 1) * dilations[1] + 1 + excess[1];
  const outer = outputs * inputs;
  call.requireModest(outer * height * width, "a kernel");
  const spread = spreadTaps(values, { outer, rows, columns, inner: 1 }, dilations, excess);
  return { kind: "constant", shape: [outputs, inputs, height, width], values: spread };
}

/** O × I × H × W to H × W × I × O; a depthwise C·M × 1 × H × W to H × W × C × M is the same with I = 1. */
export function transposeKernel(kernel: Constant, from = 0, to = kernel.shape[0]): LayerWeight {
  const [, inputs, rows, columns] = kernel.shape;
  const outputs = to - from, taps = rows * columns;
  const values = new Float32Array(outputs * inputs * taps);
  for (let tap = 0; tap < taps; tap++) {
    for (let i = 0; i < inputs; i++) {
      for (let o = 0; o < outputs; o++) {
        const source = ((from + o) * inputs + i) * taps + tap;
        values[(tap * inputs + i) * outputs + o] = kernel.values[source];
      }
    }
  }
  return { shape: [rows, columns, inputs, outputs], values };
}

function biasWeight(bias: Constant | undefined, from: number, to: number) {
  const values = bias && Float32Array.from(bias.values.subarray(from, to));
  return values ? { bias: { shape: [to - from], values } } : undefined;
}

function addConvolution(
  { call, source, kernel, bias, config }: ConvolutionPlan,
  [from, to]: Pair = [0, kernel.shape[0]],
  suffix?: string,
): string {
  const options = { filters: to - from, ...config, use_bias: bias !== undefined };
  const weights = { kernel: transposeKernel(kernel, from, to), ...biasWeight(bias, from, to) };
  return call.addLayer("Conv2D", [source], options, weights, suffix);
}

function addDepthwise(
  { call, source, kernel, bias, config }: ConvolutionPlan,
  channels: number,
): string {
  const outputs = kernel.shape[0], multiplier = outputs / channels;
  const { shape: [rows, columns], values } = transposeKernel(kernel);
  const options = { ...config, depth_multiplier: multiplier, use_bias: bias !== undefined };
  const shape = [rows, columns, channels, multiplier];
  const weights = { depthwise_kernel: { shape, values }, ...biasWeight(bias, 0, outputs) };
  return call.addLayer("DepthwiseConv2D", [source], options, weights);
}

function addGroups(plan: ConvolutionPlan, groups: number): string {
  const { call, source, kernel, bias, config } = plan;
  const channels = source.shape[0]!, outputs = kernel.shape[0];
  const width = channels / groups, filters = outputs / groups;
  call.requireModest(channels * channels, "selectors");
  const parts = Array.from({ length: groups }, (_, group) => {
    const columns = Array.from({ length: width }, (_, index) => group * width + index);
    const selected = addSelector(call, source, columns, `group${group + 1}_select`);
    const range: Pair = [group * filters, (group + 1) * filters];
    const part = { call, source: selected, kernel, bias, config };
    return { ...source, layer: addConvolution(part, range, `group${group + 1}`) };
  });
  return call.addLayer("Concatenate", parts, { axis: -1 });
}

/** BatchNormalization as it is used, with the statistics of the training. */
export function importBatchNormalization(call: NodeCall): Feature {
  const value = call.feature();
  call.requireEvaluation(call.number("training_mode", 0) !== 0);
  if (value.isLast) {
    throw call.refusal(
      `normalizes axis 1 of [N, ${value.shape.join(", ")}], wanted the channels there`,
    );
  }
  const constants = [1, 2, 3, 4].map((index) => call.constant(index));
  const epsilon = call.number("epsilon", 1e-5), momentum = call.number("momentum", 0.9);
  return addBatchNorm(call, value, constants, { epsilon, momentum });
}
