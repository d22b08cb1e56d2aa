import {
  addGlobalPool,
  addZeros,
  isSame,
  isUnpadded,
  sizeOf,
  type Windows,
} from "../../../import/mod.ts";
import type { NodeCall } from "../node_call.ts";
import type { Feature } from "../../values.ts";
import { layOutWindows, pairAttribute } from "./windows.ts";

/** MaxPool; what is put around the maps never wins. */
export function importMaxPool(call: NodeCall): Feature {
  return importPool(call, "MaxPooling2D", (value) => value.nonNegative);
}

/** AveragePool. Zeros around the maps count or do not, as `count_include_pad` says. */
export function importAveragePool(call: NodeCall): Feature {
  const autoPad = call.text("auto_pad", "NOTSET");
  const isPadded = autoPad.startsWith("SAME") ||
    autoPad !== "VALID" && (call.list("pads") ?? []).some((pad) => pad !== 0);
  const includesZeros = isPadded && call.number("count_include_pad", 0) === 1;
  if (includesZeros && call.number("ceil_mode", 0) === 1) {
    throw call.refusal(
      `counts zeros around the maps and rounds up, wanted one of the two; set ceil_mode to False`,
    );
  }
  return importPool(call, "AveragePooling2D", () => includesZeros, includesZeros);
}

/**
 * A pooling layer. Where its padding is not that of the layers' `same`, the maps are padded with zeros if these do no
 * harm, or pooled at every position and every s-th one kept:
 *
 *     pool(k, stride s, (k − 1) / 2 on all sides) = every s-th of pool(k, stride 1, same)
 */
function importPool(
  call: NodeCall,
  className: string,
  mayPad: (value: Feature) => boolean,
  includesZeros = false,
): Feature {
  const value = call.maps();
  const extents = pairAttribute(call, "kernel_shape", 1);
  if (Math.max(...pairAttribute(call, "dilations", 1)) > 1) {
    throw call.refusal(`is dilated, wanted neighboring values; use a larger window without`);
  }
  const windows = layOutWindows(call, value, extents);
  if (includesZeros && windows.isLeftToLayer) {
    throw call.refusal(
      `counts zeros around maps of open size; export the model with a fixed image size`,
    );
  }
  const { strides, size } = windows;
  const shape = [value.shape[0], ...size];
  const add = (source: Feature, padding: string, steps = strides, suffix?: string) => {
    const config = { pool_size: extents, strides: steps, padding, data_format: "channels_last" };
    return call.addLayer(className, [source], config, {}, suffix);
  };
  if (isUnpadded(windows)) return call.result(add(value, "valid"), value, { shape });
  if (!includesZeros && isSame(windows, sizeOf(call, value))) {
    return call.result(add(value, "same"), value, { shape });
  }
  if (mayPad(value)) {
    const padded = addZeros(call, value, windows, "pad");
    return call.result(add(padded, "valid"), value, { shape });
  }
  if (!isCentred(windows, value)) {
    throw call.refusal(
      `pads ${windows.begins.join(" and ")} rows and columns ahead, ${
        windows.ends.join(" and ")
      } behind, ` +
        `which no layer can leave out of the pooling; use padding (kernel_size - 1) / 2, or none`,
    );
  }
  const all = add(value, "same", [1, 1], "all");
  const config = { pool_size: [1, 1], strides, padding: "valid", data_format: "channels_last" };
  const layer = call.addLayer("MaxPooling2D", [{ ...value, layer: all }], config);
  return call.result(layer, value, { shape });
}

/** Whether the windows are centered at every s-th value of the maps, and reach the last one. */
function isCentred({ extents, strides, begins, size }: Windows, value: Feature): boolean {
  return [0, 1].every((axis) => {
    const from = value.shape[1 + axis];
    const isLast = from === null || size[axis] === Math.ceil(from / strides[axis]);
    return extents[axis] % 2 === 1 && begins[axis] === (extents[axis] - 1) / 2 && isLast;
  });
}

/** GlobalAveragePool and GlobalMaxPool, whose channels are first whatever is behind them. */
export function importGlobalPool(call: NodeCall): Feature {
  const value = call.maps();
  const layer = addGlobalPool(call, value, call.operator === "GlobalMaxPool");
  return call.result(layer, value, { shape: [value.shape[0], 1, 1], isFlat: true });
}
