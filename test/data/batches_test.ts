import assert from "node:assert/strict";
import { join } from "node:path";
import { InputError } from "../../src/base/errors.ts";
import { chunk, pickCalibration, pickHeldOut, readBatch } from "../../src/data/batches.ts";
import { ImageFaults } from "../../src/data/image_faults.ts";
import type { ImageSet } from "../../src/data/dataset.ts";
import { openDataset } from "../../src/data/open_dataset.ts";
import type { InputPreparation } from "../../src/model/preprocessing.ts";
import { imageInputs, inTempFolder, writeFile, writeImageFolder } from "./fixtures.ts";

const INPUTS: InputPreparation[] = [{
  name: "image",
  shape: [1, 2, 1],
  transform: { scale: 0.5, mean: [1], std: [4], channelOrder: "rgb" },
}];

/** Images of the bytes [i, i + 1] and label 2 i; the faulty ones do not decode. */
function createSet(length: number, faulty: number[] = []): ImageSet {
  return {
    length,
    labels: Int32Array.from({ length }, (_, index) => 2 * index),
    allocate: () => [new Uint8Array(2)],
    describe: (index) => `image ${index}`,
    read(index, [out]) {
      if (faulty.includes(index)) {
        return Promise.reject(new InputError(`reading image ${index}: bad`));
      }
      out.set([index, index + 1]);
      return Promise.resolve();
    },
  };
}

Deno.test("`readBatch()` preprocesses images in the order they were asked for", async () => {
  const indices = Array.from({ length: 40 }, (_, index) => (index * 7) % 40);
  const batch = await readBatch(createSet(40), indices, INPUTS, new ImageFaults());
  assert.equal(batch.size, 40);
  assert.deepEqual([...batch.indices], indices);
  assert.deepEqual([...batch.labels!], indices.map((index) => 2 * index));
  const wanted = indices.flatMap((index) => [index, index + 1].map((x) => (x * 0.5 - 1) / 4));
  assert.deepEqual([...batch.inputs[0]], wanted);
});

Deno.test("`readBatch()` leaves a faulty image out, and names it", async () => {
  const faults = new ImageFaults({ planned: 400 });
  const set = createSet(40, [3, 20, 39]);
  const batch = await readBatch(
    set,
    Int32Array.from({ length: 40 }, (_, i) => i),
    INPUTS,
    faults,
  );
  assert.equal(batch.size, 37);
  assert.equal(batch.inputs[0].length, 37 * 2);
  assert.deepEqual(faults.names, ["image 3", "image 20", "image 39"]);
  batch.indices.forEach((index, row) => {
    assert.equal(batch.labels![row], 2 * index);
    assert.equal(batch.inputs[0][row * 2], (index * 0.5 - 1) / 4);
  });
  const empty = await readBatch(set, [3], INPUTS, faults);
  assert.deepEqual([empty.size, empty.inputs[0].length, faults.count], [0, 0, 3]);
});

Deno.test("`readBatch()` ends the run when too many images are faulty", async () => {
  const set = createSet(30, [1, 2, 3, 4, 5]);
  const indices = Array.from({ length: 30 }, (_, index) => index);
  await assert.rejects(readBatch(set, indices, INPUTS, new ImageFaults()), {
    name: "InputError",
    message:
      /found 2 of 30 that cannot be read, wanted at most 1 %.*image 1: bad; reading image 2: bad/,
  });
});

Deno.test("`readBatch()` does not take a defect for a faulty image", async () => {
  const set = { ...createSet(3), read: () => Promise.reject(new TypeError("a defect")) };
  await assert.rejects(readBatch(set, [0], INPUTS, new ImageFaults()), TypeError);
});

Deno.test("`readBatch()` skips a damaged file of a real folder by name", () =>
  inTempFolder(async (folder) => {
    await writeImageFolder(folder, { "train/a": 3, "test/a": 1 });
    const damaged = join(folder, "train/a/damaged.jpg");
    await writeFile(damaged, new TextEncoder().encode("not an image"));
    const { train } = await openDataset(folder, imageInputs(1, 2, 1));
    const faults = new ImageFaults();
    const batch = await readBatch(train, [0, 1, 2, 3], INPUTS, faults);
    assert.deepEqual([...batch.indices], [0, 1, 2]);
    assert.deepEqual(faults.names, [damaged]);
  }));

Deno.test("`pickCalibration()` gives different images, the same ones for the same seed", () => {
  const picked = pickCalibration({ length: 1000 }, 64, 5);
  assert.equal(new Set(picked).size, 64);
  assert.deepEqual(picked, pickCalibration({ length: 1000 }, 64, 5));
  assert.notDeepEqual(picked, pickCalibration({ length: 1000 }, 64, 6));
  assert.deepEqual(picked.subarray(0, 10), pickCalibration({ length: 1000 }, 10, 5));
});

Deno.test("images for calibration and for judging are every image once when there are fewer than wanted", () => {
  for (const length of [0, 1, 4, 9, 160, 8000, 30_000]) {
    const set = { length };
    const [picked, heldOut] = [pickCalibration(set, 1e6, 1), pickHeldOut(set, 1e6, 1)];
    assert.equal(heldOut.length, Math.min(5000, Math.floor(length / 5)));
    const all = Int32Array.from([...picked, ...heldOut]).sort();
    assert.deepEqual(all, Int32Array.from({ length }, (_, index) => index));
    assert.deepEqual(pickHeldOut(set, 3, 1), heldOut.slice(-3));
  }
});

Deno.test("`chunk()` covers the list once, with a shorter last batch", () => {
  const batches = [...chunk([5, 4, 3, 2, 1], 2)].map((batch) => [...batch]);
  assert.deepEqual(batches, [[5, 4], [3, 2], [1]]);
  assert.deepEqual([...chunk([], 3)], []);
  assert.throws(() => [...chunk([1], 0)], RangeError);
});
