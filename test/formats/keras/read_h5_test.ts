import assert from "node:assert/strict";
import { readKeras } from "../../../src/formats/keras/mod.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel, instantiate } from "../../../src/model/instantiate.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import { encodeWithLibrary, type FixtureArray } from "./hdf5_fixture.ts";
import { encodeH5, keras3Call, keras3Conv, keras3Layer, randomArray } from "./keras_files.ts";

await startBackend();

const CONV = {
  name: "conv",
  trainable: true,
  dtype: "float32",
  batch_input_shape: [null, 8, 8, 3],
  filters: 4,
  kernel_size: [3, 3],
  strides: [1, 1],
  padding: "same",
  data_format: "channels_last",
  dilation_rate: [1, 1],
  groups: 1,
  activation: "hard_sigmoid",
  use_bias: true,
  kernel_initializer: {
    class_name: "VarianceScaling",
    config: { scale: 1.0, mode: "fan_avg", distribution: "uniform", seed: null, dtype: "float32" },
  },
  bias_initializer: { class_name: "Zeros", config: { dtype: "float32" } },
  kernel_regularizer: { class_name: "L2", config: { l2: 0.01 } },
  bias_regularizer: null,
};

const NORM = { name: "norm", axis: [3], momentum: 0.99, epsilon: 1e-3, center: true, scale: true };

const CONV_ARRAYS = {
  "conv/kernel:0": randomArray([3, 3, 3, 4], 1),
  "conv/bias:0": randomArray([4], 2),
};

const NORM_ARRAYS = Object.fromEntries(
  ["gamma", "beta", "moving_mean", "moving_variance"].map((role, index) => [
    `norm/${role}:0`,
    randomArray([4], 3 + index),
  ]),
);

function sequential(layers: [className: string, config: Record<string, unknown>][]) {
  return {
    class_name: "Sequential",
    config: {
      name: "net",
      layers: layers.map(([class_name, config]) => ({ class_name, config })),
    },
  };
}

const PLAIN = sequential([
  ["Conv2D", CONV],
  ["BatchNormalization", NORM],
  ["LeakyReLU", { name: "leaky", alpha: 0.2 }],
  ["GlobalMaxPooling2D", { name: "pool", data_format: "channels_last", keepdims: false }],
]);
const PLAIN_ARRAYS = { conv: CONV_ARRAYS, norm: NORM_ARRAYS, leaky: {}, pool: {} };

async function assertOpens(file: ModelFile): Promise<void> {
  disposeModel(await instantiate(file));
}

function assertValues(file: ModelFile, name: string, array: FixtureArray): void {
  assert.deepEqual(file.weights.get(name)?.values, array.data);
}

Deno.test("a Sequential model of Keras 2 is read", async () => {
  const file = await readKeras(encodeH5(PLAIN, PLAIN_ARRAYS), "net.h5");
  assert.deepEqual([...file.weights.keys()], [
    "conv/kernel",
    "conv/bias",
    "norm/gamma",
    "norm/beta",
    "norm/moving_mean",
    "norm/moving_variance",
  ]);
  assertValues(file, "norm/moving_mean", NORM_ARRAYS["norm/moving_mean:0"]);
  const [conv, norm, leaky] = file.topology.config.layers!;
  assert.equal(conv.config.activation, "hard_sigmoid");
  assert.deepEqual(conv.config.kernel_regularizer, {
    class_name: "L1L2",
    config: { l1: 0, l2: 0.01 },
  });
  assert.equal(norm.config.axis, 3);
  assert.equal(leaky.config.alpha, 0.2);
  assert.equal(file.topology.backend, "tensorflow");
  await assertOpens(file);
});

Deno.test("the bare list of layers of early Keras 2 is read", async () => {
  const bare = { class_name: "Sequential", config: PLAIN.config.layers };
  const file = await readKeras(encodeH5(bare, PLAIN_ARRAYS, "2.0.8"), "net.h5");
  assert.equal(file.weights.size, 6);
  await assertOpens(file);
});

