import type { Feature, ImportCall } from "./import_call.ts";

/**
 * y = x · factor + shift, per channel. It goes into the weights of the layer that makes x when nothing else reads x;
 * otherwise it becomes a Rescaling where all channels have the same numbers, or a frozen 1×1 DepthwiseConv2D, which pruning
 * slices like any other layer.
 *
 * @param call The node.
 * @param value x.
 * @param factors Per channel, in the order of the layers.
 * @param shifts Per channel.
 * @param options `mayFold`: the node itself reads x only here; `suffix`: goes behind the node's name.
 * @returns y.
 * @throws {InputError} When it is neither maps nor series nor a vector, and the channels have different numbers; when a number is not
 * finite.
 */
export function addAffine<Tensor extends Feature>(
  call: ImportCall<Tensor>,
  value: Tensor,
  factors: Float32Array<ArrayBuffer>,
  shifts: Float32Array<ArrayBuffer>,
  options: { mayFold?: boolean; suffix?: string } = {},
): Tensor {
  const { mayFold = false, suffix } = options;
  if (factors.every((factor) => factor === 1) && shifts.every((shift) => shift === 0)) return value;
  call.requireFinite(factors, "a factor of");
  call.requireFinite(shifts, "a shift of");
  const nonNegative = value.nonNegative && [...factors, ...shifts].every((number) => number >= 0);
  const isOwn = mayFold && !value.isShared;
  if (isOwn && call.context.layers.foldAffine(value.layer, factors, shifts)) {
    return { ...value, nonNegative };
  }
  const isUniform = new Set(factors).size === 1 && new Set(shifts).size === 1;
  if (isUniform) {
    const config = { scale: factors[0], offset: shifts[0] };
    return call.result(call.addLayer("Rescaling", [value], config, {}, suffix), value, {
      nonNegative,
    });
  }
  const channels = factors.length;
  const isFlat = call.isVector(value), isSeries = !isFlat && value.shape.length === 2;
  if (!isFlat && !isSeries && value.shape.length !== 3) {
    throw call.refusal(
      `scales the last axis of [N, ${value.shape.join(", ")}], wanted maps, series or a vector`,
    );
  }
  const isReshaped = isFlat || isSeries;
  const target_shape = [isSeries ? -1 : 1, 1, channels];
  const name = suffix ?? "scale";
  const source = isReshaped
    ? { ...value, layer: call.addLayer("Reshape", [value], { target_shape }, {}, "maps") }
    : value;
  const scaled = call.addLayer(
    "DepthwiseConv2D",
    [source],
    {
      trainable: false,
      kernel_size: [1, 1],
      strides: [1, 1],
      padding: "valid",
      dilation_rate: [1, 1],
      depth_multiplier: 1,
      data_format: "channels_last",
      activation: "linear",
      use_bias: true,
    },
    {
      depthwise_kernel: { shape: [1, 1, channels, 1], values: factors },
      bias: { shape: [channels], values: shifts },
    },
    isReshaped ? name : suffix,
  );
  if (!isReshaped) return call.result(scaled, value, { nonNegative });
  const layer = call.addLayer(
    "Reshape",
    [{ ...value, layer: scaled }],
    { target_shape: isSeries ? [-1, channels] : [channels] },
    {},
    isSeries ? "series" : "vector",
  );
  return call.result(layer, value, { nonNegative });
}

/** {@link addAffine} with the same numbers for all channels. */
export function addUniformAffine<Tensor extends Feature>(
  call: ImportCall<Tensor>,
  value: Tensor,
  factor: number,
  shift: number,
  options: { mayFold?: boolean; suffix?: string } = {},
): Tensor {
  const channels = call.channelsOf(value);
  const fill = (number: number) => new Float32Array(channels).fill(number);
  return addAffine(call, value, fill(factor), fill(shift), options);
}

/**
 * A frozen 1×1 convolution whose columns each pass one input channel on, as those that pruning puts in.
 *
 * @param call The node.
 * @param value Maps.
 * @param columns Input channel of every output channel; −1 for zeros.
 * @param suffix Goes behind the node's name, if anything.
 * @returns The maps picked.
 */
export function addSelector<Tensor extends Feature>(
  call: ImportCall<Tensor>,
  value: Tensor,
  columns: readonly number[],
  suffix?: string,
): Tensor {
  const channels = call.channelsOf(value);
  call.requireModest(channels * columns.length, "a selector");
  const kernel = new Float32Array(channels * columns.length);
  columns.forEach((channel, column) => {
    if (channel >= 0) kernel[channel * columns.length + column] = 1;
  });
  const layer = call.addLayer(
    "Conv2D",
    [value],
    {
      trainable: false,
      filters: columns.length,
      kernel_size: [1, 1],
      strides: [1, 1],
      padding: "valid",
      dilation_rate: [1, 1],
      data_format: "channels_last",
      activation: "linear",
      use_bias: false,
    },
    { kernel: { shape: [1, 1, channels, columns.length], values: kernel } },
    suffix,
  );
  return call.result(layer, value, { shape: value.shape.with(call.channelAxis, columns.length) });
}

/**
 * Columns for {@link addSelector} that put channels of zeros around those of a tensor.
 *
 * @param call The node.
 * @param channels How many there are.
 * @param ahead Zeros ahead of them.
 * @param behind Zeros behind them.
 */
export function padColumns(
  call: ImportCall<Feature>,
  channels: number,
  ahead: number,
  behind: number,
): number[] {
  call.requireModest(ahead + channels + behind, "channels");
  return Array.from(
    { length: ahead + channels + behind },
    (_, column) => column < ahead || column >= ahead + channels ? -1 : column - ahead,
  );
}

/** Arithmetic of a tensor and numbers. */
export type Arithmetic = "add" | "subtract" | "multiply" | "divide";

/**
 * x + n, x − n, n − x, x · n or x / n, with a number for every channel.
 *
 * @param call The node.
 * @param value x.
 * @param arithmetic What to do.
 * @param numbers n, in the order of the layers.
 * @param isFirst Whether x is the first operand.
 * @returns The result.
 * @throws {InputError} For n / x.
 */
export function addArithmetic<Tensor extends Feature>(
  call: ImportCall<Tensor>,
  value: Tensor,
  arithmetic: Arithmetic,
  numbers: Float32Array<ArrayBuffer>,
  isFirst: boolean,
): Tensor {
  const fill = (number: number) => new Float32Array(numbers.length).fill(number);
  const options = { mayFold: true };
  switch (arithmetic) {
    case "add":
      return addAffine(call, value, fill(1), numbers, options);
    case "subtract":
      return isFirst
        ? addAffine(call, value, fill(1), numbers.map((number) => -number), options)
        : addAffine(call, value, fill(-1), numbers, options);
    case "multiply":
      return addAffine(call, value, numbers, fill(0), options);
    case "divide":
      if (isFirst) {
        return addAffine(call, value, numbers.map((number) => 1 / number), fill(0), options);
      }
      throw call.refusal(`divides a constant by a tensor, which no layer does`);
  }
}
