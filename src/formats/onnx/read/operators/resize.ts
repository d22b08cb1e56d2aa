import { addCrop, type Pair, resized, sizeOf } from "../../../import/mod.ts";
import type { NodeCall } from "../node_call.ts";
import { axesInLayers, type Feature } from "../../values.ts";
import { addEdges } from "./edges.ts";

/** How positions are found, and rounded where the nearest value is taken. */
export interface Method {
  readonly mode: string;
  /** `coordinate_transformation_mode`. */
  readonly place: string;
  /** `nearest_mode`. */
  readonly rounding: string;
}

/**
 * Resize and Upsample by whole factors: UpSampling2D where that takes the same values, or a mean of neighbors of it where
 * positions count from the middle of values.
 */
export function importResize(call: NodeCall): Feature {
  const value = call.anyMaps();
  const method = readMethod(call);
  const factors = readFactors(call, value);
  if (!factors.every((factor) => Number.isFinite(factor))) {
    throw call.refusal(
      "resizes to a size that only running the network tells, wanted constant factors or sizes; " +
        "export it with a fixed image size, or run onnxsim over it",
    );
  }
  const [rows, columns] = factors;
  if (rows === 1 && columns === 1) return value;
  if (!factors.every((factor) => Number.isSafeInteger(factor) && factor >= 1)) {
    throw call.refusal(
      `resizes by [${
        factors.join(", ")
      }], wanted whole factors of 1 or more; resize by such factors`,
    );
  }
  const size = sizeOf(call, value);
  call.requireModest(
    size.reduce<number>((count, extent, axis) => count * (extent ?? 1) * factors[axis], 1),
    "maps",
  );
  const isAt = (check: (axis: Axis) => boolean) =>
    [0, 1].every((axis) =>
      factors[axis] === 1 || check({ size: size[axis], factor: factors[axis] })
    );
  if (method.mode === "nearest" && isAt((axis) => takesFirst(method, axis))) {
    return addUpSampling(call, value, [rows, columns], "nearest");
  }
  if (method.mode === "linear" && isAt(({ size }) => size === 1)) {
    return addUpSampling(call, value, [rows, columns], "nearest");
  }
  if (method.mode === "linear" && method.place === "asymmetric") {
    return addUpSampling(call, value, [rows, columns], "bilinear");
  }
  if (method.mode === "linear" && isCentered(method)) {
    return addCentered(call, value, [rows, columns]);
  }
  const found = method.mode === "nearest"
    ? `${method.mode}, ${method.place}, ${method.rounding}`
    : `${method.mode}, ${method.place}`;
  throw call.refusal(
    `resizes by the method "${found}", wanted "nearest, asymmetric, floor", "linear, half_pixel", ` +
      `or one that gives the same; use torch.nn.Upsample(scale_factor=2, mode="nearest")`,
  );
}

/** Whether positions count from the middle of values; the three are one for whole factors. */
function isCentered({ place }: Method): boolean {
  return ["half_pixel", "pytorch_half_pixel", "half_pixel_symmetric"].includes(place);
}

/** Upsample, and Resize before opset 11, count from the upper left corner and round down. */
export function readMethod(call: NodeCall): Method {
  const mode = call.text("mode", "nearest");
  const isOld = call.operator === "Upsample" || call.context.opset < 11;
  if (isOld) return { mode, place: "asymmetric", rounding: "floor" };
  return {
    mode,
    place: call.text("coordinate_transformation_mode", "half_pixel"),
    rounding: call.text("nearest_mode", "round_prefer_floor"),
  };
}

/** Factors of rows and columns, from the scales or the sizes. */
export function readFactors(call: NodeCall, value: Feature): number[] {
  const isOld = call.operator === "Upsample" || call.context.opset < 11;
  const axes = axesInLayers(3, value.isLast).slice(0, 2);
  const scales = readAxes(
    call,
    call.optionalConstant(isOld ? 1 : 2)?.values ?? call.list("scales"),
    [1, 1, 1, 1],
  );
  const sizes = isOld ? undefined : readAxes(call, call.optionalConstant(3)?.values, [
    NaN,
    ...value.shape.map((extent) => extent ?? NaN),
  ]);
  const channels = value.isLast ? 3 : 1;
  const isKept = scales
    ? scales[channels] === 1 && scales[0] === 1
    : sizes
    ? sizes[channels] === call.channelsOf(value)
    : true;
  if (!isKept) {
    throw call.refusal(
      `resizes by [${(scales ?? sizes)!.join(", ")}], wanted rows and columns alone to change`,
    );
  }
  return axes.map((axis) =>
    scales?.[axis] ?? (sizes?.[axis] ?? NaN) / (value.shape[axis - 1] ?? NaN)
  );
}

