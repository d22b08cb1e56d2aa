import { InputError } from "../base/mod.ts";
import type { QuantizedType, Weight, WeightType } from "./model_file.ts";
import { isJsonObject } from "./topology.ts";

/**
 * One weight as a manifest lists it.
 *
 * `uint8` and `uint16` store (value − min) / scale rounded; `float16` stores the value itself.
 */
export interface WeightSpec {
  /** Name of the weight. */
  name: string;
  /** Extent of every axis. */
  shape: number[];
  /** Element type in memory. */
  dtype: WeightType;
  /** How the elements are stored, when they are quantized; the Python converter wants `original_dtype` to read them. */
  quantization?: { dtype: QuantizedType; scale: number; min: number; original_dtype?: WeightType };
  /** `optimizer` for the optimizer's state, which is not part of the model. */
  group?: "model" | "optimizer";
}

const BYTES_PER_ELEMENT = { float32: 4, int32: 4, bool: 1, uint8: 1, uint16: 2, float16: 2 };

/**
 * Checks one entry of a weights manifest.
 *
 * @param entry JSON value of the entry.
 * @param path Path of model.json, for messages.
 * @returns The entry with its types known.
 * @throws {InputError} When a member is missing, of the wrong kind, or names a type that is not supported.
 */
export function readWeightSpec(entry: unknown, path: string): WeightSpec {
  if (!isJsonObject(entry) || typeof entry.name !== "string") {
    throw new InputError(
      `reading ${path}: found a weight without a name in weightsManifest; ` +
        `save or convert the model again`,
    );
  }
  const { name, shape, dtype, quantization } = entry;
  const source = `reading ${path}: weight "${name}"`;
  const isExtent = (extent: unknown) => Number.isSafeInteger(extent) && (extent as number) >= 0;
  if (!Array.isArray(shape) || !shape.every(isExtent)) {
    throw new InputError(
      `${source} has shape ${
        JSON.stringify(shape)
      }, wanted a list of extents; save or convert the model again`,
    );
  }
  if (dtype !== "float32" && dtype !== "int32" && dtype !== "bool") {
    throw new InputError(
      `${source} is of type ${
        JSON.stringify(dtype)
      }, wanted float32, int32 or bool; convert the model with such weights`,
    );
  }
  return {
    name,
    shape,
    dtype,
    ...(quantization !== undefined &&
      { quantization: readQuantization(quantization, dtype, source) }),
    ...(entry.group === "optimizer" && { group: "optimizer" }),
  };
}

function readQuantization(
  quantization: unknown,
  dtype: WeightType,
  source: string,
): WeightSpec["quantization"] {
  if (isJsonObject(quantization) && dtype !== "bool") {
    const { dtype: storage, scale, min } = quantization;
    if (storage === "float16" && dtype === "float32") return { dtype: storage, scale: 1, min: 0 };
    if (
      (storage === "uint8" || storage === "uint16") && typeof scale === "number" &&
      typeof min === "number"
    ) return { dtype: storage, scale, min };
  }
  throw new InputError(
    `${source} has quantization ${JSON.stringify(quantization)} of ${dtype}, ` +
      `wanted uint8 or uint16 with scale and min, or float16 of float32; ` +
      `convert the model again with one of them`,
  );
}

/**
 * Bytes a weight takes in its shards.
 *
 * @param spec Entry of the manifest.
 * @returns Elements times the bytes of one as stored.
 */
export function countStoredBytes(spec: WeightSpec): number {
  return countElements(spec.shape) * BYTES_PER_ELEMENT[spec.quantization?.dtype ?? spec.dtype];
}

function countElements(shape: number[]): number {
  return shape.reduce((count, extent) => count * extent, 1);
}

/**
 * Turns the joined shards of a group into weights; quantized ones are widened to full precision.
 *
 * @param specs Entries of the manifest, in the order of the bytes.
 * @param bytes As many little-endian bytes as the entries count together.
 * @returns The weights, each with memory of its own.
 */
export function decodeWeights(specs: WeightSpec[], bytes: Uint8Array): Weight[] {
  let end = 0;
  return specs.map((spec) => {
    const start = end;
    end += countStoredBytes(spec);
    const { name, shape, dtype, quantization } = spec;
    const buffer = bytes.slice(start, end).buffer as ArrayBuffer;
    return { name, shape, dtype, values: decodeValues(dtype, quantization, buffer) };
  });
}

function decodeValues(
  dtype: WeightType,
  quantization: WeightSpec["quantization"],
  buffer: ArrayBuffer,
): Weight["values"] {
  if (!quantization) {
    if (dtype === "float32") return new Float32Array(buffer);
    return dtype === "int32" ? new Int32Array(buffer) : new Uint8Array(buffer);
  }
  const { dtype: storage, scale, min } = quantization;
  if (storage === "float16") return Float32Array.from(new Float16Array(buffer));
  const steps = storage === "uint8" ? new Uint8Array(buffer) : new Uint16Array(buffer);
  return dtype === "float32"
    ? Float32Array.from(steps, (step) => step * scale + min)
    : Int32Array.from(steps, (step) => Math.round(step * scale + min));
}
