import assert from "node:assert/strict";
import { readKeras } from "../../../src/formats/keras/mod.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { nameGroups } from "../../../src/formats/keras/archive_weights.ts";
import { disposeModel, instantiate } from "../../../src/model/instantiate.ts";
import type { FixtureArray } from "./hdf5_fixture.ts";
import {
  encodeKeras,
  keras3Call,
  keras3Conv,
  keras3Initializer,
  keras3Layer,
  randomArray,
} from "./keras_files.ts";

await startBackend();

const INPUT = keras3Layer("InputLayer", {
  name: "image",
  batch_shape: [null, 8, 8, 3],
  sparse: false,
  ragged: false,
}, []);

function functional(layers: unknown[], outputs: unknown, name = "net") {
  return {
    module: "keras.src.models.functional",
    class_name: "Functional",
    config: {
      name,
      trainable: true,
      layers,
      input_layers: [["image", 0, 0]],
      output_layers: outputs,
    },
    registered_name: "Functional",
    build_config: { input_shape: null },
    compile_config: { loss: "mse", optimizer: "adam" },
  };
}

const NORM = {
  name: "norm",
  axis: -1,
  momentum: 0.9,
  epsilon: 0.001,
  center: true,
  scale: true,
  beta_initializer: keras3Initializer("Zeros"),
  gamma_initializer: keras3Initializer("Ones"),
  moving_mean_initializer: keras3Initializer("Zeros"),
  moving_variance_initializer: keras3Initializer("Ones"),
  beta_regularizer: null,
  gamma_regularizer: null,
  beta_constraint: null,
  gamma_constraint: null,
  synchronized: false,
};

const VECTOR = randomArray([4], 9);
const ARRAYS = {
  "layers/conv2d": [randomArray([3, 3, 3, 4], 1), randomArray([4], 2)],
  "layers/conv2d_1": [randomArray([3, 3, 4, 4], 3), randomArray([4], 4)],
  "layers/batch_normalization": [5, 6, 7, 8].map((seed) => randomArray([4], seed)),
};

/** zeta and alpha are named against the alphabet: groups are numbered by order, not by name. */
const RESIDUAL = functional([
  INPUT,
  keras3Layer("Conv2D", keras3Conv("zeta", 4), [keras3Call("image")]),
  keras3Layer("BatchNormalization", NORM, [keras3Call("zeta")]),
  keras3Layer("Conv2D", keras3Conv("alpha", 4), [keras3Call("norm")]),
  keras3Layer("Add", { name: "sum" }, [keras3Call("alpha", "zeta")]),
  keras3Layer("ReLU", { name: "relu", max_value: 6.0, negative_slope: 0.0, threshold: 0.0 }, [
    keras3Call("sum"),
  ]),
], ["relu", 0, 0]);

function valuesOf(array: FixtureArray) {
  return array.data;
}

Deno.test("a functional model of Keras 3 is read, its weights by the order of layers per class", async () => {
  const file = await readKeras(encodeKeras(RESIDUAL, ARRAYS), "net.keras");
  assert.deepEqual([...file.weights.keys()], [
    "zeta/kernel",
    "zeta/bias",
    "norm/gamma",
    "norm/beta",
    "norm/moving_mean",
    "norm/moving_variance",
    "alpha/kernel",
    "alpha/bias",
  ]);
  assert.deepEqual(file.weights.get("zeta/kernel")!.values, valuesOf(ARRAYS["layers/conv2d"][0]));
  assert.deepEqual(file.weights.get("alpha/bias")!.values, valuesOf(ARRAYS["layers/conv2d_1"][1]));
  assert.deepEqual(file.weights.get("alpha/kernel")!.shape, [3, 3, 4, 4]);
  assert.equal(file.topology.keras_version, "3.5.0");
  const model = await instantiate(file);
  assert.deepEqual(model.outputs[0].shape, [null, 8, 8, 4]);
  disposeModel(model);
});

Deno.test("options of Keras 3 become those of TensorFlow.js", async () => {
  const { topology } = await readKeras(encodeKeras(RESIDUAL, ARRAYS), "net.keras");
  const [input, zeta, norm, , sum] = topology.config.layers!;
  assert.deepEqual(input.config.batch_input_shape, [null, 8, 8, 3]);
  assert.equal(zeta.config.dtype, "float32");
  assert.deepEqual(zeta.config.kernel_initializer, {
    class_name: "GlorotUniform",
    config: { seed: null },
  });
  assert.equal(zeta.config.groups, undefined);
  assert.equal(norm.config.epsilon, 0.001);
  assert.deepEqual(sum.inbound_nodes, [[["alpha", 0, 0, {}], ["zeta", 0, 0, {}]]]);
  assert.deepEqual(topology.config.output_layers, [["relu", 0, 0, {}]]);
});

Deno.test("groups are named by class in snake case and numbered in order", () => {
  assert.deepEqual(
    nameGroups(["Conv2D", "Conv2DTranspose", "PReLU", "Conv2D", "DepthwiseConv2D", "Conv2D"]),
    ["conv2d", "conv2d_transpose", "p_re_lu", "conv2d_1", "depthwise_conv2d", "conv2d_2"],
  );
});

