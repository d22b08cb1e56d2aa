import assert from "node:assert/strict";
import { join } from "node:path";
import { loadModelFile } from "../../../src/formats/tfjs/load.ts";
import {
  DENSE_WEIGHTS,
  describeModel,
  encodeFloats,
  inTempFolder,
  writeFile,
  writeRawModel,
} from "../../model/fixtures.ts";

const VALUES = [1, -2, 3.5, 4, 5, 6, 7, 8];
const BYTES = encodeFloats(...VALUES);
const MANIFEST = [{ paths: ["w.bin"], weights: DENSE_WEIGHTS }];

function listValues(weights: Map<string, { values: ArrayLike<number> }>): number[] {
  return [...weights.values()].flatMap(({ values }) => Array.from(values));
}

Deno.test("a model is found by its folder and by its model.json, and its size on disk is known", () =>
  inTempFolder(async (folder) => {
    const path = await writeRawModel(folder, describeModel(MANIFEST), { "w.bin": BYTES });
    const byFolder = await loadModelFile(folder);
    assert.deepEqual(byFolder, await loadModelFile(path));
    assert.equal(byFolder.path, path);
    assert.equal(byFolder.bytes, (await Deno.stat(path)).size + BYTES.length);
    assert.deepEqual([...byFolder.weights.keys()], ["dense/kernel", "dense/bias"]);
    assert.deepEqual(listValues(byFolder.weights), VALUES);
    assert.deepEqual(byFolder.weights.get("dense/kernel")?.shape, [3, 2]);
  }));

Deno.test("weights span shards, and groups follow one another", () =>
  inTempFolder(async (folder) => {
    const manifest = [
      { paths: ["a.bin", "b.bin", "c.bin"], weights: [DENSE_WEIGHTS[0]] },
      { paths: ["d.bin"], weights: [DENSE_WEIGHTS[1]] },
    ];
    await writeRawModel(folder, describeModel(manifest), {
      "a.bin": BYTES.subarray(0, 5),
      "b.bin": BYTES.subarray(5, 6),
      "c.bin": BYTES.subarray(6, 24),
      "d.bin": BYTES.subarray(24),
    });
    assert.deepEqual(listValues((await loadModelFile(folder)).weights), VALUES);
  }));

Deno.test("shards in a folder below the model's are read", () =>
  inTempFolder(async (folder) => {
    const manifest = [{ paths: ["weights/w.bin"], weights: DENSE_WEIGHTS }];
    await writeRawModel(folder, describeModel(manifest));
    await writeFile(join(folder, "weights/w.bin"), BYTES);
    assert.deepEqual(listValues((await loadModelFile(folder)).weights), VALUES);
  }));

Deno.test("quantized weights are widened, and integers and booleans keep their type", () =>
  inTempFolder(async (folder) => {
    const weights = [
      {
        name: "a",
        shape: [2],
        dtype: "float32",
        quantization: { dtype: "uint8", scale: 0.5, min: -1 },
      },
      {
        name: "b",
        shape: [1],
        dtype: "float32",
        quantization: { dtype: "uint16", scale: 2, min: 1 },
      },
      { name: "c", shape: [2], dtype: "float32", quantization: { dtype: "float16" } },
      {
        name: "d",
        shape: [1],
        dtype: "int32",
        quantization: { dtype: "uint8", scale: 1.4, min: 0 },
      },
      { name: "e", shape: [], dtype: "int32" },
      { name: "f", shape: [3], dtype: "bool" },
      { name: "g", shape: [0], dtype: "float32" },
    ];
    const bytes = Uint8Array.of(
      ...[0, 255],
      ...[0x10, 0x27],
      ...[0x00, 0x3c, 0x00, 0xc1],
      ...[3],
      ...[0xfe, 0xff, 0xff, 0xff],
      ...[1, 0, 1],
    );
    const manifest = [{ paths: ["w.bin"], weights }];
    await writeRawModel(folder, describeModel(manifest), { "w.bin": bytes });
    const loaded = (await loadModelFile(folder)).weights;
    const values = Object.fromEntries([...loaded].map(([name, weight]) => [name, weight.values]));
    assert.deepEqual(values, {
      a: Float32Array.of(-1, 126.5),
      b: Float32Array.of(20001),
      c: Float32Array.of(1, -2.5),
      d: Int32Array.of(4),
      e: Int32Array.of(-2),
      f: Uint8Array.of(1, 0, 1),
      g: new Float32Array(0),
    });
  }));

