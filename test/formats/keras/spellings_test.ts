import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { readKeras } from "../../../src/formats/keras/mod.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel, instantiate } from "../../../src/model/instantiate.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import {
  assertMaskedEqualsShrunk,
  openSplit,
  randomCuts,
  randomInputs,
} from "../../graph/masked.ts";
import {
  encodeH5,
  encodeKeras,
  keras3Call,
  keras3Conv,
  keras3Layer,
  randomArray,
} from "./keras_files.ts";

await startBackend();

const EXTENTS = [2, 8, 8, 4];
const IMAGES = randomArray(EXTENTS, 7).data.map((value) => 4 * value) as Float32Array;

/** What a model makes of the images, and the shape of it. */
async function run(file: ModelFile, images = IMAGES, extents = EXTENTS) {
  const model = await instantiate(file);
  const [values, shape] = tf.tidy(() => {
    const output = model.predict(tf.tensor(images, extents)) as tf.Tensor;
    return [output.dataSync() as Float32Array, output.shape];
  });
  disposeModel(model);
  return { values, shape };
}

function assertClose(found: ArrayLike<number>, wanted: ArrayLike<number>): void {
  assert.equal(found.length, wanted.length);
  for (let index = 0; index < wanted.length; index++) {
    const tolerance = 1e-5 * Math.max(1, Math.abs(wanted[index]));
    assert.ok(
      Math.abs(found[index] - wanted[index]) <= tolerance,
      `value ${index} is ${found[index]}, wanted ${wanted[index]}`,
    );
  }
}

/** A Sequential model of one layer. */
function chainOf(className: string, config: Record<string, unknown>, shape = [null, 8, 8, 4]) {
  const layers = [
    keras3Layer("InputLayer", { name: "image", batch_shape: shape }),
    {
      ...keras3Layer(className, { name: "layer", ...config }),
      build_config: { input_shape: shape },
    },
  ];
  return { module: "keras", class_name: "Sequential", config: { name: "net", layers } };
}

async function readChain(className: string, config: Record<string, unknown>) {
  return await readKeras(encodeKeras(chainOf(className, config), {}), "net.keras");
}

const hardSigmoid = (x: number) => Math.min(Math.max(x + 3, 0), 6) / 6;
const softplus = (x: number) => Math.log1p(Math.exp(x));

/** Activations of Keras 3 by its formulas. */
const ACTIVATIONS: Record<string, (x: number) => number> = {
  elu: (x) => x > 0 ? x : Math.expm1(x),
  hard_sigmoid: hardSigmoid,
  hard_silu: (x) => x * hardSigmoid(x),
  hard_swish: (x) => x * hardSigmoid(x),
  hard_tanh: (x) => Math.min(Math.max(x, -1), 1),
  leaky_relu: (x) => x > 0 ? x : 0.2 * x,
  linear: (x) => x,
  log_sigmoid: (x) => -softplus(-x),
  mish: (x) => x * Math.tanh(softplus(x)),
  relu: (x) => Math.max(x, 0),
  relu6: (x) => Math.min(Math.max(x, 0), 6),
  selu: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  silu: (x) => x / (1 + Math.exp(-x)),
  softplus,
  softsign: (x) => x / (1 + Math.abs(x)),
  sparse_sigmoid: (x) => Math.min(Math.max(0.5 * (x + 1), 0), 1),
  swish: (x) => x / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  tanh_shrink: (x) => x - Math.tanh(x),
};

for (const [activation, formula] of Object.entries(ACTIVATIONS)) {
  Deno.test(`the activation ${activation} computes what Keras 3 does, as a layer and in a convolution`, async () => {
    const alone = await run(await readChain("Activation", { activation }));
    assertClose(alone.values, IMAGES.map(formula));
    const config = keras3Conv("layer", 4, { kernel_size: [1, 1], use_bias: false, activation });
    const kernel = new Float32Array(16);
    for (let c = 0; c < 4; c++) kernel[5 * c] = 1;
    const arrays = {
      "layers/conv2d": [{ data: kernel, shape: [1, 1, 4, 4], dtype: "<f" as const }],
    };
    const file = await readKeras(encodeKeras(chainOf("Conv2D", config), arrays), "net.keras");
    assertClose((await run(file)).values, IMAGES.map(formula));
  });
}

