import { InputError } from "../../../base/mod.ts";
import { type Constant, countElements, NodeRefusal } from "../../import/mod.ts";
import { DATA_TYPES, type OnnxTensor } from "../messages.ts";

/** Bytes of files beside the model, by the location that its tensors name. */
export type ExternalData = ReadonlyMap<string, Uint8Array>;

const BYTES_PER_ELEMENT = new Map<number, number>([
  [DATA_TYPES.float, 4],
  [DATA_TYPES.uint8, 1],
  [DATA_TYPES.int8, 1],
  [DATA_TYPES.int32, 4],
  [DATA_TYPES.int64, 8],
  [DATA_TYPES.bool, 1],
  [DATA_TYPES.float16, 2],
  [DATA_TYPES.double, 8],
]);

/**
 * Widens a tensor to numbers. What its shape declares is held against the bytes that are there before anything is
 * allocated.
 *
 * @param tensor The tensor.
 * @param external Files beside the model.
 * @param path Path of the model, for messages.
 * @returns Floats as f32, integers as f64 (those beyond 2⁵³ are rounded).
 * @throws {NodeRefusal} When the element type is not supported.
 * @throws {InputError} When bytes and shape disagree.
 */
export function readTensor(tensor: OnnxTensor, external: ExternalData, path: string): Constant {
  const { name, shape, dataType } = tensor;
  const activity = `reading ${path}: tensor "${name}"`;
  const size = BYTES_PER_ELEMENT.get(dataType);
  if (size === undefined) {
    throw new NodeRefusal(
      `${activity} has elements of type ${dataType}, wanted float, float16, double, an integer or bool; ` +
        `export the model with float weights`,
    );
  }
  if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
    throw new InputError(
      `${activity} has shape [${
        shape.join(", ")
      }], wanted extents of 0 and more; export the model again`,
    );
  }
  const count = countElements(shape);
  const stored = tensor.external ? findExternal(tensor, external, activity) : tensor.raw;
  const found = stored ? stored.length : tensor.typed.length;
  const wanted = stored ? count * size : count;
  if (found !== wanted) {
    throw new InputError(
      `${activity} has shape [${shape.join(", ")}] and ${found} ${stored ? "bytes" : "values"}, ` +
        `wanted ${wanted}; the file is damaged, copy or export it again`,
    );
  }
  const values = stored ? decodeRaw(stored, dataType) : decodeTyped(tensor.typed, dataType);
  return { kind: "constant", shape, values };
}

/**
 * A tensor with its elements in the file, as it can be written into another one.
 *
 * @param tensor The tensor.
 * @param external Files beside the model.
 * @param path Path of the model, for messages.
 * @throws {InputError} When its elements lie in a file that is not there.
 */
export function withElements(
  tensor: OnnxTensor,
  external: ExternalData,
  path: string,
): OnnxTensor {
  if (tensor.external === undefined) return tensor;
  const { name, shape, dataType } = tensor;
  const raw = findExternal(tensor, external, `reading ${path}: tensor "${name}"`);
  return { name, shape, dataType, raw, typed: [] };
}

/** Whether numbers can be made of the elements of a tensor. */
export function isReadable({ dataType }: OnnxTensor): boolean {
  return BYTES_PER_ELEMENT.has(dataType);
}

function findExternal(
  { external }: OnnxTensor,
  files: ExternalData,
  activity: string,
): Uint8Array {
  const location = external!.get("location") ?? "";
  const bytes = files.get(location);
  if (bytes === undefined) {
    throw new InputError(
      `${activity} lies in the file "${location}", wanted that file too; ` +
        `open the model from its folder, or export it with the weights inside`,
    );
  }
  const offset = Number(external!.get("offset") ?? 0);
  const length = Number(external!.get("length") ?? bytes.length - offset);
  const isRange = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 &&
    length >= 0 && offset + length <= bytes.length;
  if (!isRange) {
    throw new InputError(
      `${activity} lies at bytes ${offset} to ${offset + length} of "${location}", ` +
        `which has ${bytes.length}; copy both files again`,
    );
  }
  return bytes.subarray(offset, offset + length);
}

function decodeRaw(stored: Uint8Array, dataType: number): Constant["values"] {
  const { buffer } = stored.slice();
  switch (dataType) {
    case DATA_TYPES.float:
      return new Float32Array(buffer);
    case DATA_TYPES.float16:
      return Float32Array.from(new Float16Array(buffer));
    case DATA_TYPES.double:
      return Float32Array.from(new Float64Array(buffer));
    case DATA_TYPES.int64:
      return Float64Array.from(new BigInt64Array(buffer), Number);
    case DATA_TYPES.int32:
      return Float64Array.from(new Int32Array(buffer));
    case DATA_TYPES.int8:
      return Float64Array.from(new Int8Array(buffer));
    default:
      return Float64Array.from(new Uint8Array(buffer));
  }
}

/** `int32_data` holds the bits of float16. */
function decodeTyped(typed: readonly number[], dataType: number): Constant["values"] {
  const isFloat = dataType === DATA_TYPES.float || dataType === DATA_TYPES.double;
  if (isFloat) return Float32Array.from(typed);
  if (dataType !== DATA_TYPES.float16) return Float64Array.from(typed);
  return Float32Array.from(new Float16Array(Uint16Array.from(typed).buffer));
}