Deno.test("the topology of Keras' converter is unwrapped, with its training configuration", () =>
  inTempFolder(async (folder) => {
    const inner = describeModel(MANIFEST).modelTopology;
    const modelTopology = {
      keras_version: "2.15.0",
      backend: "tensorflow",
      model_config: { class_name: "Sequential", config: inner.config.layers },
      training_config: { loss: "mse" },
    };
    const json = { modelTopology, weightsManifest: MANIFEST };
    await writeRawModel(folder, json, { "w.bin": BYTES });
    const { topology, trainingConfig } = await loadModelFile(folder);
    assert.deepEqual(topology, {
      class_name: "Sequential",
      config: { layers: inner.config.layers },
      keras_version: "2.15.0",
      backend: "tensorflow",
    });
    assert.deepEqual(trainingConfig, { loss: "mse" });
  }));

Deno.test("metadata and training configuration are kept, the optimizer's state is not", () =>
  inTempFolder(async (folder) => {
    const step = { name: "Adam/iter", shape: [1], dtype: "float32", group: "optimizer" };
    const manifest = [{ paths: ["w.bin"], weights: [...DENSE_WEIGHTS, step] }];
    const json = describeModel(manifest, {
      userDefinedMetadata: { a: 1 },
      trainingConfig: { b: 2 },
    });
    await writeRawModel(folder, json, { "w.bin": encodeFloats(...VALUES, 9) });
    const { metadata, trainingConfig, weights } = await loadModelFile(folder);
    assert.deepEqual([metadata, trainingConfig], [{ a: 1 }, { b: 2 }]);
    assert.deepEqual([...weights.keys()], ["dense/kernel", "dense/bias"]);
  }));

const withWeights = (weights: unknown) => describeModel([{ paths: ["w.bin"], weights }]);
const withPath = (path: unknown) => describeModel([{ paths: [path], weights: DENSE_WEIGHTS }]);

