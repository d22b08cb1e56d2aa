import type { QuantizedType, Weight } from "./model_file.ts";
import type { WeightSpec } from "./decode_weights.ts";
import { quantizeWeight } from "./quantize.ts";

/** Weights as a model stores them. */
export interface StoredWeights {
  /** The entries of a weights manifest. */
  readonly specs: WeightSpec[];
  /** The bytes of the weights, little-endian, one behind the other, as shards hold them. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Stores weights.
 *
 * @param weights Weights in the order they are stored.
 * @param quantize Type that kernels are quantized to ({@link quantizeWeight}). Default: none are.
 * @returns Manifest and bytes.
 * @throws {RangeError} When a weight has more or fewer values than its shape, or values of another type than its own.
 */
export function encodeWeights(weights: Iterable<Weight>, quantize?: QuantizedType): StoredWeights {
  const specs: WeightSpec[] = [];
  const parts: Uint8Array[] = [];
  for (const weight of weights) {
    checkWeight(weight);
    const { name, shape, dtype, values } = weight;
    const quantized = quantize && quantizeWeight(weight, quantize);
    specs.push({
      name,
      shape,
      dtype,
      ...(quantized && { quantization: quantized.quantization }),
    });
    const { buffer, byteOffset, byteLength } = quantized?.elements ?? values;
    parts.push(new Uint8Array(buffer, byteOffset, byteLength));
  }
  const bytes = new Uint8Array(parts.reduce((total, { length }) => total + length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return { specs, bytes };
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
