import assert from "node:assert/strict";
import type { Kernels } from "../../src/kernels/load.ts";
import { type RidgeSystem, solveRidge } from "../../src/kernels/cholesky.ts";
import { multiplyTransposed, solveLinear } from "../reference/linear_algebra.ts";
import { randomArray, relativeDifference } from "../reference/samples.ts";
import { testBothBuilds } from "./both_builds.ts";

const BLOCK_EDGES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 47, 48, 49, 97, 131];

function randomSystem(size: number, outputs: number, ridge: number): RidgeSystem {
  const rows = 2 * size + 3;
  const x = randomArray(rows * size, size, 1);
  return {
    gram: multiplyTransposed(x, x, rows, size, size),
    cross: Float64Array.from(randomArray(size * outputs, size, 2)),
    weights: randomArray(size * outputs, size, 3),
    size,
    outputs,
    ridge,
  };
}

/** Twin of `solveRidge`: the same equations by Gaussian elimination. */
function naiveRidge(system: RidgeSystem): Float64Array {
  const { gram, cross, weights, size, outputs, ridge } = system;
  let trace = 0;
  for (let r = 0; r < size; r++) trace += gram[r * (size + 1)];
  const rho = ridge * trace / size;
  const left = gram.map((value, at) => value + (at % (size + 1) === 0 ? rho : 0));
  return solveLinear(left, cross.map((value, at) => value + rho * weights[at]), size, outputs);
}

testBothBuilds("a ridge system is solved as its naive twin does, around block edges", (kernels) => {
  for (const size of BLOCK_EDGES) {
    for (const outputs of [1, 7, 8, 9]) {
      const system = randomSystem(size, outputs, 1e-3);
      const { solution, residual, attempts, ridge } = solveRidge(kernels, system);
      assert.ok(relativeDifference(solution, naiveRidge(system)) < 1e-9, `${size}×${outputs}`);
      assert.ok(residual < 1e-12, `residual ${residual} at ${size}×${outputs}`);
      assert.equal(attempts, 1);
      assert.equal(ridge, 1e-3);
    }
  }
});

testBothBuilds("an inverse in the place of its factor is whole, around block edges", (kernels) => {
  const { wasm, memory } = kernels;
  for (const size of BLOCK_EDGES) {
    const { gram } = randomSystem(size, 1, 0);
    const bytes = {
      factor: size * size * Float64Array.BYTES_PER_ELEMENT,
      workspace: wasm.choleskyInvertWorkspaceBytes(size),
    };
    const inverse = memory.withScratch(bytes, ({ factor, workspace }) => {
      memory.f64(factor, size * size).set(gram);
      assert.equal(wasm.choleskyFactor(factor, size, size, 0, workspace), 0);
      wasm.choleskyInvert(factor, size, workspace);
      return memory.f64(factor, size * size).slice();
    });
    const identity = Float64Array.from(
      gram,
      (_, at) => Number(at % (size + 1) === 0),
    );
    const expected = solveLinear(gram, identity, size, size);
    assert.ok(relativeDifference(inverse, expected) < 1e-9, `size ${size}`);
  }
});

testBothBuilds(
  "a system larger than the depth and column blocks of the product is solved",
  (kernels) => {
    const system = randomSystem(530, 3, 1e-2);
    const { solution, residual } = solveRidge(kernels, system);
    assert.ok(relativeDifference(solution, naiveRidge(system)) < 1e-9);
    assert.ok(residual < 1e-11);
  },
);

testBothBuilds("the energy is that of the solution without the ridge", (kernels) => {
  const system = randomSystem(11, 3, 0.1);
  const { solution, energy } = solveRidge(kernels, system);
  let expected = 0;
  for (let o = 0; o < 3; o++) {
    for (let r = 0; r < 11; r++) {
      for (let s = 0; s < 11; s++) {
        expected += solution[r * 3 + o] * system.gram[r * 11 + s] * solution[s * 3 + o];
      }
    }
  }
  assert.ok(Math.abs(energy - expected) < 1e-10 * expected);
});

testBothBuilds("the smallest pivot is that of the last row of a known factor", (kernels) => {
  // UᵀU with U = [[2, 1], [0, 0.5]]: pivots 4 and 0.25, mean diagonal (4 + 1.25) / 2.
  const { smallestPivot } = solveRidge(kernels, {
    gram: Float64Array.of(4, 2, 2, 1.25),
    cross: Float64Array.of(1, 1),
    weights: Float64Array.of(0, 0),
    size: 2,
    outputs: 1,
    ridge: 0,
  });
  assert.ok(Math.abs(smallestPivot - 0.25 / 2.625) < 1e-15);
});

function singularSystem(ridge: number): RidgeSystem {
  return {
    gram: Float64Array.of(1, 1, 1, 1),
    cross: Float64Array.of(1, 1),
    weights: Float64Array.of(0.25, 0.75),
    size: 2,
    outputs: 1,
    ridge,
  };
}

testBothBuilds("a failing pivot raises the ridge and the result says so", (kernels) => {
  const { ridge, attempts, solution } = solveRidge(kernels, singularSystem(1e-15));
  assert.ok(ridge >= 1e-10 && attempts === 2, `ridge ${ridge} after ${attempts} attempts`);
  assert.ok(Math.abs(solution[0] + solution[1] - 1) < 1e-4);
  assert.equal(solveRidge(kernels, singularSystem(1e-6)).attempts, 1);
});

testBothBuilds("where the data says nothing the old weights stay", (kernels) => {
  const { solution } = solveRidge(kernels, {
    gram: new Float64Array(9),
    cross: new Float64Array(3),
    weights: Float64Array.of(3, -1, 2),
    size: 3,
    outputs: 1,
    ridge: 1e-4,
  });
  assert.deepEqual([...solution], [3, -1, 2]);
});

function solveNonsense(kernels: Kernels, system: Partial<RidgeSystem>): () => void {
  return () => solveRidge(kernels, { ...singularSystem(1e-4), ...system });
}

testBothBuilds("nonsense is refused instead of solved", (kernels) => {
  const notFinite = Float64Array.of(1, NaN, NaN, 1);
  assert.throws(solveNonsense(kernels, { gram: notFinite }), /G holds NaN or Infinity/);
  const indefinite = Float64Array.of(1, -1e9, -1e9, 1);
  assert.throws(solveNonsense(kernels, { gram: indefinite }), /is no Gram matrix/);
  assert.throws(solveNonsense(kernels, { ridge: -1 }), /ridge -1, wanted at least 0/);
  assert.throws(solveNonsense(kernels, { size: 3 }), /wanted 3×3, 3×1 and 3×1/);
});
