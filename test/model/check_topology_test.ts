import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { loadModelFile } from "../../src/formats/tfjs/load.ts";
import { openModel, readModel } from "../../src/formats/open_model.ts";
import { openNetwork } from "../../src/graph/opening/network.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { checkTopology } from "../../src/model/check_topology.ts";
import { captureModel, disposeModel } from "../../src/model/instantiate.ts";
import type { LayerJson } from "../../src/model/model_file.ts";

await startBackend();

type Reads = readonly (readonly [layer: string, call?: number])[];

const input: LayerJson = {
  class_name: "InputLayer",
  name: "in",
  config: { name: "in", batch_input_shape: [null, 2] },
  inbound_nodes: [],
};

/** A layer that joins what each of its calls reads. */
function join(name: string, ...calls: Reads[]): LayerJson {
  const inbound_nodes = calls.map((reads) =>
    reads.map(([layer, call = 0]) => [layer, call, 0, {}])
  );
  return { class_name: "Add", name, config: { name }, inbound_nodes };
}

function model(layers: LayerJson[], output = layers.at(-1)?.name ?? "none"): LayerJson {
  const config = {
    name: "model",
    layers,
    input_layers: [["in", 0, 0]],
    output_layers: [[output, 0, 0]],
  };
  return { class_name: "Model", name: "model", config };
}

function nest(depth: number): LayerJson {
  let inner: LayerJson = { class_name: "ReLU", config: { name: "relu" } };
  for (let level = 0; level < depth; level++) {
    inner = { class_name: "Sequential", config: { name: `s${level}`, layers: [inner] } };
  }
  return inner;
}

function drawing(className: string, config: Record<string, unknown>): LayerJson {
  const kernel_initializer = { class_name: className, config };
  const dense = { name: "d", units: 2, batch_input_shape: [null, 2], kernel_initializer };
  const layers = [{ class_name: "Dense", config: dense }];
  return { class_name: "Sequential", config: { name: "s", layers } };
}

const WRONG: readonly [name: string, topology: LayerJson, said: RegExp][] = [
  [
    "a layer that is not there",
    model([input, join("a", [["in"], ["b"]])]),
    /"a", which reads layer "b"/,
  ],
  ["itself", model([input, join("a", [["in"], ["a"]])]), /layer "a", which reads itself/],
  [
    "a circle",
    model([input, join("a", [["in"], ["c"]]), join("b", [["a"]]), join("c", [["b"]])]),
    /in a circle \("a", "c", "b", "a"\)/,
  ],
  [
    "a circle behind the outputs",
    model([input, join("a", [["in"]]), join("b", [["c"]]), join("c", [["b"]])], "a"),
    /in a circle \("b", "c", "b"\)/,
  ],
  [
    "a call that is not there",
    model([input, join("a", [["in"]]), join("b", [["a", 3]])]),
    /call 3 of "a"/,
  ],
  [
    "a call of an input that is not there",
    model([input, join("a", [["in", 1]])]),
    /layer "a", which reads call 1 of "in"/,
  ],
  [
    "calls that wait for one another",
    model([input, join("a", [["b"]], [["in"]]), join("b", [["a", 1]])]),
    /in a circle \("a", "b", "a"\)/,
  ],
  ["an output that is not there", model([input], "b"), /an input or output "b"/],
  [
    "two layers of one name",
    model([input, join("a", [["in"]]), join("a", [["in"]])]),
    /two layers called "a"/,
  ],
  ["constructor", model([input, join("constructor", [["in"]])]), /called "constructor"/],
  ["__proto__", model([input, join("__proto__", [["in"]])]), /called "__proto__"/],
  [
    "a layer called as a member of every object",
    model([input, join("a", [["toString"]])]),
    /"toString"/,
  ],
  ["no layers", model([]), /./],
  [
    "a layer of two names",
    model([input, { ...join("a", [["in"]]), config: { name: "b" } }]),
    /layer "a" with the name "b" in its config/,
  ],
  [
    "a layer whose name stands in its config alone",
    model([input, { ...join("a", [["in"]]), name: undefined }, join("b", [["a"]])]),
    /layer "a" with its name in its config alone/,
  ],
  [
    "a deviation below 0",
    drawing("TruncatedNormal", { stddev: -1 }),
    /stddev -1, wanted a number of/,
  ],
  ["a deviation that is a text", drawing("TruncatedNormal", { stddev: "x" }), /stddev "x"/],
  ["a mean that is none", drawing("TruncatedNormal", { mean: [] }), /mean \[\], wanted a number/],
  ["a scale that is none", drawing("VarianceScaling", { scale: "x", mode: "fan_in" }), /scale "x"/],
  ["a layer without a name", nestWith({}), /with the name nothing in its config/],
  [
    "a call that is a text",
    model([input, { ...join("a"), inbound_nodes: ["in"] }]),
    /written otherwise/,
  ],
  [
    "a call that is empty",
    model([input, { ...join("a"), inbound_nodes: [[]] }]),
    /written otherwise/,
  ],
  [
    "calls that are an object",
    model([input, { ...join("a"), inbound_nodes: {} as never }]),
    /otherwise/,
  ],
  ["a negative call", model([input, join("a", [["in", -1]])]), /written otherwise/],
  [
    "the same in a nested model",
    model([input, {
      ...model([{ ...input }, join("a", [["in"], ["a"]])]),
      name: "model",
      inbound_nodes: [[["in", 0, 0, {}]]],
    }]),
    /layer "a", which reads itself/,
  ],
  ["101 models in one another", nest(101), /more than 100 models in one another/],
  ["2,000 models in one another", nest(2000), /more than (100 models|500 levels)/],
  [
    "a model without a list of layers",
    nestWith({ name: "x" }),
    /no list of layers .* in model "x"/,
  ],
];