Deno.test("activations that are layers compute what these do", async () => {
  const wanted: [
    className: string,
    config: Record<string, unknown>,
    formula: (x: number) => number,
  ][] = [
    ["LeakyReLU", { negative_slope: 0.3 }, (x) => x > 0 ? x : 0.3 * x],
    ["ReLU", { max_value: 2 }, (x) => Math.min(Math.max(x, 0), 2)],
    ["ELU", { alpha: 0.7 }, (x) => x > 0 ? x : 0.7 * Math.expm1(x)],
  ];
  for (const [className, config, formula] of wanted) {
    assertClose((await run(await readChain(className, config))).values, IMAGES.map(formula));
    const activation = keras3Layer(className, { name: "inner", ...config });
    const dense = { units: 4, use_bias: false, activation };
    const kernel = {
      data: Float32Array.from({ length: 16 }, (_, i) => i % 5 ? 0 : 1),
      shape: [4, 4],
    };
    const arrays = { "layers/dense": [{ ...kernel, dtype: "<f" as const }] };
    const file = await readKeras(encodeKeras(chainOf("Dense", dense), arrays), "net.keras");
    assertClose((await run(file)).values, IMAGES.map(formula));
  }
});

Deno.test("layers that matter to training alone pass images on", async () => {
  for (
    const className of ["RandomFlip", "RandomRotation", "RandomZoom", "RandAugment", "Identity"]
  ) {
    assert.deepEqual((await run(await readChain(className, {}))).values, IMAGES);
  }
});

Deno.test("Rescaling has numbers for every channel", async () => {
  const scale = [1, 2, 3, 4], offset = [0, 1, 0, -1];
  const file = await readChain("Rescaling", { scale, offset });
  assertClose((await run(file)).values, IMAGES.map((x, at) => x * scale[at % 4] + offset[at % 4]));
});

Deno.test("Normalization subtracts the mean and divides by the deviation", async () => {
  const mean = [1, 2, 3, 4], variance = [0, 1, 4, 9];
  const wanted = (x: number, at: number) =>
    (x - mean[at % 4]) / Math.max(Math.sqrt(variance[at % 4]), 1e-7);
  const given = await readChain("Normalization", { axis: -1, mean, variance });
  assertClose((await run(given)).values, IMAGES.map(wanted));
  const floats = (data: number[]) => ({
    data: Float32Array.from(data),
    shape: [4],
    dtype: "<f" as const,
  });
  const count = { data: Int32Array.of(9), shape: [], dtype: "<i" as const };
  const arrays = { "layers/normalization": [floats(mean), floats(variance), count] };
  const bytes = encodeKeras(chainOf("Normalization", { axis: [-1] }), arrays);
  assertClose((await run(await readKeras(bytes, "net.keras"))).values, IMAGES.map(wanted));
  const vector = chainOf("Normalization", { axis: -1 }, [null, 4]);
  const read = await readKeras(encodeKeras(vector, arrays), "net.keras");
  const rows = await run(read, IMAGES.subarray(0, 8), [2, 4]);
  assert.deepEqual(rows.shape, [2, 4]);
  assertClose(rows.values, IMAGES.subarray(0, 8).map(wanted));
});

Deno.test("CenterCrop takes the middle", async () => {
  const { values, shape } = await run(await readChain("CenterCrop", { height: 5, width: 4 }));
  assert.deepEqual(shape, [2, 5, 4, 4]);
  const wanted = tf.tidy(() =>
    tf.tensor(IMAGES, EXTENTS).slice([0, 1, 2, 0], [2, 5, 4, 4]).dataSync()
  );
  assertClose(values, wanted);
});

