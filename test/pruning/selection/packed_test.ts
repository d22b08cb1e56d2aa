import assert from "node:assert/strict";
import { conditionMoments } from "../../../src/kernels/conditional_moments.ts";
import {
  centerInPlace,
  copyMoments,
  joinHalves,
  type LayerMoments,
} from "../../../src/kernels/moments.ts";
import { packMoments, unpackMoments } from "../../../src/kernels/packed_moments.ts";
import { chooseRidge, conditionHalves } from "../../../src/pruning/selection/folds.ts";
import { buildLassoProblem } from "../../../src/pruning/selection/lasso.ts";
import { createObsSelector } from "../../../src/pruning/selection/obs.ts";
import { reconstruct } from "../../../src/pruning/selection/reconstruction.ts";
import { standardize } from "../../../src/pruning/selection/standardize.ts";
import { randomProblem } from "../../reference/samples.ts";
import { testBothBuilds } from "../../kernels/both_builds.ts";

const CHANNELS = 6;
const HALVES = [1, 2].map((seed) =>
  randomProblem({ taps: 4, channels: CHANNELS, outputs: 3, seed, count: 200 })
);

function problemOf(moments: LayerMoments) {
  return standardize({ ...HALVES[0], moments: centerInPlace(moments) });
}

testBothBuilds("a layer is solved to the same bits by G and by its upper triangle", (kernels) => {
  const [first, second] = HALVES.map(({ moments }) => copyMoments(moments));
  const joined = joinHalves(first, second);
  const packed = packMoments(copyMoments(joined));
  const whole = problemOf(joined), half = problemOf(packed);
  assert.deepEqual(unpackMoments(packed), { ...joined, sumX: packed.sumX, sumY: packed.sumY });
  const rows = Array.from({ length: whole.moments.d }, (_, row) => row);
  const others = rows.filter((row) => row % 2 === 0);
  const answers = [whole, half].map((problem) => {
    const { moments, weights } = problem;
    const selector = createObsSelector(kernels, [problem]);
    return {
      ridge: chooseRidge(kernels, problem, rows),
      fit: reconstruct(kernels, problem, [0, 2, 5]),
      order: selector.removalOrder,
      errors: Array.from({ length: CHANNELS + 1 }, (_, count) => selector.errorAt(count)),
      lasso: buildLassoProblem(kernels, [problem]),
      conditioned: conditionMoments(kernels, { moments, weights, ridge: 1e-3 }, [others]),
      trials: conditionHalves(kernels, problem, 1e-3, [others, rows.slice(3, 9)]),
    };
  });
  assert.deepEqual(answers[1], answers[0]);
});
