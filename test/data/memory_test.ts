import assert from "node:assert/strict";
import { InputError } from "../../src/base/errors.ts";
import type { MemorySplit } from "../../src/data/memory.ts";
import { openDataset } from "../../src/data/open_dataset.ts";
import { imageInputs } from "./fixtures.ts";

const SHAPE = imageInputs(1, 2, 3);
const RGBA = { data: Uint8ClampedArray.of(1, 2, 3, 255, 4, 5, 6, 0), height: 1, width: 2 };

const open = (train: MemorySplit) => openDataset({ classes: ["a", "b"], train }, SHAPE);

Deno.test("an ImageData loses its alpha channel and keeps its colors", async () => {
  const { train } = await open({ images: [RGBA, RGBA, RGBA, RGBA], labels: [0, 0, 1, 1] });
  const out = new Uint8Array(6);
  await train.read(0, [out]);
  assert.deepEqual([...out], [1, 2, 3, 4, 5, 6]);
});

const REFUSALS: Record<string, { split: MemorySplit; message: RegExp }> = {
  "a label too few": {
    split: { images: [RGBA, RGBA], labels: [0] },
    message: /found 2 and 1 labels/,
  },
  "no images": { split: { images: [], labels: [] }, message: /found 0 and 0 labels/ },
  "a label that is no class": {
    split: { images: [RGBA, RGBA], labels: [0, 2] },
    message: /training image 1: found label 2, wanted one of the 2 classes/,
  },
  "pixels of two channels": {
    split: { images: [{ ...RGBA, data: new Uint8Array(4) }], labels: [0] },
    message: /training image 0: found 4 bytes for 1×2 pixels, wanted 1, 3 or 4 for each/,
  },
};

for (const [what, { split, message }] of Object.entries(REFUSALS)) {
  Deno.test(`${what} in memory is an InputError that names the image`, async () => {
    await assert.rejects(open(split), (error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, message);
      return true;
    });
  });
}
