import assert from "node:assert/strict";
import {
  drawDistinct,
  pointsFor,
  samplePositions,
} from "../../../src/execution/calibration/sampling.ts";
import { createRandom } from "../../../src/base/random.ts";

Deno.test("drawDistinct() draws every subset equally often", () => {
  const random = createRandom(3);
  const counts = new Map<string, number>();
  for (let draw = 0; draw < 6000; draw++) {
    const key = drawDistinct(2, 4, random).join();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  assert.equal(counts.size, 6);
  for (const count of counts.values()) assert.ok(Math.abs(count - 1000) < 150, `${count}`);
});

Deno.test("drawDistinct() gives the whole range when asked for as much", () => {
  assert.deepEqual(drawDistinct(5, 3, createRandom(1)), [0, 1, 2]);
});

Deno.test("positions depend on seed, layer and image, not on the batch around it", () => {
  const options = { seed: 1, pointsPerImage: 4 };
  const together = samplePositions(2, [7, 9], [5, 6], options);
  const alone = samplePositions(2, [9], [5, 6], options);
  const cells = (positions: Int32Array, image: number) =>
    Array.from({ length: positions.length / 3 }, (_, point) => positions.subarray(3 * point))
      .filter(([index]) => index === image).map(([, row, column]) => [row, column]);
  assert.deepEqual(cells(together, 1), cells(alone, 0));
  assert.notDeepEqual(samplePositions(3, [9], [5, 6], options), alone);
  assert.notDeepEqual(samplePositions(2, [9], [5, 6], { ...options, seed: 2 }), alone);
  for (const [row, column] of cells(together, 0)) assert.ok(row < 5 && column < 6);
});

Deno.test("a layer is sampled at as many positions as its inputs want", () => {
  assert.equal(pointsFor(576, 7680), 10, "ten at least");
  for (const [inputs, images] of [[576, 128], [1152, 500], [2304, 256]]) {
    const points = pointsFor(inputs, images);
    assert.ok(points * images >= 30 * inputs && (points - 1) * images < 30 * inputs);
  }
  for (const [inputs, images] of [[20_000, 64], [9216, 4000]]) {
    const points = pointsFor(inputs, images);
    assert.ok(points === 10 || points * images * inputs ** 2 <= 2 ** 40);
  }
});
