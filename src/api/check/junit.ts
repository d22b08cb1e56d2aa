import type { LimitResult } from "./compare_to_limits.ts";

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** A text within an attribute; what XML 1.0 cannot hold is left out. */
function escape(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "")
    .replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

/**
 * Writes results as JUnit XML, which CI services show as test results: a test case for every limit.
 *
 * @param model Path of the model, the name of the suite.
 * @param results The results.
 * @param describe Makes the message of a limit that does not hold: one line with what was found and what was wanted.
 * @returns The XML document.
 *
 * @example Show results to a CI service
 * ```ts
 * import { check, toJUnit } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const { model, results } = await check({
 *   model: "cli/example/resnet8-fashion-mnist",
 *   limits: { params: 100_000, macs: 9_000_000 },
 * });
 * const xml = toJUnit(
 *   model,
 *   results,
 *   ({ meaning, found, limit }) => `${meaning}: found ${found}, wanted at most ${limit}`,
 * );
 * assert.match(xml, /<testsuites tests="2" failures="1">/);
 * ```
 */
export function toJUnit(
  model: string,
  results: readonly LimitResult[],
  describe: (result: LimitResult) => string,
): string {
  const failures = results.filter(({ holds }) => !holds).length;
  const counts = `tests="${results.length}" failures="${failures}"`;
  const cases = results.map((result) => {
    const head = `    <testcase classname="secateur.check" name="${escape(result.name)}"`;
    return result.holds
      ? `${head}/>`
      : `${head}>\n      <failure message="${escape(describe(result))}"/>\n    </testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="${escape(model)}" ${counts}>`,
    ...cases,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}
