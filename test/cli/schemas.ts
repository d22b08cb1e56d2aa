import assert from "node:assert/strict";
import { Ajv } from "ajv";
import { makeSchemas } from "../../bundle/schemas.ts";

let made: Map<string, string> | undefined;

/** The schemas of the package by their paths, which are made once. */
export function schemas(): Map<string, string> {
  made ??= makeSchemas();
  return made;
}

/**
 * Holds a value against a schema of the package.
 *
 * @param path Path of the schema, such as `commands/prune`.
 * @param value The value.
 * @throws {Error} With all that is wrong with it.
 */
export function validate(path: string, value: unknown): void {
  const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
  const holds = ajv.validate(JSON.parse(schemas().get(`${path}.json`)!), value);
  assert.ok(holds, `${path}: ${ajv.errorsText(ajv.errors, { separator: "\n" })}`);
}
