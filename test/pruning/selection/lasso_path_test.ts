import assert from "node:assert/strict";
import {
  activeSetOf,
  followLassoPath,
  type LassoPath,
  type LassoProblem,
} from "../../../src/pruning/selection/lasso_path.ts";
import { testBothBuilds } from "../../kernels/both_builds.ts";
import { coordinateDescentLasso } from "../../reference/lasso.ts";
import { multiply } from "../../reference/linear_algebra.ts";
import { correlatedLasso, relativeDifference } from "../../reference/samples.ts";
// Made by test/reference/lars_path_oracle.py, which states the command.
import oracle from "../../reference/lars_path.json" with { type: "json" };

/** b − Aβ. */
function correlations({ quadratic, linear }: LassoProblem, beta: ArrayLike<number>): Float64Array {
  const product = multiply(quadratic, beta, linear.length, linear.length, 1);
  return linear.map((value, j) => value - product[j]);
}

/** β at any λ, between the knots of a path. */
function coefficientsAt(path: LassoPath, lambda: number): Float64Array {
  const points = [
    ...path.knots.map((knot) => [knot.lambda, knot.coefficients] as const),
    [path.finalLambda, path.finalCoefficients] as const,
  ];
  const next = points.findIndex(([at]) => at <= lambda);
  const [above, from] = points[next - 1], [below, to] = points[next];
  const share = (above - lambda) / (above - below);
  return from.map((value, j) => value + share * (to[j] - value));
}

const PROBLEMS = Array.from({ length: 12 }, (_, seed) => correlatedLasso(3 + 2 * seed, seed));

testBothBuilds(
  "the optimality conditions hold at every knot and half-way to the next",
  (kernels) => {
    for (const problem of PROBLEMS) {
      const path = followLassoPath(kernels, problem);
      const knotLambdas = [...path.knots.map(({ lambda }) => lambda), path.finalLambda];
      const tolerance = 1e-9 * knotLambdas[0];
      knotLambdas.slice(0, -1).forEach((lambda, index) => {
        for (const at of [lambda, (lambda + knotLambdas[index + 1]) / 2]) {
          const beta = at === lambda ? path.knots[index].coefficients : coefficientsAt(path, at);
          correlations(problem, beta).forEach((correlation, j) => {
            assert.ok(Math.abs(correlation) <= at + tolerance);
            if (beta[j] !== 0) {
              assert.ok(Math.abs(correlation - at * Math.sign(beta[j])) <= tolerance);
            }
          });
        }
      });
    }
  },
);

testBothBuilds("the path agrees with coordinate descent between its knots", (kernels) => {
  for (const problem of PROBLEMS.slice(0, 6)) {
    const path = followLassoPath(kernels, problem);
    for (const share of [0.8, 0.4, 0.1, 0.02]) {
      const lambda = share * path.knots[0].lambda;
      const expected = coordinateDescentLasso(problem, lambda);
      assert.ok(relativeDifference(coefficientsAt(path, lambda), expected) < 1e-8);
    }
  }
});

testBothBuilds("the path is complete and ends at least squares", (kernels) => {
  for (const problem of PROBLEMS) {
    const path = followLassoPath(kernels, problem);
    assert.equal(path.status, "complete");
    const left = correlations(problem, path.finalCoefficients);
    assert.ok(left.every((value) => Math.abs(value) < 1e-9 * path.knots[0].lambda));
  }
});

testBothBuilds("variables drop on the way, and come back", (kernels) => {
  const changes = PROBLEMS.flatMap((problem) => followLassoPath(kernels, problem).knots);
  assert.ok(changes.some(({ change }) => change === "drop"));
  const returned = PROBLEMS.some((problem) => {
    const entered = followLassoPath(kernels, problem).knots
      .filter(({ change }) => change === "enter").map(({ variable }) => variable);
    return new Set(entered).size < entered.length;
  });
  assert.ok(returned);
});

testBothBuilds("the path is that of scikit-learn, knot for knot", (kernels) => {
  const { quadratic, linear, lambdas, coefficients } = oracle;
  const path = followLassoPath(kernels, {
    quadratic: Float64Array.from(quadratic),
    linear: Float64Array.from(linear),
  });
  assert.ok(path.knots.some(({ change }) => change === "drop"));
  assert.equal(path.knots.length, lambdas.length - 1);
  path.knots.forEach(({ lambda, coefficients: beta }, index) => {
    assert.ok(Math.abs(lambda - lambdas[index]) < 1e-9 * lambdas[0]);
    assert.ok(relativeDifference(beta, coefficients[index]) < 1e-8);
  });
  assert.ok(relativeDifference(path.finalCoefficients, coefficients[lambdas.length - 1]) < 1e-8);
});

testBothBuilds("flipping a variable flips its coefficient and nothing else", (kernels) => {
  const problem = PROBLEMS[3];
  const size = problem.linear.length;
  const flipped = followLassoPath(kernels, {
    quadratic: problem.quadratic.map((value, at) =>
      (Math.floor(at / size) === 1) === (at % size === 1) ? value : -value
    ),
    linear: problem.linear.map((value, j) => j === 1 ? -value : value),
  });
  const path = followLassoPath(kernels, problem);
  const expected = path.finalCoefficients.map((value, j) => j === 1 ? -value : value);
  assert.ok(relativeDifference(flipped.finalCoefficients, expected) < 1e-12);
  assert.deepEqual(flipped.knots.map((k) => k.variable), path.knots.map((k) => k.variable));
});

testBothBuilds("of two equal variables one is left out and named", (kernels) => {
  const path = followLassoPath(kernels, {
    quadratic: Float64Array.of(2, 2, 0.5, 2, 2, 0.5, 0.5, 0.5, 1),
    linear: Float64Array.of(2, 2, 1),
  });
  assert.deepEqual([...path.collinear], [1]);
  assert.deepEqual(path.knots.map(({ variable }) => variable), [0, 2]);
  assert.equal(path.status, "complete");
});

testBothBuilds(
  "an active set has exactly the count asked for, or says that there is none",
  (kernels) => {
    for (const problem of PROBLEMS) {
      const path = followLassoPath(kernels, problem);
      for (let count = 0; count <= problem.linear.length; count++) {
        const { variables, reached, lambda, knot } = activeSetOf(path, count);
        assert.equal(variables.length, count);
        assert.ok(reached);
        if (count > 0) {
          assert.equal(path.knots[knot].lambda, lambda);
          assert.ok(path.knots.slice(0, knot).every(({ activeCount }) => activeCount !== count));
        }
      }
    }
    const silent = followLassoPath(kernels, {
      quadratic: new Float64Array(4),
      linear: new Float64Array(2),
    });
    assert.deepEqual(activeSetOf(silent, 1), {
      variables: new Int32Array(0),
      lambda: Infinity,
      knot: -1,
      reached: false,
    });
  },
);

testBothBuilds("A and b of different sizes are refused", (kernels) => {
  const problem = { quadratic: new Float64Array(3), linear: new Float64Array(2) };
  assert.throws(() => followLassoPath(kernels, problem), /3 elements in A and 2 in b, wanted 2×2/);
});

testBothBuilds("numbers that are not finite are refused by name", (kernels) => {
  const problem = { quadratic: Float64Array.of(1, 0, 0, 1), linear: Float64Array.of(1, NaN) };
  assert.throws(() => followLassoPath(kernels, problem), /element 1 of b is NaN, wanted finite/);
});
