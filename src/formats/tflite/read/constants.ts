import { InputError } from "../../../base/mod.ts";
import type { Weight } from "../../../model/mod.ts";
import { countElements } from "../../import/mod.ts";
import { TENSOR_TYPES, type TfliteBuffer, type TfliteTensor } from "../model.ts";

type Numbers = ArrayLike<number>;

const { float32, float16, int32, uint8, int64, bool, int16, int8, float64 } = TENSOR_TYPES;

/** Bytes of an element, and how a copy of the bytes is read. */
const STORED: ReadonlyMap<number, readonly [bytes: number, read: (bytes: ArrayBuffer) => Numbers]> =
  new Map<number, readonly [number, (bytes: ArrayBuffer) => Numbers]>([
    [float32, [4, (bytes) => new Float32Array(bytes)]],
    [float16, [2, (bytes) => new Float16Array(bytes)]],
    [int32, [4, (bytes) => new Int32Array(bytes)]],
    [uint8, [1, (bytes) => new Uint8Array(bytes)]],
    [int64, [8, (bytes) => Array.from(new BigInt64Array(bytes), Number)]],
    [bool, [1, (bytes) => new Uint8Array(bytes)]],
    [int16, [2, (bytes) => new Int16Array(bytes)]],
    [int8, [1, (bytes) => new Int8Array(bytes)]],
    [float64, [8, (bytes) => new Float64Array(bytes)]],
  ]);

/**
 * The numbers of a constant tensor; integers that stand for floats are widened.
 *
 * @param tensor The tensor.
 * @param data Its bytes.
 * @param activity What is being done, for messages.
 * @returns It as a weight; undefined where there are no bytes, so that the network computes it.
 * @throws {InputError} When it has another size or type than it says, is sparse, or its scales do not fit.
 */
export function readConstant(
  tensor: TfliteTensor,
  data: Uint8Array | undefined,
  activity: string,
): Weight | undefined {
  const { name = "", shape = [], type = float32, sparsity, quantization } = tensor;
  if (data === undefined || data.length === 0) return undefined;
  const refuse = (found: string, wanted: string) =>
    new InputError(
      `${activity}: found tensor "${name}" ${found}, wanted ${wanted}; export the model again`,
    );
  if (sparsity !== undefined) throw refuse("stored sparsely", "all its numbers");
  const stored = STORED.get(type);
  if (stored === undefined) throw refuse(`of type ${type}`, "floats, or integers of 8 to 64 bits");
  const [bytes, read] = stored;
  const count = countElements(shape);
  if (shape.some((extent) => extent < 0) || count * bytes !== data.length) {
    throw refuse(
      `of shape [${shape.join(", ")}] in ${data.length} bytes`,
      `${bytes} bytes for every number`,
    );
  }
  const numbers = read(data.slice().buffer);
  const { scale = [], zeroPoint = [], axis = 0, detailsType = 0 } = quantization ?? {};
  if (scale.length === 0) {
    const isFloat = type === float32 || type === float16 || type === float64;
    return isFloat
      ? { name, shape: [...shape], dtype: "float32", values: Float32Array.from(numbers) }
      : { name, shape: [...shape], dtype: "int32", values: Int32Array.from(numbers) };
  }
  const isFitting = detailsType === 0 &&
    (scale.length === 1 || scale.length === shape[axis]) &&
    (zeroPoint.length <= 1 || zeroPoint.length === scale.length);
  if (!isFitting) throw refuse(`with ${scale.length} scales`, "one, or one for every channel");
  const inner = countElements(shape.slice(axis + 1));
  const values = Float32Array.from(numbers, (value, index) => {
    const channel = scale.length === 1 ? 0 : Math.floor(index / inner) % scale.length;
    return scale[channel] * (value - (zeroPoint[channel] ?? zeroPoint[0] ?? 0));
  });
  return { name, shape: [...shape], dtype: "float32", values };
}

/** The bytes of a buffer, which in large files lie behind the tables. */
export function findBytes(
  file: Uint8Array,
  { data, offset = 0, size = 0 }: TfliteBuffer,
  activity: string,
): Uint8Array | undefined {
  if (offset <= 1) return data;
  if (offset + size <= file.length) return file.subarray(offset, offset + size);
  throw new InputError(
    `${activity}: found weights at ${offset} to ${offset + size} of ${file.length} bytes, ` +
      `wanted them in the file; copy or export it again`,
  );
}
