import assert from "node:assert/strict";
import { contractMoments } from "../../src/kernels/contraction.ts";
import { naiveContraction } from "../reference/lasso.ts";
import { randomProblem, relativeDifference } from "../reference/samples.ts";
import { testBothBuilds } from "./both_builds.ts";

testBothBuilds(
  "contraction equals its naive twin at odd numbers of taps and positions",
  (kernels) => {
    for (const [taps, channels] of [[1, 1], [1, 5], [9, 1], [9, 4], [4, 7], [9, 6], [25, 2]]) {
      for (const outputs of [1, 3, 8]) {
        const { moments, weights } = randomProblem({ taps, channels, outputs, seed: taps });
        const actual = contractMoments(kernels, moments, weights, channels);
        const expected = naiveContraction(moments, weights, channels);
        assert.ok(relativeDifference(actual.quadratic, expected.quadratic) < 1e-12);
        assert.ok(relativeDifference(actual.linear, expected.linear) < 1e-12);
      }
    }
  },
);

testBothBuilds("the contraction predicts the error of scaled channels", (kernels) => {
  const { moments, weights } = randomProblem({ taps: 2, channels: 3, outputs: 2, seed: 5 });
  const { quadratic, linear } = contractMoments(kernels, moments, weights, 3);
  const scales = [0.5, -1, 2];
  const scaled = weights.map((value, at) => value * scales[Math.floor(at / 2) % 3]);
  let expected = 0, predicted = 0;
  for (let r = 0; r < 6; r++) {
    for (let o = 0; o < 2; o++) {
      expected -= 2 * scaled[r * 2 + o] * moments.cross[r * 2 + o];
      for (let s = 0; s < 6; s++) {
        expected += scaled[r * 2 + o] * moments.gram[r * 6 + s] * scaled[s * 2 + o];
      }
    }
  }
  for (let p = 0; p < 3; p++) {
    predicted -= 2 * scales[p] * linear[p];
    for (let q = 0; q < 3; q++) predicted += scales[p] * quadratic[p * 3 + q] * scales[q];
  }
  assert.ok(Math.abs(predicted - expected) < 1e-6 * Math.abs(expected));
});

testBothBuilds("positions that do not divide the inputs are refused", (kernels) => {
  const { moments, weights } = randomProblem({ taps: 2, channels: 3, outputs: 2, seed: 5 });
  assert.throws(() => contractMoments(kernels, moments, weights, 4), /a divisor of 6/);
});
