import assert from "node:assert/strict";
import { join } from "node:path";
import { openDataset } from "../../src/data/open_dataset.ts";
import { encodeCifar, imageInputs, inTempFolder, randomBytes, writeFile } from "./fixtures.ts";

const SHAPE = imageInputs(32, 32, 3);

Deno.test("CIFAR planes become pixels with their colors side by side, across batch files", () =>
  inTempFolder(async (folder) => {
    await writeFile(join(folder, "data_batch_1.bin"), encodeCifar([5, 6]));
    await writeFile(join(folder, "data_batch_2.bin"), encodeCifar([7, 8], { seed: 2 }));
    await writeFile(join(folder, "test_batch.bin"), encodeCifar([9], { seed: 3 }));
    const dataset = await openDataset(folder, SHAPE);
    assert.deepEqual([...dataset.train.labels!], [5, 6, 7, 8]);
    assert.equal(dataset.train.describe(3), `${join(folder, "data_batch_2.bin")}, record 1`);
    const planes = randomBytes(3072, 2001);
    const out = new Uint8Array(3072);
    await dataset.train.read(3, [out]);
    dataset.close();
    out.forEach((value, i) => assert.equal(value, planes[(i % 3) * 1024 + Math.floor(i / 3)]));
  }));

Deno.test("CIFAR-100 gives the fine labels", () =>
  inTempFolder(async (folder) => {
    await writeFile(join(folder, "train.bin"), encodeCifar([42, 99], { coarse: 3 }));
    await writeFile(join(folder, "test.bin"), encodeCifar([7], { coarse: 3 }));
    const dataset = await openDataset(folder, SHAPE);
    dataset.close();
    assert.equal(dataset.format, "CIFAR-100");
    assert.equal(dataset.classes!.length, 100);
    assert.deepEqual([...dataset.train.labels!, ...dataset.test.labels!], [42, 99, 7]);
  }));

Deno.test("CIFAR is found one folder down, with its class names", () =>
  inTempFolder(async (folder) => {
    const place = join(folder, "cifar-10-batches-bin");
    const names = Array.from({ length: 10 }, (_, index) => `class ${index}`);
    await writeFile(join(place, "data_batch_1.bin"), encodeCifar([0, 1, 2, 3, 0, 1, 2, 3]));
    await writeFile(
      join(place, "batches.meta.txt"),
      new TextEncoder().encode(names.join("\n") + "\n\n"),
    );
    const dataset = await openDataset(folder, SHAPE);
    dataset.close();
    assert.deepEqual(dataset.classes, names);
    assert.equal(dataset.heldOut, true);
  }));

const FAULTS: [sentence: string, files: Record<string, Uint8Array>, message: RegExp][] = [
  [
    "a truncated file names itself, its bytes and what a record takes",
    { "data_batch_1.bin": encodeCifar([1, 2]).subarray(0, 5000) },
    /data_batch_1\.bin: found 5000 bytes, wanted a multiple of 3073/,
  ],
  [
    "an empty file is a truncated one",
    { "data_batch_1.bin": new Uint8Array(0) },
    /found 0 bytes, wanted a multiple of 3073/,
  ],
  [
    "a label out of range names its record",
    { "data_batch_1.bin": encodeCifar([1, 10]) },
    /data_batch_1\.bin: found label 10 in record 1, wanted 0 to 9/,
  ],
  [
    "a fine label of 100 is out of range",
    { "train.bin": encodeCifar([100], { coarse: 0 }) },
    /found label 100 in record 0, wanted 0 to 99/,
  ],
  [
    "a gap between the batches names the missing one",
    { "data_batch_1.bin": encodeCifar([1]), "data_batch_3.bin": encodeCifar([1]) },
    /found data_batch_3\.bin but no data_batch_2\.bin/,
  ],
  [
    "a list of class names of the wrong length is refused",
    {
      "data_batch_1.bin": encodeCifar([1]),
      "batches.meta.txt": new TextEncoder().encode("cat\ndog\n"),
    },
    /batches\.meta\.txt: found 2 class names, wanted 10/,
  ],
];

for (const [sentence, files, message] of FAULTS) {
  Deno.test(`CIFAR: ${sentence}`, () =>
    inTempFolder(async (folder) => {
      for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
      await assert.rejects(openDataset(folder, SHAPE), { name: "InputError", message });
    }));
}

Deno.test("a CIFAR file that is cut while it is open is an InputError of the image", () =>
  inTempFolder(async (folder) => {
    await writeFile(join(folder, "data_batch_1.bin"), encodeCifar([1, 2]));
    await writeFile(join(folder, "test_batch.bin"), encodeCifar([1]));
    const dataset = await openDataset(folder, SHAPE);
    await Deno.truncate(join(folder, "data_batch_1.bin"), 4000);
    await assert.rejects(dataset.train.read(1, [new Uint8Array(3072)]), {
      name: "InputError",
      message: /data_batch_1\.bin: found its end at byte 4000/,
    });
    dataset.close();
  }));
