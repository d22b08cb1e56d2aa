import assert from "node:assert/strict";
import { GroupElimination } from "../../src/kernels/elimination.ts";
import { meanDiagonal } from "../../src/kernels/cholesky.ts";
import { naiveRefitError } from "../reference/elimination.ts";
import { randomProblem } from "../reference/samples.ts";
import { testBothBuilds } from "./both_builds.ts";

const SHAPES = [[1, 4, 1], [1, 7, 3], [4, 5, 9], [9, 4, 8], [9, 7, 2], [1, 50, 19], [5, 30, 17]];
const RIDGE = 1e-3;

/** The rows of each channel. */
function channelRows(taps: number, channels: number): number[][] {
  return Array.from(
    { length: channels },
    (_, channel) => Array.from({ length: taps }, (_, tap) => tap * channels + channel),
  );
}

function assertClose(actual: number, expected: number, scale: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-9 * scale, `${actual} instead of ${expected}`);
}

testBothBuilds("the cost of a group is the rise of the error when all is refitted", (kernels) => {
  for (const [taps, channels, outputs] of SHAPES) {
    const problem = randomProblem({ taps, channels, outputs, seed: channels });
    const { moments, weights } = problem;
    const groups = channelRows(taps, channels);
    const elimination = new GroupElimination(kernels, { moments, weights, groups, ridge: RIDGE });
    const rho = RIDGE * meanDiagonal(moments.gram, moments.d);
    const before = naiveRefitError(problem, () => true, rho);
    assertClose(elimination.squaredError(), before.squaredError, before.objective);
    elimination.costsOf([...groups.keys()]).forEach((cost, victim) => {
      const after = naiveRefitError(problem, (channel) => channel !== victim, rho);
      assertClose(cost, after.objective - before.objective, after.objective);
    });
    elimination.dispose();
  }
});

testBothBuilds("errors stay exact while groups go one by one", (kernels) => {
  for (const [taps, channels, outputs] of SHAPES) {
    const problem = randomProblem({ taps, channels, outputs, seed: 10 + channels });
    const { moments, weights } = problem;
    const groups = channelRows(taps, channels);
    const elimination = new GroupElimination(kernels, { moments, weights, groups, ridge: RIDGE });
    const rho = RIDGE * meanDiagonal(moments.gram, moments.d);
    const scale = moments.sumYY.reduce((sum, value) => sum + value, 0);
    const gone = new Set<number>();
    // Neither front to back nor back to front: compaction has to move rows across gaps.
    for (
      const channel of [...groups.keys()].sort((a, b) => (a * 3) % channels - (b * 3) % channels)
    ) {
      elimination.eliminate(channel);
      gone.add(channel);
      const expected = naiveRefitError(problem, (other) => !gone.has(other), rho);
      assertClose(elimination.squaredError(), expected.squaredError, scale);
    }
    assertClose(elimination.squaredError(), scale, scale);
    elimination.dispose();
  }
});

testBothBuilds("groups may differ in size and leave rows out", (kernels) => {
  const problem = randomProblem({ taps: 1, channels: 9, outputs: 2, seed: 3 });
  const { moments, weights } = problem;
  const groups = [[0, 7, 8], [], [3], [1, 2, 4, 5]];
  const elimination = new GroupElimination(kernels, { moments, weights, groups, ridge: RIDGE });
  const rho = RIDGE * meanDiagonal(moments.gram, moments.d);
  assert.equal(elimination.costsOf([1])[0], 0);
  const gone: number[] = [];
  for (const group of [3, 1, 0]) {
    elimination.eliminate(group);
    gone.push(...groups[group]);
    const expected = naiveRefitError(problem, (row) => !gone.includes(row), rho);
    assertClose(elimination.squaredError(), expected.squaredError, expected.objective);
  }
  elimination.dispose();
});

testBothBuilds("a group cannot be dropped twice", (kernels) => {
  const { moments, weights } = randomProblem({ taps: 1, channels: 3, outputs: 2, seed: 3 });
  const groups = channelRows(1, 3);
  const elimination = new GroupElimination(kernels, { moments, weights, groups, ridge: RIDGE });
  elimination.eliminate(1);
  assert.throws(() => elimination.eliminate(1), /group 1: it has been dropped before/);
  elimination.dispose();
  elimination.dispose();
});
