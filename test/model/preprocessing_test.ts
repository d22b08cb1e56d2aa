import assert from "node:assert/strict";
import {
  applyPreprocessing,
  findInputShape,
  type Preprocessing,
  preprocessingPresets,
  readPreprocessing,
  writePreprocessing,
} from "../../src/model/mod.ts";
import { createInputOnly, createModelFile } from "./fixtures.ts";

const STORED = { mean: [125, 123, 114], std: [63, 62, 67], inputSize: [32, 32] };
const CIFAR = createInputOnly([null, 32, 32, 3], { preprocess: STORED, classes: ["a", "b"] });
const BARE = createInputOnly([null, 32, 32, 3]);

Deno.test("preprocessing comes from the model's metadata, with defaults for what it leaves out", () => {
  assert.deepEqual(readPreprocessing(CIFAR), {
    inputSize: [32, 32],
    channels: 3,
    scale: 1,
    mean: [125, 123, 114],
    std: [63, 62, 67],
    channelOrder: "rgb",
    classes: ["a", "b"],
  });
});

Deno.test("flags win over metadata one by one, and a preset replaces all of it but the classes", () => {
  const flagged = readPreprocessing(CIFAR, { mean: [7] });
  assert.deepEqual([flagged.mean, flagged.std], [[7, 7, 7], [63, 62, 67]]);
  const preset = readPreprocessing(CIFAR, { preset: "unit", std: [2] });
  assert.deepEqual([preset.scale, preset.mean, preset.std], [1 / 255, [0, 0, 0], [2, 2, 2]]);
  assert.deepEqual(preset.classes, ["a", "b"]);
});

Deno.test("a model without metadata takes numbers from flags, the others being neutral", () => {
  const { scale, mean, std } = readPreprocessing(BARE, { std: [255] });
  assert.deepEqual([scale, mean, std], [1, [0, 0, 0], [255, 255, 255]]);
});

Deno.test("a model with neither metadata nor flags names the flags", () => {
  for (const overrides of [{}, { inputSize: [32, 32] as [number, number] }]) {
    assert.throws(() => readPreprocessing(BARE, overrides), {
      name: "InputError",
      message: /--preprocess \(raw, unit, teachable-machine, .*--mean, --std and --scale/,
    });
  }
});

Deno.test("presets do what their libraries do to black, white and a colour", () => {
  const apply = (preset: string) => {
    const out = new Float32Array(9);
    const tiny = createInputOnly([null, 1, 3, 3]);
    const bytes = Uint8Array.of(0, 0, 0, 255, 255, 255, 10, 20, 30);
    applyPreprocessing(bytes, out, 0, readPreprocessing(tiny, { preset }));
    return [...out];
  };
  const round = (values: number[]) => values.map(Math.fround);
  assert.deepEqual(apply("raw"), [0, 0, 0, 255, 255, 255, 10, 20, 30]);
  assert.deepEqual(apply("unit"), round([0, 0, 0, 1, 1, 1, 10 / 255, 20 / 255, 30 / 255]));
  const tf = [-1, -1, -1, 1, 1, 1, 10 / 127.5 - 1, 20 / 127.5 - 1, 30 / 127.5 - 1];
  assertClose(apply("keras-tf"), tf);
  assert.deepEqual(apply("teachable-machine"), apply("keras-tf"));
  const [mean, std] = [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]];
  const torch = [0, 0, 0, 1, 1, 1, 10 / 255, 20 / 255, 30 / 255]
    .map((value, index) => (value - mean[index % 3]) / std[index % 3]);
  assertClose(apply("keras-torch"), torch);
  const bgr = [103.939, 116.779, 123.68];
  const caffe = [0, 0, 0, 255, 255, 255, 30, 20, 10].map((value, index) => value - bgr[index % 3]);
  assertClose(apply("keras-caffe"), caffe);
});

function assertClose(found: number[], wanted: number[]): void {
  found.forEach((value, index) => assert.ok(Math.abs(value - wanted[index]) < 1e-4, `${found}`));
}

Deno.test("what is written is read back the same, and other metadata stays", () => {
  for (const preset of preprocessingPresets.keys()) {
    const preprocessing = readPreprocessing(CIFAR, { preset });
    const metadata = writePreprocessing({ author: "me", preprocess: { note: 1 } }, preprocessing);
    assert.equal(metadata.author, "me");
    assert.equal((metadata.preprocess as { note: number }).note, 1);
    const stored = createInputOnly([null, 32, 32, 3], JSON.parse(JSON.stringify(metadata)));
    assert.deepEqual(readPreprocessing(stored), preprocessing);
  }
});

