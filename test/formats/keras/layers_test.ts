import assert from "node:assert/strict";
import { readKeras } from "../../../src/formats/keras/mod.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel, instantiate } from "../../../src/model/instantiate.ts";
import type { LayerConfig } from "../../../src/model/model_file.ts";
import { encodeKeras, keras3Conv, keras3Initializer, keras3Layer } from "./keras_files.ts";

await startBackend();

/** A Sequential model of one layer, without its weights. */
function modelOf(className: string, config: Record<string, unknown>, more = {}) {
  const layers = [
    keras3Layer("InputLayer", { name: "image", batch_shape: [null, 8, 8, 4] }),
    { ...keras3Layer(className, { name: "layer", ...config }), ...more },
  ];
  return { module: "keras", class_name: "Sequential", config: { name: "net", layers } };
}

async function readLayer(className: string, config: Record<string, unknown>) {
  const file = await readKeras(encodeKeras(modelOf(className, config), {}), "net.keras");
  disposeModel(await instantiate(file));
  return file.topology.config.layers!.slice(1);
}

const TRANSLATIONS: [
  sentence: string,
  className: string,
  config: Record<string, unknown>,
  wantedClass: string,
  wanted: LayerConfig,
][] = [
  ["a capped ReLU", "ReLU", { max_value: 6 }, "ReLU", { max_value: 6 }],
  ["a ReLU with a slope", "ReLU", { negative_slope: 0.1 }, "LeakyReLU", { alpha: 0.1 }],
  ["a ReLU with a threshold", "ReLU", { threshold: 0.5 }, "ThresholdedReLU", { theta: 0.5 }],
  ["a LeakyReLU of Keras 3", "LeakyReLU", { negative_slope: 0.2 }, "LeakyReLU", { alpha: 0.2 }],
  ["an ELU", "ELU", { alpha: 1 }, "ELU", { alpha: 1 }],
  ["a Softmax over the channels", "Softmax", { axis: -1 }, "Softmax", { axis: -1 }],
  ["SiLU under its other name", "Activation", { activation: "silu" }, "Activation", {
    activation: "swish",
  }],
  [
    "an activation that is serialized as a function",
    "Activation",
    { activation: { module: "builtins", class_name: "function", config: "relu6" } },
    "Activation",
    { activation: "relu6" },
  ],
  ["dropout of whole channels", "SpatialDropout2D", { rate: 0.3 }, "Dropout", {
    rate: 0.3,
    noise_shape: [null, 1, 1, null],
  }],
  ["padding of each side", "ZeroPadding2D", { padding: [[1, 0], [2, 3]] }, "ZeroPadding2D", {
    padding: [[1, 0], [2, 3]],
  }],
  ["cropping", "Cropping2D", { cropping: [[1, 1], [0, 2]] }, "Cropping2D", {
    cropping: [[1, 1], [0, 2]],
  }],
  ["upsampling", "UpSampling2D", { size: [2, 2], interpolation: "nearest" }, "UpSampling2D", {
    size: [2, 2],
  }],
  ["rescaling", "Rescaling", { scale: 0.5, offset: -1 }, "Rescaling", { scale: 0.5, offset: -1 }],
  ["a reshape", "Reshape", { target_shape: [64, 4] }, "Reshape", { target_shape: [64, 4] }],
  ["a permutation", "Permute", { dims: [3, 1, 2] }, "Permute", { dims: [3, 1, 2] }],
  [
    "a pool",
    "AveragePooling2D",
    { pool_size: [2, 2], strides: null, padding: "same" },
    "AveragePooling2D",
    {
      pool_size: [2, 2],
      padding: "same",
    },
  ],
];

for (const [sentence, className, config, wantedClass, wanted] of TRANSLATIONS) {
  Deno.test(`${sentence} is read`, async () => {
    const [layer] = await readLayer(className, config);
    assert.equal(layer.class_name, wantedClass);
    for (const [option, value] of Object.entries(wanted)) {
      assert.deepEqual(layer.config[option], value, option);
    }
  });
}

Deno.test("a global pool that keeps its dimensions is followed by a Reshape", async () => {
  const [pool, reshape] = await readLayer("GlobalMaxPooling2D", { keepdims: true });
  assert.equal(pool.class_name, "GlobalMaxPooling2D");
  assert.deepEqual(reshape.config.target_shape, [1, 1, 4]);
});

