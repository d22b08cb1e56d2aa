import assert from "node:assert/strict";

const STEP = 1e-6;

/**
 * Holds a gradient against central differences, (L(x + h) − L(x − h)) / 2h.
 *
 * @param values x; changed and restored.
 * @param gradient ∂L/∂x.
 * @param measureLoss L.
 * @param name What x is, for messages.
 */
export function checkGradient(
  values: Float64Array,
  gradient: Float64Array,
  measureLoss: () => number,
  name: string,
): void {
  assert.equal(values.length, gradient.length);
  assert.ok(gradient.some((value) => value !== 0), `${name} has a gradient`);
  for (let index = 0; index < values.length; index++) {
    const held = values[index];
    values[index] = held + STEP;
    const above = measureLoss();
    values[index] = held - STEP;
    const below = measureLoss();
    values[index] = held;
    const wanted = (above - below) / (2 * STEP);
    const difference = Math.abs(gradient[index] - wanted);
    assert.ok(
      difference < 1e-6 * (1 + Math.abs(wanted)),
      `${name} ${index}: ${gradient[index]} for ${wanted}`,
    );
  }
}