Deno.test("renaming the layers changes the names of the weights and nothing else", async () => {
  const text = JSON.stringify(RESIDUAL)
    .replaceAll('"zeta"', '"conv2d_1"').replaceAll('"alpha"', '"conv2d"');
  const renamed = await readKeras(encodeKeras(JSON.parse(text), ARRAYS), "net.keras");
  const file = await readKeras(encodeKeras(RESIDUAL, ARRAYS), "net.keras");
  const values = (weights: typeof file.weights) =>
    [...weights.values()].map(({ values }) => values);
  assert.deepEqual(values(renamed.weights), values(file.weights));
  assert.ok(renamed.weights.has("conv2d_1/kernel"));
});

Deno.test("the groups of tf.keras 2.13 are read, whose numbers have gaps", async () => {
  const arrays = {
    "_layer_checkpoint_dependencies/conv2d": ARRAYS["layers/conv2d"],
    "_layer_checkpoint_dependencies/conv2d_2": ARRAYS["layers/conv2d_1"],
    "_layer_checkpoint_dependencies/batch_normalization": ARRAYS["layers/batch_normalization"],
  };
  const file = await readKeras(encodeKeras(RESIDUAL, arrays), "net.keras");
  assert.deepEqual(file.weights.get("alpha/bias")!.values, valuesOf(ARRAYS["layers/conv2d_1"][1]));
});

function sequential(name: string, layers: unknown[], more: Record<string, unknown> = {}) {
  return {
    module: "keras",
    class_name: "Sequential",
    config: { name, trainable: true, layers, ...more },
    registered_name: null,
  };
}

const NESTED = sequential("outer", [
  INPUT,
  sequential("first", [
    { ...INPUT, inbound_nodes: undefined },
    keras3Layer("Conv2D", keras3Conv("conv", 4)),
  ]),
  sequential("second", [
    keras3Layer("Conv2D", keras3Conv("conv", 4)),
    keras3Layer("GlobalAveragePooling2D", {
      name: "pool",
      data_format: "channels_last",
      keepdims: true,
    }),
    keras3Layer("Flatten", { name: "flatten", data_format: "channels_last" }),
  ], { build_input_shape: [null, 8, 8, 4] }),
]);

const NESTED_ARRAYS = {
  "layers/sequential/layers/conv2d": ARRAYS["layers/conv2d"],
  "layers/sequential_1/layers/conv2d": ARRAYS["layers/conv2d_1"],
};

Deno.test("nested models have nested groups, and layers of one name get their model's before it", async () => {
  const file = await readKeras(encodeKeras(NESTED, NESTED_ARRAYS), "net.keras");
  assert.deepEqual([...file.weights.keys()], [
    "conv/kernel",
    "conv/bias",
    "second_conv/kernel",
    "second_conv/bias",
  ]);
  const model = await instantiate(file);
  assert.deepEqual(model.outputs[0].shape, [null, 4]);
  disposeModel(model);
});

Deno.test("groups that Keras named on Windows, with backslashes, are found", async () => {
  for (const [model, arrays] of [[RESIDUAL, ARRAYS], [NESTED, NESTED_ARRAYS]] as const) {
    const wanted = await readKeras(encodeKeras(model, arrays), "net.keras");
    const bytes = encodeKeras(model, arrays, { keras_version: "3.0.5" }, "\\");
    const file = await readKeras(bytes, "net.keras");
    assert.deepEqual(file.weights, wanted.weights);
  }
});

Deno.test("weights in half and double precision become f32", async () => {
  const doubles = ARRAYS["layers/conv2d"].map((array) => ({
    ...array,
    data: Float64Array.from(array.data),
    dtype: "<d",
  }));
  const bytes = encodeKeras(RESIDUAL, { ...ARRAYS, "layers/conv2d": doubles });
  const file = await readKeras(bytes, "net.keras");
  assert.deepEqual(file.weights.get("zeta/kernel")!.values, valuesOf(ARRAYS["layers/conv2d"][0]));
});

Deno.test("weights that do not fit the layers are refused with their layer", async () => {
  const read = (arrays: Record<string, FixtureArray[]>) =>
    readKeras(encodeKeras(RESIDUAL, { ...ARRAYS, ...arrays }), "net.keras");
  const { "layers/conv2d_1": _, ...fewer } = ARRAYS;
  await assert.rejects(readKeras(encodeKeras(RESIDUAL, fewer), "net.keras"), {
    name: "InputError",
    message: /reading net\.keras.*found no weights of layer alpha \(Conv2D\)/,
  });
  await assert.rejects(read({ "layers/conv2d": [VECTOR] }), {
    name: "InputError",
    message: /found 1 weights of layer zeta \(Conv2D\), wanted 2/,
  });
  await assert.rejects(read({ "layers/conv2d": [VECTOR, VECTOR] }), {
    name: "InputError",
    message: /the kernel of layer zeta \(Conv2D\) has shape \[4\], wanted 4 axes/,
  });
  const whole = { data: [1, 2, 3, 4], shape: [4], dtype: "<i" };
  await assert.rejects(read({ "layers/conv2d": [ARRAYS["layers/conv2d"][0], whole] }), {
    name: "InputError",
    message: /the bias of layer zeta \(Conv2D\) is of a type of 4 bytes, wanted float16/,
  });
  const infinite = { ...VECTOR, data: Float32Array.of(1, NaN, 2, Infinity) };
  await assert.rejects(read({ "layers/conv2d": [ARRAYS["layers/conv2d"][0], infinite] }), {
    name: "InputError",
    message: /found NaN or infinite values, 2 of 4 in "zeta\/bias"/,
  });
});