/** One number for each of four axes, of which the node may list those that are meant; undefined for an empty list. */
function readAxes(
  call: NodeCall,
  given: ArrayLike<number> | undefined,
  others: readonly number[],
): number[] | undefined {
  const axes = call.list("axes")?.map((axis) => axis < 0 ? axis + 4 : axis) ?? [0, 1, 2, 3];
  if (given === undefined || given.length === 0) return undefined;
  if (given.length === axes.length) {
    return axes.reduce((all, axis, place) => all.with(axis, given[place]), [...others]);
  }
  throw call.refusal(`has ${given.length} factors or sizes for ${axes.length} axes`);
}

interface Axis {
  /** Rows or columns, null where they are open. */
  readonly size: number | null;
  readonly factor: number;
}

/** How positions become those of values, by `nearest_mode`. */
export const ROUNDINGS: ReadonlyMap<string, (position: number) => number> = new Map([
  ["floor", Math.floor],
  ["ceil", Math.ceil],
  ["round_prefer_ceil", (position: number) => Math.floor(position + 0.5)],
  ["round_prefer_floor", (position: number) => Math.ceil(position - 0.5)],
]);

/** Whether every value is taken `factor` times, as UpSampling2D does it. */
function takesFirst({ place, rounding }: Method, { size, factor }: Axis): boolean {
  const round = ROUNDINGS.get(rounding);
  const isFromEnds = place === "align_corners";
  if (round === undefined || size === null && isFromEnds) return false;
  const extent = isFromEnds ? size! : 3;
  for (let to = 0; to < extent * factor; to++) {
    const position = round(findPosition(place, to, extent, factor));
    const nearest = Math.min(extent - 1, Math.max(0, position));
    if (nearest !== Math.floor(to / factor)) return false;
  }
  return true;
}

/** Where a value of the larger maps lies in the smaller ones; NaN for a method that is not known. */
export function findPosition(place: string, to: number, extent: number, factor: number): number {
  switch (place) {
    case "asymmetric":
      return to / factor;
    case "tf_half_pixel_for_nn":
      return (to + 0.5) / factor;
    case "half_pixel":
    case "pytorch_half_pixel":
    case "half_pixel_symmetric":
      return (to + 0.5) / factor - 0.5;
    case "align_corners":
      return to * (extent - 1) / (extent * factor - 1);
    default:
      return NaN;
  }
}

function addUpSampling(
  call: NodeCall,
  value: Feature,
  factors: Pair,
  interpolation: "nearest" | "bilinear",
  suffix?: string,
): Feature {
  const config = { size: factors, interpolation, data_format: "channels_last" };
  const layer = call.addLayer("UpSampling2D", [value], config, {}, suffix);
  const size = sizeOf(call, value).map((extent, axis) =>
    extent === null ? null : extent * factors[axis]
  );
  return call.result(layer, value, { shape: resized(call, value, size) });
}

/**
 * Linear resizing that counts from the middle of values. The layer counts from the upper left corner, (s − 1) / 2 of its
 * own values further on, which is the mean of two of them where s is even. The first row and column come twice, as what is
 * ahead of them.
 */
function addCentered(call: NodeCall, value: Feature, factors: Pair): Feature {
  const [rows, columns] = factors.map((factor): Pair => [factor > 1 ? 1 : 0, 0]);
  const padded = addEdges(call, value, [rows, columns], false);
  const larger = addUpSampling(call, padded, factors, "bilinear", "larger");
  const windows = factors.map((factor) => factor % 2 === 0 ? 2 : 1);
  const means = Math.max(...windows) === 1 ? larger : addMeans(call, larger, windows);
  return factors.reduce((cut, factor, axis) => {
    if (factor === 1) return cut;
    const first = factor - Math.floor(factor / 2);
    const extent = sizeOf(call, value)[axis]!;
    return addCrop(call, cut, axis, [first, first + extent * factor]);
  }, means);
}

function addMeans(call: NodeCall, value: Feature, windows: readonly number[]): Feature {
  const config = {
    pool_size: windows,
    strides: [1, 1],
    padding: "valid",
    data_format: "channels_last",
  };
  const layer = call.addLayer("AveragePooling2D", [value], config, {}, "means");
  const size = sizeOf(call, value).map((extent, axis) => extent! - windows[axis] + 1);
  return call.result(layer, value, { shape: resized(call, value, size) });
}
