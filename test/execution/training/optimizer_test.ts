import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { startBackend } from "../../../src/kernels/backend.ts";
import { Optimizer } from "../../../src/execution/training/optimizer.ts";
import type { ParameterLayout } from "../../../src/execution/training/parameters.ts";

await startBackend();

const layout: ParameterLayout = {
  trained: [
    { key: "a", role: "kernel", shape: [3], offset: 0, length: 3, decays: true },
    { key: "a", role: "bias", shape: [2], offset: 3, length: 2, decays: false },
  ],
  statistics: [],
  trainedLength: 5,
  length: 6,
};
const START = [1, -2, 3, 0.5, -0.5, 7];

/** Steps of ours and of tfjs' own optimizer on the quadratic Σ (w − 1)² · scale. */
function compare(name: "momentum" | "adam", theirs: tf.Optimizer): void {
  const ours = new Optimizer(layout, { optimizer: name, momentum: 0.9, weightDecay: 0 });
  const weights = Float32Array.from(START);
  const variable = tf.variable(tf.tensor1d(START.slice(0, 5)));
  for (let step = 1; step <= 20; step++) {
    const gradients = Float32Array.from(weights, (weight) => 2 * (weight - 1));
    ours.update(weights, gradients, 0.05, step);
    theirs.minimize(() => tf.sum(tf.square(variable.sub(1))) as tf.Scalar);
  }
  variable.dataSync().forEach((wanted, index) => {
    assert.ok(Math.abs(weights[index] - wanted) < 1e-4, `${weights[index]} is not ${wanted}`);
  });
  assert.equal(weights[5], 7, "what lies behind the trained weights is not touched");
  variable.dispose();
}

Deno.test("momentum takes the steps of tfjs' momentum optimizer", () => {
  compare("momentum", tf.train.momentum(0.05, 0.9));
});

Deno.test("Adam takes the steps of tfjs' Adam", () => {
  compare("adam", tf.train.adam(0.05, 0.9, 0.999, 1e-8));
});

Deno.test("weight decay pulls kernels, not biases", () => {
  const optimizer = new Optimizer(layout, {
    optimizer: "momentum",
    momentum: 0,
    weightDecay: 0.1,
  });
  const weights = Float32Array.from(START);
  optimizer.update(weights, new Float32Array(6), 0.5, 1);
  const wanted = Float32Array.from([0.95, -1.9, 2.85, 0.5, -0.5, 7]);
  weights.forEach((weight, index) => assert.ok(Math.abs(weight - wanted[index]) < 1e-6));
});

Deno.test("an optimizer goes on from its state as if it had not been interrupted", () => {
  const options = { optimizer: "adam", momentum: 0.9, weightDecay: 1e-3 } as const;
  const gradientsAt = (step: number) => Float32Array.from(START, (value) => value * step % 1);
  const whole = Float32Array.from(START);
  const parts = Float32Array.from(START);
  const first = new Optimizer(layout, options);
  for (let step = 1; step <= 6; step++) first.update(whole, gradientsAt(step), 0.1, step);
  const early = new Optimizer(layout, options);
  for (let step = 1; step <= 3; step++) early.update(parts, gradientsAt(step), 0.1, step);
  const late = new Optimizer(layout, options, early.state.slice());
  for (let step = 4; step <= 6; step++) late.update(parts, gradientsAt(step), 0.1, step);
  assert.deepEqual(parts, whole);
});
