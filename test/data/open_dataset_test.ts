import assert from "node:assert/strict";
import { join } from "node:path";
import { writeMessage } from "../../src/base/message.ts";
import { checkClasses } from "../../src/data/classes.ts";
import { openDataset } from "../../src/data/open_dataset.ts";
import { imageInputs, inTempFolder, writeFile, writeImageFolder } from "./fixtures.ts";

const SHAPE = imageInputs(2, 2, 1);

Deno.test("a folder without a dataset lists what was looked for", () =>
  inTempFolder(async (folder) => {
    await writeFile(join(folder, "notes.txt"), Uint8Array.of(1));
    await assert.rejects(openDataset(folder, SHAPE), {
      name: "InputError",
      message: /found no dataset in it, wanted one of: CIFAR .*; IDX .*; a folder of \.jpg/,
    });
  }));

Deno.test("a missing path and a file are refused by name", () =>
  inTempFolder(async (folder) => {
    const missing = join(folder, "nowhere");
    const file = join(folder, "images.zip");
    await writeFile(file, Uint8Array.of(1));
    await assert.rejects(openDataset(missing, SHAPE), { message: /nowhere: found nothing there/ });
    await assert.rejects(openDataset(file, SHAPE), { message: /images\.zip: found a file/ });
  }));

Deno.test("without a test split a fifth of every class is set aside, the same on every call", () =>
  inTempFolder(async (folder) => {
    await writeImageFolder(folder, { "few": 2, "many": 25, "single": 1 });
    const first = await openDataset(folder, SHAPE);
    const second = await openDataset(folder, SHAPE);
    assert.equal(first.heldOut, true);
    assert.deepEqual([...first.test.labels!], [0, 1, 1, 1, 1, 1]);
    assert.deepEqual(first.test.labels!.length + first.train.labels!.length, 28);
    const name = ({ train, test }: typeof first) =>
      [train, test].map((set) => Array.from(set.labels!, (_, index) => set.describe(index)));
    assert.deepEqual(name(first), name(second));
    assert.equal(new Set(name(first).flat()).size, 28);
  }));

Deno.test("the images set aside are neither the first nor evenly spaced ones", () =>
  inTempFolder(async (folder) => {
    await writeImageFolder(folder, { "a": 50 });
    const { test } = await openDataset(folder, SHAPE);
    const numbers = Array.from(test.labels!, (_, i) => Number(test.describe(i).slice(-7, -4)));
    const gaps = new Set(numbers.slice(1).map((number, index) => number - numbers[index]));
    assert.ok(gaps.size > 2, numbers.join());
  }));

Deno.test("a folder from which nothing can be set aside is refused", () =>
  inTempFolder(async (folder) => {
    await writeImageFolder(folder, { "a": 1, "b": 1 });
    await assert.rejects(openDataset(folder, SHAPE), {
      name: "InputError",
      message: /found 2 images and no test split, wanted at least two of a class/,
    });
  }));

Deno.test("labels follow the model's class names, whatever their order", () =>
  inTempFolder(async (folder) => {
    await writeImageFolder(folder, {
      "train/cat": 1,
      "train/dog": 2,
      "test/cat": 1,
      "test/dog": 1,
    });
    const classes = ["dog", "cat"];
    const dataset = await openDataset(folder, { ...SHAPE, classes });
    assert.deepEqual([...dataset.train.labels!], [1, 0, 0]);
    assert.deepEqual([...dataset.test.labels!], [1, 0]);
    assert.deepEqual(dataset.classes, classes);
  }));

Deno.test("other names than the model's keep the alphabetical order", () =>
  inTempFolder(async (folder) => {
    await writeImageFolder(folder, {
      "train/cat": 1,
      "train/dog": 2,
      "test/cat": 1,
      "test/dog": 1,
    });
    const classes = ["chien", "chat"];
    const dataset = await openDataset(folder, { ...SHAPE, classes, outputs: 2 });
    assert.deepEqual([...dataset.train.labels!], [0, 1, 1]);
    assert.deepEqual(dataset.classes, ["cat", "dog"]);
    assert.deepEqual(dataset.notices.map((notice) => writeMessage(notice)), [
      "the classes of the data (cat, dog) are not called as the model's (chien, chat): they were " +
      "taken in the order of their names; if that is wrong, rename them or give the model's classes with classes",
    ]);
  }));

Deno.test("`checkClasses()` refuses another number of classes with both numbers", () => {
  const dataset = { format: "image folder", classes: ["a", "b", "c"] };
  checkClasses(dataset, 3);
  assert.throws(() => checkClasses(dataset, 10), {
    name: "InputError",
    message: /found 3 classes in the image folder \(a, b, c\), wanted 10/,
  });
});
