import { addGlobalPool, addUniformAffine, resized, sizeOf } from "../../../import/mod.ts";
import type { NodeCall, Operator } from "../node_call.ts";
import type { Feature } from "../../values.ts";
import { reshape } from "./reshape.ts";

/**
 * ReduceMean, ReduceMax and ReduceSum: pooling of rows and columns, or of one of them; a frozen 1×1 convolution for means
 * and sums of channels.
 */
function importReduction(call: NodeCall): Feature {
  const given = Array.from(call.optionalConstant(1)?.values ?? call.list("axes") ?? []);
  const value = call.feature();
  if (given.length === 0 && call.number("noop_with_empty_axes", 0) === 1) return value;
  const rank = value.shape.length;
  const axes = [...new Set(given.map((axis) => call.layerAxis(value, axis)))];
  const positions = axes.filter((axis) => axis < rank - 1);
  const isOfChannels = axes.includes(rank - 1);
  const isReadable = given.length > 0 && !axes.includes(-1) && rank > 1;
  if (!isReadable || isOfChannels && call.operator === "ReduceMax") {
    throw call.refusal(
      `reduces axes [${given.join(", ")}] of [N, ${value.shape.join(", ")}], ` +
        `wanted rows and columns, or the mean or sum of channels`,
    );
  }
  const pooled = positions.length > 0 ? reducePositions(call, value, positions) : value;
  const reduced = isOfChannels ? reduceChannels(call, pooled) : pooled;
  if (call.number("keepdims", 1) === 1) return reduced;
  const kept = reduced.shape.filter((_, place) => !axes.includes(call.layerAxis(value, place + 1)));
  return reshape(call, reduced, kept as number[]);
}

/** Rows, columns or both to one value; positions of channels as rows. */
function reducePositions(call: NodeCall, value: Feature, axes: readonly number[]): Feature {
  const rank = value.shape.length;
  const shape = value.shape.map((extent, place) =>
    axes.includes(call.layerAxis(value, place + 1)) ? 1 : extent
  );
  const count = axes.reduce((total, axis) => {
    const place = value.shape.findIndex((_, at) => call.layerAxis(value, at + 1) === axis);
    return total * (value.shape[place] ?? NaN);
  }, 1);
  const maps = rank === 3 ? call.unflatten(value) : asMaps(call, value);
  const isWhole = axes.length === rank - 1;
  const pooled = isWhole
    ? call.result(addGlobalPool(call, maps, call.operator === "ReduceMax"), maps, { isFlat: true })
    : poolAxis(call, maps, axes[0], count);
  const result = { ...pooled, shape };
  if (call.operator !== "ReduceSum") return result;
  if (Number.isFinite(count)) return addUniformAffine(call, result, count, 0, { suffix: "sum" });
  throw call.refusal(`adds up maps of open size; export the model with a fixed image size`);
}

/** Positions of channels as rows of one column. */
function asMaps(call: NodeCall, value: Feature): Feature {
  const size = value.isLast ? value.shape.slice(0, 1) : value.shape.slice(1);
  const channels = call.channelsOf(value);
  const config = { target_shape: [...size, 1, channels] };
  const layer = call.addLayer("Reshape", [value], config, {}, "rows");
  return { ...value, layer, shape: resized(call, value, [...size, 1]), isFlat: false };
}

function poolAxis(call: NodeCall, maps: Feature, axis: number, extent: number): Feature {
  if (Number.isNaN(extent)) {
    throw call.refusal(`reduces an axis of open size; export the model with a fixed image size`);
  }
  const pool_size = [1, 1].with(axis, extent);
  const config = { pool_size, strides: pool_size, padding: "valid", data_format: "channels_last" };
  const className = call.operator === "ReduceMax" ? "MaxPooling2D" : "AveragePooling2D";
  const layer = call.addLayer(className, [maps], config, {}, "pooled");
  return call.result(layer, maps, { shape: resized(call, maps, sizeOf(call, maps).with(axis, 1)) });
}

/** The mean or the sum of all channels, as one channel. */
function reduceChannels(call: NodeCall, value: Feature): Feature {
  const channels = call.channelsOf(value);
  if (value.shape.length !== 3) {
    throw call.refusal(`reduces channels of [N, ${value.shape.join(", ")}], wanted those of maps`);
  }
  const share = call.operator === "ReduceMean" ? 1 / channels : 1;
  const config = {
    trainable: false,
    filters: 1,
    kernel_size: [1, 1],
    strides: [1, 1],
    padding: "valid",
    dilation_rate: [1, 1],
    data_format: "channels_last",
    activation: "linear",
    use_bias: false,
  };
  const kernel = {
    shape: [1, 1, channels, 1],
    values: new Float32Array(channels).fill(share),
  };
  const maps = call.unflatten(value);
  const layer = call.addLayer("Conv2D", [maps], config, { kernel }, "channels");
  return call.result(layer, maps, { shape: resized(call, maps, sizeOf(call, maps), 1) });
}

/** Reductions. */
export const reductionOperators: Readonly<Record<string, Operator>> = {
  ReduceMax: importReduction,
  ReduceMean: importReduction,
  ReduceSum: importReduction,
};