/** A functional model that calls a nested one with two convolutions and a BatchNormalization, the second frozen. */
const INNER_CONV = { ...CONV, name: "inner", batch_input_shape: undefined, activation: "relu" };
const FROZEN_CONV = { ...INNER_CONV, name: "frozen", trainable: false };
const functionalLayer = (
  class_name: string,
  config: Record<string, unknown>,
  ...sources: unknown[]
) => ({
  class_name,
  name: config.name,
  config,
  inbound_nodes: sources.length === 0 ? [] : [sources.map((source) => [source, 0, 0, {}])],
});
const NESTED = {
  class_name: "Functional",
  config: {
    name: "outer",
    layers: [
      functionalLayer("InputLayer", { name: "image", batch_input_shape: [null, 8, 8, 4] }),
      {
        class_name: "Functional",
        name: "block",
        config: {
          name: "block",
          layers: [
            functionalLayer("InputLayer", { name: "block_in", batch_input_shape: [null, 8, 8, 4] }),
            functionalLayer("Conv2D", INNER_CONV, "block_in"),
            functionalLayer("BatchNormalization", NORM, "inner"),
            functionalLayer("Conv2D", FROZEN_CONV, "norm"),
          ],
          input_layers: [["block_in", 0, 0]],
          output_layers: [["frozen", 0, 0]],
        },
        inbound_nodes: [[["image", 0, 0, { training: false }]]],
      },
      {
        class_name: "Add",
        name: "sum",
        config: { name: "sum" },
        inbound_nodes: [[["image", 0, 0, {}], ["block", 1, 0, {}]]],
      },
    ],
    input_layers: [["image", 0, 0]],
    output_layers: [["sum", 0, 0]],
  },
};

const INNER = { kernel: randomArray([3, 3, 4, 4], 11), bias: randomArray([4], 12) };
const FROZEN = { kernel: randomArray([3, 3, 4, 4], 13), bias: randomArray([4], 14) };
const ORDERED = [
  ["inner/kernel", INNER.kernel],
  ["inner/bias", INNER.bias],
  ["norm/gamma", NORM_ARRAYS["norm/gamma:0"]],
  ["norm/beta", NORM_ARRAYS["norm/beta:0"]],
  ["norm/moving_mean", NORM_ARRAYS["norm/moving_mean:0"]],
  ["norm/moving_variance", NORM_ARRAYS["norm/moving_variance:0"]],
  ["frozen/kernel", FROZEN.kernel],
  ["frozen/bias", FROZEN.bias],
] as const;

for (
  const [sentence, rename] of [
    ["by the names of its layers", (name: string) => `${name}:0`],
    [
      "by Keras' order when the names do not tell",
      (name: string) => `${name.replace("/", "_1/")}:0`,
    ],
  ] as const
) {
  Deno.test(`weights of a nested model are found ${sentence}`, async () => {
    const arrays = Object.fromEntries(ORDERED.map(([name, array]) => [rename(name), array]));
    const groups = { image: {}, block: arrays, sum: {} };
    const file = await readKeras(encodeH5(NESTED, groups), "net.h5");
    for (const [name, array] of ORDERED) assertValues(file, name, array);
    await assertOpens(file);
  });
}

Deno.test("the layers' names decide over the order of the weights", async () => {
  const shuffled = [6, 7, 0, 1, 2, 3, 4, 5].map((index) => ORDERED[index]);
  const arrays = Object.fromEntries(shuffled.map(([name, array]) => [`block/${name}:0`, array]));
  const file = await readKeras(encodeH5(NESTED, { block: arrays }), "net.h5");
  assertValues(file, "frozen/bias", FROZEN.bias);
  assertValues(file, "inner/kernel", INNER.kernel);
});

Deno.test("an .h5 file of Keras 3 is read: its own form of layers, weights by their paths", async () => {
  const config = {
    module: "keras.src.models.functional",
    class_name: "Functional",
    config: {
      name: "net",
      layers: [
        keras3Layer("InputLayer", { name: "image", batch_shape: [null, 8, 8, 3] }, []),
        keras3Layer("Conv2D", keras3Conv("conv", 4, { activation: "silu" }), [keras3Call("image")]),
      ],
      input_layers: ["image", 0, 0],
      output_layers: ["conv", 0, 0],
    },
  };
  const arrays = {
    "conv/kernel": CONV_ARRAYS["conv/kernel:0"],
    "conv/bias": CONV_ARRAYS["conv/bias:0"],
  };
  const file = await readKeras(encodeH5(config, { conv: arrays }, "3.4.1"), "net.h5");
  assertValues(file, "conv/bias", arrays["conv/bias"]);
  assert.equal(file.topology.config.layers![1].config.activation, "swish");
  await assertOpens(file);
});

Deno.test("names that Keras cut into several attributes are joined", async () => {
  const { "conv/kernel:0": kernel, "conv/bias:0": bias } = CONV_ARRAYS;
  const bytes = encodeWithLibrary({
    attributes: {
      model_config: JSON.stringify(sequential([["Conv2D", CONV]])),
      keras_version: "2.4.0",
    },
    members: {
      model_weights: {
        members: {
          conv: {
            attributes: { weight_names0: ["conv/kernel:0"], weight_names1: ["conv/bias:0"] },
            members: { conv: { members: { "kernel:0": kernel, "bias:0": bias } } },
          },
        },
      },
    },
  });
  assertValues(await readKeras(bytes, "net.h5"), "conv/bias", bias);
});

