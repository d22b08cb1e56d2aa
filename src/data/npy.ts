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

/** float16, which becomes float32. */
const HALF = "<f2";

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
 * in place; big-endian ones, Fortran order and float16 are brought to little-endian C order and float32.
 *
 * @param bytes The whole file.
 * @param place Where it comes from, for messages.
 * @returns The array.
 * @throws {InputError} When it is damaged, has another length than its header says, or holds anything but numbers.
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
  const form = formOf(type, place);
  const shape = extents.split(",").filter((extent) => extent.trim() !== "").map(Number);
  const length = shape.reduce((product, extent) => product * extent, 1);
  const wanted = length * form.bytes;
  if (bytes.length - end !== wanted) {
    throw new InputError(
      `reading ${place}: found ${bytes.length - end} bytes of numbers, wanted ${wanted} for ` +
        `${shape.join("×")} of type ${type}; the file is damaged, copy it again`,
    );
  }
  const values = viewNumbers(bytes.subarray(end), form);
  const isReordered = fortran === "True" && shape.length > 1;
  return { type: form.type, shape, values: isReordered ? toRowOrder(values, shape) : values };
}

/** How numbers are stored. */
interface StoredForm {
  /** Type of the numbers once they are in memory. */
  readonly type: NpyType;
  /** Bytes of a number as stored. */
  readonly bytes: number;
  /** Whether they are big-endian. */
  readonly isSwapped: boolean;
  /** Whether they are float16, which become float32. */
  readonly isHalf: boolean;
}

function formOf(type: string, place: string): StoredForm {
  const isSwapped = type.startsWith(">");
  const little = isSwapped ? `<${type.slice(1)}` : type;
  if (little === HALF) return { type: "<f4", bytes: 2, isSwapped, isHalf: true };
  if (!Object.hasOwn(TYPES, little)) throw unreadableType(type, place);
  const known = little as NpyType;
  return { type: known, bytes: TYPES[known].BYTES_PER_ELEMENT, isSwapped, isHalf: false };
}

/** The numbers in the processor's form, in place where they are stored so. */
function viewNumbers(stored: Uint8Array, form: StoredForm): NpyArray["values"] {
  const { type, bytes, isSwapped, isHalf } = form;
  const isAligned = stored.byteOffset % bytes === 0;
  const numbers = isAligned && !isSwapped ? stored : stored.slice();
  if (isSwapped) swapBytes(numbers, bytes);
  const View = isHalf ? Uint16Array : TYPES[type];
  const length = stored.length / bytes;
  const values = new View(numbers.buffer as ArrayBuffer, numbers.byteOffset, length);
  return isHalf ? Float32Array.from(values as Uint16Array, widenHalf) : values;
}

function swapBytes(numbers: Uint8Array, bytes: number): void {
  for (let start = 0; start < numbers.length; start += bytes) {
    numbers.subarray(start, start + bytes).reverse();
  }
}

/** The value of a float16 by its bits: sign (1), exponent (5), fraction (10). */
function widenHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = bits >> 10 & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Numbers whose first axis varies fastest (Fortran order), as those whose last one does. */
function toRowOrder(values: NpyArray["values"], shape: readonly number[]): NpyArray["values"] {
  const reordered = values.slice();
  const axes = shape.length;
  const place = new Array(axes).fill(0);
  const strides = shape.map((_, axis) =>
    shape.slice(0, axis).reduce((product, extent) => product * extent, 1)
  );
  let source = 0;
  for (let target = 0; target < values.length; target++) {
    reordered[target] = values[source];
    for (let axis = axes - 1; axis >= 0; axis--) {
      source += strides[axis];
      if (++place[axis] < shape[axis]) break;
      source -= strides[axis] * shape[axis];
      place[axis] = 0;
    }
  }
  return reordered;
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
  const isText = /^[<>|=][US]/.test(type);
  const found = type.startsWith("|O")
    ? "Python objects (pickle)"
    : isText
    ? `text (${type})`
    : `numbers of type ${type}`;
  const advice = isText
    ? "number the classes from 0 and save the numbers"
    : `save array.astype("uint8") or array.astype("float32")`;
  const wanted = [...Object.keys(TYPES), HALF].join(", ");
  return new InputError(`reading ${place}: found ${found}, wanted one of ${wanted}; ${advice}`);
}
