import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { benchmark } from "../../src/api/benchmark.ts";
import { InputError } from "../../src/base/errors.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { buildNetworkFile } from "../support/networks.ts";

const quick = { batchSize: 2, rounds: 3 };

Deno.test("benchmark() measures models in turns, and what the first is compared with is itself", async () => {
  await startBackend();
  const file = await buildNetworkFile("plain");
  const tensors = tf.memory().numTensors;
  const { models } = await benchmark({ models: [file, file], ...quick });
  assert.equal(tf.memory().numTensors, tensors);
  const [first, second] = models;
  assert.deepEqual(
    [first.params, first.macs, first.memory],
    [second.params, second.macs, second.memory],
  );
  for (const { latency } of models) {
    assert.deepEqual(Object.keys(latency), ["tfjs-wasm", "secateur"]);
    for (const { minimum, median, maximum } of Object.values(latency)) {
      assert.ok(0 < minimum && minimum <= median && median <= maximum);
    }
  }
  assert.deepEqual(first.latency["tfjs-wasm"]!.relative, { minimum: 1, median: 1, maximum: 1 });
  assert.ok(second.latency["tfjs-wasm"]!.relative.median > 0);
});

Deno.test("benchmark() times every layer that computes, and counts weights and activations", async () => {
  const file = await buildNetworkFile("preActivation");
  const { models: [model] } = await benchmark({ models: [file], ...quick });
  const names = model.layers!.map(({ name }) => name);
  const wanted = file.topology.config.layers!
    .filter(({ class_name }) => class_name !== "InputLayer")
    .map(({ config }) => config.name);
  assert.deepEqual(names.toSorted(), wanted.toSorted());
  for (const { milliseconds } of model.layers!) {
    assert.ok(milliseconds["tfjs-wasm"]! > 0 && milliseconds.secateur! > 0);
  }
  assert.equal(model.memory.weights, 4 * model.params);
  assert.ok(model.memory.activations > 0);
});

Deno.test("benchmark() without layers has none; models of other images are refused", async () => {
  const [plain, other] = [
    await buildNetworkFile("plain"),
    await buildNetworkFile("plain"),
  ];
  const { models } = await benchmark({ models: [plain], ...quick, layers: false });
  assert.equal(models[0].layers, undefined);
  const input = other.topology.config.layers![0].config;
  input.batch_input_shape = [null, 20, 20, (input.batch_input_shape as number[])[3]];
  await assert.rejects(
    benchmark({ models: [plain, other], ...quick, layers: false }),
    InputError,
  );
});
