import assert from "node:assert/strict";
import { meanDiagonal } from "../../../src/kernels/cholesky.ts";
import { buildLassoProblem, createLassoSelector } from "../../../src/pruning/selection/lasso.ts";
import { createMagnitudeSelector } from "../../../src/pruning/selection/magnitude.ts";
import { createObsSelector } from "../../../src/pruning/selection/obs.ts";
import { interceptOf, reconstruct } from "../../../src/pruning/selection/reconstruction.ts";
import { naiveRefitError, naiveRemovalOrder } from "../../reference/elimination.ts";
import { naiveContraction } from "../../reference/lasso.ts";
import { multiply } from "../../reference/linear_algebra.ts";
import { naiveMoments } from "../../reference/moments.ts";
import {
  correlatedInputs,
  randomArray,
  randomProblem,
  relativeDifference,
  silenceChannel,
  type WholeProblem,
} from "../../reference/samples.ts";
import { testBothBuilds } from "../../kernels/both_builds.ts";

const RIDGE = 1e-3;
const CONVOLUTION = randomProblem({ taps: 4, channels: 6, outputs: 5, seed: 11 });
const POINTWISE = randomProblem({ taps: 1, channels: 6, outputs: 3, seed: 12 });
const FLATTENED = randomProblem({
  taps: 1,
  channels: 6,
  positionsPerChannel: 3,
  outputs: 4,
  seed: 13,
});

function rhoOf(problem: WholeProblem): number {
  return RIDGE * meanDiagonal(problem.moments.gram, problem.moments.d);
}

testBothBuilds("elimination removes channels in the order of its naive twin", (kernels) => {
  const spaces = [[CONVOLUTION], [POINTWISE], [FLATTENED], [CONVOLUTION, POINTWISE, FLATTENED]];
  for (const problems of spaces) {
    const { removalOrder } = createObsSelector(kernels, problems, { ridge: RIDGE });
    assert.deepEqual([...removalOrder], naiveRemovalOrder(problems, problems.map(rhoOf)));
  }
});

testBothBuilds("elimination knows the error that reconstruction will have", (kernels) => {
  for (const problem of [CONVOLUTION, POINTWISE, FLATTENED]) {
    const selector = createObsSelector(kernels, [problem], { ridge: 1e-11 });
    for (let count = 0; count <= 6; count++) {
      const { kept, relativeError } = selector.keep(count);
      const rebuilt = reconstruct(kernels, problem, kept, { ridge: 1e-11 });
      assert.ok(Math.abs(selector.errorAt(count) - rebuilt.relativeError) < 1e-8);
      assert.equal(relativeError, selector.errorAt(count));
    }
  }
});

testBothBuilds("a joint error is the mean of the consumers' errors", (kernels) => {
  const problems = [CONVOLUTION, POINTWISE];
  const selector = createObsSelector(kernels, problems, { ridge: 1e-11 });
  for (let count = 0; count <= 6; count++) {
    const { kept } = selector.keep(count);
    const errors = problems.map((problem) =>
      reconstruct(kernels, problem, kept, { ridge: 1e-11 }).relativeError
    );
    assert.ok(Math.abs(selector.errorAt(count) - (errors[0] + errors[1]) / 2) < 1e-8);
  }
});

testBothBuilds(
  "elimination's error never falls when a channel goes, and ends at one",
  (kernels) => {
    const selector = createObsSelector(kernels, [CONVOLUTION], { ridge: 1e-11 });
    for (let count = 1; count <= 6; count++) {
      assert.ok(selector.errorAt(count - 1) >= selector.errorAt(count) - 1e-12);
    }
    assert.ok(Math.abs(selector.errorAt(0) - 1) < 1e-9);
    assert.ok(selector.errorAt(6) < 0.1);
  },
);

testBothBuilds("the joint Lasso adds the consumers' problems over their Σy²", (kernels) => {
  const problems = [CONVOLUTION, FLATTENED];
  const { quadratic, linear } = buildLassoProblem(kernels, problems);
  const expectedQuadratic = new Float64Array(36), expectedLinear = new Float64Array(6);
  for (const { moments, weights, positions, channelOf } of problems) {
    const total = moments.sumYY.reduce((sum, value) => sum + value, 0);
    const naive = naiveContraction(moments, weights, positions);
    for (let p = 0; p < positions; p++) {
      expectedLinear[channelOf[p]] += naive.linear[p] / total;
      for (let q = 0; q < positions; q++) {
        expectedQuadratic[channelOf[p] * 6 + channelOf[q]] += naive.quadratic[p * positions + q] /
          total;
      }
    }
  }
  assert.ok(relativeDifference(quadratic, expectedQuadratic) < 1e-12);
  assert.ok(relativeDifference(linear, expectedLinear) < 1e-12);
});

