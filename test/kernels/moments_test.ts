import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  centerInPlace,
  centerMoments,
  giveBack,
  joinHalves,
  mergeMoments,
  type Moments,
} from "../../src/kernels/moments.ts";
import type { Kernels } from "../../src/kernels/load.ts";
import { MomentAccumulator } from "../../src/kernels/moment_accumulator.ts";
import { packMoments, unpackMoments } from "../../src/kernels/packed_moments.ts";
import { naiveMoments } from "../reference/moments.ts";
import { correlatedInputs, randomArray, relativeDifference } from "../reference/samples.ts";
import { testBothBuilds } from "./both_builds.ts";

const F32_TOLERANCE = 3e-6;
const MATRICES = ["gram", "cross", "sumX", "sumY", "sumYY"] as const;

function accumulate(
  kernels: Kernels,
  batches: { x: Float32Array; y: Float32Array; rows: number }[],
  d: number,
  n: number,
): Moments {
  const accumulator = new MomentAccumulator(kernels, d, n);
  try {
    for (const { x, y, rows } of batches) {
      tf.tidy(() => accumulator.accumulate(tf.tensor2d(x, [rows, d]), tf.tensor2d(y, [rows, n])));
    }
    return unpackMoments(accumulator.read());
  } finally {
    accumulator.dispose();
  }
}

function assertSameMoments(actual: Moments, expected: Moments, tolerance: number): void {
  assert.equal(actual.count, expected.count);
  for (const name of MATRICES) {
    const difference = relativeDifference(actual[name], expected[name]);
    assert.ok(difference <= tolerance, `${name} differs by ${difference}`);
  }
}

testBothBuilds("moments equal their naive twin at sizes around the 4×8 tile", (kernels) => {
  for (const d of [1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 24, 25, 49]) {
    for (const n of [1, 7, 8, 9]) {
      const rows = 3 + 11 * d % 17;
      const x = correlatedInputs(rows, d, d), y = randomArray(rows * n, d, n);
      const moments = accumulate(kernels, [{ x, y, rows }], d, n);
      assertSameMoments(moments, naiveMoments(x, y, rows, d, n), F32_TOLERANCE);
    }
  }
});

testBothBuilds(
  "moments equal their naive twin for row counts around the 256-row block",
  (kernels) => {
    for (const rows of [1, 255, 256, 257, 700]) {
      const x = correlatedInputs(rows, 19, rows), y = randomArray(rows * 5, rows);
      const moments = accumulate(kernels, [{ x, y, rows }], 19, 5);
      assertSameMoments(moments, naiveMoments(x, y, rows, 19, 5), F32_TOLERANCE);
    }
  },
);

testBothBuilds("G is symmetric to the last bit", (kernels) => {
  const x = correlatedInputs(300, 45, 1), y = randomArray(300, 2);
  const { gram, d } = accumulate(kernels, [{ x, y, rows: 300 }], 45, 1);
  for (let r = 0; r < d; r++) {
    for (let s = 0; s < r; s++) assert.equal(gram[r * d + s], gram[s * d + r]);
  }
});

testBothBuilds("merged shards equal the whole", (kernels) => {
  const d = 20, n = 3, rows = 512;
  const x = correlatedInputs(rows, d, 7), y = randomArray(rows * n, 8);
  const shard = (from: number, to: number) => ({
    x: x.slice(from * d, to * d),
    y: y.slice(from * n, to * n),
    rows: to - from,
  });
  const whole = accumulate(kernels, [shard(0, rows)], d, n);
  const batched = accumulate(kernels, [shard(0, 256), shard(256, rows)], d, n);
  const merged = mergeMoments([
    accumulate(kernels, [shard(0, 256)], d, n),
    accumulate(kernels, [shard(256, rows)], d, n),
  ]);
  assert.deepEqual(batched, whole);
  assert.deepEqual(merged, whole);
});

