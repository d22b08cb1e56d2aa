import assert from "node:assert/strict";
import { centerInPlace, joinHalves, type Moments } from "../../../src/kernels/moments.ts";
import { loadKernels } from "../../../src/kernels/load.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { checkRidge, chooseRidge } from "../../../src/pruning/selection/folds.ts";
import { createLassoSelector } from "../../../src/pruning/selection/lasso.ts";
import { createObsSelector } from "../../../src/pruning/selection/obs.ts";
import type { Problem } from "../../../src/pruning/selection/problem.ts";
import { reconstruct } from "../../../src/pruning/selection/reconstruction.ts";
import { standardize } from "../../../src/pruning/selection/standardize.ts";
import { multiply } from "../../reference/linear_algebra.ts";
import { naiveMoments } from "../../reference/moments.ts";
import { correlatedInputs, randomArray } from "../../reference/samples.ts";

await startBackend();
const kernels = await loadKernels();

/** The same layer as moments and as samples, about the means and in units of its own. */
function bothKinds(size: { count: number; channels: number; rows: number; outputs: number }) {
  const { count, channels, rows, outputs: n } = size;
  const d = channels * rows;
  const x = correlatedInputs(count, d, 3).map((value) => value + 0.5);
  const weights = randomArray(d * n, 4);
  const noise = randomArray(count * n, 5);
  const y = Float32Array.from(
    multiply(x, weights, count, d, n),
    (value, at) => value + 0.5 * noise[at] + 1,
  );
  const middle = Math.ceil(count / 2);
  const halves = [[0, middle], [middle, count]].map(([from, until]) => {
    const [ownX, ownY] = [x.slice(from * d, until * d), y.slice(from * n, until * n)];
    const moments = naiveMoments(ownX, ownY, until - from, d, n);
    const none = new Float64Array(0);
    const samples = { x: Float64Array.from(ownX), y: Float64Array.from(ownY) };
    return { moments, wide: { ...moments, gram: none, cross: none, samples } };
  });
  const problemOf = (kind: "moments" | "wide"): Problem => {
    const copies = halves.map((half) => structuredClone<Moments>(half[kind]));
    return standardize({
      moments: centerInPlace(joinHalves(copies[0], copies[1])),
      weights,
      positions: d,
      channelOf: Int32Array.from({ length: d }, (_, row) => row % channels),
      channels,
    });
  };
  return { byGram: problemOf("moments"), bySamples: problemOf("wide") };
}

const SMALL = { count: 20, channels: 12, rows: 3, outputs: 7 };

Deno.test("a layer's samples are brought about the means and to one scale as its moments are", () => {
  const { byGram, bySamples } = bothKinds(SMALL);
  for (const name of ["sumX", "sumY", "sumYY"] as const) {
    for (
      const [a, b] of [[byGram.moments, bySamples.moments], [
        byGram.moments.half!,
        bySamples.moments.half!,
      ]]
    ) {
      a[name].forEach((value, at) => assert.ok(Math.abs(value - b[name][at]) < 1e-5, name));
    }
  }
  byGram.inputScales!.forEach((scale, row) =>
    assert.ok(Math.abs(scale - bySamples.inputScales![row]) < 1e-6 * scale)
  );
});

Deno.test("channels go in the same order by samples and by G, with the same errors", () => {
  const { byGram, bySamples } = bothKinds(SMALL);
  for (const ridge of [undefined, 1e-2]) {
    const [a, b] = [byGram, bySamples].map((each) => createObsSelector(kernels, [each], { ridge }));
    assert.deepEqual(a.removalOrder, b.removalOrder);
    for (let count = 0; count <= SMALL.channels; count++) {
      assert.ok(Math.abs(a.errorAt(count) - b.errorAt(count)) < 1e-5, `${count}`);
    }
  }
});

Deno.test("the Lasso chooses the same channels by samples and by G", () => {
  const { byGram, bySamples } = bothKinds(SMALL);
  const [a, b] = [byGram, bySamples].map((each) => createLassoSelector(kernels, [each]));
  for (let count = 0; count <= SMALL.channels; count++) {
    assert.deepEqual(a.keep(count).kept, b.keep(count).kept);
  }
});

Deno.test("ridges are tried out by samples as they are by G", () => {
  const { byGram, bySamples } = bothKinds(SMALL);
  const rows = Array.from({ length: 24 }, (_, index) => index);
  for (const ridge of [1e-3, 1e-1, 10]) {
    const [a, b] = [byGram, bySamples].map((each) => checkRidge(kernels, each, rows, ridge));
    assert.ok(Math.abs(a.relativeError! - b.relativeError!) < 1e-5 * a.relativeError!);
  }
  const [a, b] = [byGram, bySamples].map((each) => chooseRidge(kernels, each, rows));
  assert.equal(a.ridge, b.ridge);
});

Deno.test("weights that are fitted by samples are those that are fitted by G, over several blocks of outputs", () => {
  const { byGram, bySamples } = bothKinds({ count: 9, channels: 5, rows: 3, outputs: 300 });
  for (const kept of [[0, 2, 3], [1]]) {
    const [a, b] = [byGram, bySamples].map((each) =>
      reconstruct(kernels, each, kept, { ridge: 1e-2 })
    );
    const largest = Math.max(...a.weights.map(Math.abs));
    a.weights.forEach((weight, at) => assert.ok(Math.abs(weight - b.weights[at]) < 1e-5 * largest));
    assert.ok(Math.abs(a.ridge - b.ridge) < 1e-9);
    assert.ok(b.residual < 1e-9);
    const free = { ridge: 1e-2, tryOut: false };
    const [c, e] = [byGram, bySamples].map((each) => reconstruct(kernels, each, kept, free));
    assert.ok(Math.abs(c.relativeError - e.relativeError) < 1e-6);
  }
});

Deno.test("of many outputs a sketch chooses channels about as good as all outputs do", () => {
  const { byGram, bySamples } = bothKinds({ count: 24, channels: 16, rows: 3, outputs: 600 });
  const [exact, sketched] = [byGram, bySamples].map((each) =>
    createObsSelector(kernels, [each], { ridge: 1e-1 })
  );
  for (const count of [4, 8, 12]) {
    const errorOf = (kept: Int32Array) =>
      reconstruct(kernels, byGram, kept, { ridge: 1e-1, tryOut: false }).relativeError;
    const [best, found] = [exact, sketched].map((each) => errorOf(each.keep(count).kept));
    assert.ok(found < 1.05 * best, `${count}: ${found} against ${best}`);
    const [a, b] = [exact, sketched].map((each) => each.errorAt(count));
    assert.ok(Math.abs(a - b) < 0.2 * a, `${count}: ${b} against ${a}`);
  }
});