testBothBuilds("the Lasso fills up by correlation when its path is too short", (kernels) => {
  const silent = silenceChannel(CONVOLUTION, 4);
  const selector = createLassoSelector(kernels, [silent]);
  const within = selector.keep(5);
  assert.deepEqual([within.reached, [...within.filled]], [true, []]);
  const beyond = selector.keep(6);
  assert.deepEqual([beyond.reached, [...beyond.filled], [...beyond.dead]], [false, [4], [4]]);
});

Deno.test("magnitude keeps the channels with the largest weights", () => {
  const weights = Float32Array.of(1, 0, 3, 0, 0, 2);
  const moments = naiveMoments(correlatedInputs(20, 3, 1), randomArray(40, 2), 20, 3, 2);
  const channelOf = Int32Array.of(0, 1, 2);
  const selector = createMagnitudeSelector([
    { moments, weights, positions: 3, channelOf, channels: 3 },
  ]);
  assert.deepEqual([...selector.keep(1).kept], [1]);
  assert.deepEqual([...selector.keep(2).kept], [1, 2]);
});

Deno.test("of equal magnitudes the lower channel stays", () => {
  const moments = naiveMoments(correlatedInputs(20, 3, 1), randomArray(20, 2), 20, 3, 1);
  const channelOf = Int32Array.of(0, 1, 2);
  const weights = Float32Array.of(1, -1, 1);
  const selector = createMagnitudeSelector([
    { moments, weights, positions: 3, channelOf, channels: 3 },
  ]);
  assert.deepEqual([...selector.keep(2).kept], [0, 1]);
});

testBothBuilds("reconstruction is the least-squares refit, zero where channels went", (kernels) => {
  for (const problem of [CONVOLUTION, POINTWISE, FLATTENED]) {
    const kept = [4, 1, 2];
    const result = reconstruct(kernels, problem, kept, { ridge: RIDGE });
    const { moments: { d, n, gram }, positions, channelOf, weights } = problem;
    const isKept = (row: number) => kept.includes(channelOf[row % positions]);
    let trace = 0, keptRows = 0;
    for (let row = 0; row < d; row++) {
      if (isKept(row)) {
        trace += gram[row * (d + 1)];
        keptRows++;
      } else {
        assert.ok(result.weights.subarray(row * n, (row + 1) * n).every((value) => value === 0));
      }
    }
    const rho = RIDGE * trace / keptRows;
    const naive = naiveRefitError(problem, (channel) => kept.includes(channel), rho);
    const total = problem.moments.sumYY.reduce((sum, value) => sum + value, 0);
    assert.ok(Math.abs(result.relativeError - naive.squaredError / total) < 1e-9);
    assert.equal(result.ridge, RIDGE);
    assert.equal(result.attempts, 1);
    assert.ok(result.residual < 1e-10 && result.smallestPivot > 0);
    assert.notDeepEqual(result.weights, weights);
  }
});

testBothBuilds("with every channel kept and no noise the old weights come back", (kernels) => {
  const d = 12, n = 4, count = 100;
  const x = correlatedInputs(count, d, 5), weights = randomArray(d * n, 6);
  const problem: WholeProblem = {
    moments: naiveMoments(x, multiply(x, weights, count, d, n), count, d, n),
    weights,
    positions: d,
    channelOf: Int32Array.from({ length: d }, (_, channel) => channel),
    channels: d,
  };
  const result = reconstruct(kernels, problem, problem.channelOf);
  assert.ok(relativeDifference(result.weights, weights) < 1e-6);
  assert.ok(result.relativeError < 1e-12);
});

testBothBuilds(
  "no channel kept is an error of one, and an unknown channel is refused",
  (kernels) => {
    const { weights, relativeError } = reconstruct(kernels, POINTWISE, []);
    assert.equal(relativeError, 1);
    assert.ok(weights.every((value) => value === 0));
    assert.throws(() => reconstruct(kernels, POINTWISE, [6]), /channel 6 kept, wanted 0 … 5/);
  },
);

Deno.test("the intercept makes the mean prediction the mean output", () => {
  const d = 3, n = 2, count = 50;
  const x = correlatedInputs(count, d, 5), weights = randomArray(d * n, 6);
  const y = multiply(x, weights, count, d, n).map((value, at) => value + [7, -2][at % n]);
  const intercept = interceptOf(naiveMoments(x, y, count, d, n), weights);
  assert.ok(relativeDifference(intercept, [7, -2]) < 1e-12);
});