Deno.test("initializers, regularizers and constraints that TensorFlow.js lacks are left out", async () => {
  const config = keras3Conv("layer", 2, {
    use_bias: false,
    kernel_initializer: keras3Initializer("LecunNormal", { seed: { class_name: "SeedGenerator" } }),
    kernel_regularizer: { module: "keras.regularizers", class_name: "Orthogonal", config: {} },
    kernel_constraint: { module: "keras.constraints", class_name: "NonNeg", config: {} },
    bias_initializer: { module: "custom", class_name: "Mine", config: {} },
  });
  const kernel = { data: new Float32Array(72), shape: [3, 3, 4, 2], dtype: "<f" };
  const bytes = encodeKeras(modelOf("Conv2D", config), { "layers/conv2d": [kernel] });
  const { topology } = await readKeras(bytes, "net.keras");
  const [, layer] = topology.config.layers!;
  assert.deepEqual(layer.config.kernel_initializer, {
    class_name: "LeCunNormal",
    config: { seed: null },
  });
  assert.equal(layer.config.kernel_regularizer, null);
  assert.deepEqual(layer.config.kernel_constraint, { class_name: "NonNeg", config: {} });
  assert.equal("bias_initializer" in layer.config, false);
});

const REFUSALS: [
  sentence: string,
  className: string,
  config: Record<string, unknown>,
  message: RegExp,
][] = [
  [
    "a class that is unknown",
    "LSTM",
    {},
    /reading net\.keras: layer layer \(LSTM\): found a class that is not read, wanted one of InputLayer, Conv1D/,
  ],
  ["what changes images when nothing is trained too", "AutoContrast", {}, /take augmentation out/],
  ["a merge of a chain", "Subtract", {}, /found too few inputs of layer layer/],
  ["a Lambda", "Lambda", {}, /write the operation as a layer/],
  [
    "groups that do not divide the channels",
    "Conv2D",
    keras3Conv("layer", 4, { groups: 3 }),
    /found groups 3 for 4 channels, wanted a Conv2D whose input the file states/,
  ],
  [
    "images that would take a small file's claim of memory",
    "Resizing",
    { height: 1e9, width: 1e9 },
    /found 8 × 8 to become 1000000000 × 1000000000, wanted smaller images/,
  ],
  [
    "channels before the axes of the image",
    "MaxPooling2D",
    { data_format: "channels_first" },
    /found data_format "channels_first", wanted channels_last; build it again/,
  ],
  [
    "causal padding",
    "Conv1D",
    { padding: "causal" },
    /found padding "causal", wanted same or valid/,
  ],
  [
    "output padding",
    "Conv2DTranspose",
    { output_padding: [1, 1] },
    /found output_padding \[1,1\], wanted none/,
  ],
  [
    "a dilated transposed convolution",
    "Conv2DTranspose",
    { dilation_rate: [2, 2] },
    /dilation_rate \[2,2\]/,
  ],
  [
    "normalization by root mean square",
    "LayerNormalization",
    { rms_scaling: true },
    /rms_scaling true/,
  ],
  [
    "interpolated upsampling",
    "UpSampling2D",
    { interpolation: "bicubic" },
    /found interpolation "bicubic", wanted bilinear or nearest/,
  ],
  ["a Softmax over two axes", "Softmax", { axis: [1, 2] }, /found axis \[1,2\], wanted one axis/],
  [
    "a ReLU with cap and slope",
    "ReLU",
    { max_value: 6, negative_slope: 0.1 },
    /found max_value 6, negative_slope 0\.1 and threshold 0 together, wanted one of them/,
  ],
  [
    "an activation that no layers compute",
    "Activation",
    { activation: "exponential" },
    /found the activation "exponential", wanted one of elu, gelu/,
  ],
  [
    "an activation with weights",
    "Dense",
    { units: 2, activation: { class_name: "PReLU", config: {} } },
    /found the activation PReLU, which has weights.*make it a layer of its own/,
  ],
];

for (const [sentence, className, config, message] of REFUSALS) {
  Deno.test(`reading refuses ${sentence}`, async () => {
    const bytes = encodeKeras(modelOf(className, config), {});
    await assert.rejects(readKeras(bytes, "net.keras"), { name: "InputError", message });
  });
}

Deno.test("operations of Keras 3 that are no layers are refused with advice", async () => {
  const model = modelOf("Add", {}, { module: "keras.src.ops.numpy" });
  await assert.rejects(readKeras(encodeKeras(model, {}), "net.keras"), {
    name: "InputError",
    message: /found layer, the operation keras\.src\.ops\.numpy\.Add, wanted layers.*such as Add/,
  });
});

Deno.test("a Sequential model that was never built is refused", async () => {
  const layers = [keras3Layer("Flatten", { name: "flatten" })];
  const model = { class_name: "Sequential", config: { name: "net", layers } };
  await assert.rejects(readKeras(encodeKeras(model, {}), "net.keras"), {
    name: "InputError",
    message: /model net: found no shape of its input.*call build\(\)/,
  });
});