Deno.test("Resizing maps the middles of pixels", async () => {
  for (const [height, width] of [[8, 8], [16, 16], [5, 11], [4, 24]]) {
    for (const interpolation of ["bilinear", "nearest"]) {
      const file = await readChain("Resizing", { height, width, interpolation });
      const { values, shape } = await run(file);
      assert.deepEqual(shape, [2, height, width, 4]);
      const wanted = tf.tidy(() => {
        const images = tf.tensor4d(IMAGES, EXTENTS as [number, number, number, number]);
        const resized = interpolation === "bilinear"
          ? tf.image.resizeBilinear(images, [height, width], false, true)
          : tf.image.resizeNearestNeighbor(images, [height, width], false, true);
        return resized.dataSync();
      });
      assertClose(values, wanted);
    }
  }
  const file = await readChain("UpSampling2D", { size: [2, 3], interpolation: "bilinear" });
  const wanted = tf.tidy(() => {
    const images = tf.tensor4d(IMAGES, [2, 8, 8, 4]);
    return tf.image.resizeBilinear(images, [16, 24], false, true).dataSync();
  });
  assertClose((await run(file)).values, wanted);
  await assert.rejects(readChain("Resizing", { height: 5, width: 5, interpolation: "bicubic" }), {
    message: /found interpolation "bicubic".*resize images before/,
  });
});

Deno.test("a convolution in groups reads the channels of its group", async () => {
  for (const [groups, filters] of [[2, 6], [4, 8]]) {
    const config = keras3Conv("layer", filters, { groups, activation: "relu" });
    const kernel = randomArray([3, 3, 4 / groups, filters], 3), bias = randomArray([filters], 4);
    const bytes = encodeKeras(chainOf("Conv2D", config), { "layers/conv2d": [kernel, bias] });
    const { values } = await run(await readKeras(bytes, "net.keras"));
    const wanted = tf.tidy(() => {
      const parts = tf.split(tf.tensor4d(IMAGES, [2, 8, 8, 4]), groups, 3);
      const kernels = tf.split(
        tf.tensor4d(kernel.data as Float32Array, [3, 3, 4 / groups, filters]),
        groups,
        3,
      );
      const made = parts.map((part, group) =>
        tf.conv2d(part as tf.Tensor4D, kernels[group] as tf.Tensor4D, 1, "same")
      );
      return tf.relu(tf.add(tf.concat(made, 3), tf.tensor1d(bias.data as Float32Array))).dataSync();
    });
    assertClose(values, wanted);
  }
});

Deno.test("what one layer becomes can be cut: masked equals shrunk", async () => {
  const conv = (name: string, filters: number, more: Record<string, unknown> = {}) =>
    keras3Layer("Conv2D", keras3Conv(name, filters, more));
  const shape = { build_config: { input_shape: [null, 8, 8, 8] } };
  const leaky = keras3Layer("LeakyReLU", { name: "inner", negative_slope: 0.1 });
  const layers = [
    keras3Layer("InputLayer", { name: "image", batch_shape: [null, 8, 8, 4] }),
    keras3Layer("RandomFlip", { name: "flip" }),
    conv("first", 8, { activation: "hard_swish" }),
    { ...conv("pairs", 8, { groups: 2, activation: leaky }), ...shape },
    { ...conv("single", 16, { groups: 8, activation: "hard_tanh" }), ...shape },
    keras3Layer("ELU", { name: "elu", alpha: 0.5 }),
    conv("last", 6, { activation: "tanh_shrink" }),
    {
      ...keras3Layer("GlobalAveragePooling2D", { name: "pool", keepdims: true }),
      build_config: { input_shape: [null, 8, 8, 6] },
    },
    conv("head", 3, { kernel_size: [1, 1] }),
  ];
  const model = { module: "keras", class_name: "Sequential", config: { name: "net", layers } };
  const arrays = Object.fromEntries(
    [[4, 8], [4, 8], [1, 16], [16, 6], [6, 3]].map(([inputs, filters], index) => {
      const extent = index === 4 ? 1 : 3;
      const kernel = randomArray([extent, extent, inputs, filters], 20 + index);
      const path = index === 0 ? "layers/conv2d" : `layers/conv2d_${index}`;
      return [path, [kernel, randomArray([filters], 30 + index)]];
    }),
  );
  const network = await openSplit(await readKeras(encodeKeras(model, arrays), "net.keras"));
  const images = randomInputs(network.model, 2);
  const cuts = randomCuts(network.graph, network.map, { seed: 5, select: false });
  await assertMaskedEqualsShrunk(network, cuts, images, 1e-4);
  tf.dispose(images);
  disposeModel(network.model);
});

