import { addGlobalPool, requireMapAxes, resized } from "../../import/mod.ts";
import type { NodeCall } from "../node_call.ts";
import type { Feature } from "../values.ts";
import { reshapeTo } from "./reshape.ts";
import { placeWindows } from "./windows.ts";

/** MaxPool and AvgPool; values outside the maps count in neither. */
export function importPool(call: NodeCall): Feature {
  const value = call.maps();
  const extents = call.pair("ksize");
  if (call.text("padding", "VALID") === "EXPLICIT") {
    throw call.refusal(`has padding EXPLICIT, wanted SAME or VALID; pad with zeros ahead of it`);
  }
  const { padding, size } = placeWindows(call, value, extents);
  const strides = call.pair("strides");
  const config = { pool_size: extents, strides, padding, data_format: "channels_last" };
  const className = call.operator === "MaxPool" ? "MaxPooling2D" : "AveragePooling2D";
  const layer = call.addLayer(className, [value], config);
  return call.result(layer, value, { shape: resized(call, value, size) });
}

/** Mean and Max over rows and columns. */
export function importReduction(call: NodeCall): Feature {
  const value = call.maps();
  requireMapAxes(call, Array.from(call.constant(1).values));
  const channels = call.channelsOf(value);
  const layer = addGlobalPool(call, value, call.operator === "Max");
  const pooled = call.result(layer, value, { shape: [channels] });
  return call.flag("keep_dims") ? reshapeTo(call, pooled, [1, 1, channels], "maps") : pooled;
}
