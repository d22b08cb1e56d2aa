import type { QuantizedType, Weight } from "./model_file.ts";
import type { WeightSpec } from "./decode_weights.ts";

/** Elements of a weight as they are stored, and what a manifest says of them. */
export interface QuantizedWeight {
  /** How they are stored. */
  readonly quantization: NonNullable<WeightSpec["quantization"]>;
  /** The stored elements, in row-major order. */
  readonly elements: Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Float16Array<ArrayBuffer>;
}

const LARGEST_FLOAT16 = 65504;

/**
 * Whether numbers keep their size as float16.
 *
 * @param values The numbers.
 * @returns False where one is beyond the largest float16.
 */
export function fitsFloat16(values: Weight["values"]): boolean {
  const [low, high] = rangeOf(values);
  return Math.max(-low, high) <= LARGEST_FLOAT16;
}

/**
 * Quantizes a weight with the arithmetic of tensorflowjs_converter (`quantization.py`): for `uint8` and `uint16`, with
 * q the largest integer of the type,
 *
 *     scale = (max − min) / q,     stored = round((w − min) / scale)
 *
 * where `min` is moved so that zero, if it lies in the range, is stored exactly; a weight of one value has scale 1 and
 * that value as `min`. `float16` rounds to the nearest. Halves go to the even neighbor in all of them.
 *
 * The converter quantizes whatever its patterns of names match; here it is every kernel, that is every float32 weight of
 * two axes or more. Biases and BatchNormalization are a few bytes on which the accuracy depends, and stay as they are.
 *
 * @param weight The weight.
 * @param type Type of the stored elements.
 * @returns The stored form; undefined for a weight that stays float32: no kernel, empty, or beyond what a float16 holds.
 */
export function quantizeWeight(weight: Weight, type: QuantizedType): QuantizedWeight | undefined {
  const { shape, dtype, values } = weight;
  if (dtype !== "float32" || shape.length < 2 || values.length === 0) return undefined;
  if (type === "float16") {
    return !fitsFloat16(values) ? undefined : {
      quantization: { dtype: type, scale: 1, min: 0, original_dtype: dtype },
      elements: Float16Array.from(values),
    };
  }
  const [low, high] = rangeOf(values);
  const Elements = type === "uint8" ? Uint8Array : Uint16Array;
  const largest = 2 ** (8 * Elements.BYTES_PER_ELEMENT) - 1;
  const { scale, min } = affineRange(low, high, largest);
  const elements = new Elements(values.length);
  values.forEach((value, index) => {
    elements[index] = Math.min(largest, Math.max(0, roundHalfToEven((value - min) / scale)));
  });
  return { quantization: { dtype: type, scale, min, original_dtype: dtype }, elements };
}

function affineRange(low: number, high: number, largest: number): { scale: number; min: number } {
  if (low === high) return { scale: 1, min: low };
  const scale = (high - low) / largest;
  return { scale, min: low <= 0 && high >= 0 ? -roundHalfToEven(-low / scale) * scale : low };
}

function rangeOf(values: Weight["values"]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}