/** A functional model of the operations of Keras 3, each with its further arguments. */
function operations(list: [className: string, ...rest: unknown[]][]) {
  const layers: unknown[] = [
    keras3Layer("InputLayer", { name: "image", batch_shape: [null, 8, 8, 4] }, []),
  ];
  list.forEach(([className, ...rest], index) => {
    const source = index === 0 ? "image" : `op${index - 1}`;
    const { args, kwargs } = keras3Call(source);
    layers.push({
      module: "keras.src.ops.numpy",
      class_name: className,
      config: { name: `op${index}` },
      name: `op${index}`,
      inbound_nodes: [{ args: [...args, ...rest], kwargs }],
    });
  });
  const config = {
    name: "net",
    layers,
    input_layers: [["image", 0, 0]],
    output_layers: [[`op${list.length - 1}`, 0, 0]],
  };
  return { module: "keras.src.models.functional", class_name: "Functional", config };
}

Deno.test("operations of Keras 3 that preprocess_input leaves are computed", async () => {
  const mean = { class_name: "__numpy__", config: { value: [1, 2, 3, 4], dtype: "float32" } };
  const model = operations([["TrueDivide", 127.5], ["Subtract", 1], ["Add", mean], ["Silu"]]);
  const { values } = await run(await readKeras(encodeKeras(model, {}), "net.keras"));
  const wanted = IMAGES.map((x, at) => ACTIVATIONS.silu(x / 127.5 - 1 + (at % 4 + 1)));
  assertClose(values, wanted);
  const flipped = operations([["GetItem", { class_name: "__ellipsis__" }]]);
  await assert.rejects(readKeras(encodeKeras(flipped, {}), "net.keras"), {
    message:
      /GetItem, wanted layers, or arithmetic.*turns RGB into BGR, turn the channels of the images/,
  });
});

/** A functional model of Keras 2. */
function keras2(
  layers: [className: string, config: Record<string, unknown>, inbound: unknown[]][],
) {
  const input = {
    class_name: "InputLayer",
    name: "image",
    config: { name: "image", batch_input_shape: [null, 8, 8, 4], dtype: "float32" },
    inbound_nodes: [],
  };
  const others = layers.map(([class_name, config, inbound], index) => ({
    class_name,
    name: `op${index}`,
    config: { name: `op${index}`, ...config },
    inbound_nodes: [inbound],
  }));
  const config = {
    name: "net",
    layers: [input, ...others],
    input_layers: [["image", 0, 0]],
    output_layers: [[`op${layers.length - 1}`, 0, 0]],
  };
  return { class_name: "Functional", config };
}

/** Operations of TensorFlow in a model of Keras 2, as MobileNetV3 and preprocess_input have them. */
const OPERATIONS = keras2([
  ["TFOpLambda", { function: "math.truediv" }, ["image", 0, 0, { y: 2, name: null }]],
  ["TFOpLambda", { function: "nn.bias_add" }, ["op0", 0, 0, { bias: [1, 2, 3, 4], name: null }]],
  ["TFOpLambda", { function: "math.subtract" }, ["_CONSTANT_VALUE", -1, 1, { y: ["op1", 0, 0] }]],
  ["TFOpLambda", { function: "math.multiply" }, ["op2", 0, 0, { y: ["op0", 0, 0], name: null }]],
  ["Subtract", {}, [["op3", 0, 0, {}], ["op0", 0, 0, {}]]],
  ["GlobalAveragePooling2D", { keepdims: true, data_format: "channels_last" }, [["op4", 0, 0, {}]]],
]);

