import assert from "node:assert/strict";
import {
  applyPreprocessing,
  type PixelTransform,
  preprocessingPresets,
  writePreprocessing,
} from "../../src/model/preprocessing.ts";
import { findInputShape } from "../../src/model/topology.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import {
  type PreprocessingOverrides,
  readPreprocessing,
} from "../../src/model/read_preprocessing.ts";
import { createInputOnly, createInputs, createModelFile } from "./fixtures.ts";

const STORED = { mean: [125, 123, 114], std: [63, 62, 67], inputSize: [32, 32] };
const CIFAR = createInputOnly([null, 32, 32, 3], { preprocess: STORED, classes: ["a", "b"] });
const BARE = createInputOnly([null, 32, 32, 3]);

function transformOf(file: ModelFile, overrides?: PreprocessingOverrides): PixelTransform {
  return readPreprocessing(file, overrides).inputs[0].transform!;
}

Deno.test("preprocessing comes from the model's metadata, with defaults for what it leaves out", () => {
  assert.deepEqual(readPreprocessing(CIFAR), {
    inputs: [{
      name: "flatten",
      shape: [32, 32, 3],
      transform: { scale: 1, mean: [125, 123, 114], std: [63, 62, 67], channelOrder: "rgb" },
    }],
    classes: ["a", "b"],
  });
});

Deno.test("flags win over metadata one by one, and a preset replaces all of it but the classes", () => {
  const flagged = transformOf(CIFAR, { mean: [7] });
  assert.deepEqual([flagged.mean, flagged.std], [[7, 7, 7], [63, 62, 67]]);
  const preset = transformOf(CIFAR, { preset: "unit", std: [2] });
  assert.deepEqual([preset.scale, preset.mean, preset.std], [1 / 255, [0, 0, 0], [2, 2, 2]]);
  assert.deepEqual(readPreprocessing(CIFAR, { preset: "unit" }).classes, ["a", "b"]);
});

Deno.test("a model without metadata takes numbers from flags, the others being neutral", () => {
  const { scale, mean, std } = transformOf(BARE, { std: [255] });
  assert.deepEqual([scale, mean, std], [1, [0, 0, 0], [255, 255, 255]]);
});

Deno.test("a model with neither metadata nor options names the options", () => {
  for (const overrides of [{}, { inputSize: [32, 32] as [number, number] }]) {
    assert.throws(() => readPreprocessing(BARE, overrides), {
      name: "InputError",
      message: /with preset, mean, std or scale \(presets are raw, unit, teachable-machine, .*\)$/,
    });
  }
});

