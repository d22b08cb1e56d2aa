import assert from "node:assert/strict";
import { join } from "node:path";
import { writeMessage } from "../../src/base/message.ts";
import { openModel } from "../../src/formats/mod.ts";
import { addLabelFiles } from "../../src/formats/label_files.ts";
import { readPreprocessing } from "../../src/model/mod.ts";
import { createInputOnly } from "../model/fixtures.ts";

const EXAMPLE = new URL("../../cli/example/resnet8-fashion-mnist/", import.meta.url);

/** As Teachable Machine 2.4 writes it. */
const TEACHABLE = JSON.stringify({
  tfjsVersion: "1.3.1",
  tmVersion: "2.4.7",
  packageVersion: "0.8.4-alpha2",
  packageName: "@teachablemachine/image",
  timeStamp: "2024-01-01T00:00:00.000Z",
  userMetadata: {},
  modelName: "tm-my-image-model",
  labels: ["dog", "cat"],
  imageSize: 224,
});

const open = (files: Record<string, string>, metadata?: Record<string, unknown>) =>
  addLabelFiles(
    createInputOnly([null, 224, 224, 3], metadata),
    (name) => Promise.resolve(files[name]),
  );

Deno.test("Teachable Machine's metadata.json gives labels, their order and the preprocessing", async () => {
  const { inputs: [input], classes } = readPreprocessing(
    await open({ "metadata.json": TEACHABLE, "labels.txt": "a\nb" }),
  );
  assert.deepEqual(classes, ["dog", "cat"]);
  assert.deepEqual(input.shape, [224, 224, 3]);
  assert.equal(input.isCropped, true);
  const { scale, mean, std } = input.transform!;
  assert.deepEqual([scale, mean, std], [1 / 127.5, [1, 1, 1], [1, 1, 1]]);
});

Deno.test("what the model itself says wins over files beside it", async () => {
  const metadata = { classes: ["x", "y"], preprocess: { scale: 2, mean: 0, std: 1 } };
  const file = await open({ "metadata.json": TEACHABLE, "labels.txt": "a\nb" }, metadata);
  assert.deepEqual(file.metadata, metadata);
});

Deno.test("labels.txt gives class names where nothing else does", async () => {
  const { metadata } = await open({ "labels.txt": "0 cat\n1 dog\n" });
  assert.deepEqual(metadata, { classes: ["cat", "dog"] });
  const named = await open({ "metadata.json": '{"classes": ["p", "q"]}', "labels.txt": "a\nb" });
  assert.deepEqual(named.metadata, { classes: ["p", "q"] });
});

Deno.test("files that name the classes differently are told of, and those that agree or are damaged are not", async () => {
  const classes = ["dog", "cat"];
  const noticesOf = async (...given: Parameters<typeof open>) =>
    ((await open(...given)).classNotices ?? []).map((notice) => writeMessage(notice));
  const [notice, ...others] = await noticesOf({ "labels.txt": "0 cat\n1 dog" }, { classes });
  assert.match(
    notice,
    /^labels\.txt beside .* names other classes \(cat, dog\) than its metadata \(dog, cat\), .* with classes$/,
  );
  assert.deepEqual(others, []);
  const both = { "metadata.json": TEACHABLE, "labels.txt": "cat\ndog" };
  assert.match((await noticesOf(both))[0], /^labels\.txt .* than metadata\.json \(dog, cat\)/);
  assert.equal((await noticesOf(both, { classes: ["cat", "dog"] })).length, 1);
  const agreeing = { "metadata.json": TEACHABLE, "labels.txt": "dog\ncat" };
  assert.deepEqual(await noticesOf(agreeing, { classes }), []);
  assert.deepEqual(await noticesOf({ "labels.txt": "cat\ncat" }, { classes }), []);
});

Deno.test("another program's metadata.json is passed over", async () => {
  for (const text of ["[1]", "no JSON", '{"name": "x"}']) {
    assert.equal((await open({ "metadata.json": text })).metadata, undefined);
  }
});

Deno.test("labels of Teachable Machine that are no names are refused", async () => {
  await assert.rejects(open({ "metadata.json": TEACHABLE.replace('"dog"', "7") }), {
    name: "InputError",
    message: /metadata\.json beside .*: found labels \[7,"cat"\], wanted names/,
  });
});

Deno.test("files beside a model on disk are found", async () => {
  const folder = await Deno.makeTempDir();
  try {
    for await (const { name } of Deno.readDir(EXAMPLE)) {
      await Deno.copyFile(new URL(name, EXAMPLE), join(folder, name));
    }
    const json = JSON.parse(await Deno.readTextFile(join(folder, "model.json")));
    delete json.userDefinedMetadata;
    await Deno.writeTextFile(join(folder, "model.json"), JSON.stringify(json));
    await Deno.writeTextFile(join(folder, "labels.txt"), "a\nb");
    for (const path of [folder, join(folder, "model.json")]) {
      assert.deepEqual((await openModel(path)).metadata, { classes: ["a", "b"] });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