const FAULTS: [sentence: string, json: unknown, message: RegExp][] = [
  [
    "malformed JSON",
    "{ not json",
    /model\.json: found malformed JSON \(.*\), wanted a model\.json/,
  ],
  ["bytes that are no text", "\u0000\u0001", /found malformed JSON/],
  ["JSON without members", "[1, 2]", /found JSON without members/],
  [
    "a graph model",
    { format: "graph-model", modelTopology: { node: [] }, weightsManifest: [] },
    /found a graph model, wanted a layers model; open it with openModel\(\)/,
  ],
  [
    "a graph model that does not state its format",
    { modelTopology: { node: [] }, weightsManifest: [] },
    /found a graph model/,
  ],
  ["another format", { format: "onnx", modelTopology: {} }, /found format "onnx"/],
  ["no topology", { weightsManifest: [] }, /found no modelTopology/],
  [
    "another class of model",
    { modelTopology: { class_name: "Dense", config: {} }, weightsManifest: [] },
    /found a model of class "Dense", wanted Sequential, Model or Functional/,
  ],
  [
    "a topology without layers",
    { modelTopology: { class_name: "Model", config: {} }, weightsManifest: [] },
    /found no list of layers/,
  ],
  [
    "a layer without a class",
    { modelTopology: { class_name: "Sequential", config: [{ config: {} }] }, weightsManifest: [] },
    /layer 0 of modelTopology lacks class_name or config/,
  ],
  ["no weightsManifest", describeModel(undefined), /found no weightsManifest/],
  ["a group without paths", describeModel([{ weights: [] }]), /group 0 of weightsManifest lacks/],
  ["a weight without a name", withWeights([{ shape: [] }]), /found a weight without a name/],
  [
    "a weight without a shape",
    withWeights([{ name: "k", dtype: "float32" }]),
    /weight "k" has shape undefined/,
  ],
  [
    "a negative extent",
    withWeights([{ name: "k", shape: [-1], dtype: "float32" }]),
    /weight "k" has shape \[-1\]/,
  ],
  [
    "a type that no convolution has",
    withWeights([{ name: "k", shape: [1], dtype: "string" }]),
    /weight "k" is of type "string", wanted float32, int32 or bool/,
  ],
  [
    "an unknown quantization",
    withWeights([{ name: "k", shape: [1], dtype: "float32", quantization: { dtype: "int4" } }]),
    /weight "k" has quantization \{"dtype":"int4"\}/,
  ],
  [
    "a quantization without its scale",
    withWeights([{ name: "k", shape: [1], dtype: "float32", quantization: { dtype: "uint8" } }]),
    /wanted uint8 or uint16 with scale and min/,
  ],
  [
    "a weight that is listed twice",
    withWeights(
      [DENSE_WEIGHTS[1], DENSE_WEIGHTS[0], DENSE_WEIGHTS[1]].slice(0, 2).concat([{
        name: "dense/bias",
        shape: [0],
        dtype: "float32",
      }]),
    ),
    /found weight "dense\/bias" twice/,
  ],
  ["a missing shard", withPath("gone.bin"), /reading gone\.bin, a shard of .*: found no such file/],
  ["a shard that is a folder", withPath("sub"), /reading sub, a shard of/],
  [
    "an absolute shard path",
    withPath("/etc/hostname"),
    /reading \/etc\/hostname.*leaves the model's folder/,
  ],
  [
    "a shard path with ..",
    withPath("../outside.bin"),
    /\.\.\/outside\.bin.*leaves the model's folder/,
  ],
  ["a shard path that comes back", withPath("sub/../../outside.bin"), /leaves the model's folder/],
  [
    "a link that leaves the folder",
    withPath("link.bin"),
    /reading link\.bin.*leaves the model's folder/,
  ],
  ["an address as shard", withPath("https://example.com/w.bin"), /found no such file/],
  [
    "a truncated shard",
    withWeights([...DENSE_WEIGHTS, { name: "k", shape: [2], dtype: "float32" }]),
    /found 32 bytes in w\.bin, wanted 40; a shard is truncated/,
  ],
  [
    "a shard that is too long",
    withWeights([DENSE_WEIGHTS[0]]),
    /found 32 bytes in w\.bin, wanted 24; a shard is too long/,
  ],
];

for (const [sentence, json, message] of FAULTS) {
  Deno.test(`loading refuses ${sentence}`, () =>
    inTempFolder(async (root) => {
      const folder = join(root, "model");
      await writeRawModel(folder, json, { "w.bin": BYTES });
      await writeFile(join(root, "outside.bin"), BYTES);
      await Deno.mkdir(join(folder, "sub"));
      await Deno.symlink(join(root, "outside.bin"), join(folder, "link.bin"));
      await assert.rejects(loadModelFile(folder), { name: "InputError", message });
    }));
}

Deno.test("a missing model and a folder without model.json are told apart", () =>
  inTempFolder(async (folder) => {
    await assert.rejects(loadModelFile(join(folder, "nowhere")), {
      name: "InputError",
      message: /opening the model .*nowhere: found no such file/,
    });
    await assert.rejects(loadModelFile(folder), {
      name: "InputError",
      message: /found a folder without model\.json/,
    });
  }));

Deno.test("weights that are not finite are named and counted", () =>
  inTempFolder(async (folder) => {
    const bytes = encodeFloats(1, NaN, Infinity, 4, 5, 6, 7, -Infinity);
    await writeRawModel(folder, describeModel(MANIFEST), { "w.bin": bytes });
    await assert.rejects(loadModelFile(folder), {
      name: "InputError",
      message: /found NaN or infinite values, 2 of 6 in "dense\/kernel", 1 of 2 in "dense\/bias"/,
    });
  }));