/** Options of Keras 1, whose names and order of weights differ. */
const OLD_CONV = {
  name: "conv",
  trainable: true,
  batch_input_shape: [null, 8, 8, 3],
  input_dtype: "float32",
  nb_filter: 4,
  nb_row: 3,
  nb_col: 3,
  border_mode: "same",
  subsample: [2, 2],
  dim_ordering: "tf",
  init: "glorot_uniform",
  activation: "relu",
  bias: true,
  W_regularizer: null,
};
const old = (class_name: string, config: Record<string, unknown>) =>
  sequential([["Convolution2D", OLD_CONV], [class_name, { name: "layer", ...config }]]);
const oldArrays = (arrays: Record<string, FixtureArray> = {}) => ({
  conv: { conv_W: CONV_ARRAYS["conv/kernel:0"], conv_b: CONV_ARRAYS["conv/bias:0"] },
  layer: arrays,
});

Deno.test("a model of Keras 1 is read, with the names of its time", async () => {
  const arrays = Object.fromEntries(
    ["gamma", "beta", "running_mean", "running_std"].map((role, index) => [
      `layer_${role}`,
      randomArray([4], 3 + index),
    ]),
  );
  const config = old("BatchNormalization", { mode: 0, axis: 3, epsilon: 1e-3, momentum: 0.99 });
  const file = await readKeras(encodeH5(config, oldArrays(arrays), "1.2.2"), "old.h5");
  assertValues(file, "conv/kernel", CONV_ARRAYS["conv/kernel:0"]);
  assertValues(file, "layer/moving_variance", arrays.layer_running_std);
  const [conv] = file.topology.config.layers!;
  assert.equal(conv.class_name, "Conv2D");
  assert.deepEqual(conv.config.strides, [2, 2]);
  assert.deepEqual(conv.config.kernel_size, [3, 3]);
  const model = await instantiate(file);
  assert.deepEqual(model.outputs[0].shape, [null, 4, 4, 4]);
  disposeModel(model);
});

Deno.test("layers of Keras 1 that changed since are translated or refused", async () => {
  const read = async (className: string, config: Record<string, unknown>) => {
    const bytes = encodeH5(old(className, config), oldArrays(), "1.0.5");
    return (await readKeras(bytes, "old.h5")).topology.config.layers![1];
  };
  assert.equal((await read("Dropout", { p: 0.25 })).config.rate, 0.25);
  const padded = await read("ZeroPadding2D", { padding: [1, 2, 3, 4], dim_ordering: "tf" });
  assert.deepEqual(padded.config.padding, [[1, 2], [3, 4]]);
  assert.equal((await read("MaxPooling2D", { border_mode: "same" })).config.padding, "same");
  assert.equal((await read("Merge", { mode: "sum" })).class_name, "Add");
  assert.equal((await read("Merge", { mode: "concat", concat_axis: 3 })).config.axis, 3);
  const refuse = (className: string, config: Record<string, unknown>, message: RegExp) =>
    assert.rejects(read(className, config), { name: "InputError", message });
  await refuse("Merge", { mode: "dot" }, /layer layer \(Merge\) of Keras 1: found mode "dot"/);
  await refuse("BatchNormalization", { mode: 2 }, /found mode 2.*load it in Keras 2/);
  await refuse("Convolution1D", {}, /found weights in an older order/);
  await refuse("MaxPooling2D", { dim_ordering: "th" }, /found data_format "channels_first"/);
});

Deno.test("a model that was trained on Theano is refused, since its kernels are mirrored", async () => {
  const bytes = encodeWithLibrary({
    attributes: { model_config: JSON.stringify(PLAIN), keras_version: "2.1.0", backend: "theano" },
    members: { model_weights: {} },
  });
  await assert.rejects(readKeras(bytes, "net.h5"), {
    name: "InputError",
    message: /trained on Theano, whose kernels are mirrored.*Keras 2 on TensorFlow/,
  });
});

Deno.test("files that hold no whole model of Keras are refused, and say what they are", async () => {
  const faults: [bytes: Uint8Array, message: RegExp][] = [
    [
      encodeWithLibrary({ attributes: { layer_names: ["conv"] }, members: { conv: {} } }),
      /found the weights of a Keras model without its layers.*not model\.save_weights/,
    ],
    [encodeWithLibrary({ members: { images: {} } }), /found an HDF5 file with images in it/],
    [encodeH5({ class_name: "MyModel", config: {} }, {}), /found a model of class MyModel/],
    [
      encodeH5(PLAIN, { ...PLAIN_ARRAYS, conv: {} }),
      /model_weights\/conv: found 0 weights, wanted 2/,
    ],
    [
      encodeH5(PLAIN, { norm: NORM_ARRAYS }),
      /model_weights\/conv: found no such group, wanted the layer's weights/,
    ],
  ];
  for (const [bytes, message] of faults) {
    await assert.rejects(readKeras(bytes, "net.h5"), { name: "InputError", message });
  }
});
