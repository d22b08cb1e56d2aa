/** How a field is stored: a scalar, a text, a list of scalars, a table, a list of tables, or one of several tables. */
export type FieldType =
  | "bool"
  | "byte"
  | "int"
  | "uint"
  | "ulong"
  | "float"
  | "string"
  | "[bool]"
  | "[byte]"
  | "[int]"
  | "[long]"
  | "[float]"
  | { readonly table: string }
  | { readonly tables: string }
  | Union;

/** A table that another field has the number of. */
export interface Union {
  /** Name of the union in the schema. */
  readonly union: string;
  /** Name of the field with the number, ahead of this one. */
  readonly by: string;
}

/** A field; a slot that is of no use here is `undefined` instead. */
export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** What it is where it is left out. */
  readonly fallback?: number;
}

/** The tables that a flatbuffer may have. */
export interface Schema {
  /** Fields by slot of every table. A union takes two slots: that of its number and its own. */
  readonly tables: Readonly<Record<string, readonly (Field | undefined)[]>>;
  /** Numbers of the tables of every union. */
  readonly unions: Readonly<Record<string, ReadonlyMap<string, number>>>;
}

/** A field. */
export const field = (name: string, type: FieldType, fallback?: number): Field => ({
  name,
  type,
  fallback,
});

/**
 * The table that a union holds.
 *
 * @param schema The schema.
 * @param union The union.
 * @param content The table that the union is in, with the number.
 * @returns Its name; undefined for one that is of no use here.
 */
export function tableOfUnion(
  { unions }: Schema,
  { union, by }: Union,
  content: Readonly<Record<string, unknown>>,
): string | undefined {
  return unions[union].entries().find(([, number]) => number === content[by])?.[0];
}
