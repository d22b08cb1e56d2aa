import assert from "node:assert/strict";
import { learningRateAt } from "../../../src/execution/training/schedule.ts";

const close = (found: number, wanted: number) =>
  assert.ok(Math.abs(found - wanted) <= 1e-12 + 1e-9 * wanted, `${found} is not ${wanted}`);

Deno.test("piecewise drops to a tenth at half and to a hundredth at three quarters", () => {
  const rates = [0, 0.49, 0.5, 0.74, 0.75, 1].map((t) => learningRateAt("piecewise", 0.1, t));
  [0.1, 0.1, 0.01, 0.01, 0.001, 0.001].forEach((wanted, index) => close(rates[index], wanted));
});

Deno.test("cosine starts at the peak, is half of it in the middle and ends at nothing", () => {
  close(learningRateAt("cosine", 0.2, 0), 0.2);
  close(learningRateAt("cosine", 0.2, 0.5), 0.1);
  close(learningRateAt("cosine", 0.2, 1), 0);
});

Deno.test("one-cycle rises to the peak at 30 % and falls from there to the end", () => {
  close(learningRateAt("one-cycle", 0.5, 0), 0.02);
  close(learningRateAt("one-cycle", 0.5, 0.3), 0.5);
  close(learningRateAt("one-cycle", 0.5, 1), 5e-5);
  let last = Infinity;
  for (let t = 0.3; t <= 1; t += 0.01) {
    const rate = learningRateAt("one-cycle", 0.5, t);
    assert.ok(rate < last);
    last = rate;
  }
});

Deno.test("warm-cosine rises over a twentieth and falls along a half cosine to nothing", () => {
  close(learningRateAt("warm-cosine", 0.4, 0), 0);
  close(learningRateAt("warm-cosine", 0.4, 0.025), 0.2);
  close(learningRateAt("warm-cosine", 0.4, 0.05), 0.4);
  close(learningRateAt("warm-cosine", 0.4, 0.525), 0.2);
  close(learningRateAt("warm-cosine", 0.4, 1), 0);
});
