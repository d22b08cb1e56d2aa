import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { unzipSync } from "fflate";
import { startBackend } from "../../../src/kernels/backend.ts";
import { readKeras, writeKeras } from "../../../src/formats/keras/mod.ts";
import { type Call, orderAsKeras } from "../../../src/formats/keras/calls.ts";
import { captureModel, disposeModel } from "../../../src/model/instantiate.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import { buildNetworkFile } from "../../support/networks.ts";
import { withLibrary } from "./hdf5_fixture.ts";
import { assertSame } from "./same_model.ts";

await startBackend();

type Json = Record<string, unknown>;

function partsOf(bytes: Uint8Array) {
  const { "config.json": config, "metadata.json": metadata, "model.weights.h5": weights } =
    unzipSync(bytes);
  const parse = (part: Uint8Array) => JSON.parse(new TextDecoder().decode(part)) as Json;
  return { config: parse(config), metadata: parse(metadata), weights };
}

async function capture(model: tf.LayersModel): Promise<ModelFile> {
  const file = await captureModel(model);
  disposeModel(model);
  return file;
}

const conv = (name: string, filters: number, inputShape?: number[]) =>
  tf.layers.conv2d({ name, filters, kernelSize: 3, padding: "same", inputShape });

Deno.test("the archive has the parts of Keras 3, uncompressed", async () => {
  const bytes = await writeKeras(await buildNetworkFile("plain"));
  const { config, metadata } = partsOf(bytes);
  assert.deepEqual(Object.keys(unzipSync(bytes)), [
    "metadata.json",
    "config.json",
    "model.weights.h5",
  ]);
  assert.equal(metadata.keras_version, "3.0.0");
  assert.equal(config.module, "keras");
  assert.equal(config.class_name, "Sequential");
  const { layers, build_input_shape } = config.config as Json;
  assert.deepEqual(build_input_shape, [null, 8, 8, 3]);
  const [input, first] = layers as Json[];
  assert.deepEqual(input, {
    module: "keras.layers",
    class_name: "InputLayer",
    config: { name: "input_layer", batch_shape: [null, 8, 8, 3], dtype: "float32", sparse: false },
    registered_name: null,
  });
  const options = first.config as Json;
  assert.equal(options.batch_input_shape, undefined);
  assert.equal((options.kernel_initializer as Json).module, "keras.initializers");
});

Deno.test("the HDF5 library finds the weights where Keras 3 looks for them", async () => {
  const file = await buildNetworkFile("preActivation");
  const { config, weights } = partsOf(await writeKeras(file));
  const layers = (config.config as Json).layers as Json[];
  withLibrary(weights, (root) => {
    const valueOf = (path: string) => (root.get(path) as { value: Float32Array } | null)?.value;
    assert.ok(root.get("vars"));
    for (
      const [className, base, role] of [
        ["Conv2D", "conv2d", "kernel"],
        ["BatchNormalization", "batch_normalization", "gamma"],
      ]
    ) {
      const own = layers.filter(({ class_name }) => class_name === className);
      assert.ok(own.length > 3);
      own.forEach(({ name }, index) => {
        const group = index === 0 ? base : `${base}_${index}`;
        const wanted = file.weights.get(`${name}/${role}`)!.values;
        assert.deepEqual(valueOf(`layers/${group}/vars/0`), wanted, `${name}`);
      });
    }
    assert.ok(valueOf("layers/batch_normalization/vars/3"));
    assert.equal(valueOf("layers/batch_normalization/vars/4"), undefined);
  });
});

Deno.test("a call names the tensors it reads, a merge a list of them", async () => {
  const { config } = partsOf(await writeKeras(await buildNetworkFile("preActivation")));
  const { layers, input_layers, output_layers } = config.config as Json;
  const find = (name: string) => (layers as Json[]).find((layer) => layer.name === name)!;
  const history = (tensor: Json) => (tensor.config as Json).keras_history;
  const [{ args, kwargs }] = find("block1_add").inbound_nodes as Json[];
  assert.deepEqual((args as Json[][])[0].map(history), [["block1_conv2", 0, 0], ["conv1", 0, 0]]);
  assert.deepEqual(kwargs, {});
  assert.deepEqual(find("image").inbound_nodes, []);
  assert.deepEqual(input_layers, ["image", 0, 0]);
  assert.deepEqual(output_layers, ["dense", 0, 0]);
});

