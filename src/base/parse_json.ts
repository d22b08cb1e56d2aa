/** Levels of lists and objects inside one another: a hundred models in one another have four hundred. */
const MOST_LEVELS = 500;

/**
 * Parses JSON from a file.
 *
 * @param text The JSON.
 * @returns What it says.
 * @throws {SyntaxError} When it is no JSON.
 * @throws {RangeError} When it has more levels than a stack bears that walks through it.
 *
 * @example Refuse what would end a walk through it
 * ```ts
 * import { parseJson } from "secateur";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseJson('{"macs": 1e7}'), { macs: 1e7 });
 * assert.throws(() => parseJson("[".repeat(1000) + "]".repeat(1000)), /more than 500 levels/);
 * ```
 */
export function parseJson(text: string): unknown {
  const parsed: unknown = JSON.parse(text);
  let level: unknown[] = [parsed];
  for (let levels = 0; level.length > 0; levels++) {
    if (levels > MOST_LEVELS) {
      throw new RangeError(`more than ${MOST_LEVELS} levels of lists and objects in one another`);
    }
    level = level.flatMap((value) =>
      typeof value === "object" && value !== null ? Object.values(value) : []
    );
  }
  return parsed;
}
