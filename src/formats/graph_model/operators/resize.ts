import { resized, sizeOf } from "../../import/mod.ts";
import type { NodeCall } from "../node_call.ts";
import type { Feature } from "../values.ts";

/** ResizeNearestNeighbor and ResizeBilinear by whole factors. */
export function importResize(call: NodeCall): Feature {
  const value = call.maps();
  const wanted = Array.from(call.constant(1).values);
  const factors = sizeOf(call, value).map((extent, axis) => wanted[axis] / (extent ?? NaN));
  const isNearest = call.operator === "ResizeNearestNeighbor";
  const isWhole = factors.every((factor) => Number.isSafeInteger(factor) && factor >= 1);
  const isCornered = call.flag("align_corners");
  if (!isWhole || isCornered) {
    throw call.refusal(
      `resizes [N, ${value.shape.join(", ")}] to [${wanted.join(", ")}]` +
        `${isCornered ? " (align_corners)" : ""}, wanted known sizes and whole factors, ` +
        `without align_corners; use UpSampling2D, and a fixed image size`,
    );
  }
  const isCentred = call.flag("half_pixel_centers") && !isNearest;
  const interpolation = isNearest || isCentred ? "nearest" : "bilinear";
  const config = { size: factors, interpolation, data_format: "channels_last" };
  const layer = call.addLayer("UpSampling2D", [value], config);
  const larger = call.result(layer, value, { shape: resized(call, value, wanted) });
  return isCentred
    ? factors.reduce((maps, factor, axis) => smooth(call, maps, factor, axis), larger)
    : larger;
}

/**
 * Interpolates rows (axis 0) or columns (axis 1) that were repeated f times, as seen from the middle of a pixel: the mean of
 * f neighbors, shifted by half a place where f is even, which is a mean of two means:
 *
 *     f = 2:  ¼ ½ ¼ = ¾ · (⅓ ⅓ ⅓) + ¼ · (0 1 0)
 *     f even: (f + 1) / 2f · mean of f + 1  +  (f − 1) / 2f · mean of f − 1
 *
 * At the edges the pooling leaves out what is not there, which is the same as repeating the outermost pixel.
 */
function smooth(call: NodeCall, value: Feature, factor: number, axis: number): Feature {
  const name = axis === 0 ? "rows" : "columns";
  if (factor % 2 === 1) return addMean(call, value, factor, axis, name);
  const parts = [factor + 1, factor - 1].map((width) => {
    const mean = addMean(call, value, width, axis, `${name}_${width}`);
    const config = { scale: width / (2 * factor), offset: 0 };
    const layer = call.addLayer("Rescaling", [mean], config, {}, `${name}_${width}_share`);
    return call.result(layer, mean);
  });
  return call.result(call.addLayer("Add", parts, {}, {}, name), value);
}

/** The mean of so many neighbors, of those that are there. */
function addMean(
  call: NodeCall,
  value: Feature,
  width: number,
  axis: number,
  suffix: string,
): Feature {
  if (width === 1) return value;
  const pool_size = [1, 1].with(axis, width);
  const config = { pool_size, strides: [1, 1], padding: "same", data_format: "channels_last" };
  return call.result(call.addLayer("AveragePooling2D", [value], config, {}, suffix), value);
}
