import assert from "node:assert/strict";
import { Adam } from "../../../../../src/pruning/policy/auto/agent/adam.ts";

Deno.test("Adam's first step is its rate against the sign, and gradients are cleared", () => {
  const weights = Float64Array.of(1, 1, 1);
  const gradients = Float64Array.of(5, -0.01, 0);
  new Adam(3, 0.1).update(weights, gradients);
  [0.9, 1.1, 1].forEach((wanted, index) => assert.ok(Math.abs(weights[index] - wanted) < 1e-6));
  assert.deepEqual([...gradients], [0, 0, 0]);
});

Deno.test("Adam follows the algorithm as it is published", () => {
  const weights = Float64Array.of(2);
  const adam = new Adam(1, 0.05);
  let [weight, mean, square] = [2, 0, 0];
  for (let step = 1; step <= 50; step++) {
    const gradient = Math.sin(step) * weight;
    mean = 0.9 * mean + 0.1 * gradient;
    square = 0.999 * square + 0.001 * gradient ** 2;
    const [m, v] = [mean / (1 - 0.9 ** step), square / (1 - 0.999 ** step)];
    weight -= 0.05 * m / (Math.sqrt(v) + 1e-8);
    adam.update(weights, Float64Array.of(gradient));
    assert.ok(Math.abs(weights[0] - weight) < 1e-12);
  }
});
