import { integers, resized, sizeOf } from "../../../import/mod.ts";
import { findPosition, type Method, readFactors, readMethod, ROUNDINGS } from "../operators/mod.ts";
import { addStep, type TensorRule } from "./tensor_step.ts";

/** How TensorFlow finds positions. */
interface Variant {
  readonly aligns: boolean;
  readonly centers: boolean;
  /** The place of the nearest value. */
  readonly nearest: (to: number, from: number, size: number) => number;
  /** Methods of ONNX that find the same positions between values. */
  readonly places: readonly string[];
}

const VARIANTS: readonly Variant[] = [
  {
    aligns: false,
    centers: false,
    nearest: (to, from, size) => Math.floor(to * from / size),
    places: ["asymmetric"],
  },
  {
    aligns: false,
    centers: true,
    nearest: (to, from, size) => Math.floor((to + 0.5) * from / size),
    places: ["half_pixel", "pytorch_half_pixel", "half_pixel_symmetric"],
  },
  { aligns: true, centers: false, nearest: () => NaN, places: ["align_corners"] },
];

/** How much a factor may differ from that of whole sizes: it is a float. */
const ROUNDING = 1e-5;

/** Maps of any other size, where TensorFlow takes the same values. */
export const resizeMaps: TensorRule = (call) => {
  const value = call.anyMaps();
  const method = readMethod(call);
  const from = sizeOf(call, value);
  const factors = readFactors(call, value);
  const exact = factors.map((factor, axis) => factor * (from[axis] ?? NaN));
  const size = exact.map(Math.round);
  call.requireModest(size[0] * size[1] * call.channelsOf(value), "maps");
  const isWhole = exact.every((extent, axis) =>
    size[axis] >= 1 && Math.abs(extent - size[axis]) <= ROUNDING * extent
  );
  const variant = VARIANTS.find((each) => matches(method, each, from as number[], size));
  if (!isWhole || variant === undefined) {
    throw call.refusal(
      `resizes [${from.join(", ")}] by [${factors.join(", ")}] (${
        Object.values(method).join(", ")
      }), ` +
        `wanted whole sizes, and a method that TensorFlow has`,
    );
  }
  const step = addStep(call, {
    operator: method.mode === "linear" ? "ResizeBilinear" : "ResizeNearestNeighbor",
    attributes: {
      align_corners: { b: variant.aligns },
      half_pixel_centers: { b: variant.centers },
    },
    operands: [value, integers(size)],
    outputs: [{ shape: [...size, call.channelsOf(value)] }],
    reach: "channel",
  });
  return { ...value, layer: step.layer, isShared: false, shape: resized(call, value, size) };
};

function matches(
  { mode, place, rounding }: Method,
  { nearest, places }: Variant,
  from: readonly number[],
  size: readonly number[],
): boolean {
  if (mode === "linear") {
    const isOne = place === "pytorch_half_pixel" && size.includes(1);
    return places.includes(place) && !isOne;
  }
  const round = ROUNDINGS.get(rounding);
  return mode === "nearest" && round !== undefined &&
    size.every((extent, axis) =>
      Array.from({ length: extent }).every((_, to) => {
        const position = round(findPosition(place, to, from[axis], extent / from[axis]));
        const at = Math.min(from[axis] - 1, Math.max(0, position));
        return at === Math.min(from[axis] - 1, nearest(to, from[axis], extent));
      })
    );
}
