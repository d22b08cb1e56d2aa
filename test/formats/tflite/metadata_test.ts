import assert from "node:assert/strict";
import { zipSync } from "fflate";
import { METADATA_NAME } from "../../../src/formats/tflite/model.ts";
import { decodeTflite } from "../../../src/formats/tflite/read/decode.ts";
import { readTflite } from "../../../src/formats/tflite/read/read.ts";
import { describeModel } from "../../../src/formats/tflite/write/describe_model.ts";
import { encodeTflite } from "../../../src/formats/tflite/write/encode.ts";
import { packFiles } from "../../../src/formats/tflite/write/pack_files.ts";
import { writeTflite } from "../../../src/formats/tflite/write/write.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import { readPreprocessing } from "../../../src/model/read_preprocessing.ts";
import { findInputs } from "../../../src/model/topology.ts";
import { preprocessingPresets } from "../../../src/model/preprocessing.ts";
import { buildInputNetwork } from "../../support/input_networks.ts";
import { buildNetworkFile } from "../../support/networks.ts";

await startBackend();

/** The file without what only Secateur reads of it. */
function forgetOwn(bytes: Uint8Array): Uint8Array {
  const model = decodeTflite(bytes, "own.tflite");
  const metadata = model.metadata!.filter(({ name }) => name === METADATA_NAME);
  return encodeTflite({ ...model, metadata });
}

/** A network of pictures with classes. */
async function buildClassifier(preprocess: object): Promise<ModelFile> {
  const file = await buildNetworkFile("plain");
  const bytes = writeTflite(file);
  const { subgraphs } = decodeTflite(bytes, "plain.tflite");
  const width = subgraphs![0].tensors![subgraphs![0].outputs![0]].shape!.at(-1)!;
  const classes = Array.from({ length: width }, (_, index) => `class ${index}`);
  return { ...file, metadata: { classes, preprocess } };
}

/** What a model says that bytes of 0 and 255 become, in every channel. */
function valuesOf(file: ModelFile): number[] {
  const [{ transform, shape }] = readPreprocessing(file).inputs;
  const { scale, mean, std } = transform!;
  return [0, 255].flatMap((byte) =>
    Array.from(
      { length: shape.at(-1)! },
      (_, channel) => (byte * scale - mean[channel]) / std[channel],
    )
  );
}

Deno.test("other programs are told of preprocessing and classes, and what they are told is read", async () => {
  for (const preset of ["raw", "unit", "keras-tf", "keras-torch"]) {
    const file = await buildClassifier({ ...preprocessingPresets.get(preset)! });
    const bytes = writeTflite(file);
    const { labels } = describeModel(file, { name: "plain", inputs: [], outputs: [] });
    assert.equal(labels, undefined, "an output of other classes has no names");
    const files = {
      "labels.txt": new TextEncoder().encode((file.metadata!.classes as string[]).join("\n")),
    };
    const told = readTflite(packFiles(forgetOwn(bytes), files), "told.tflite");
    assert.deepEqual(told.metadata!.classes, file.metadata!.classes);
    const [found, wanted] = [told, file].map(valuesOf);
    found.forEach((value, index) => assert.ok(Math.abs(value - wanted[index]) < 1e-5, preset));
  }
});

Deno.test("the archive behind a model is read whatever its offsets count from", async () => {
  const file = await buildClassifier({ ...preprocessingPresets.get("unit")! });
  const bytes = forgetOwn(writeTflite(file));
  const archive = zipSync({
    "labels.txt": new TextEncoder().encode(
      (file.metadata!.classes as string[]).join("\r\n") + "\r\n",
    ),
  });
  const joined = new Uint8Array(bytes.length + archive.length);
  joined.set(bytes);
  joined.set(archive, bytes.length);
  assert.deepEqual(readTflite(joined, "joined.tflite").metadata!.classes, file.metadata!.classes);
});

Deno.test("metadata that is damaged says nothing, and the network is read", async () => {
  const file = await buildClassifier({ ...preprocessingPresets.get("unit")! });
  const described = decodeTflite(writeTflite(file), "whole.tflite");
  const { buffer } = described.metadata!.find(({ name }) => name === METADATA_NAME)!;
  for (let length = 0; length < 64; length += 4) {
    const buffers = described.buffers!.map((each, index) =>
      index === buffer ? { data: each.data!.slice(0, length) } : each
    );
    const metadata = described.metadata!.filter(({ name }) => name === METADATA_NAME);
    const damaged = encodeTflite({ ...described, buffers, metadata });
    assert.equal(readTflite(damaged, "damaged.tflite").metadata?.preprocess, undefined);
  }
});

Deno.test("colors in another order are not told, and neither are names that no list holds", async () => {
  const caffe = await buildClassifier({ ...preprocessingPresets.get("keras-caffe")! });
  const told = readTflite(forgetOwn(writeTflite(caffe)), "caffe.tflite");
  assert.equal(told.metadata, undefined);
  const classes = (caffe.metadata!.classes as string[]).map((name) => `${name}\nagain`);
  const listless = writeTflite({ ...caffe, metadata: { ...caffe.metadata, classes } });
  assert.deepEqual(readTflite(listless, "listless.tflite").metadata!.classes, classes);
});

Deno.test("inputs of a network with several are told one by one", async () => {
  const file = await buildInputNetwork("concatenated");
  const names = findInputs(file.topology).map(({ name }) => name);
  const inputs = Object.fromEntries(
    names.map((name, index) => [name, { scale: 1 / 255, mean: [index / 10], std: [1] }]),
  );
  const bytes = writeTflite({ ...file, metadata: { preprocess: { inputs } } });
  const told = readTflite(forgetOwn(bytes), "told.tflite");
  for (const { name, transform } of readPreprocessing(told).inputs) {
    const index = names.indexOf(name);
    const { scale, mean, std } = transform!;
    assert.ok(Math.abs((0 * scale - mean[0]) / std[0] + index / 10) < 1e-6, name);
  }
});
