import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { readKeras } from "../../src/formats/keras/mod.ts";
import { openNetwork } from "../../src/graph/opening/network.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { captureModel, disposeModel } from "../../src/model/instantiate.ts";
import type { LayerConfig, ModelFile } from "../../src/model/model_file.ts";
import { encodeH5, encodeKeras, randomArray } from "../formats/keras/keras_files.ts";

await startBackend();

/** A size whose kernels no memory holds, and one whose kernels take seconds and gigabytes. */
const CLAIMS = [1_000_000_000, 40_000_000];

/** Layers of a few weights, and the option that says how many. */
const LAYERS: readonly [layer: tf.layers.Layer, shape: number[], option: string][] = [
  [tf.layers.conv2d({ filters: 2, kernelSize: 3 }), [8, 8, 3], "filters"],
  [tf.layers.conv2dTranspose({ filters: 2, kernelSize: 3 }), [8, 8, 3], "filters"],
  [tf.layers.separableConv2d({ filters: 2, kernelSize: 3 }), [8, 8, 3], "filters"],
  [tf.layers.depthwiseConv2d({ kernelSize: 3 }), [8, 8, 3], "depth_multiplier"],
  [tf.layers.dense({ units: 2 }), [4], "units"],
  [tf.layers.embedding({ inputDim: 5, outputDim: 3 }), [4], "input_dim"],
  [tf.layers.lstm({ units: 2 }), [4, 3], "units"],
  [tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 2 }) }), [4, 3], "units"],
];

const replaceOption = (file: ModelFile, option: string, value: number): ModelFile => {
  const revive = (key: string, old: unknown) => key === option ? value : old;
  return { ...file, topology: JSON.parse(JSON.stringify(file.topology), revive) };
};

/** Nothing is made of what is claimed, and no time is spent on it. */
async function assertRefused(file: ModelFile, said: RegExp): Promise<void> {
  const before = tf.memory().numBytes;
  const start = performance.now();
  await assert.rejects(openNetwork(file), (error: Error) => {
    assert.equal(error.name, "InputError", String(error.stack));
    assert.match(error.message, said);
    return true;
  });
  assert.ok(performance.now() - start < 2_000);
  assert.ok(tf.memory().numBytes - before < 8 * 2 ** 20);
}

const SAID = /found layer ".*" with a .* of \[.*\], .*wanted no more than the \d+ numbers/;

for (const [layer, shape, option] of LAYERS) {
  Deno.test(`${layer.getClassName()} of more ${option} than its weights have is not built`, async () => {
    const input = tf.input({ shape });
    const model = tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor });
    const file = await captureModel(model);
    disposeModel(model);
    disposeModel((await openNetwork(file)).model);
    for (const claim of CLAIMS) await assertRefused(replaceOption(file, option, claim), SAID);
  });
}

Deno.test("an input of more numbers than a kernel has rows is refused before the kernel is made", async () => {
  const model = tf.sequential({
    layers: [tf.layers.flatten({ inputShape: [2, 2, 1] }), tf.layers.dense({ units: 3 })],
  });
  const file = await captureModel(model);
  disposeModel(model);
  const topology = JSON.parse(
    JSON.stringify(file.topology).replaceAll("[null,2,2,1]", "[null,20000,20000,1]"),
  );
  await assertRefused({ ...file, topology }, SAID);
});

Deno.test("many layers that claim as much as all weights together are not built", async () => {
  const units = 2_000;
  const names = Array.from({ length: 500 }, (_, index) => `d${index}`);
  const layers = names.map((name): { class_name: string; config: LayerConfig } => ({
    class_name: "Dense",
    config: { name, units, batch_input_shape: [null, units] },
  }));
  const values = new Float32Array(units * units);
  const kernel = { name: "d0/kernel", shape: [units, units], dtype: "float32" as const, values };
  const topology = { class_name: "Sequential", config: { name: "s", layers } };
  const weights = new Map([[kernel.name, kernel]]);
  const before = tf.memory().numBytes;
  await assert.rejects(openNetwork({ topology, weights, bytes: 0, path: "many" }), {
    message: /building the model of many: found layer "d1" .*; mend the model/,
  });
  assert.ok(tf.memory().numBytes - before < 40 * 2 ** 20);
});

Deno.test("Keras files are held to their weights in the same way", async () => {
  const describe = (units: number) => {
    const config = { name: "dense", units, batch_input_shape: [null, 3] };
    return {
      class_name: "Sequential",
      config: { name: "net", layers: [{ class_name: "Dense", config }] },
    };
  };
  const [kernel, bias] = [randomArray([3, 2], 1), randomArray([2], 2)];
  const h5 = { dense: { "dense/kernel:0": kernel, "dense/bias:0": bias } };
  const encoders = [
    (units: number) => encodeKeras(describe(units), { "layers/dense": [kernel, bias] }),
    (units: number) => encodeH5(describe(units), h5),
  ];
  for (const encode of encoders) {
    disposeModel((await openNetwork(await readKeras(encode(2), "file"))).model);
    await assertRefused(await readKeras(encode(CLAIMS[0]), "file"), SAID);
  }
});

Deno.test("a layer that is off by a few weights is refused by its name", async () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
  const file = await captureModel(model);
  disposeModel(model);
  await assert.rejects(openNetwork(replaceOption(file, "units", 3)), {
    name: "InputError",
    message: /shape/i,
  });
});
