import assert from "node:assert/strict";
import type { Kernels } from "../../src/kernels/load.ts";
import { buildLassoProblem } from "../../src/pruning/selection/lasso.ts";
import {
  followLassoPath,
  type LassoPath,
  type LassoProblem,
} from "../../src/pruning/selection/lasso_path.ts";
import { naiveLassoPath } from "../reference/lasso_path.ts";
import { multiply, multiplyTransposed } from "../reference/linear_algebra.ts";
import {
  correlatedLasso,
  randomArray,
  randomProblem,
  relativeDifference,
  silenceChannel,
} from "../reference/samples.ts";
import { testBothBuilds } from "./both_builds.ts";

/**
 * The kernel's path makes the same changes as the twin's at the same λ, with the same Aβ up to rounding; β itself is as
 * uncertain as A is ill-conditioned.
 */
function assertTwinPath(kernels: Kernels, problem: LassoProblem): LassoPath {
  const actual = followLassoPath(kernels, problem), expected = naiveLassoPath(problem);
  const changesOf = ({ knots }: LassoPath) =>
    knots.map(({ variable, change, activeCount }) => `${change} ${variable}: ${activeCount}`);
  assert.deepEqual(changesOf(actual), changesOf(expected));
  assert.equal(actual.size, expected.size);
  assert.equal(actual.status, expected.status);
  assert.deepEqual(actual.collinear, expected.collinear);
  const lambdasOf = ({ knots }: LassoPath) => knots.map(({ lambda }) => lambda);
  assert.ok(relativeDifference(lambdasOf(actual), lambdasOf(expected)) < 1e-12);
  const assertSameProduct = (beta: Float64Array, expectedBeta: Float64Array) => {
    const { size } = actual;
    const product = (vector: Float64Array) => multiply(problem.quadratic, vector, size, size, 1);
    assert.ok(relativeDifference(product(beta), product(expectedBeta)) < 1e-11);
  };
  actual.knots.forEach(({ coefficients }, index) =>
    assertSameProduct(coefficients, expected.knots[index].coefficients)
  );
  assertSameProduct(actual.finalCoefficients, expected.finalCoefficients);
  return actual;
}

/** A problem over the variables `source`, some of them more than once; a negative one is always zero. */
function repeatVariables({ quadratic, linear }: LassoProblem, source: number[]): LassoProblem {
  return {
    quadratic: Float64Array.from(
      source.flatMap((i) =>
        source.map((j) => i < 0 || j < 0 ? 0 : quadratic[i * linear.length + j])
      ),
    ),
    linear: Float64Array.from(source, (i) => i < 0 ? 0 : linear[i]),
  };
}

testBothBuilds("the path is that of its naive twin, at every size", (kernels) => {
  let drops = 0, longest = 0;
  for (const size of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 16, 17, 31, 33, 48]) {
    for (const seed of [size, 100 + size]) {
      const problem = correlatedLasso(size, seed);
      const path = assertTwinPath(kernels, problem);
      drops += path.knots.filter(({ change }) => change === "drop").length;
      longest = Math.max(longest, path.knots.length / size);
    }
  }
  assert.ok(drops > 20, `${drops} drops`);
  // The kernel is lent room for as many events as there are variables: longer walks stop and go on.
  assert.ok(longest > 1);
});

testBothBuilds("the path is that of its naive twin on a layer's moments", (kernels) => {
  for (const [taps, channels, outputs] of [[1, 5, 3], [9, 7, 4], [4, 12, 5], [9, 17, 3]]) {
    const sample = randomProblem({ taps, channels, outputs, seed: channels });
    for (const layer of [sample, silenceChannel(sample, channels >> 1)]) {
      const problem = buildLassoProblem(kernels, [layer]);
      assertTwinPath(kernels, problem);
    }
  }
});

testBothBuilds("of variables that meet λ together the lowest goes first", (kernels) => {
  for (const size of [1, 2, 3, 4, 5, 7, 8, 9]) {
    const quadratic = new Float64Array(size * size);
    for (let j = 0; j < size; j++) quadratic[j * (size + 1)] = 2;
    const linear = Float64Array.from({ length: size }, (_, j) => j % 2 === 0 ? 3 : -3);
    const path = assertTwinPath(kernels, { quadratic, linear });
    assert.deepEqual(path.knots.map(({ variable }) => variable), [...linear.keys()]);
    assert.ok(path.knots.every(({ lambda }) => lambda === 3));
  }
});

