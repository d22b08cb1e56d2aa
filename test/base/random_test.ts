import assert from "node:assert/strict";
import { createRandom, drawNormal, shuffledIndices } from "../../src/base/random.ts";

Deno.test("the same keys give the same numbers, other keys give others", () => {
  const draw = (...keys: number[]) => Array.from({ length: 5 }, createRandom(...keys));
  assert.deepEqual(draw(1, 2, 3), draw(1, 2, 3));
  const streams = [draw(1), draw(2), draw(1, 0), draw(0, 1), draw(-1)].map(String);
  assert.equal(new Set(streams).size, streams.length);
});

Deno.test("numbers are uniform, also the first of neighboring streams", () => {
  const first = Array.from({ length: 20_000 }, (_, key) => createRandom(7, key)());
  const cells = new Array(10).fill(0);
  for (const value of first) cells[Math.floor(10 * value)]++;
  const chiSquare = cells.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
  assert.ok(chiSquare < 27.9, `χ² = ${chiSquare} with 9 degrees of freedom`);
});

Deno.test("drawNormal() has the moments of a standard normal number", () => {
  const random = createRandom(3);
  const values = Array.from({ length: 40_000 }, () => drawNormal(random));
  const moment = (power: number) =>
    values.reduce((sum, value) => sum + value ** power, 0) / values.length;
  for (const [power, wanted] of [[1, 0], [2, 1], [3, 0], [4, 3]]) {
    assert.ok(Math.abs(moment(power) - wanted) < 0.1, `moment ${power} is ${moment(power)}`);
  }
});

Deno.test("shuffledIndices() is a permutation that puts every index everywhere", () => {
  const random = createRandom(5);
  const counts = Array.from({ length: 4 }, () => new Array(4).fill(0));
  for (let round = 0; round < 4000; round++) {
    const indices = shuffledIndices(4, random);
    assert.deepEqual([...indices].sort(), [0, 1, 2, 3]);
    indices.forEach((index, place) => counts[place][index]++);
  }
  for (const count of counts.flat()) assert.ok(Math.abs(count - 1000) < 120, `${count}`);
});
