import { InputError } from "../base/mod.ts";

/**
 * What plain data from the queue has to be: it comes from whoever can reach it.
 *
 * @param value What was found.
 * @param place Where, for messages: `options.policy.ratio`.
 * @throws {InputError} When it is anything else.
 */
export type Schema = (value: unknown, place: string) => void;

/** A schema for every field of a type, callbacks excepted: a field that is new must get one. */
export type FieldsOf<Type> = {
  readonly [Name in keyof Required<Type> as Name extends `on${string}` ? never : Name]: Schema;
};

/** Characters of a value that a message repeats. */
const SHOWN_CHARACTERS = 60;

/** Whatever it is: another schema looks at it. */
export const anything: Schema = () => {};

/** A text. */
export const text: Schema = requireValue("a text", (value) => typeof value === "string");

/** Yes or no. */
export const flag: Schema = requireValue("true or false", (value) => typeof value === "boolean");

/** A finite number. */
export const number: Schema = requireValue("a number", Number.isFinite);

/** 0, 1, 2 … */
export const count: Schema = requireValue(
  "a whole number, not negative",
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
);

/** 1, 2, 3 … */
export const positive: Schema = requireValue(
  "a positive whole number",
  (value) => Number.isSafeInteger(value) && (value as number) > 0,
);

/** A SHA-256, as blobs and contents are named by it. */
export const hash: Schema = requireValue(
  "a SHA-256 of 64 hexadecimal digits",
  (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value),
);

/** One of some values. */
export function oneOf(...values: readonly unknown[]): Schema {
  const shown = values.map((value) => JSON.stringify(value)).join(" or ");
  return requireValue(shown, (value) => values.includes(value));
}

/** A list of things of one kind. */
export function listOf(item: Schema): Schema {
  return (value, place) => {
    if (!Array.isArray(value)) refuse(value, place, "a list");
    for (const [index, each] of (value as unknown[]).entries()) item(each, `${place}[${index}]`);
  };
}

/** Things of one kind by names of one form. */
export function recordOf(item: Schema, names?: RegExp): Schema {
  return (value, place) => {
    for (const [name, each] of fieldsIn(value, place)) {
      if (names && !names.test(name)) refuse(name, place, "a plain name there");
      item(each, /^\w+$/.test(name) ? `${place}.${name}` : `${place}[${excerpt(name)}]`);
    }
  };
}

/** Blobs by the names of files in one folder. */
export const BLOBS_OF_FILES: Schema = recordOf(hash, /^[a-z0-9][\w.-]{0,200}$/i);

/** Something that may be left out of its object. */
export function optional(schema: Schema): Schema {
  return Object.assign((value: unknown, place: string) => {
    if (value !== undefined) schema(value, place);
  }, { isOptional: true });
}

/** Fields all of which may be left out. */
export function allOptional<Name extends string>(
  fields: Readonly<Record<Name, Schema>>,
): Record<Name, Schema> {
  const entries = Object.entries<Schema>(fields);
  return Object.fromEntries(entries.map(([name, schema]) => [name, optional(schema)])) as Record<
    Name,
    Schema
  >;
}

/** An object of known fields; any other is refused by its name. */
export function objectOf(fields: Readonly<Record<string, Schema>>): Schema {
  const known = new Map(Object.entries(fields));
  return (value, place) => {
    const found = fieldsIn(value, place);
    for (const name of found.keys()) {
      if (known.has(name)) continue;
      const names = [...known.keys()].join(", ");
      throw refusal(`${place} with ${excerpt(name)}`, `no other fields than ${names}`);
    }
    for (const [name, schema] of known) {
      if (found.has(name)) schema(found.get(name), `${place}.${name}`);
      else if (!("isOptional" in schema)) throw refusal(`${place} without ${name}`, "it");
    }
  };
}

/** An object whose field `kind` says which fields it has. */
export function variantOf(variants: ReadonlyMap<string, Schema>): Schema {
  return (value, place) => {
    const kind = fieldsIn(value, place).get("kind");
    const schema = typeof kind === "string" ? variants.get(kind) : undefined;
    if (!schema) refuse(kind, `${place}.kind`, [...variants.keys()].join(", "));
    else schema(value, place);
  };
}

/** Fields of an object; those that JSON leaves out are none. */
function fieldsIn(value: unknown, place: string): Map<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    refuse(value, place, "an object");
  }
  return new Map(Object.entries(value as object).filter(([, each]) => each !== undefined));
}

function requireValue(wanted: string, holds: (value: unknown) => boolean): Schema {
  return (value, place) => {
    if (!holds(value)) refuse(value, place, wanted);
  };
}

function refuse(value: unknown, place: string, wanted: string): never {
  throw refusal(`${place} ${excerpt(value)}`, wanted);
}

function refusal(found: string, wanted: string): InputError {
  return new InputError(
    `reading a job from the queue: found ${found}, wanted ${wanted}; ` +
      `have it posted by the same version of Secateur`,
  );
}

function excerpt(value: unknown): string {
  const shown = JSON.stringify(value) ?? String(value);
  return shown.length > SHOWN_CHARACTERS ? `${shown.slice(0, SHOWN_CHARACTERS)}…` : shown;
}