testBothBuilds("repeated and dead variables stay out, wherever they stand", (kernels) => {
  const sources = [
    [0, 0],
    [0, 1, 2, 0],
    [2, 0, 1, 2, 2],
    [-1, 0, 1, 2, 3, -1],
    [4, 3, 2, 1, 0, 4, -1],
    [0, 1, 2, 3, 4, 5, 6, 7, 3],
    [7, 6, 5, 4, 3, 2, 1, 0, -1, 7, 0],
  ];
  for (const source of sources) {
    for (const seed of [1, 2, 3]) {
      const problem = repeatVariables(correlatedLasso(8, seed), source);
      const path = assertTwinPath(kernels, problem);
      assert.equal(path.status, "complete");
      const entered = new Set(path.knots.map(({ variable }) => source[variable]));
      assert.equal(entered.size, new Set(source.filter((variable) => variable >= 0)).size);
      assert.ok(!entered.has(-1));
    }
  }
});

testBothBuilds("copies of a variable that drops do not take turns with it", (kernels) => {
  let drops = 0;
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const problem = correlatedLasso(8, seed);
    const source = [0, 1, 2, 3, 4, 5, 6, 7];
    const twice = repeatVariables(problem, [...source, ...source]);
    const path = assertTwinPath(kernels, twice), single = assertTwinPath(kernels, problem);
    assert.equal(path.status, "complete");
    assert.deepEqual(
      path.knots.map(({ variable, change }) => `${change} ${variable % 8}`),
      single.knots.map(({ variable, change }) => `${change} ${variable}`),
    );
    drops += path.knots.filter(({ change }) => change === "drop").length;
  }
  assert.ok(drops > 0);
});

testBothBuilds("with fewer samples than variables the path ends at an exact fit", (kernels) => {
  for (const [rows, size] of [[1, 3], [2, 5], [5, 8], [7, 9], [12, 17]]) {
    const x = randomArray(rows * size, size, 1), y = randomArray(rows, size, 2);
    const quadratic = multiplyTransposed(x, x, rows, size, size);
    const linear = multiplyTransposed(x, y, rows, size, 1);
    const path = followLassoPath(kernels, { quadratic, linear });
    assert.equal(path.status, "complete");
    assert.equal(Math.max(...path.knots.map(({ activeCount }) => activeCount)), rows);
    for (const { lambda, coefficients } of path.knots) {
      const fitted = multiply(quadratic, coefficients, size, size, 1);
      const largest = Math.max(...linear.map((value, j) => Math.abs(value - fitted[j])));
      assert.ok(Math.abs(largest - lambda) < 1e-9 * path.knots[0].lambda);
    }
    assert.ok(relativeDifference(multiply(x, path.finalCoefficients, rows, size, 1), y) < 1e-8);
  }
});

testBothBuilds("problems without a path end where they begin", (kernels) => {
  for (const size of [0, 1, 2, 3]) {
    const zero = { quadratic: new Float64Array(size * size), linear: new Float64Array(size) };
    const path = followLassoPath(kernels, zero);
    assert.deepEqual([path.knots.length, path.finalLambda, path.status], [0, 0, "complete"]);
  }
  // b without A has no least squares: nothing enters, every variable is left out.
  const impossible = { quadratic: new Float64Array(9), linear: Float64Array.of(1, 3, 2) };
  assert.deepEqual([...assertTwinPath(kernels, impossible).collinear], [0, 1, 2]);
});

testBothBuilds("a walk writes no more events than it is lent room for", (kernels) => {
  const { wasm, memory } = kernels;
  const { quadratic, linear } = correlatedLasso(9, 1);
  const expected = followLassoPath(kernels, { quadratic, linear });
  const size = linear.length, capacity = 2, guard = 12345;
  memory.withScratch({
    quadratic: quadratic.byteLength,
    linear: linear.byteLength,
    beta: linear.byteLength,
    collinear: 4 * size,
    events: 16 * capacity + 8,
    coefficients: linear.byteLength * capacity + 8,
    workspace: wasm.lassoPathWorkspaceBytes(size) + 8,
  }, (at) => {
    memory.f64(at.quadratic, size * size).set(quadratic);
    memory.f64(at.linear, size).set(linear);
    const guards = [
      memory.f64(at.events + 16 * capacity, 1),
      memory.f64(at.coefficients + linear.byteLength * capacity, 1),
      new Uint8Array(memory.memory.buffer, at.workspace + wasm.lassoPathWorkspaceBytes(size), 8),
    ];
    for (const view of guards) view.fill(guard);
    const before = guards.map((view) => view[0]);
    wasm.startLassoPath(at.quadratic, at.linear, size, at.beta, at.collinear, at.workspace);
    const variables: number[] = [];
    let status = 1;
    while (status === 1) {
      status = wasm.followLassoPath(at.workspace, at.events, at.coefficients, capacity);
      const count = wasm.lassoPathEventCount(at.workspace);
      assert.ok(count <= capacity);
      assert.ok(status !== 1 || count === capacity);
      for (let e = 0; e < count; e++) variables.push(memory.i32(at.events + 16 * e, 3)[2]);
    }
    assert.equal(status, 0);
    assert.deepEqual(variables, expected.knots.map(({ variable }) => variable));
    assert.deepEqual(guards.map((view) => view[0]), before);
  });
});
