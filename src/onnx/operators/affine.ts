import type { NodeCall } from "../node_call.ts";
import type { Feature } from "../values.ts";

/**
 * y = x · factor + shift, per channel. It goes into the weights of the layer that makes x when nothing else reads x;
 * otherwise it becomes a frozen 1×1 DepthwiseConv2D, which pruning slices like any other layer.
 *
 * @param call The node.
 * @param value x.
 * @param factors Per channel, in the order of the layers.
 * @param shifts Per channel.
 * @param options `mayFold`: the node itself reads x only here; `suffix`: goes behind the node's name.
 * @returns y.
 */
export function addAffine(
  call: NodeCall,
  value: Feature,
  factors: Float32Array<ArrayBuffer>,
  shifts: Float32Array<ArrayBuffer>,
  options: { mayFold?: boolean; suffix?: string } = {},
): Feature {
  const { mayFold = false, suffix } = options;
  if (factors.every((factor) => factor === 1) && shifts.every((shift) => shift === 0)) return value;
  const nonNegative = value.nonNegative && [...factors, ...shifts].every((number) => number >= 0);
  const isOwn = mayFold && !value.isShared;
  if (isOwn && call.context.layers.foldAffine(value.layer, factors, shifts)) {
    return { ...value, nonNegative };
  }
  const channels = factors.length;
  const isFlat = value.isFlat;
  const shape = [1, 1, channels];
  const name = suffix ?? "scale";
  const source = isFlat
    ? { ...value, layer: call.addLayer("Reshape", [value], { target_shape: shape }, {}, "maps") }
    : value;
  const scaled = call.addLayer(
    "DepthwiseConv2D",
    [source],
    {
      trainable: false,
      ...{ kernel_size: [1, 1], strides: [1, 1], padding: "valid", dilation_rate: [1, 1] },
      ...{ depth_multiplier: 1, data_format: "channels_last", activation: "linear" },
      use_bias: true,
    },
    {
      depthwise_kernel: { shape: [1, 1, channels, 1], values: factors },
      bias: { shape: [channels], values: shifts },
    },
    isFlat ? name : suffix,
  );
  if (!isFlat) return call.result(scaled, value, { nonNegative });
  const layer = call.addLayer(
    "Reshape",
    [{ ...value, layer: scaled }],
    { target_shape: [channels] },
    {},
    "vector",
  );
  return call.result(layer, value, { nonNegative });
}

/** {@link addAffine} with the same numbers for all channels. */
export function addUniformAffine(
  call: NodeCall,
  value: Feature,
  factor: number,
  shift: number,
  options: { mayFold?: boolean; suffix?: string } = {},
): Feature {
  const channels = value.shape[0]!;
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
export function addSelector(
  call: NodeCall,
  value: Feature,
  columns: readonly number[],
  suffix?: string,
): Feature {
  const channels = value.shape[0]!;
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
      ...{ kernel_size: [1, 1], strides: [1, 1], padding: "valid", dilation_rate: [1, 1] },
      ...{ data_format: "channels_last", activation: "linear", use_bias: false },
    },
    { kernel: { shape: [1, 1, channels, columns.length], values: kernel } },
    suffix,
  );
  return call.result(layer, value, { shape: value.shape.with(0, columns.length) });
}
