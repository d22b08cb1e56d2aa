import type { WeightSpec } from "./decode_weights.ts";
import type { Weight } from "./model_file.ts";

/**
 * The entries of a weights manifest.
 *
 * @param weights Weights in the order they are stored.
 * @returns One entry per weight, without quantisation.
 */
export function listWeightSpecs(weights: Iterable<Weight>): WeightSpec[] {
  return Array.from(weights, ({ name, shape, dtype }) => ({ name, shape, dtype }));
}

/**
 * The bytes of weights, one behind the other, as shards hold them.
 *
 * @param weights Weights in the order they are stored.
 * @returns Little-endian bytes.
 * @throws {RangeError} When a weight has more or fewer values than its shape, or values of another type than its own.
 */
export function encodeWeights(weights: Iterable<Weight>): Uint8Array<ArrayBuffer> {
  const listed = [...weights];
  listed.forEach(checkWeight);
  const bytes = new Uint8Array(listed.reduce((total, { values }) => total + values.byteLength, 0));
  let offset = 0;
  for (const { values } of listed) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
    offset += values.byteLength;
  }
  return bytes;
}

const ARRAY_CLASSES = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

function checkWeight({ name, shape, dtype, values }: Weight): void {
  const wanted = shape.reduce((count, extent) => count * extent, 1);
  if (values.length !== wanted || !(values instanceof ARRAY_CLASSES[dtype])) {
    throw new RangeError(
      `writing weight "${name}": found ${values.length} values in a ${values.constructor.name}, ` +
        `wanted ${wanted} of ${dtype} for shape [${shape.join(", ")}]`,
    );
  }
}
