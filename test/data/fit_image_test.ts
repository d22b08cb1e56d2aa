import assert from "node:assert/strict";
import { cropToShape, fitImage, type RawImage } from "../../src/data/fit_image.ts";
import { randomBytes } from "./fixtures.ts";

function fit(image: RawImage, height: number, width: number, channels: number): number[] {
  const out = new Uint8Array(height * width * channels);
  fitImage(image, out, { height, width, channels });
  return [...out];
}

Deno.test("gray becomes RGB by replication", () => {
  const image: RawImage = { data: Uint8Array.of(1, 250), height: 1, width: 2, channels: 1 };
  assert.deepEqual(fit(image, 1, 2, 3), [1, 1, 1, 250, 250, 250]);
});

Deno.test("RGBA loses its alpha and keeps its colors, transparent or not", () => {
  const data = Uint8Array.of(10, 20, 30, 0, 40, 50, 60, 255);
  assert.deepEqual(fit({ data, height: 1, width: 2, channels: 4 }, 1, 2, 3), [
    10,
    20,
    30,
    40,
    50,
    60,
  ]);
});

Deno.test("colors become gray by the weights of BT.601, and gray pixels stay as they are", () => {
  const data = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 93, 93, 93);
  assert.deepEqual(fit({ data, height: 1, width: 5, channels: 3 }, 1, 5, 1), [
    76,
    150,
    29,
    255,
    93,
  ]);
});

Deno.test("an image of another size and other colors is converted, then resized", () => {
  const data = randomBytes(8 * 8 * 4);
  const image: RawImage = { data, height: 8, width: 8, channels: 4 };
  const rgb: RawImage = {
    data: Uint8Array.from(fit(image, 8, 8, 3)),
    height: 8,
    width: 8,
    channels: 3,
  };
  assert.deepEqual(fit(image, 5, 3, 3), fit(rgb, 5, 3, 3));
});

Deno.test("room of another length is a RangeError", () => {
  const image: RawImage = { data: new Uint8Array(4), height: 2, width: 2, channels: 1 };
  assert.throws(() => fitImage(image, new Uint8Array(5), { height: 2, width: 2, channels: 1 }), {
    name: "RangeError",
    message: /room for 5 bytes, wanted 2×2×1/,
  });
});

Deno.test("an image that is cropped keeps its middle, in the ratio of the input", () => {
  const data = Uint8Array.from({ length: 2 * 7 }, (_, index) => index);
  const wide = cropToShape({ data, height: 2, width: 7, channels: 1 }, SQUARE);
  assert.deepEqual([wide.height, wide.width, [...wide.data]], [2, 2, [2, 3, 9, 10]]);
  const tall = cropToShape({ data, height: 7, width: 2, channels: 1 }, SQUARE);
  assert.deepEqual([tall.height, tall.width, [...tall.data]], [2, 2, [4, 5, 6, 7]]);
  const fitting = { data, height: 2, width: 7, channels: 1 };
  assert.equal(cropToShape(fitting, { height: 4, width: 14, channels: 3 }), fitting);
});

const SQUARE = { height: 224, width: 224, channels: 3 };
