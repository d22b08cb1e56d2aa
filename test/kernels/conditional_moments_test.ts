import assert from "node:assert/strict";
import { conditionMoments } from "../../src/kernels/conditional_moments.ts";
import { meanDiagonal } from "../../src/kernels/cholesky.ts";
import { centerMoments, type Moments } from "../../src/kernels/moments.ts";
import { solveLinear } from "../reference/linear_algebra.ts";
import { randomArray, randomProblem, silenceChannel } from "../reference/samples.ts";
import { testBothBuilds } from "./both_builds.ts";

const RIDGE = 1e-3;

function sampleSystem(d: number, outputs: number) {
  const { moments, weights } = randomProblem({ taps: 1, channels: d, outputs, seed: d });
  const half = randomProblem({ taps: 1, channels: d, outputs, seed: 100 + d }).moments;
  return { moments: { ...centerMoments(moments), half }, weights, ridge: RIDGE };
}

/** ‖Y − XW‖² of moments. */
function squaredError(
  { d, n, gram, cross, sumYY }: Moments,
  weights: ArrayLike<number>,
): number {
  let error = sumYY.reduce((sum, value) => sum + value, 0);
  for (let r = 0; r < d; r++) {
    for (let o = 0; o < n; o++) {
      error -= 2 * weights[r * n + o] * cross[r * n + o];
      for (let s = 0; s < d; s++) {
        error += weights[r * n + o] * gram[r * d + s] * weights[s * n + o];
      }
    }
  }
  return error;
}

/** All weights when those of some rows are given and the others follow by ridge regression. */
function followedWeights(
  { moments: { d, n, gram, cross }, weights }: ReturnType<typeof sampleSystem>,
  rows: readonly number[],
  own: Float32Array,
): Float64Array {
  const others = Array.from({ length: d }, (_, row) => row).filter((row) => !rows.includes(row));
  const rho = RIDGE * meanDiagonal(gram, d);
  const left = others.flatMap((r) => others.map((s) => gram[r * d + s] + (r === s ? rho : 0)));
  const right = others.flatMap((r) =>
    Array.from({ length: n }, (_, o) =>
      cross[r * n + o] + rho * weights[r * n + o] -
      rows.reduce((sum, s, i) => sum + gram[r * d + s] * own[i * n + o], 0))
  );
  const solved = solveLinear(left, right, others.length, n);
  const all = new Float64Array(d * n);
  rows.forEach((row, i) => all.set(own.subarray(i * n, (i + 1) * n), row * n));
  others.forEach((row, i) => all.set(solved.subarray(i * n, (i + 1) * n), row * n));
  return all;
}

testBothBuilds(
  "conditioned moments give the error when the other rows follow, of the half too",
  (kernels) => {
    for (const [d, outputs] of [[3, 1], [8, 3], [17, 5]]) {
      const system = sampleSystem(d, outputs);
      const parts = [[0], [d - 1], [0, 2], Array.from({ length: d - 1 }, (_, row) => row)];
      conditionMoments(kernels, system, parts).forEach((part, index) => {
        assert.deepEqual([part.d, part.n], [parts[index].length, outputs]);
        for (const seed of [1, 2]) {
          const own = randomArray(part.d * part.n, seed);
          const all = followedWeights(system, parts[index], own);
          for (
            const [found, given] of [[part, system.moments], [part.half!, system.moments.half]]
          ) {
            const [error, wanted] = [squaredError(found, own), squaredError(given, all)];
            assert.ok(
              Math.abs(error - wanted) < 1e-8 * Math.abs(wanted),
              `${error}, not ${wanted}`,
            );
          }
        }
      });
    }
  },
);

testBothBuilds("sums of the half are those of what is left of X and Y", (kernels) => {
  const system = sampleSystem(6, 2);
  const [{ half }] = conditionMoments(kernels, system, [[1, 4]]);
  const { sumX, sumY, count } = system.moments.half;
  const none = followedWeights(system, [1, 4], new Float32Array(4));
  const wanted = sumY.map((sum, o) =>
    sum - sumX.reduce((all, x, r) => all + x * none[r * 2 + o], 0)
  );
  assert.equal(half!.count, count);
  half!.sumY.forEach((sum, o) => assert.ok(Math.abs(sum - wanted[o]) < 1e-8 * Math.abs(sumY[o])));
});

testBothBuilds("a row that is zero stays zero", (kernels) => {
  const problem = silenceChannel(randomProblem({ taps: 1, channels: 5, outputs: 2, seed: 1 }), 3);
  const system = { moments: problem.moments, weights: problem.weights, ridge: RIDGE };
  const [{ gram, cross }] = conditionMoments(kernels, system, [[1, 3]]);
  assert.ok(gram[0] > 0);
  assert.deepEqual([...gram.slice(1)].map(Math.abs), [0, 0, 0]);
  assert.deepEqual([...cross.slice(2)].map(Math.abs), [0, 0]);
});