Deno.test("an open height or width takes the input size of the metadata or the flag", () => {
  const open = createInputOnly([null, null, null, 3], { preprocess: STORED });
  assert.deepEqual(readPreprocessing(open).inputSize, [32, 32]);
  assert.deepEqual(readPreprocessing(open, { inputSize: [48, 64] }).inputSize, [48, 64]);
  const unknown = createInputOnly([null, null, 20, 3]);
  assert.throws(() => readPreprocessing(unknown, { preset: "raw" }), {
    name: "InputError",
    message: /leaves its height or width open; give both with --input-size/,
  });
});

const metadataFaults: [sentence: string, preprocess: unknown, message: RegExp][] = [
  ["a mean of two channels", { mean: [1, 2] }, /mean \(--mean\): found \[1,2\], wanted 1 or 3/],
  ["a mean that is no number", { mean: ["1"] }, /mean \(--mean\): found \["1"\]/],
  ["no deviation", { std: [] }, /std \(--std\): found \[\], wanted 1 or 3/],
  ["a deviation of zero", { std: [1, 0, 1] }, /std \(--std\): found \[1,0,1\].*other than 0/],
  ["an infinite scale", { scale: Infinity }, /scale \(--scale\): found/],
  ["a scale of zero", { scale: 0 }, /scale \(--scale\): found 0, wanted a number other than 0/],
  [
    "an unknown channel order",
    { channelOrder: "gbr" },
    /channelOrder "gbr", wanted "rgb" or "bgr"/,
  ],
  ["an input size of one number", { inputSize: [32] }, /found \[32\], wanted \[height, width\]/],
  ["a fractional input size", { inputSize: [32, 1.5] }, /found \[32,1\.5\]/],
  ["another input size than the model's", { inputSize: [28, 28] }, /found 28×28, wanted 32×32/],
];

for (const [sentence, preprocess, message] of metadataFaults) {
  Deno.test(`preprocessing refuses ${sentence}`, () => {
    const file = createInputOnly([null, 32, 32, 3], { preprocess });
    assert.throws(() => readPreprocessing(file), { name: "InputError", message });
  });
}

Deno.test("preprocessing refuses class names that repeat or are no names", () => {
  for (const classes of [["a", "a"], ["a", 1], "ab"]) {
    const file = createInputOnly([null, 32, 32, 3], { preprocess: STORED, classes });
    assert.throws(() => readPreprocessing(file), {
      message: /classes .* a list of different names/,
    });
  }
});

Deno.test("preprocessing refuses an unknown preset with the names there are", () => {
  assert.throws(() => readPreprocessing(BARE, { preset: "imagenet" }), {
    name: "InputError",
    message: /found "imagenet", wanted one of raw, unit, teachable-machine/,
  });
});

Deno.test("preprocessing refuses inputs that are no images", () => {
  for (const shape of [[null, 784], [null, 32, 32, 4], [null, 32, 32, null]]) {
    assert.throws(() => readPreprocessing(createInputOnly(shape), { preset: "raw" }), {
      name: "InputError",
      message: /wanted one input \[null, height, width, 1 or 3\]/,
    });
  }
});

Deno.test("the input shape of functional and nested models is found", async () => {
  const file = await createModelFile();
  assert.deepEqual(findInputShape(file.topology), [null, 8, 8, 3]);
  const nested = { class_name: "Sequential", config: { layers: [file.topology] } };
  assert.deepEqual(findInputShape(nested), [null, 8, 8, 3]);
  const layers = file.topology.config.layers!;
  const two = { class_name: "Model", config: { layers, input_layers: [["a", 0, 0], ["b", 0, 0]] } };
  assert.equal(findInputShape(two), undefined);
  const flat = { class_name: "Functional", config: { layers, input_layers: ["image", 0, 0] } };
  assert.deepEqual(findInputShape(flat), [null, 8, 8, 3]);
});

Deno.test("`applyPreprocessing()` writes behind its offset and nowhere else", () => {
  const preprocessing: Preprocessing = {
    inputSize: [1, 2],
    channels: 1,
    scale: 2,
    mean: [1],
    std: [0.5],
    channelOrder: "rgb",
  };
  const out = new Float32Array(5).fill(9);
  applyPreprocessing(Uint8Array.of(3, 4), out, 2, preprocessing);
  assert.deepEqual([...out], [9, 9, 10, 14, 9]);
  assert.throws(() => applyPreprocessing(new Uint8Array(2), out, 4, preprocessing), RangeError);
  assert.throws(() => applyPreprocessing(new Uint8Array(3), out, 0, preprocessing), RangeError);
});

Deno.test("a model with several inputs is refused with their names", () => {
  const config = { layers: [], input_layers: [["image", 0, 0], ["mask", 0, 0]] };
  const topology = { class_name: "Model", config };
  assert.throws(() => readPreprocessing({ ...CIFAR, topology }), {
    name: "InputError",
    message: /found 2 \(image, mask\), wanted one that reads images/,
  });
});
