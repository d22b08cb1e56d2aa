import assert from "node:assert/strict";
import { join } from "node:path";
import { describeDataset, openDataset } from "../../src/data/open_dataset.ts";
import {
  encodeFlatJpeg,
  encodePng,
  imageInputs,
  inTempFolder,
  writeFile,
  writeImageFolder,
} from "./fixtures.ts";
import { TURNED } from "./pictures.ts";

const SHAPE = imageInputs(2, 2, 3);

Deno.test("a folder's classes and images come in the order of their names, nested ones included", () =>
  inTempFolder(async (folder) => {
    await writeImageFolder(folder, {
      "train/b": 1,
      "train/a/left": 2,
      "train/a/right/deep": 1,
      "test/a": 1,
      "test/b": 1,
    });
    const { train, classes } = await openDataset(folder, SHAPE);
    assert.deepEqual(classes, ["a", "b"]);
    assert.deepEqual([...train.labels!], [0, 0, 0, 1]);
    const names = Array.from(train.labels!, (_, index) => train.describe(index));
    assert.deepEqual(
      names,
      ["a/left/000.png", "a/left/001.png", "a/right/deep/000.png", "b/000.png"].map((name) =>
        join(folder, "train", name)
      ),
    );
  }));

Deno.test("hidden files, hidden folders and other files are passed over", () =>
  inTempFolder(async (folder) => {
    await writeImageFolder(folder, { "a": 2, "b": 2, ".cache": 3, "__MACOSX": 1, "a/.thumbs": 5 });
    const junk = Uint8Array.of(1);
    for (const name of ["a/.hidden.png", "a/notes.txt", "readme.md", ".DS_Store"]) {
      await writeFile(join(folder, name), junk);
    }
    const { train, test, classes } = await openDataset(folder, SHAPE);
    assert.deepEqual(classes, ["a", "b"]);
    assert.equal(train.length + test.length, 4);
  }));

Deno.test("endings are read in any case, and the content tells JPEG from PNG", () =>
  inTempFolder(async (folder) => {
    const jpeg = encodeFlatJpeg(2, 2, [250, 5, 5]);
    const png = encodePng(new Uint8Array(4).fill(77), { width: 2, height: 2, colorType: 0 });
    for (const [name, bytes] of [["1.PNG", jpeg], ["2.JPeG", png], ["3.jpg", jpeg]] as const) {
      await writeFile(join(folder, "train/a", name), bytes);
    }
    await writeImageFolder(folder, { "test/a": 1 });
    const { train } = await openDataset(folder, SHAPE);
    const red: number[] = [];
    for (let index = 0; index < train.length; index++) {
      const out = new Uint8Array(12);
      await train.read(index, [out]);
      red.push(out[0]);
    }
    assert.equal(red[1], 77);
    assert.ok(red[0] > 240 && red[2] === red[0]);
  }));

const SPLITS = [
  ...["train/test", "train/val", "train/valid", "train/validation", "Train/Test", "TRAIN/VAL"],
  ...["training/testing", "Training/Validation", "training_set/test_set", "train-data/test-data"],
];

for (const names of SPLITS) {
  Deno.test(`${names}: a usual pair of names makes two splits`, () =>
    inTempFolder(async (folder) => {
      const [trainName, testName] = names.split("/");
      await writeImageFolder(folder, { [`${trainName}/a`]: 3, [`${testName}/a`]: 2 });
      const { train, test, heldOut, classes } = await openDataset(folder, SHAPE);
      assert.deepEqual([train.length, test.length, heldOut, classes], [3, 2, false, ["a"]]);
    }));
}

Deno.test("folders beside splits are passed over, and named", () =>
  inTempFolder(async (folder) => {
    await writeImageFolder(folder, { "Train/a": 3, "Test/a": 2, "extra": 4 });
    const { notices } = await openDataset(folder, SHAPE);
    assert.deepEqual(notices, ["beside Train/, Test/: extra/ passed over"]);
  }));

Deno.test("a folder called train that may be a class is asked about", () =>
  inTempFolder(async (folder) => {
    await writeImageFolder(folder, { bus: 2, train: 2, car: 2 });
    await assert.rejects(openDataset(folder, SHAPE), {
      name: "InputError",
      message:
        /found images in train\/ itself and bus\/ beside it, .*is the name of a class, rename/,
    });
  }));

Deno.test("classes that all hold the same folders may be splits, which is said", () =>
  inTempFolder(async (folder) => {
    await writeImageFolder(folder, { "trn/a": 3, "trn/b": 3, "tst/a": 3, "tst/b": 3 });
    const { classes, notices } = await openDataset(folder, SHAPE);
    assert.deepEqual(classes, ["trn", "tst"]);
    assert.match(`${notices}`, /^trn, tst were taken for the classes, .* folders a, b: if these/);
  }));

Deno.test("test/ comes before val/ when both are there", () =>
  inTempFolder(async (folder) => {
    await writeImageFolder(folder, { "train/a": 3, "val/a": 2, "test/a": 1 });
    const { test, notices } = await openDataset(folder, SHAPE);
    assert.ok(test.describe(0).startsWith(join(folder, "test")));
    assert.deepEqual(notices, ["beside train/, test/: val/ passed over"]);
  }));

Deno.test("an image of another kind is named as what it is, and not passed over", () =>
  inTempFolder(async (folder) => {
    await writeImageFolder(folder, { "train/a": 1, "test/a": 1 });
    await writeFile(join(folder, "train/a/z.TIF"), new TextEncoder().encode("II*\0\b\0\0\0"));
    const { train } = await openDataset(folder, SHAPE);
    assert.equal(train.length, 2);
    await assert.rejects(train.read(1, [new Uint8Array(12)]), {
      message: /z\.TIF: found a TIFF image, wanted JPEG, PNG, WebP, GIF or BMP; convert it/,
    });
  }));

