import assert from "node:assert/strict";
import { GroupElimination } from "../../src/kernels/elimination.ts";
import { SampleElimination } from "../../src/kernels/sample_elimination.ts";
import type { Moments } from "../../src/kernels/moments.ts";
import { multiply } from "../reference/linear_algebra.ts";
import { naiveMoments } from "../reference/moments.ts";
import { correlatedInputs, randomArray } from "../reference/samples.ts";
import { testBothBuilds } from "./both_builds.ts";

const NONE = new Float64Array(0);

/** The same layer with G and C, and with its samples. */
function fewSamples(count: number, d: number, n: number, seed: number) {
  const x = correlatedInputs(count, d, seed);
  const weights = randomArray(d * n, seed, 4);
  const noise = randomArray(count * n, seed, 5);
  const y = multiply(x, weights, count, d, n).map((value, at) => value + 0.2 * noise[at]);
  const moments = naiveMoments(x, Float32Array.from(y), count, d, n);
  const samples = { x: Float64Array.from(x), y: Float64Array.from(Float32Array.from(y)) };
  const wide: Moments = { ...moments, gram: NONE, cross: NONE, samples };
  return { moments, wide, weights };
}

testBothBuilds("elimination by samples gives what elimination by G gives", (kernels) => {
  for (
    const [count, channels, rows, outputs] of [[3, 5, 1, 1], [7, 6, 4, 3], [20, 9, 7, 18], [
      33,
      40,
      3,
      5,
    ]]
  ) {
    const d = channels * rows;
    const { moments, wide, weights } = fewSamples(count, d, outputs, count);
    const groups = Array.from(
      { length: channels },
      (_, channel) => Array.from({ length: rows }, (_, row) => row * channels + channel),
    );
    const system = { weights, groups, ridge: 1e-2 };
    const byGram = new GroupElimination(kernels, { ...system, moments });
    const bySamples = new SampleElimination(kernels, { ...system, moments: wide });
    const scale = moments.sumYY.reduce((sum, value) => sum + value, 0);
    const left = [...groups.keys()];
    assert.ok(Math.abs(byGram.evidence.ridge - bySamples.evidence.ridge) < 1e-15);
    while (left.length > 0) {
      const [expected, actual] = [byGram, bySamples].map((each) => each.costsOf(left));
      const differences = actual.map((cost, at) => Math.abs(cost - expected[at]));
      assert.ok(Math.max(...differences) < 1e-8 * scale, `${Math.max(...differences)} ${scale}`);
      assert.ok(Math.abs(byGram.squaredError() - bySamples.squaredError()) < 1e-8 * scale);
      const [victim] = left.splice(expected.indexOf(Math.min(...expected)), 1);
      byGram.eliminate(victim);
      bySamples.eliminate(victim);
    }
    assert.ok(Math.abs(bySamples.squaredError() - scale) < 1e-8 * scale);
    byGram.dispose();
    bySamples.dispose();
  }
});

testBothBuilds("by samples too, a group cannot be dropped twice", (kernels) => {
  const { wide, weights } = fewSamples(4, 6, 2, 1);
  const groups = [[0, 1], [2, 3]];
  const elimination = new SampleElimination(kernels, {
    moments: wide,
    weights,
    groups,
    ridge: 1e-2,
  });
  elimination.eliminate(1);
  assert.throws(() => elimination.eliminate(1), /group 1: it has been dropped before/);
  elimination.dispose();
  elimination.dispose();
});
