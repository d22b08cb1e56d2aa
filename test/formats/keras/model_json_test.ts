import assert from "node:assert/strict";
import { readKeras } from "../../../src/formats/keras/mod.ts";
import { readModel } from "../../../src/formats/open_model.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel, instantiate } from "../../../src/model/instantiate.ts";
import type { FixtureArray } from "./hdf5_fixture.ts";
import { encodeKeras, keras3Call, keras3Conv, keras3Layer, randomArray } from "./keras_files.ts";

await startBackend();

const MODEL = {
  module: "keras.src.models.functional",
  class_name: "Functional",
  config: {
    name: "net",
    layers: [
      keras3Layer("InputLayer", { name: "image", batch_shape: [null, 8, 8, 3] }, []),
      keras3Layer("RandomFlip", { name: "flip" }, [keras3Call("image")]),
      keras3Layer("Conv2D", keras3Conv("conv", 4, { activation: "hard_sigmoid" }), [
        keras3Call("flip"),
      ]),
      keras3Layer("DepthwiseConv2D", {
        ...keras3Conv("depthwise", 4),
        depth_multiplier: 1,
      }, [keras3Call("conv")]),
      keras3Layer("Add", { name: "sum" }, [keras3Call("conv", "depthwise")]),
    ],
    input_layers: [["image", 0, 0]],
    output_layers: [["sum", 0, 0]],
  },
};

const KERNEL = randomArray([3, 3, 3, 4], 1), BIAS = randomArray([4], 2);
const TAPS = randomArray([3, 3, 4, 1], 3), SHIFTS = randomArray([4], 4);

/** The files of a model.json as tensorflowjs_converter writes it. */
function filesOf(arrays: Record<string, FixtureArray>, topology: unknown = MODEL) {
  const weights = Object.entries(arrays).map(([name, { shape }]) => ({
    name,
    shape,
    dtype: "float32",
  }));
  const data = Object.values(arrays).flatMap((array) => [...array.data]);
  const json = {
    format: "layers-model",
    generatedBy: "keras v3.5.0",
    modelTopology: { keras_version: "3.5.0", backend: "tensorflow", model_config: topology },
    weightsManifest: [{ paths: ["group1-shard1of1.bin"], weights }],
  };
  return new Map([
    ["model.json", new TextEncoder().encode(JSON.stringify(json))],
    ["group1-shard1of1.bin", new Uint8Array(Float32Array.from(data).buffer)],
  ]);
}

Deno.test("a model.json with the topology of Keras 3 is read as the .keras file is", async () => {
  const wanted = await readKeras(
    encodeKeras(MODEL, {
      "layers/conv2d": [KERNEL, BIAS],
      "layers/depthwise_conv2d": [TAPS, SHIFTS],
    }),
    "net.keras",
  );
  const spellings = [
    ["conv/kernel", "conv/bias", "depthwise/depthwise_kernel", "depthwise/bias"],
    ["net/conv/kernel:0", "net/conv/bias:0", "net/depthwise/kernel:0", "net/depthwise/bias:0"],
    ["conv/0", "conv/1", "depthwise/0", "depthwise/1"],
  ];
  for (const [first, second, third, fourth] of spellings) {
    const arrays = { [first]: KERNEL, [second]: BIAS, [third]: TAPS, [fourth]: SHIFTS };
    const file = await readModel("model.json", filesOf(arrays));
    assert.deepEqual(file.topology.config, wanted.topology.config);
    assert.deepEqual(file.weights, wanted.weights);
    disposeModel(await instantiate(file));
  }
});

Deno.test("a model.json of Keras that lacks a weight is refused with its layer", async () => {
  const arrays = { "conv/kernel": KERNEL, "conv/bias": BIAS, "depthwise/bias": SHIFTS };
  await assert.rejects(readModel("model.json", filesOf(arrays)), {
    name: "InputError",
    message: /found nothing as the depthwise_kernel of layer depthwise \(DepthwiseConv2D\)/,
  });
});
