import { isJsonObject, type JsonObject } from "../../model/mod.ts";

/** Numbers of `DataType` that older converters write instead of the names. */
const TYPE_NAMES = new Map([
  [1, "DT_FLOAT"],
  [3, "DT_INT32"],
  [4, "DT_UINT8"],
  [9, "DT_INT64"],
  [10, "DT_BOOL"],
]);

/** JSON has integers of 64 bits, and what is no finite number, as texts. */
function toNumber(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  const isText = typeof value === "string" && value.trim() !== "";
  const number = isText ? Number(value) : NaN;
  return isText && (value === "NaN" || !Number.isNaN(number)) ? number : undefined;
}

/** Bytes stand as base64, in some files as a list. */
function toText(value: unknown): string | undefined {
  try {
    if (typeof value === "string") return atob(value);
    return Array.isArray(value) ? String.fromCharCode(...value as number[]) : undefined;
  } catch {
    return undefined;
  }
}

/** A number out of an attribute. */
export function readNumber(attribute: unknown): number | undefined {
  return isJsonObject(attribute) ? toNumber(attribute.i ?? attribute.f) : undefined;
}

/** Yes or no out of an attribute. */
export function readFlag(attribute: unknown): boolean | undefined {
  return isJsonObject(attribute) && typeof attribute.b === "boolean" ? attribute.b : undefined;
}

/** A text out of an attribute. */
export function readText(attribute: unknown): string | undefined {
  return isJsonObject(attribute) ? toText(attribute.s) : undefined;
}

/** Name of an element type, such as `DT_FLOAT`, out of an attribute. */
export function readType(attribute: unknown): string | undefined {
  if (!isJsonObject(attribute)) return undefined;
  const { type } = attribute;
  return typeof type === "number" ? TYPE_NAMES.get(type) ?? `type ${type}` : toTypeName(type);
}

function toTypeName(type: unknown): string | undefined {
  return typeof type === "string" ? type : undefined;
}

/** Numbers out of a list; undefined where it is none. */
export function readNumbers(attribute: unknown): number[] | undefined {
  if (!isJsonObject(attribute) || !isJsonObject(attribute.list)) return undefined;
  const { i, f } = attribute.list;
  const numbers = (asList(i) ?? asList(f) ?? []).map(toNumber);
  return numbers.every((number) => number !== undefined) ? numbers : undefined;
}

/** Texts out of a list; undefined where it is none. */
export function readTexts(attribute: unknown): string[] | undefined {
  if (!isJsonObject(attribute) || !isJsonObject(attribute.list)) return undefined;
  const texts = (asList(attribute.list.s) ?? []).map(toText);
  return texts.every((text) => text !== undefined) ? texts : undefined;
}

function asList(value: unknown): unknown[] | undefined {
  return Array.isArray(value) && value.length > 0 ? value : undefined;
}

/**
 * Extents of a shape (`TensorShapeProto`).
 *
 * @param shape The shape as JSON.
 * @returns The extents, null where they are open; undefined where nothing is known, not even how many there are.
 */
export function readShape(shape: unknown): (number | null)[] | undefined {
  if (!isJsonObject(shape) || shape.unknownRank === true || !Array.isArray(shape.dim)) {
    return undefined;
  }
  return shape.dim.map((dimension: unknown) => {
    const size = isJsonObject(dimension) ? toNumber(dimension.size) : undefined;
    return size === undefined || size === -1 ? null : size;
  });
}

/** An attribute that holds a list of integers. */
export function listAttribute(numbers: readonly number[]): JsonObject {
  return { list: { i: numbers.map(String) } };
}

/** An attribute that holds a text. */
export function textAttribute(text: string): JsonObject {
  return { s: btoa(text) };
}

/** An attribute that holds an element type, such as `DT_FLOAT`. */
export function typeAttribute(type: string): JsonObject {
  return { type };
}

/** An attribute that holds yes or no. */
export function flagAttribute(flag: boolean): JsonObject {
  return { b: flag };
}

/** An attribute that holds a number with a fraction. */
export function floatAttribute(number: number): JsonObject {
  return { f: number };
}