Deno.test("topologies in the form of Keras 3 are not built as they are", () => {
  const called = model([input, {
    ...join("a"),
    inbound_nodes: [{ args: [{ class_name: "__keras_tensor__", config: {} }], kwargs: {} }],
  }]);
  const shaped = {
    class_name: "Sequential",
    config: {
      name: "s",
      layers: [{ class_name: "InputLayer", config: { name: "i", batch_shape: [null, 2] } }],
    },
  };
  for (const topology of [called, shaped]) {
    assert.throws(() => checkTopology(topology, "model.json"), {
      name: "InputError",
      message: /layer ".*" as Keras 3 writes it, wanted .* as \.keras and give that file$/,
    });
  }
});

function nestWith(config: LayerJson["config"]): LayerJson {
  return {
    class_name: "Sequential",
    config: { name: "s", layers: [{ class_name: "Model", config }] },
  };
}

for (const [name, topology, said] of WRONG) {
  Deno.test(`a model.json with ${name} is refused at once`, async () => {
    const json = JSON.stringify({
      format: "layers-model",
      modelTopology: topology,
      weightsManifest: [],
    });
    const folder = await Deno.makeTempDir();
    await Deno.writeTextFile(`${folder}/model.json`, json);
    const files = new Map([["model.json", new TextEncoder().encode(json)]]);
    for (const read of [() => openModel(folder), () => readModel("model.json", files)]) {
      await assert.rejects(read(), (error: Error) => {
        assert.equal(error.name, "InputError", String(error.stack));
        assert.match(error.message, said);
        assert.match(error.message, /^reading .*: found .*, wanted .*; /s);
        return true;
      });
    }
    await Deno.remove(folder, { recursive: true });
  });
}

Deno.test("layers in any order, called several times and nested, are none of this", async () => {
  checkTopology(model([join("b", [["a"], ["in"]]), join("a", [["in"]]), input], "b"), "here");
  checkTopology(model([input, join("a", [["in"]], [["a"]]), join("b", [["a", 1], ["a"]])]), "here");
  checkTopology(nest(100), "here");
  const inner = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2] })] });
  const [one, two] = [tf.input({ shape: [2] }), tf.input({ shape: [2] })];
  const outer = tf.model({
    inputs: [one, two],
    outputs: tf.layers.add().apply([
      inner.apply(one) as tf.SymbolicTensor,
      inner.apply(inner.apply(two) as tf.SymbolicTensor) as tf.SymbolicTensor,
    ]) as tf.SymbolicTensor,
  });
  const { model: again } = await openNetwork(await captureModel(outer));
  disposeModel(again);
});

Deno.test("JSON of any depth is read without a stack that overflows", async () => {
  const folder = await Deno.makeTempDir();
  const deep = `{"modelTopology":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  await Deno.writeTextFile(`${folder}/model.json`, deep);
  await assert.rejects(loadModelFile(folder), {
    name: "InputError",
    message: /found malformed JSON \(more than 500 levels/,
  });
  await Deno.remove(folder, { recursive: true });
});
