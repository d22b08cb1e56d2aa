import assert from "node:assert/strict";
import { augmentImage } from "../../src/data/mod.ts";
import { createRandom } from "../../src/random.ts";

const shape = { height: 3, width: 4, channels: 2 };
const LENGTH = 24;

/** The image shifted and mirrored by the definition, pixel by pixel. */
function naive(image: Float32Array, down: number, right: number, isFlipped: boolean): number[] {
  const at = (row: number, column: number, channel: number) =>
    row < 0 || row >= 3 || column < 0 || column >= 4 ? 0 : image[(row * 4 + column) * 2 + channel];
  return Array.from({ length: LENGTH }, (_, index) => {
    const channel = index % 2;
    const column = Math.floor(index / 2) % 4;
    const row = Math.floor(index / 8);
    return at(row + down, (isFlipped ? 3 - column : column) + right, channel);
  });
}

Deno.test("augmentImage() gives every shift and mirror image, and nothing else", () => {
  const image = Float32Array.from({ length: LENGTH }, (_, index) => index + 1);
  const wanted = new Map<string, number>();
  for (let down = -1; down <= 1; down++) {
    for (let right = -1; right <= 1; right++) {
      for (const isFlipped of [false, true]) {
        wanted.set(naive(image, down, right, isFlipped).join(), 0);
      }
    }
  }
  const random = createRandom(1);
  for (let round = 0; round < 1800; round++) {
    const pixels = new Float32Array(LENGTH + 4).fill(-1);
    pixels.set(image, 2);
    augmentImage(pixels, 2, shape, { shift: 1, flip: true }, random);
    const found = pixels.slice(2, 2 + LENGTH).join();
    assert.ok(wanted.has(found));
    wanted.set(found, wanted.get(found)! + 1);
    assert.deepEqual([pixels[1], pixels[2 + LENGTH]], [-1, -1], "neighbours are not touched");
  }
  for (const count of wanted.values()) assert.ok(count > 50 && count < 160, `${count}`);
});

Deno.test("without shift and flip an image stays as it is", () => {
  const pixels = Float32Array.from({ length: LENGTH }, (_, index) => index);
  augmentImage(pixels, 0, shape, { shift: 0, flip: false }, createRandom(1));
  assert.deepEqual([...pixels], [...pixels.keys()]);
});
