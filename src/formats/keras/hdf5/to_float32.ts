import type { StoredArray } from "./dataset.ts";

/**
 * The elements of an array of numbers in single precision.
 *
 * @param array The array: f16, bfloat16 (also as two bytes without a type), f32 or f64.
 * @param isBfloat16 Whether an array without a numeric type holds bfloat16, as Keras notes beside it.
 * @returns The elements, copied; undefined for any other type.
 */
export function toFloat32(array: StoredArray, isBfloat16 = false): Float32Array | undefined {
  const { kind, bytes, littleEndian } = array.datatype;
  const isBrain = bytes === 2 && (kind === "bfloat" || (kind === "other" && isBfloat16));
  if (!isBrain && (kind !== "float" || ![2, 4, 8].includes(bytes))) return undefined;
  const stored = array.bytes.slice();
  if (!littleEndian) reverseElements(stored, bytes);
  const { buffer } = stored;
  if (isBrain) {
    const bits = Uint32Array.from(new Uint16Array(buffer), (half) => half << 16);
    return new Float32Array(bits.buffer);
  }
  if (bytes === 4) return new Float32Array(buffer);
  return Float32Array.from(bytes === 2 ? new Float16Array(buffer) : new Float64Array(buffer));
}

function reverseElements(bytes: Uint8Array, elementBytes: number): void {
  for (let start = 0; start < bytes.length; start += elementBytes) {
    bytes.subarray(start, start + elementBytes).reverse();
  }
}
