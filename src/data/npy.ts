import { InputError } from "../base/mod.ts";

/** Types of numbers that are read, by NumPy's names for them. */
const TYPES = {
  "|u1": Uint8Array,
  "|i1": Int8Array,
  "|b1": Uint8Array,
  "<u2": Uint16Array,
  "<i2": Int16Array,
  "<u4": Uint32Array,
  "<i4": Int32Array,
  "<u8": BigUint64Array,
  "<i8": BigInt64Array,
  "<f4": Float32Array,
  "<f8": Float64Array,
} as const;

/** NumPy's name of a type of numbers: `|u1` is uint8, `<f4` float32. */
export type NpyType = keyof typeof TYPES;

/** An array of NumPy. */
export interface NpyArray {
  /** Type of its numbers. */
  readonly type: NpyType;
  /** Its extents, the last of which varies fastest. */
  readonly shape: readonly number[];
  /** Its numbers. */
  readonly values: InstanceType<typeof TYPES[NpyType]>;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** NumPy itself trusts no longer header. */
const LONGEST_HEADER = 10_000;

const HEADER =
  /^\{'descr': ?'([^']*)', ?'fortran_order': ?(True|False), ?'shape': ?\(([\d, ]*)\),? ?\}\s*$/;

/**
 * Reads an array in NumPy's own format (NEP 1, versions 1 to 3):
 *
 *     93 'NUMPY' | major minor | length of the header (2 bytes, from version 2 on 4) | header | numbers …
 *
 * The header is a Python literal; it is matched, never evaluated, and pickled objects are refused. Numbers are looked at
 * in place.
 *
 * @param bytes The whole file.
 * @param place Where it comes from, for messages.
 * @returns The array.
 * @throws {InputError} When it is damaged, has another length than its header says, or holds anything but numbers in
 * little-endian C order.
 */
export function readNpy(bytes: Uint8Array, place: string): NpyArray {
  const { text, end } = readHeader(bytes, place);
  const [, type, fortran, extents] = HEADER.exec(text) ?? [];
  if (type === undefined) {
    throw new InputError(
      `reading ${place}: found the header ${JSON.stringify(text.slice(0, 100))}, ` +
        `wanted 'descr', 'fortran_order' and 'shape' of an array of numbers; ` +
        `save it with numpy.save()`,
    );
  }
  if (!Object.hasOwn(TYPES, type)) throw unreadableType(type, place);
  if (fortran === "True") {
    throw new InputError(
      `reading ${place}: found an array in Fortran order, wanted C order; ` +
        `save numpy.ascontiguousarray() of it`,
    );
  }
  const shape = extents.split(",").filter((extent) => extent.trim() !== "").map(Number);
  const View = TYPES[type as NpyType];
  const length = shape.reduce((product, extent) => product * extent, 1);
  const wanted = length * View.BYTES_PER_ELEMENT;
  if (bytes.length - end !== wanted) {
    throw new InputError(
      `reading ${place}: found ${bytes.length - end} bytes of numbers, wanted ${wanted} for ` +
        `${shape.join("×")} of type ${type}; the file is damaged, copy it again`,
    );
  }
  const isAligned = (bytes.byteOffset + end) % View.BYTES_PER_ELEMENT === 0;
  const numbers = isAligned ? bytes.subarray(end) : bytes.slice(end);
  const values = new View(numbers.buffer as ArrayBuffer, numbers.byteOffset, length);
  return { type: type as NpyType, shape, values };
}

/** The header's text, and where the numbers begin. */
function readHeader(bytes: Uint8Array, place: string): { text: string; end: number } {
  const isNpy = MAGIC.every((value, index) => bytes[index] === value);
  const major = bytes[6];
  if (!isNpy || bytes.length < 12 || !(major >= 1 && major <= 3)) {
    const found = isNpy ? `version ${major}` : "no magic number of NumPy";
    throw new InputError(
      `reading ${place}: found ${found}, wanted an array in .npy format, version 1 to 3; ` +
        `save it with numpy.savez()`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = major === 1 ? 10 : 12;
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > LONGEST_HEADER || start + length > bytes.length) {
    throw new InputError(
      `reading ${place}: found a header of ${length} bytes in ${bytes.length}, ` +
        `wanted at most ${LONGEST_HEADER}; the file is damaged, copy it again`,
    );
  }
  const text = new TextDecoder().decode(bytes.subarray(start, start + length));
  return { text, end: start + length };
}

function unreadableType(type: string, place: string): InputError {
  const found = type.startsWith("|O") ? "Python objects (pickle)" : `numbers of type ${type}`;
  return new InputError(
    `reading ${place}: found ${found}, wanted one of ${Object.keys(TYPES).join(", ")}; ` +
      `save array.astype("uint8") or array.astype("float32")`,
  );
}