Deno.test("EXIF orientation is applied, or left by the input's wish", () =>
  inTempFolder(async (folder) => {
    const { file, rgb } = TURNED[1];
    for (const split of ["train", "test"]) {
      await writeFile(join(folder, split, "a", "0.webp"), Uint8Array.fromBase64(file));
    }
    const { inputs: [input] } = imageInputs(3, 2, 3);
    const read = async (options: { ignoresOrientation?: boolean }) => {
      const { train } = await openDataset(folder, { inputs: [{ ...input, ...options }] });
      const out = new Uint8Array(18);
      await train.read(0, [out]);
      return [...out];
    };
    assert.deepEqual(await read({}), [...Uint8Array.fromBase64(rgb)]);
    assert.notDeepEqual(await read({ ignoresOrientation: true }), await read({}));
  }));

Deno.test("links to images and folders are followed, and a link to a parent ends", () =>
  inTempFolder(async (folder) => {
    await writeImageFolder(folder, { "set/train/a": 2, "set/test/a": 1, "elsewhere": 3 });
    await Deno.symlink(join(folder, "set/train/a"), join(folder, "set/train/a/self"));
    await Deno.symlink(join(folder, "elsewhere"), join(folder, "set/train/a/more"));
    await Deno.symlink(join(folder, "elsewhere/000.png"), join(folder, "set/train/a/link.png"));
    const { train } = await openDataset(join(folder, "set"), SHAPE);
    assert.equal(train.length, 6);
  }));

const FAULTS: [sentence: string, counts: Record<string, number>, message: RegExp][] = [
  ["a class without images is named", { "a": 2, "b": 0 }, /b: found no \.jpg.* of class "b"/],
  [
    "an empty train folder is named",
    { "train": 0, "test/a": 1 },
    /train: found no folders, wanted one folder of images per class/,
  ],
  [
    "test/ without train/ is refused",
    { "test/a": 1 },
    /found test\/ alone, wanted train\/ beside it/,
  ],
  [
    "a split in a class is refused with the question",
    { "cat/train": 1, "cat/test": 1, "dog/train": 1, "dog/test": 1 },
    /cat: found a folder test\/ in it, wanted images of one class; if .*cat is the data set, give/,
  ],
  [
    "a folder above the data set is refused with the question",
    { "flowers/Train/a": 1, "flowers/Test/a": 1 },
    /flowers: found a folder T\w+\/ in it.*if .*flowers is the data set, give that folder/,
  ],
  [
    "a test folder beside classes is refused with the question",
    { "test": 1, "cat": 1 },
    /found test\/ beside other folders.*if test is the name of a class, rename/,
  ],
  [
    "two train folders are refused",
    { "train/a": 1, "training/a": 1, "test/a": 1 },
    /found train\/ and training\/, wanted one folder for each split/,
  ],
  [
    "a class of the test split alone is named",
    { "train/a": 1, "test/a": 1, "test/b": 1 },
    /found class b in test\/ only/,
  ],
  [
    "a class that the test split lacks is named",
    { "train/a": 1, "train/b": 1, "test/a": 1 },
    /found class b in train\/ only/,
  ],
];

for (const [sentence, counts, message] of FAULTS) {
  Deno.test(`image folder: ${sentence}`, () =>
    inTempFolder(async (folder) => {
      for (const place of Object.keys(counts)) {
        await Deno.mkdir(join(folder, place), { recursive: true });
      }
      await writeImageFolder(folder, counts);
      await assert.rejects(openDataset(folder, SHAPE), { name: "InputError", message });
    }));
}

Deno.test("an image that disappears after the folder was opened is an InputError that names it", () =>
  inTempFolder(async (folder) => {
    await writeImageFolder(folder, { "train/a": 1, "test/a": 1 });
    const { train } = await openDataset(folder, SHAPE);
    await Deno.remove(train.describe(0));
    await assert.rejects(train.read(0, [new Uint8Array(12)]), {
      name: "InputError",
      message: /reading .*000\.png: /,
    });
  }));

Deno.test("images in no folder of classes are a dataset without classes", () =>
  inTempFolder(async (folder) => {
    await writeImageFolder(folder, { "flat": 11, "split/train": 4, "split/test": 2 });
    const flat = await openDataset(join(folder, "flat"), SHAPE);
    assert.deepEqual([flat.classes, flat.heldOut], [undefined, true]);
    assert.deepEqual([flat.train.length, flat.test.length], [9, 2]);
    const split = await openDataset(join(folder, "split"), SHAPE);
    assert.deepEqual([split.train.length, split.test.length, split.heldOut], [4, 2, false]);
    for (const { labels } of [flat.train, flat.test, split.train]) assert.equal(labels, undefined);
    const first = new Uint8Array(12);
    await split.train.read(0, [first]);
    assert.match(split.train.describe(0), /train\/000\.png$/);
    await assert.rejects(describeDataset(join(folder, "flat")), /found images without classes/);
  }));

Deno.test("classes in one split alone are refused", () =>
  inTempFolder(async (folder) => {
    await writeImageFolder(folder, { "train": 2, "test/a": 1 });
    await assert.rejects(openDataset(folder, SHAPE), {
      name: "InputError",
      message: /found folders of classes in test\/ only, wanted them in both splits or in none/,
    });
  }));
