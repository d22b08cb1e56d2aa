import assert from "node:assert/strict";
import {
  augmentBatch,
  augmentImage,
  checkAugmentation,
  countVersions,
  listImageSizes,
} from "../../src/data/augment.ts";
import { createRandom } from "../../src/base/random.ts";

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
    assert.deepEqual([pixels[1], pixels[2 + LENGTH]], [-1, -1], "neighbors are not touched");
  }
  for (const count of wanted.values()) assert.ok(count > 50 && count < 160, `${count}`);
});

Deno.test("without shift and flip an image stays as it is", () => {
  const pixels = Float32Array.from({ length: LENGTH }, (_, index) => index);
  augmentImage(pixels, 0, shape, { shift: 0, flip: false }, createRandom(1));
  assert.deepEqual([...pixels], [...pixels.keys()]);
});

const INPUTS = [
  { name: "rgb", shape: [3, 4, 2] },
  { name: "meta", shape: [24] },
  { name: "depth", shape: [3, 4, 1] },
];

Deno.test("augmentBatch() moves all images of a row alike, and nothing else", () => {
  const rows = 6;
  const draw = () => {
    const rgb = Float32Array.from({ length: rows * LENGTH }, (_, at) => at % LENGTH + 1);
    const depth = Float32Array.from({ length: rows * 12 }, (_, at) => 2 * (at % 12) + 1);
    return { rgb, meta: rgb.slice(), depth };
  };
  const indices = Int32Array.from({ length: rows }, (_, row) => 3 * row);
  const { rgb, meta, depth } = draw();
  const batch = { inputs: [rgb, meta, depth], indices, size: rows };
  augmentBatch(batch, INPUTS, { shift: 2, flip: true }, 5, 1);
  assert.deepEqual(meta, draw().meta);
  assert.notDeepEqual(rgb, draw().rgb);
  depth.forEach((value, at) =>
    assert.equal(value, rgb[2 * at], "the first channel is the same map")
  );
  const alone = draw().rgb.subarray(LENGTH, 2 * LENGTH);
  augmentImage(alone, 0, shape, { shift: 2, flip: true }, createRandom(5, 1, 3));
  assert.deepEqual(rgb.subarray(LENGTH, 2 * LENGTH), alone, "as a single input's");
});

Deno.test("a training shows an image in as many versions as are wanted, and in one where nothing is changed", () => {
  assert.equal(countVersions({ shift: 4, flip: true }), Infinity, "another one in every epoch");
  assert.equal(countVersions({ shift: 4, flip: false, versions: 8 }), 8);
  assert.equal(countVersions({ shift: 0, flip: true, versions: 8 }), 8);
  assert.equal(countVersions({ shift: 0, flip: false, versions: 8 }), 1);
});

Deno.test("images of one size are shifted together, not those that share a side alone", () => {
  assert.deepEqual(listImageSizes(INPUTS), [{ height: 3, width: 4 }]);
  const turned = [...INPUTS, { name: "turned", shape: [4, 3, 1] }];
  assert.deepEqual(listImageSizes(turned), [{ height: 3, width: 4 }, { height: 4, width: 3 }]);
});

Deno.test("checkAugmentation() refuses to shift images of different sizes", () => {
  const inputs = [...INPUTS, { name: "coarse", shape: [2, 2, 1] }];
  checkAugmentation(INPUTS, { shift: 4, flip: true });
  checkAugmentation(inputs, { shift: 0, flip: true });
  assert.throws(() => checkAugmentation(inputs, { shift: 4, flip: false }), {
    name: "InputError",
    message: /different sizes \(rgb 3×4, depth 3×4, coarse 2×2\), wanted one size.*give shift 0/,
  });
});