/**
 * Keras walks from the output, then sorts by the longest way to it:
 *
 *     in ─ a ─ b ─ add ─ out      depths: in 4, a 3, b 2, c 2, add 1, out 0
 *      └── c ──────┘              (c is met before b when add lists it first)
 */
Deno.test("layers are ordered as Keras orders them: by depth, then as the walk meets them", () => {
  const call = (layer: string, ...inputs: string[]): Call => ({
    key: `${layer}@0`,
    layer,
    inputs: inputs.map((input) => `${input}@0`),
  });
  const calls = [
    call("unused", "in"),
    call("c", "in"),
    call("out", "add"),
    call("in"),
    call("b", "a"),
    call("add", "b", "c"),
    call("a", "in"),
  ];
  const { layers, needed } = orderAsKeras(calls, ["in"], ["out@0"]);
  assert.deepEqual(layers, ["in", "a", "b", "c", "add", "out"]);
  assert.equal(needed.size, 6);
  const twice = [call("in"), call("s", "in"), call("t", "s"), { ...call("s", "t"), key: "s@1" }];
  const again = orderAsKeras(twice, ["in", "spare"], ["s@1"]);
  assert.deepEqual(again.layers, ["in", "s", "t", "spare"]);
});

Deno.test("calls that no output needs are left out, and the others numbered anew", async () => {
  const image = tf.input({ name: "image", shape: [8, 8, 3] });
  const shared = conv("shared", 3);
  const unused = shared.apply(image) as tf.SymbolicTensor;
  const output = shared.apply(tf.layers.reLU({ name: "relu" }).apply(image)) as tf.SymbolicTensor;
  const whole = await capture(
    tf.model({ name: "whole", inputs: image, outputs: [unused, output] }),
  );
  const { config } = whole.topology;
  const output_layers = [config.output_layers![1]];
  const file = { ...whole, topology: { ...whole.topology, config: { ...config, output_layers } } };
  const again = await readKeras(await writeKeras(file), "shared.keras");
  const layer = again.topology.config.layers!.find(({ name }) => name === "shared")!;
  assert.deepEqual(layer.inbound_nodes, [[["relu", 0, 0, {}]]]);
  assert.deepEqual(again.topology.config.output_layers, [["shared", 0, 0, {}]]);
  await assertSame(file, again);
});

Deno.test("nested models, called twice, with layers of one class in and around them, come back", async () => {
  const block = tf.sequential({
    name: "block",
    layers: [conv("block_conv", 4, [8, 8, 4]), tf.layers.reLU({ name: "block_relu" })],
  });
  const inner = tf.input({ name: "inner_image", shape: [8, 8, 4] });
  const deep = tf.model({
    name: "deep",
    inputs: inner,
    outputs: tf.layers.add({ name: "deep_add" }).apply([
      block.apply(conv("deep_conv", 4).apply(inner)) as tf.SymbolicTensor,
      inner,
    ]) as tf.SymbolicTensor,
  });
  const image = tf.input({ name: "image", shape: [8, 8, 3] });
  const once = deep.apply(conv("before", 4).apply(image)) as tf.SymbolicTensor;
  const output = conv("after", 2).apply(deep.apply(once)) as tf.SymbolicTensor;
  const file = await capture(tf.model({ name: "outer", inputs: image, outputs: output }));
  const bytes = await writeKeras(file);
  await assertSame(file, await readKeras(bytes, "nested.keras"));
  withLibrary(partsOf(bytes).weights, (root) => {
    for (
      const path of [
        "conv2d",
        "functional/layers/conv2d",
        "functional/layers/sequential/layers/conv2d",
      ]
    ) {
      assert.ok(root.get(`layers/${path}/vars/0`), path);
    }
  });
});

Deno.test("a Sequential model of Sequential models comes back", async () => {
  const file = await capture(tf.sequential({
    name: "outer",
    layers: [
      tf.sequential({ name: "first", layers: [conv("conv", 3, [8, 8, 3])] }),
      tf.sequential({
        name: "second",
        layers: [tf.layers.flatten({ name: "flat", inputShape: [8, 8, 3] })],
      }),
      tf.layers.dense({ name: "dense", units: 2 }),
    ],
  }));
  await assertSame(file, await readKeras(await writeKeras(file), "teachable.keras"));
});

