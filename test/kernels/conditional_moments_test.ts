import assert from "node:assert/strict";
import { conditionMoments, conditionTrial } from "../../src/kernels/conditional_moments.ts";
import { meanDiagonal } from "../../src/kernels/cholesky.ts";
import { centerMoments, type Moments } from "../../src/kernels/moments.ts";
import { solveLinear } from "../reference/linear_algebra.ts";
import { randomArray, randomProblem, silenceChannel } from "../reference/samples.ts";
import { testBothBuilds } from "./both_builds.ts";

const RIDGE = 1e-3;

function sampleSystem(d: number, outputs: number) {
  const { moments, weights } = randomProblem({ taps: 1, channels: d, outputs, seed: d });
  return { moments: centerMoments(moments), weights, ridge: RIDGE };
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
  "conditioned moments give the error when the other rows follow",
  (kernels) => {
    for (const [d, outputs] of [[3, 1], [8, 3], [17, 5]]) {
      const system = sampleSystem(d, outputs);
      const parts = [[0], [d - 1], [0, 2], Array.from({ length: d - 1 }, (_, row) => row)];
      conditionMoments(kernels, system, parts).forEach((part, index) => {
        assert.deepEqual([part.d, part.n], [parts[index].length, outputs]);
        for (const seed of [1, 2]) {
          const own = randomArray(part.d * part.n, seed);
          const all = followedWeights(system, parts[index], own);
          const [error, wanted] = [squaredError(part, own), squaredError(system.moments, all)];
          assert.ok(Math.abs(error - wanted) < 1e-8 * Math.abs(wanted), `${error}, not ${wanted}`);
        }
      });
    }
  },
);

testBothBuilds("in a conditioned trial the other rows follow what is fitted to", (kernels) => {
  const system = sampleSystem(8, 3);
  const { d, n } = system.moments;
  const other = centerMoments(randomProblem({ taps: 1, channels: d, outputs: n, seed: 9 }).moments);
  const [train, test] = [system.moments, other].map(({ gram, cross, sumYY }) => ({
    writeGram: (target: Float64Array) => target.set(gram),
    writeCross: (target: Float64Array) => target.set(cross),
    total: sumYY.reduce((sum, value) => sum + value, 0),
  }));
  const trial = { train, test, weights: system.weights, size: d, outputs: n };
  for (const rows of [[3], [0, 5, 6]]) {
    const [found] = conditionTrial(kernels, trial, RIDGE, [rows]);
    assert.deepEqual([found.size, found.outputs], [rows.length, n]);
    const own = randomArray(rows.length * n, 4);
    const all = followedWeights(system, rows, own);
    for (const [samples, given] of [[found.train, system.moments], [found.test, other]] as const) {
      const sumYY = new Float64Array(n);
      sumYY[0] = samples.total;
      const error = squaredError({ ...given, ...samples, d: rows.length, sumYY }, own);
      const wanted = squaredError(given, all);
      assert.ok(Math.abs(error - wanted) < 1e-8 * Math.abs(wanted), `${error}, not ${wanted}`);
    }
    const kept = rows.flatMap((row) => [...system.weights.subarray(row * n, (row + 1) * n)]);
    assert.deepEqual([...found.weights], kept);
  }
});

testBothBuilds("a row that is zero stays zero", (kernels) => {
  const problem = silenceChannel(randomProblem({ taps: 1, channels: 5, outputs: 2, seed: 1 }), 3);
  const system = { moments: problem.moments, weights: problem.weights, ridge: RIDGE };
  const [{ gram, cross }] = conditionMoments(kernels, system, [[1, 3]]);
  assert.ok(gram[0] > 0);
  assert.deepEqual([...gram.slice(1)].map(Math.abs), [0, 0, 0]);
  assert.deepEqual([...cross.slice(2)].map(Math.abs), [0, 0]);
});
