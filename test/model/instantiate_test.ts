import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { join } from "node:path";
import { captureModel, instantiate } from "../../src/model/instantiate.ts";
import { loadModelFile } from "../../src/formats/tfjs/load.ts";
import { saveModelFile } from "../../src/formats/tfjs/save.ts";
import {
  createModelFile,
  DENSE_WEIGHTS,
  describeModel,
  encodeFloats,
  inTempFolder,
  writeRawModel,
} from "./fixtures.ts";

function predict(model: tf.LayersModel): number[] {
  return tf.tidy(() => {
    const images = tf.randomUniform([3, 8, 8, 3], 0, 1, "float32", 7);
    return Array.from((model.predict(images) as tf.Tensor).dataSync());
  });
}

Deno.test("a model predicts the same after capture, save, load and instantiation", () =>
  inTempFolder(async (folder) => {
    const file = await createModelFile();
    const model = await instantiate(file);
    await saveModelFile(join(folder, "model"), await captureModel(model));
    const reloaded = await instantiate(await loadModelFile(join(folder, "model")));
    const wanted = predict(model);
    assert.ok(new Set(wanted).size > 3);
    assert.deepEqual(predict(reloaded), wanted);
    for (const each of [model, reloaded]) each.dispose();
  }));

Deno.test("`captureModel()` is the inverse of `instantiate()`", async () => {
  const file = await createModelFile();
  const model = await instantiate(file);
  const { topology, weights, metadata } = await captureModel(model, file);
  model.dispose();
  assert.deepEqual(topology, file.topology);
  assert.deepEqual(weights, file.weights);
  assert.deepEqual(metadata, file.metadata);
});

Deno.test("no tensor outlives a model that was disposed of", async () => {
  const file = await createModelFile();
  const before = tf.memory().numTensors;
  for (let round = 0; round < 3; round++) {
    const model = await instantiate(file);
    await captureModel(model);
    model.dispose();
    assert.equal(tf.memory().numTensors, before);
  }
});

Deno.test("changing a captured weight does not change the model", async () => {
  const model = await instantiate(await createModelFile());
  const wanted = predict(model);
  (await captureModel(model)).weights.get("first/kernel")!.values.fill(0);
  assert.deepEqual(predict(model), wanted);
  model.dispose();
});

Deno.test("the topology of Keras' converter is built too", () =>
  inTempFolder(async (folder) => {
    await createModelFile();
    const { modelTopology, weightsManifest } = describeModel([
      { paths: ["w.bin"], weights: DENSE_WEIGHTS },
    ]);
    const wrapped = { keras_version: "2.15.0", backend: "tensorflow", model_config: modelTopology };
    const json = { modelTopology: wrapped, weightsManifest };
    await writeRawModel(folder, json, { "w.bin": encodeFloats(1, 0, 0, 1, 1, 1, 10, 20) });
    const model = await instantiate(await loadModelFile(folder));
    const scores = tf.tidy(() => (model.predict(tf.tensor2d([[1, 2, 3]])) as tf.Tensor).dataSync());
    model.dispose();
    assert.deepEqual([...scores], [14, 25]);
  }));

Deno.test("a layer class that tfjs does not know is an InputError with the file and the class", async () => {
  const file = await createModelFile();
  const topology = JSON.parse(
    JSON.stringify(file.topology).replaceAll("BatchNormalization", "Mystery"),
  );
  await assert.rejects(instantiate({ ...file, topology, path: "odd/model.json" }), {
    name: "InputError",
    message: /building the model of odd\/model\.json: .*Mystery/,
  });
});

Deno.test("weights that are missing or do not fit are an InputError", async () => {
  const file = await createModelFile();
  const missing = new Map(file.weights);
  missing.delete("first/kernel");
  await assert.rejects(instantiate({ ...file, weights: missing }), { name: "InputError" });
  const bias = {
    name: "first/bias",
    shape: [5],
    dtype: "float32",
    values: new Float32Array(5),
  } as const;
  const misfit = new Map(file.weights).set(bias.name, { ...bias, shape: [5] });
  await assert.rejects(instantiate({ ...file, weights: misfit }), { name: "InputError" });
});