Deno.test("presets do what their libraries do to black, white and a color", () => {
  const apply = (preset: string) => {
    const out = new Float32Array(9);
    const tiny = createInputOnly([null, 1, 3, 3]);
    const bytes = Uint8Array.of(0, 0, 0, 255, 255, 255, 10, 20, 30);
    applyPreprocessing(bytes, out, 0, transformOf(tiny, { preset }));
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

Deno.test("an open height or width takes the input size of the metadata or the option", () => {
  const open = createInputOnly([null, null, null, 3], { preprocess: STORED });
  assert.deepEqual(readPreprocessing(open).inputs[0].shape, [32, 32, 3]);
  const { inputs: [given] } = readPreprocessing(open, { inputSize: [48, 64] });
  assert.deepEqual(given.shape, [48, 64, 3]);
  const unknown = createInputOnly([null, null, 20, 3]);
  assert.throws(() => readPreprocessing(unknown, { preset: "raw" }), {
    name: "InputError",
    message: /leaves its height or width open; give both with inputSize$/,
  });
});

const metadataFaults: [sentence: string, preprocess: unknown, message: RegExp][] = [
  ["a mean of two channels", { mean: [1, 2] }, /found mean \[1,2\], wanted 1 or 3/],
  ["a mean that is no number", { mean: ["1"] }, /found mean \["1"\]/],
  ["no deviation", { std: [] }, /found std \[\], wanted 1 or 3/],
  ["a deviation of zero", { std: [1, 0, 1] }, /found std \[1,0,1\].*other than 0/],
  ["an infinite scale", { scale: Infinity }, /found scale null/],
  [
    "a scale of zero",
    { scale: 0 },
    /found scale 0, wanted a number other than 0; give scale another/,
  ],
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

Deno.test("a preset for colors is refused for gray images, with the names of those that fit", () => {
  assert.throws(
    () => readPreprocessing(createInputOnly([null, 8, 8, 1]), { preset: "keras-torch" }),
    {
      name: "InputError",
      message:
        /found "keras-torch", which is for other channels than those of .*, wanted one of raw, unit, teachable-machine, keras-tf; give one/,
    },
  );
});

Deno.test("preprocessing refuses an unknown preset with the names there are", () => {
  assert.throws(() => readPreprocessing(BARE, { preset: "imagenet" }), {
    name: "InputError",
    message: /found "imagenet", wanted one of raw, unit, teachable-machine/,
  });
});

Deno.test("preprocessing refuses inputs of unknown extents", () => {
  for (const shape of [[null], [null, null, 4], [null, 32, 32, null]]) {
    assert.throws(() => readPreprocessing(createInputOnly(shape), { preset: "raw" }), {
      name: "InputError",
      message: /wanted \[null, height, width, channels\], or other extents that are all known/,
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
  const transform: PixelTransform = { scale: 2, mean: [1], std: [0.5], channelOrder: "rgb" };
  const out = new Float32Array(5).fill(9);
  applyPreprocessing(Uint8Array.of(3, 4), out, 2, transform);
  assert.deepEqual([...out], [9, 9, 10, 14, 9]);
  assert.throws(() => applyPreprocessing(new Uint8Array(2), out, 4, transform), RangeError);
  const pairs = { ...transform, mean: [1, 1], std: [1, 1] };
  assert.throws(() => applyPreprocessing(new Uint8Array(3), out, 0, pairs), RangeError);
});

const TWO = { rgb: [null, null, null, 3], meta: [null, 5] };
const RECORDS = { inputs: { rgb: { ...STORED, scale: 0.5 }, meta: { std: [2], floats: true } } };

Deno.test("several inputs have a record each, and what nothing is said about has no transform", () => {
  const { inputs } = readPreprocessing(createInputs(TWO, { preprocess: RECORDS }));
  const common = { scale: 0.5, channelOrder: "rgb" };
  assert.deepEqual(inputs, [
    {
      name: "rgb",
      shape: [32, 32, 3],
      transform: { ...common, mean: STORED.mean, std: STORED.std },
    },
    {
      name: "meta",
      shape: [5],
      transform: { ...common, scale: 1, mean: new Array(5).fill(0), std: new Array(5).fill(2) },
      preparesFloats: true,
    },
  ]);
  const bare = readPreprocessing(createInputs(TWO), { inputs: { rgb: { inputSize: [8, 6] } } });
  assert.deepEqual(bare.inputs, [{ name: "rgb", shape: [8, 6, 3] }, { name: "meta", shape: [5] }]);
});

Deno.test("flags for one input win over those for all", () => {
  const { inputs: [rgb, meta] } = readPreprocessing(createInputs(TWO), {
    scale: 2,
    inputSize: [8, 8],
    inputs: { rgb: { mean: [1, 2, 3], scale: 4, inputSize: [6, 6] } },
  });
  assert.deepEqual([rgb.shape, rgb.transform!.scale, rgb.transform!.mean], [[6, 6, 3], 4, [
    1,
    2,
    3,
  ]]);
  assert.deepEqual([meta.transform!.scale, meta.transform!.mean], [2, [0, 0, 0, 0, 0]]);
});

Deno.test("the records of several inputs are read back as they were written", () => {
  for (const overrides of [{ inputSize: [8, 8] as [number, number] }, { preset: "unit" }]) {
    const file = createInputs(TWO, { preprocess: RECORDS });
    const preprocessing = readPreprocessing(file, overrides.preset ? overrides : {});
    const metadata = writePreprocessing(undefined, preprocessing);
    const stored = createInputs(TWO, JSON.parse(JSON.stringify(metadata)));
    assert.deepEqual(readPreprocessing(stored), preprocessing);
  }
});

Deno.test("one input that is no picture needs no preprocessing", () => {
  for (const shape of [[784], [10, 4], [32, 32, 4]]) {
    const { inputs: [input] } = readPreprocessing(createInputOnly([null, ...shape]));
    assert.deepEqual([input.shape, input.transform], [shape, undefined]);
    const metadata = writePreprocessing(undefined, { inputs: [input] });
    assert.deepEqual(readPreprocessing(createInputOnly([null, ...shape], metadata)).inputs, [
      input,
    ]);
  }
});

const inputFaults: [sentence: string, preprocess: unknown, flags: object, message: RegExp][] = [
  [
    "a record of one input for several",
    STORED,
    {},
    /found mean, wanted a record for every input: \{"inputs": \{"rgb"/,
  ],
  [
    "a record of an input that is not there",
    { inputs: { depth: {} } },
    {},
    /preprocess of .*: found an input "depth", wanted one of rgb, meta/,
  ],
  [
    "options for an input that is not there",
    RECORDS,
    { inputs: { depth: { scale: 1 } } },
    /preprocessing for the inputs of .*: found an input "depth", wanted one of rgb, meta/,
  ],
  [
    "numbers that do not fit an input",
    RECORDS,
    { mean: [1, 2, 3] },
    /input "meta": found mean \[1,2,3\], wanted 1 or 5 .*; give inputs\.meta\.mean as many/,
  ],
  [
    "a switch that is none",
    { inputs: { meta: { std: 2, floats: "yes" } } },
    { inputSize: [8, 8] },
    /input "meta": found floats "yes", wanted true or false/,
  ],
  [
    "an input whose size stays open",
    undefined,
    {},
    /input size of .*input "rgb": the model leaves its height or width open/,
  ],
];

for (const [sentence, preprocess, flags, message] of inputFaults) {
  Deno.test(`preprocessing refuses ${sentence}`, () => {
    const file = createInputs(TWO, preprocess === undefined ? undefined : { preprocess });
    assert.throws(() => readPreprocessing(file, flags), { name: "InputError", message });
  });
}

Deno.test("Teachable Machine's preset crops, and others do not; metadata keeps both", () => {
  const file = createInputOnly([null, 8, 8, 3]);
  const cropped = readPreprocessing(file, { preset: "teachable-machine" });
  assert.equal(cropped.inputs[0].isCropped, true);
  const stored = createInputOnly([null, 8, 8, 3], writePreprocessing(undefined, cropped));
  assert.equal(readPreprocessing(stored).inputs[0].isCropped, true);
  const other = readPreprocessing(stored, { preset: "keras-tf" });
  assert.equal(other.inputs[0].isCropped, undefined);
  const again = createInputOnly([null, 8, 8, 3], writePreprocessing(stored.metadata, other));
  assert.equal(readPreprocessing(again).inputs[0].isCropped, undefined);
});

Deno.test("a flag leaves EXIF orientation alone, and the metadata keeps that", () => {
  const file = createInputOnly([null, 8, 8, 3]);
  const ignoring = readPreprocessing(file, { preset: "unit", exifOrientation: false });
  assert.equal(ignoring.inputs[0].ignoresOrientation, true);
  const stored = createInputOnly([null, 8, 8, 3], writePreprocessing(undefined, ignoring));
  assert.equal(readPreprocessing(stored).inputs[0].ignoresOrientation, true);
  const applying = readPreprocessing(stored, { exifOrientation: true });
  assert.equal(applying.inputs[0].ignoresOrientation, undefined);
});
