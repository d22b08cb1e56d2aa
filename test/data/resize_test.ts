import assert from "node:assert/strict";
import { resizeImage } from "../../src/data/resize.ts";
import { randomBytes } from "./fixtures.ts";
import { resizeNaively } from "./naive_resize.ts";

type Size = [number, number];

function resize(data: Uint8Array, [height, width]: Size, target: Size, channels: number) {
  const out = new Uint8Array(target[0] * target[1] * channels);
  resizeImage({ data, height, width, channels }, out, ...target);
  return out;
}

Deno.test("`resizeImage()` agrees with the naive sum for growing, shrinking and mixed sizes", () => {
  const cases: [Size, Size][] = [
    [[1, 1], [1, 1]],
    [[1, 1], [5, 3]],
    [[7, 9], [3, 4]],
    [[8, 8], [4, 4]],
    [[5, 40], [11, 6]],
    [[31, 17], [32, 16]],
    [[64, 48], [7, 1]],
  ];
  for (const [source, target] of cases) {
    for (const channels of [1, 3]) {
      const data = randomBytes(source[0] * source[1] * channels);
      const wanted = resizeNaively(data, source, target, channels);
      resize(data, source, target, channels).forEach((value, index) => {
        assert.ok(Math.abs(value - wanted[index]) <= 0.5 + 1e-4, `${source} to ${target}`);
      });
    }
  }
});

Deno.test("`resizeImage()` halves by the triangle of width two, as Pillow does", () => {
  const out = resize(Uint8Array.of(0, 0, 0, 80, 80, 80, 160, 160), [1, 8], [1, 4], 1);
  assert.deepEqual([...out], [0, 40, 90, 149]);
});

Deno.test("`resizeImage()` keeps the image at its own size and a flat image at any", () => {
  const data = randomBytes(6 * 5 * 3);
  assert.deepEqual(resize(data, [6, 5], [6, 5], 3), data);
  const flat = new Uint8Array(300).fill(201);
  assert.ok(resize(flat, [10, 10], [7, 23], 3).every((value) => value === 201));
});

Deno.test("mirroring the image mirrors the answer", () => {
  const mirror = (data: Uint8Array) => data.toReversed();
  for (const target of [[4, 3], [13, 17]] as Size[]) {
    const data = randomBytes(9 * 10);
    const straight = resize(data, [9, 10], target, 1);
    const turned = resize(mirror(data), [9, 10], target, 1);
    mirror(turned).forEach((value, index) => assert.ok(Math.abs(value - straight[index]) <= 1));
  }
});