Deno.test("operations of TensorFlow in a model of Keras 2 are computed", async () => {
  const file = await readKeras(encodeH5(OPERATIONS, {}), "net.h5");
  const { values, shape } = await run(file);
  assert.deepEqual(shape, [2, 1, 1, 4]);
  const wanted = new Float32Array(8);
  IMAGES.forEach((x, at) => {
    const half = x / 2, biased = half + (at % 4 + 1);
    wanted[Math.floor(at / 256) * 4 + at % 4] += ((1 - biased) * half - half) / 64;
  });
  assertClose(values, wanted);
});

Deno.test("a layer called twice has what is put behind it called twice", async () => {
  const config = {
    ...keras3Conv("op0", 4, { activation: "hard_swish" }),
    kernel_initializer: { class_name: "Zeros", config: {} },
  };
  const model = keras2([["Conv2D", config, [["image", 0, 0, {}]]], ["Add", {}, [
    ["op0", 0, 0, {}],
    ["op0", 1, 0, {}],
  ]]]);
  (model.config.layers[1].inbound_nodes as unknown[]).push([["op0", 0, 0, {}]]);
  const kernel = randomArray([3, 3, 4, 4], 5), bias = randomArray([4], 6);
  const arrays = { op0: { "op0/kernel:0": kernel, "op0/bias:0": bias } };
  const { values } = await run(await readKeras(encodeH5(model, arrays), "net.h5"));
  const wanted = tf.tidy(() => {
    const call = (x: tf.Tensor4D) => {
      const made = tf.conv2d(x, tf.tensor4d(kernel.data as Float32Array, [3, 3, 4, 4]), 1, "same")
        .add(tf.tensor1d(bias.data as Float32Array));
      return made.mul(made.add(3).clipByValue(0, 6).div(6)) as tf.Tensor4D;
    };
    const once = call(tf.tensor4d(IMAGES, [2, 8, 8, 4]));
    return once.add(call(once)).dataSync();
  });
  assertClose(values, wanted);
});

Deno.test("a generator with an Embedding and a Reshape is read", async () => {
  const layers = [
    keras3Layer("InputLayer", { name: "label", batch_shape: [null, 1], dtype: "int32" }),
    keras3Layer("Embedding", { name: "table", input_dim: 5, output_dim: 16, mask_zero: false }),
    keras3Layer("Reshape", { name: "maps", target_shape: [2, 2, 4] }),
    keras3Layer("SyncBatchNormalization", { name: "norm", axis: -1, epsilon: 0 }),
  ];
  const model = { module: "keras", class_name: "Sequential", config: { name: "net", layers } };
  const table = randomArray([5, 16], 8);
  const floats = (...data: number[]) => ({
    data: Float32Array.from(data),
    shape: [4],
    dtype: "<f",
  });
  const bytes = encodeKeras(model, {
    "layers/embedding": [table],
    "layers/sync_batch_normalization": [
      floats(1, 1, 1, 1),
      floats(0, 0, 0, 0),
      floats(1, 2, 3, 4),
      floats(4, 4, 4, 4),
    ],
  });
  const found = await run(await readKeras(bytes, "net.keras"), Float32Array.of(3, 1), [2, 1]);
  assert.deepEqual(found.shape, [2, 2, 2, 4]);
  const rows = [...table.data.slice(48, 64), ...table.data.slice(16, 32)];
  assertClose(found.values, rows.map((value, at) => (value - (at % 4 + 1)) / 2));
});
