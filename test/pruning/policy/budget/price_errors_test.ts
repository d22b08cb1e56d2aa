import assert from "node:assert/strict";
import {
  priceErrors,
  type UnpricedUnit,
} from "../../../../src/pruning/policy/budget/price_errors.ts";
import { createRandom } from "../../../../src/base/random.ts";

const random = createRandom(3);

/** Errors that fall to 0 at the whole. */
function unitOf(name: string, channels: number, readers: number): UnpricedUnit {
  const counts = Array.from({ length: channels }, (_, index) => index + 1);
  const errors = counts.map((count) => readers * (1 - count / channels) * (0.5 + 0.5 * random()));
  return { name, counts, errors, readers };
}

const UNITS = [unitOf("a", 16, 1), unitOf("b", 32, 3), unitOf("c", 8, 1)];

function lossWith(weights: readonly number[]) {
  const asked: number[][] = [];
  const lossOf = (counts: readonly number[]) => {
    asked.push([...counts]);
    const errors = UNITS.map((unit, index) => unit.errors[counts[index] - 1]);
    return Promise.resolve(errors.reduce((sum, error, unit) => sum + weights[unit] * error, 0.7));
  };
  return { asked, lossOf };
}

Deno.test("where the loss is linear in the errors, prices are its coefficients", async () => {
  const weights = [0.2, 1.5, 0.01];
  const { asked, lossOf } = lossWith(weights);
  const priced = await priceErrors(UNITS, lossOf);
  priced.forEach(({ name, counts, errors }, unit) => {
    assert.equal(name, UNITS[unit].name);
    assert.deepEqual(counts, UNITS[unit].counts);
    Array.from(errors).forEach((error, option) =>
      assert.ok(Math.abs(error - weights[unit] * UNITS[unit].errors[option]) < 1e-12)
    );
  });
  assert.equal(asked.length, UNITS.length + 1, "one evaluation a unit and one of the whole");
  asked.slice(1).forEach((counts, unit) => {
    const others = counts.filter((_, other) => other !== unit);
    assert.deepEqual(others, [16, 32, 8].toSpliced(unit, 1), "one unit is cut at a time");
    const error = UNITS[unit].errors[counts[unit] - 1] / UNITS[unit].readers;
    const distances = Array.from(
      UNITS[unit].errors,
      (each) => Math.abs(each / UNITS[unit].readers - 0.15),
    ).slice(0, -1);
    assert.equal(Math.abs(error - 0.15), Math.min(...distances));
  });
});

Deno.test("a cut that lowers the loss has a price all the same", async () => {
  const { lossOf } = lossWith([-0.3, 0, 1]);
  const priced = await priceErrors(UNITS, lossOf);
  for (const { errors } of priced) {
    assert.ok(errors[0] > 0);
    assert.equal(errors[errors.length - 1], 0);
  }
});

Deno.test("units without a choice or without errors are not measured", async () => {
  const fixed = { name: "fixed", counts: [4], errors: [0], readers: 1 };
  const lossless = { name: "lossless", counts: [1, 2], errors: [0, 0], readers: 1 };
  let evaluations = 0;
  const priced = await priceErrors([fixed, lossless], () => Promise.resolve(evaluations++));
  assert.equal(evaluations, 1);
  assert.deepEqual(priced.map(({ errors }) => errors), [[0], [0, 0]]);
});