testBothBuilds(
  "moments that are packed and unpacked are the same, in memory of their own",
  (kernels) => {
    for (const d of [1, 2, 13]) {
      const x = correlatedInputs(40, d, 2), y = randomArray(80, 3);
      const moments = accumulate(kernels, [{ x, y, rows: 40 }], d, 2);
      const packed = packMoments(moments);
      assert.equal(packed.triangle.length, d * (d + 1) / 2);
      const first = unpackMoments(packed);
      assert.deepEqual(first, moments);
      centerInPlace(first);
      assert.deepEqual(unpackMoments(packed), moments);
    }
  },
);

testBothBuilds("centring in place gives what centring gives, and leaves the sums", (kernels) => {
  const x = correlatedInputs(40, 5, 2), y = randomArray(80, 3);
  const raw = accumulate(kernels, [{ x, y, rows: 40 }], 5, 2);
  const { sumX, sumY } = structuredClone(raw);
  const expected = centerMoments(raw);
  const centered = centerInPlace(raw);
  assert.deepEqual(centered, expected);
  assert.equal(centered.gram, raw.gram);
  assert.deepEqual([raw.sumX, raw.sumY], [sumX, sumY]);
});

testBothBuilds("centered moments equal the moments of centered samples", (kernels) => {
  const d = 10, n = 4, rows = 400;
  const x = correlatedInputs(rows, d, 3), y = randomArray(rows * n, 4).map((v) => v + 0.5);
  const subtractMeans = (values: Float32Array, columns: number) => {
    const means = new Float64Array(columns);
    values.forEach((value, at) => means[at % columns] += value / rows);
    return Float64Array.from(values, (value, at) => value - means[at % columns]);
  };
  const expected = naiveMoments(subtractMeans(x, d), subtractMeans(y, n), rows, d, n);
  const actual = centerMoments(accumulate(kernels, [{ x, y, rows }], d, n));
  for (const name of ["gram", "cross", "sumYY"] as const) {
    assert.ok(relativeDifference(actual[name], expected[name]) < 2e-5, name);
  }
  assert.ok(actual.sumX.every((sum) => sum === 0) && actual.sumY.every((sum) => sum === 0));
});

testBothBuilds("a half is moved about the means of all samples", (kernels) => {
  const d = 7, n = 3, rows = 90, first = 40;
  const x = correlatedInputs(rows, d, 3).map((value) => value + 1);
  const y = randomArray(rows * n, 4).map((value) => value - 0.5);
  const part = (from: number, to: number) => ({
    x: x.slice(from * d, to * d),
    y: y.slice(from * n, to * n),
    rows: to - from,
  });
  const [head, tail] = [part(0, first), part(first, rows)];
  const joined = joinHalves(accumulate(kernels, [head], d, n), accumulate(kernels, [tail], d, n));
  assertSameMoments(joined, accumulate(kernels, [part(0, rows)], d, n), F32_TOLERANCE);
  const { half } = centerMoments(joined);
  const expected = naiveMoments(
    aboutMeans(x, d).slice(0, first * d),
    aboutMeans(y, n).slice(0, first * n),
    first,
    d,
    n,
  );
  assertSameMoments(half!, expected, 2e-5);
  const packed = packMoments(joined);
  assert.deepEqual(unpackMoments(packed), joined);
  const merged = mergeMoments([joined, joined]);
  assert.equal(merged.half!.count, 2 * first);
  assert.throws(() => mergeMoments([joined, joined.half!]), /some with a half and some without/);
});

testBothBuilds("a constant input is exactly zero about its mean", (kernels) => {
  const d = 9, rows = 1000;
  const x = correlatedInputs(rows, d, 3).map((value, at) => at % d === 4 ? 0.3 : value);
  const y = randomArray(rows, 4);
  const { gram, cross } = centerMoments(accumulate(kernels, [{ x, y, rows }], d, 1));
  for (let s = 0; s < d; s++) {
    assert.equal(gram[4 * d + s], 0);
    assert.equal(gram[s * d + 4], 0);
  }
  assert.equal(cross[4], 0);
  assert.ok(gram[5 * d + 5] > 0);
});

