import assert from "node:assert/strict";
import { conditionMoments } from "../../src/kernels/conditional_moments.ts";
import { centerMoments } from "../../src/kernels/moments.ts";
import { solveLinear } from "../reference/linear_algebra.ts";
import {
  randomArray,
  randomProblem,
  relativeDifference,
  silenceChannel,
} from "../reference/samples.ts";
import { testBothBuilds } from "./both_builds.ts";

const RIDGE = 1e-3;

function sampleSystem(d: number, outputs: number) {
  const { moments, weights } = randomProblem({ taps: 1, channels: d, outputs, seed: d });
  return { moments: centerMoments(moments), weights, ridge: RIDGE };
}

/** The least of ‖Y − X_S W_S − X_O W_O‖² + ‖W_O − W⁰_O‖²_R over W_O, by solving for W_O. */
function leastError(
  { moments: { d, n, gram, cross, sumYY }, weights }: ReturnType<typeof sampleSystem>,
  rows: readonly number[],
  own: Float32Array,
): number {
  const others = Array.from({ length: d }, (_, row) => row).filter((row) => !rows.includes(row));
  const ridge = (row: number) => RIDGE * gram[row * (d + 1)];
  const left = others.flatMap((r) => others.map((s) => gram[r * d + s] + (r === s ? ridge(r) : 0)));
  const right = others.flatMap((r) =>
    Array.from({ length: n }, (_, o) =>
      cross[r * n + o] + ridge(r) * weights[r * n + o] -
      rows.reduce((sum, s, i) => sum + gram[r * d + s] * own[i * n + o], 0))
  );
  const solved = solveLinear(left, right, others.length, n);
  const all = new Float64Array(d * n);
  rows.forEach((row, i) => all.set(own.subarray(i * n, (i + 1) * n), row * n));
  others.forEach((row, i) => all.set(solved.subarray(i * n, (i + 1) * n), row * n));
  let error = sumYY.reduce((sum, value) => sum + value, 0);
  for (let r = 0; r < d; r++) {
    for (let o = 0; o < n; o++) {
      const at = r * n + o;
      error -= 2 * all[at] * cross[at];
      if (!rows.includes(r)) error += ridge(r) * (all[at] - weights[at]) ** 2;
      for (let s = 0; s < d; s++) error += all[at] * gram[r * d + s] * all[s * n + o];
    }
  }
  return error;
}

testBothBuilds("conditioned moments give the error when all other rows are refitted", (kernels) => {
  for (const [d, outputs] of [[3, 1], [8, 3], [17, 5]]) {
    const system = sampleSystem(d, outputs);
    const parts = [[0], [d - 1], [0, 2], Array.from({ length: d - 1 }, (_, row) => row)];
    const conditioned = conditionMoments(kernels, structuredClone(system), parts);
    conditioned.forEach(({ d: size, n, gram, cross, sumYY }, index) => {
      assert.equal(size, parts[index].length);
      for (const seed of [1, 2]) {
        const own = randomArray(size * n, seed);
        let error = sumYY.reduce((sum, value) => sum + value, 0);
        for (let r = 0; r < size; r++) {
          for (let o = 0; o < n; o++) {
            error -= 2 * own[r * n + o] * cross[r * n + o];
            for (let s = 0; s < size; s++) {
              error += own[r * n + o] * gram[r * size + s] * own[s * n + o];
            }
          }
        }
        const wanted = leastError(system, parts[index], own);
        assert.ok(Math.abs(error - wanted) < 1e-8 * Math.abs(wanted), `${error}, not ${wanted}`);
      }
    });
  }
});

testBothBuilds("how rows are scaled does not change what is conditioned on them", (kernels) => {
  const system = sampleSystem(7, 2);
  const factors = [1, 64, 1 / 64, 8, 1, 1 / 8, 4];
  const { moments } = system;
  const scaled = {
    ...system,
    weights: system.weights.map((value, at) => value / factors[Math.floor(at / 2)]),
    moments: {
      ...moments,
      gram: moments.gram.map((value, at) => value * factors[Math.floor(at / 7)] * factors[at % 7]),
      cross: moments.cross.map((value, at) => value * factors[Math.floor(at / 2)]),
    },
  };
  const [plain] = conditionMoments(kernels, structuredClone(system), [[1, 4]]);
  const [other] = conditionMoments(kernels, scaled, [[1, 4]]);
  const back = other.gram.map((value, at) => value / [64, 1][Math.floor(at / 2)] / [64, 1][at % 2]);
  assert.ok(relativeDifference(back, plain.gram) < 1e-10);
  assert.ok(relativeDifference(other.sumYY, plain.sumYY) < 1e-10);
});

testBothBuilds("a row that is zero stays zero", (kernels) => {
  const problem = silenceChannel(randomProblem({ taps: 1, channels: 5, outputs: 2, seed: 1 }), 3);
  const system = { moments: problem.moments, weights: problem.weights, ridge: RIDGE };
  const [{ gram, cross }] = conditionMoments(kernels, system, [[1, 3]]);
  assert.ok(gram[0] > 0);
  assert.deepEqual([...gram.slice(1)], [0, 0, 0]);
  assert.deepEqual([...cross.slice(2)], [0, 0]);
});