Deno.test("several outputs and inputs keep their order", async () => {
  const [left, right] = ["left", "right"].map((name) => tf.input({ name, shape: [8, 8, 3] }));
  const joined = tf.layers.concatenate({ name: "join" }).apply([right, left]) as tf.SymbolicTensor;
  const outputs = [conv("one", 2), conv("two", 3)].map((layer) =>
    layer.apply(joined) as tf.SymbolicTensor
  );
  const file = await capture(tf.model({ name: "wide", inputs: [right, left], outputs }));
  const again = await readKeras(await writeKeras(file), "wide.keras");
  const names = ({ topology }: ModelFile, ends: "input_layers" | "output_layers") =>
    (topology.config[ends] as unknown[][]).map(([name]) => name);
  assert.deepEqual(names(again, "input_layers"), ["right", "left"]);
  assert.deepEqual(names(again, "output_layers"), ["one", "two"]);
  assert.deepEqual(
    again.weights,
    new Map([...again.weights.keys()].map((name) => [
      name,
      file.weights.get(name)!,
    ])),
  );
});

Deno.test("metadata is kept where Keras passes it over", async () => {
  const metadata = { classes: ["cat", "dog"], preprocess: { mean: [1] } };
  const file = { ...await buildNetworkFile("plain"), metadata };
  assert.deepEqual((await readKeras(await writeKeras(file), "a.keras")).metadata, metadata);
});

Deno.test("weights under the scopes of Keras' converter are found", async () => {
  const file = await buildNetworkFile("plain");
  const scoped = [...file.weights.values()].map((weight) => {
    const name = `plain/${weight.name}:0`;
    return [name, { ...weight, name }] as const;
  });
  assert.deepEqual(await writeKeras({ ...file, weights: new Map(scoped) }), await writeKeras(file));
});

async function withLayer(className: string, config: Json): Promise<ModelFile> {
  const file = await buildNetworkFile("plain");
  const layers = [...file.topology.config.layers!];
  layers[3] = { class_name: className, config: { name: "layer", ...config } };
  return { ...file, topology: { ...file.topology, config: { ...file.topology.config, layers } } };
}

Deno.test("what Keras 3 lacks or computes otherwise is refused by name", async () => {
  const refuse = async (className: string, config: Json, message: RegExp) =>
    await assert.rejects(writeKeras(await withLayer(className, config)), {
      name: "InputError",
      message,
    });
  await refuse(
    "Masking",
    {},
    /writing plain for Keras: layer layer \(Masking\): found a class that is not written/,
  );
  await refuse("Activation", { activation: "hard_sigmoid" }, /"hard_sigmoid", which Keras 3 lacks/);
  await refuse("UpSampling2D", { interpolation: "bilinear" }, /found interpolation "bilinear"/);
  await refuse("Dense", { units: 2 }, /found no kernel of layer layer \(Dense\)/);
});

Deno.test("layers that go by another name in Keras 3 are renamed and come back", async () => {
  const rename = async (className: string, config: Json, kerasClass: string, kerasConfig: Json) => {
    const file = await withLayer(className, config);
    const bytes = await writeKeras(file);
    const written = ((partsOf(bytes).config.config as Json).layers as Json[])
      .find((layer) => (layer.config as Json).name === "layer")!;
    assert.equal(written.class_name, kerasClass);
    for (const [option, value] of Object.entries(kerasConfig)) {
      assert.deepEqual((written.config as Json)[option], value, option);
    }
    const again = (await readKeras(bytes, "a.keras")).topology.config.layers!
      .find((layer) => layer.config.name === "layer")!;
    assert.equal(again.class_name, className);
    for (const [option, value] of Object.entries(config)) {
      assert.deepEqual(again.config[option], value, option);
    }
  };
  await rename("LeakyReLU", { alpha: 0.2 }, "LeakyReLU", { negative_slope: 0.2, alpha: undefined });
  await rename("ThresholdedReLU", { theta: 0.5 }, "ReLU", { threshold: 0.5 });
  await rename("Activation", { activation: "swish" }, "Activation", { activation: "silu" });
  const noise_shape = [null, 1, 1, null];
  await rename("Dropout", { rate: 0.5, noise_shape }, "SpatialDropout2D", { rate: 0.5 });
});