testBothBuilds("accumulation leaves no tensor behind", (kernels) => {
  const before = tf.memory();
  const x = correlatedInputs(30, 9, 3), y = randomArray(30, 4);
  accumulate(kernels, [{ x, y, rows: 30 }], 9, 1);
  const after = tf.memory();
  assert.equal(after.numTensors, before.numTensors);
  assert.equal(after.numDataBuffers, before.numDataBuffers);
});

testBothBuilds("a batch of another shape or type is refused", (kernels) => {
  const accumulator = new MomentAccumulator(kernels, 3, 2);
  tf.tidy(() => {
    assert.throws(
      () => accumulator.accumulate(tf.zeros([5, 4]), tf.zeros([5, 2])),
      /X is 5×4 and Y is 5×2, wanted P×3 and P×2/,
    );
    assert.throws(
      () => accumulator.accumulate(tf.zeros([5, 3]), tf.zeros([4, 2])),
      /wanted P×3 and P×2/,
    );
    assert.throws(
      () => accumulator.accumulate(tf.zeros([5, 3], "int32"), tf.zeros([5, 2])),
      /int32 and float32, wanted float32/,
    );
  });
  accumulator.dispose();
  accumulator.dispose();
  assert.throws(() => accumulator.read(), /has been disposed/);
});

Deno.test("moments of different layers do not merge", () => {
  const small = naiveMoments([1, 2], [3, 4], 2, 1, 1);
  const large = naiveMoments([1, 2], [3], 1, 2, 1);
  assert.throws(() => mergeMoments([small, large]), /sizes 2×1 and 1×1/);
  assert.throws(() => mergeMoments([]), /none given/);
});

/** The columns of a matrix, each about its mean. */
function aboutMeans(values: Float32Array, columns: number): Float64Array {
  const rows = values.length / columns;
  const means = new Float64Array(columns);
  values.forEach((value, index) => means[index % columns] += value / rows);
  return Float64Array.from(values, (value, index) => value - means[index % columns]);
}

testBothBuilds("centered moments keep their digits, however far the means are", (kernels) => {
  const d = 9, n = 3, rows = 700;
  const deviations = correlatedInputs(rows, d, 5), targets = randomArray(rows * n, 6);
  for (const ratio of [1, 100, 300, 1000]) {
    const x = deviations.map((value, index) => Math.fround(value + ratio * (1 + index % d)));
    const y = targets.map((value) => Math.fround(value - ratio));
    const expected = centerMoments(
      naiveMoments(aboutMeans(x, d), aboutMeans(y, n), rows, d, n),
    );
    const found = centerMoments(accumulate(kernels, [{ x, y, rows }], d, n));
    assertSameMoments(found, expected, F32_TOLERANCE);
    assert.ok(found.gram[0] > 0, `a mean of ${ratio} is no constant`);
  }
});

testBothBuilds("a constant column is one, whatever its value", (kernels) => {
  const rows = 300;
  const x = Float32Array.from(
    { length: rows * 2 },
    (_, index) => index % 2 ? 1e6 : index * 7 % 11,
  );
  const { gram } = centerMoments(accumulate(kernels, [{ x, y: x, rows }], 2, 2));
  assert.deepEqual([gram[1], gram[2], gram[3]], [0, 0, 0]);
  assert.ok(gram[0] > 0);
});

testBothBuilds("sums that pass the addresses there are are refused, not wrapped", (kernels) => {
  for (const inputs of [23_000, 33_000, 46_500, 200_000]) {
    assert.ok(kernels.wasm.gramTileBytes(inputs) > 4 * inputs * inputs);
    if (inputs > 30_000) {
      assert.throws(
        () => new MomentAccumulator(kernels, inputs, 1),
        /wanted room for them below 4 GiB; use/,
      );
    }
  }
});

Deno.test("memory that is given back is free at once", () => {
  const bytes = 2 ** 26;
  const array = new Float64Array(bytes / 8).fill(1);
  const before = Deno.memoryUsage().external;
  giveBack([array, new Float64Array(0)]);
  assert.equal(array.length, 0);
  assert.ok(Deno.memoryUsage().external <= before - bytes);
});
