import assert from "node:assert/strict";
import { Ajv, type ValidateFunction } from "ajv";
import { makeSchemas } from "../../bundle/schemas.ts";

let made: Map<string, string> | undefined;

/** The schemas of the package by their paths, which are made once. */
export function schemas(): Map<string, string> {
  made ??= makeSchemas();
  return made;
}

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
const validators = new Map<string, ValidateFunction>();

/** A schema of the package, which is compiled once. */
function validatorOf(path: string): ValidateFunction {
  const known = validators.get(path) ?? ajv.compile(JSON.parse(schemas().get(`${path}.json`)!));
  validators.set(path, known);
  return known;
}

/**
 * Holds a value against a schema of the package.
 *
 * @param path Path of the schema, such as `commands/prune`.
 * @param value The value.
 * @throws {Error} With all that is wrong with it.
 */
export function validate(path: string, value: unknown): void {
  const validator = validatorOf(path);
  const holds = validator(value);
  assert.ok(holds, `${path}: ${ajv.errorsText(validator.errors, { separator: "\n" })}`);
}
