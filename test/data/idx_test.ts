import assert from "node:assert/strict";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describeDataset, openDataset } from "../../src/data/open_dataset.ts";
import {
  encodeIdxImages,
  encodeIdxLabels,
  imageInputs,
  inTempFolder,
  randomBytes,
  writeFile,
} from "./fixtures.ts";

const SHAPE = imageInputs(5, 7, 1);
const IMAGES = "train-images-idx3-ubyte";
const LABELS = "train-labels-idx1-ubyte";

Deno.test("IDX pixels arrive as stored, plain, gzipped, and gzipped without the ending", () =>
  inTempFolder(async (root) => {
    const plain = encodeIdxImages(6, 5, 7);
    const variants: [string, Uint8Array][] = [
      [IMAGES, plain],
      [`${IMAGES}.gz`, gzipSync(plain)],
      [IMAGES, gzipSync(plain)],
      ["train-images.idx3-ubyte", plain],
    ];
    for (const [number, [name, bytes]] of variants.entries()) {
      const folder = join(root, String(number));
      await writeFile(join(folder, name), bytes);
      await writeFile(join(folder, LABELS), encodeIdxLabels([0, 1, 0, 1, 0, 1]));
      const { train, test, close } = await openDataset(folder, SHAPE);
      const out = new Uint8Array(35);
      const read = new Set<string>();
      for (const set of [train, test]) {
        for (let index = 0; index < set.length; index++) {
          await set.read(index, [out]);
          read.add(out.join());
        }
      }
      close();
      const stored = randomBytes(6 * 35);
      const wanted = Array.from({ length: 6 }, (_, i) => stored.slice(i * 35, (i + 1) * 35).join());
      assert.deepEqual([...read].sort(), wanted.sort());
    }
  }));

Deno.test("IDX without names takes the model's when there are as many", () =>
  inTempFolder(async (folder) => {
    await writeFile(join(folder, IMAGES), encodeIdxImages(4, 5, 7));
    await writeFile(join(folder, LABELS), encodeIdxLabels([0, 1, 0, 1]));
    const named = await openDataset(folder, { ...SHAPE, classes: ["shirt", "bag"] });
    const unnamed = await openDataset(folder, { ...SHAPE, classes: ["one of another model"] });
    named.close();
    unnamed.close();
    assert.deepEqual(named.classes, ["shirt", "bag"]);
    assert.deepEqual(unnamed.classes, ["0", "1"]);
    assert.deepEqual(named.train.labels!, unnamed.train.labels!);
  }));

const images = encodeIdxImages(3, 5, 7);
const labels = encodeIdxLabels([0, 1, 2]);
const FAULTS: [sentence: string, files: Record<string, Uint8Array>, message: RegExp][] = [
  [
    "a truncated image file names both lengths",
    { [IMAGES]: images.subarray(0, 50), [LABELS]: labels },
    /found 50 bytes, wanted 121 for 3×5×7/,
  ],
  [
    "a file shorter than its header is refused",
    { [IMAGES]: images.subarray(0, 9), [LABELS]: labels },
    /found its end at byte 9, wanted 16 bytes/,
  ],
  [
    "a file that is too long is refused",
    { [IMAGES]: images, [LABELS]: new Uint8Array([...labels, 1]) },
    /found 12 bytes, wanted 11 for 3/,
  ],
  [
    "as many labels as images are wanted",
    { [IMAGES]: images, [LABELS]: encodeIdxLabels([0, 1]) },
    /found 3 images and 2 labels/,
  ],
  [
    "no images at all is refused",
    { [IMAGES]: encodeIdxImages(0, 5, 7), [LABELS]: encodeIdxLabels([]) },
    /found 0 images and 0 labels/,
  ],
  [
    "a wrong magic number shows both",
    { [IMAGES]: images, [LABELS]: images },
    /train-labels-idx1-ubyte: found magic number 0x00000803, wanted 0x00000801/,
  ],
  ["images without labels name what is missing", { [IMAGES]: images }, /train-labels-idx1-ubyte/],
  [
    "a damaged archive says that it does not unpack",
    { [`${IMAGES}.gz`]: gzipSync(images).subarray(0, 40), [LABELS]: labels },
    /unpacking .*idx3-ubyte\.gz/,
  ],
  [
    "a test label that the train split does not have is out of range",
    {
      [IMAGES]: images,
      [LABELS]: labels,
      "t10k-images-idx3-ubyte": encodeIdxImages(1, 5, 7),
      "t10k-labels-idx1-ubyte": encodeIdxLabels([3]),
    },
    /t10k-labels-idx1-ubyte, image 0: found label 3, wanted 0 to 2, the labels of the train split/,
  ],
];

for (const [sentence, files, message] of FAULTS) {
  Deno.test(`IDX: ${sentence}`, () =>
    inTempFolder(async (folder) => {
      for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
      await assert.rejects(openDataset(folder, SHAPE), { name: "InputError", message });
    }));
}

Deno.test("IDX: a label beyond the network's outputs names its file and the image", () =>
  inTempFolder(async (folder) => {
    await writeFile(join(folder, IMAGES), encodeIdxImages(6, 5, 7));
    await writeFile(join(folder, LABELS), encodeIdxLabels([0, 1, 2, 200, 1, 2]));
    await assert.rejects(openDataset(folder, { ...SHAPE, outputs: 3 }), {
      name: "InputError",
      message: /train-labels-idx1-ubyte, image 3: found label 200, wanted 0 to 2, one per output/,
    });
    await writeFile(join(folder, LABELS), encodeIdxLabels([0, 1, 2, 0, 1, 2]));
    const { classes, close } = await openDataset(folder, { ...SHAPE, outputs: 3 });
    close();
    assert.equal(classes!.length, 3);
  }));

Deno.test("IDX: a gap in the labels is no description of classes, a missing 0 is none", () =>
  inTempFolder(async (folder) => {
    await writeFile(join(folder, IMAGES), encodeIdxImages(6, 5, 7));
    const describe = async (labels: number[]) => {
      await writeFile(join(folder, LABELS), encodeIdxLabels(labels));
      return (await describeDataset(folder)).classes.length;
    };
    await assert.rejects(describe([0, 1, 2, 0, 200, 2]), {
      name: "InputError",
      message: /train-labels-idx1-ubyte, image 4: found label 200 but no image of label 199/,
    });
    await assert.rejects(describe([0, 1, 3, 0, 1, 3]), /image 2: found label 3 but no .* label 2/);
    assert.equal(await describe([2, 1, 0, 2, 1, 0]), 3);
    assert.equal(await describe([3, 1, 2, 3, 1, 2]), 4);
  }));
