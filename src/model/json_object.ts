/** A JSON object whose members are not known yet. */
export type JsonObject = Record<string, unknown>;

/**
 * Tells a JSON object from arrays, `null` and primitives.
 *
 * @param value Any JSON value.
 * @returns True for an object.
 */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
