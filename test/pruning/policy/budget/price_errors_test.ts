import assert from "node:assert/strict";
import {
  priceErrors,
  probedOptions,
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

/** Rises that are linear in the errors. */
function risesWith(weights: readonly number[]): number[] {
  return probedOptions(UNITS).map((option, unit) => weights[unit] * UNITS[unit].errors[option!]);
}

Deno.test("where the loss is linear in the errors, prices are its coefficients", () => {
  const weights = [0.2, 1.5, 0.01];
  const priced = priceErrors(UNITS, risesWith(weights));
  priced.forEach(({ name, counts, errors }, unit) => {
    assert.equal(name, UNITS[unit].name);
    assert.deepEqual(counts, UNITS[unit].counts);
    Array.from(errors).forEach((error, option) =>
      assert.ok(Math.abs(error - weights[unit] * UNITS[unit].errors[option]) < 1e-12)
    );
  });
});

Deno.test("prices are read off where the readers' mean error is nearest to 0.15, short of the whole", () => {
  for (const [unit, option] of probedOptions(UNITS).entries()) {
    const { errors, readers } = UNITS[unit];
    const distances = Array.from(errors, (error) => Math.abs(error / readers - 0.15)).slice(0, -1);
    assert.equal(distances[option!], Math.min(...distances));
  }
});

Deno.test("a cut that lowers the loss has a price all the same", () => {
  const priced = priceErrors(UNITS, risesWith([-0.3, 0, 1]));
  for (const { errors } of priced) {
    assert.ok(errors[0] > 0);
    assert.equal(errors[errors.length - 1], 0);
  }
});

Deno.test("units without a choice or without errors have no price", () => {
  const fixed = { name: "fixed", counts: [4], errors: [0], readers: 1 };
  const lossless = { name: "lossless", counts: [1, 2], errors: [0, 0], readers: 1 };
  assert.deepEqual(probedOptions([fixed, lossless]), [undefined, undefined]);
  const priced = priceErrors([fixed, lossless], [undefined, undefined]);
  assert.deepEqual(priced.map(({ errors }) => errors), [[0], [0, 0]]);
});
