import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { compareNetworks } from "../../../src/graph/comparison/compare_networks.ts";
import { drawRows } from "../../../src/graph/comparison/input_rows.ts";
import { withoutSaturation } from "../../../src/graph/comparison/without_saturation.ts";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { captureModel, disposeModel } from "../../../src/model/instantiate.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import { buildNetworkFile, networkNames } from "../../support/networks.ts";

await startBackend();

async function rowsOf(file: ModelFile) {
  const { graph, model } = await openNetwork(file);
  disposeModel(model);
  return drawRows(graph, file);
}

async function compare(wanted: ModelFile, found: ModelFile) {
  return await compareNetworks(wanted, found, await rowsOf(wanted), "trying it");
}

/** A convolution, global pooling and a Dense layer, behind which an activation saturates. */
async function saturated(bias: number, activation: string, asLayer: boolean): Promise<ModelFile> {
  const input = tf.input({ shape: [8, 8, 3] });
  const convolution = tf.layers.conv2d({
    filters: 4,
    kernelSize: 3,
    activation: "relu",
    name: "conv",
  });
  const dense = tf.layers.dense({
    units: 2,
    activation: (asLayer ? "linear" : activation) as "linear",
    name: "dense",
  });
  const vector = tf.layers.globalAveragePooling2d({}).apply(convolution.apply(input));
  const scores = dense.apply(vector) as tf.SymbolicTensor;
  const outputs = asLayer
    ? tf.layers.activation({ activation: activation as "linear" }).apply(scores)
    : scores;
  const model = tf.model({ inputs: input, outputs: outputs as tf.SymbolicTensor });
  const [kernel] = dense.getWeights();
  dense.setWeights([kernel, tf.tensor1d([bias, -bias])]);
  const file = await captureModel(model);
  disposeModel(model);
  return file;
}

function withChange(file: ModelFile, name: string, change: (value: number) => number): ModelFile {
  const weights = new Map(file.weights);
  const weight = weights.get(name)!;
  weights.set(name, { ...weight, values: Float32Array.from(weight.values, change) });
  return { ...file, weights };
}

for (const activation of ["softmax", "sigmoid", "tanh"]) {
  for (const asLayer of [false, true]) {
    const where = asLayer ? "a layer of its own" : "the last layer's";
    Deno.test(`networks that differ before a saturated ${activation}, ${where}, are told apart`, async () => {
      const file = await saturated(100, activation, asLayer);
      const other = withChange(file, "conv/kernel", (value) => value / 2);
      const same = await compare(file, file);
      assert.deepEqual(same, { difference: 0, isTelling: true });
      await assert.rejects(compare(file, other), /differ by .* of their spread, wanted at most/);
    });
  }
}

Deno.test("a difference is relative to how far outputs vary, not to how large they are", async () => {
  const file = await saturated(0, "linear", false);
  const small = withChange(file, "dense/kernel", (value) => value / 1e4);
  await assert.rejects(compare(small, withChange(small, "dense/kernel", (value) => 1.01 * value)));
  assert.ok((await compare(small, withChange(small, "dense/bias", (value) => value))).isTelling);
});

Deno.test("where nothing can be noticed the comparison says so", async () => {
  const file = await saturated(0, "linear", false);
  const dead = withChange(file, "conv/bias", () => -1e6);
  const comparison = await compare(dead, dead);
  assert.deepEqual(comparison, { difference: 0, isTelling: false });
});

Deno.test("outputs that are no numbers are no equal outputs", async () => {
  const file = await saturated(0, "linear", false);
  const broken = withChange(file, "dense/bias", () => NaN);
  await assert.rejects(compare(broken, broken), {
    name: "InputError",
    message: /no finite numbers/,
  });
});

Deno.test("words of an Embedding are drawn from its vocabulary", async () => {
  const input = tf.input({ shape: [12], name: "words" });
  const embedded = tf.layers.embedding({ inputDim: 7, outputDim: 4, name: "words_of" }).apply(
    input,
  );
  const mixed = tf.layers.conv1d({ filters: 3, kernelSize: 3, name: "conv" }).apply(embedded);
  const outputs = tf.layers.globalAveragePooling1d({}).apply(mixed) as tf.SymbolicTensor;
  const model = tf.model({ inputs: input, outputs });
  const file = await captureModel(model);
  disposeModel(model);
  const rows = await rowsOf(file);
  const [words] = await rows.read(0, rows.count);
  assert.ok(words.dataSync().every((word) => Number.isInteger(word) && word >= 0 && word < 7));
  words.dispose();
  assert.deepEqual(await compare(file, file), { difference: 0, isTelling: true });
  await assert.rejects(compare(file, withChange(file, "conv/kernel", (value) => 1.01 * value)));
});

Deno.test("bytes are drawn as the metadata prepare them", async () => {
  const plain = await saturated(0, "linear", false);
  const preprocess = { scale: 1, mean: [100], std: [50], inputSize: [8, 8] };
  const rows = await rowsOf({ ...plain, metadata: { preprocess } });
  const [images] = await rows.read(0, 2);
  assert.deepEqual(images.shape, [2, 8, 8, 3]);
  const bytes = images.dataSync().map((value) => value * 50 + 100);
  assert.ok(
    bytes.every((byte) => Math.abs(byte - Math.round(byte)) < 1e-3 && byte > -1 && byte < 256),
  );
  images.dispose();
});

for (const name of networkNames) {
  Deno.test(`a changed weight of a ${name} network is noticed, tensors are given back`, async () => {
    const file = await buildNetworkFile(name);
    const tensors = tf.memory().numTensors;
    assert.deepEqual(await compare(file, file), { difference: 0, isTelling: true });
    assert.equal(tf.memory().numTensors, tensors);
  });
}

Deno.test("a network whose outputs do not saturate is compared as it is", async () => {
  const file = await saturated(1, "linear", false);
  assert.equal(await withoutSaturation(file), file);
});
