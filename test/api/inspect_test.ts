import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { inspect } from "../../src/api/inspect.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { captureModel, disposeModel } from "../../src/model/instantiate.ts";
import { conv, type Symbolic } from "../support/network_layers.ts";
import { buildNetworkFile } from "../support/networks.ts";
import { tails } from "../formats/graph_model/tails.ts";
import { inTempFolder } from "../data/fixtures.ts";
import { openModel } from "../../src/formats/open_model.ts";
import { buildArchitecture } from "../zoo/zoo.ts";

await startBackend();

Deno.test("inspect() numbers the convolutions in the order of a ratio list", async () => {
  const report = await inspect({ model: await buildNetworkFile("preActivation") });
  const listed = report.layers.filter(({ place }) => place !== undefined);
  assert.deepEqual(listed.map(({ place }) => place), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.equal(listed[3].name, "block2_projection");
  assert.equal(listed[3].mode, "select");
  assert.equal(listed[0].reason, "it reads image, an input of the model");
});

Deno.test("inspect() says for every space who makes, carries and reads it, and why it is kept", async () => {
  const report = await inspect({ model: await buildNetworkFile("opaque") });
  const frozen = report.spaces.filter((space) => space.frozen !== undefined);
  const called = frozen.filter(({ producers }) => producers.includes("shared"));
  assert.equal(called.length, 2);
  for (const space of called) assert.match(space.frozen!, /called 2 times, one behind the other/);
  for (const { spaces } of report.layers) {
    for (const id of spaces) assert.equal(report.spaces[id].id, id);
  }
});

Deno.test("inspect() takes the size of a model that leaves it open", async () => {
  const file = await buildNetworkFile("mobile");
  for (const layer of file.topology.config.layers!) {
    if (layer.config.batch_input_shape) layer.config.batch_input_shape = [null, null, null, 3];
  }
  const report = await inspect({ model: file, inputSize: [16, 16] });
  assert.deepEqual(report.inputShape, [16, 16, 3]);
  assert.equal(report.layers.find(({ name }) => name === "conv1")!.macs, 8 * 8 * 27 * 5);
});

Deno.test("inspect() offers a coupled space that the last convolution reads", async () => {
  const report = await inspect({ model: await buildArchitecture("mobileV2"), shared: "couple" });
  const listed = report.layers.filter(({ place }) => place !== undefined);
  assert.deepEqual(listed.map(({ mode }) => mode), [
    ...["whole", "couple", "private", "couple", "private", "couple", "private", "couple"],
  ]);
});

const small = { units: 3, filters: 3, kernelSize: 2 } as const;

/** Applies layers one after the other. */
function chain(shape: (number | null)[], ...layers: tf.layers.Layer[]): tf.LayersModel {
  const input = tf.input({ name: "input", shape });
  const output = layers.reduce((x: Symbolic, layer) => layer.apply(x) as Symbolic, input);
  return tf.model({ inputs: input, outputs: output });
}

/** A model whose second layer reads a further output of the first. */
function furtherOutput(): tf.LayersModel {
  const input = tf.input({ name: "input", shape: [8, 3] });
  const first = tf.layers.conv1d({ ...small, name: "conv" }).apply(input);
  const [last, state] = tf.layers.lstm({ ...small, name: "lstm", returnState: true })
    .apply(first) as Symbolic[];
  const sum = tf.layers.add({ name: "sum" }).apply([last, state]) as Symbolic;
  return tf.model({ inputs: input, outputs: [sum, state] });
}

/** Two images through the same convolutions, compared. */
function siamese(): tf.LayersModel {
  const inputs = ["a", "b"].map((name) => tf.input({ name, shape: [8, 8, 3] }));
  const image = tf.input({ name: "image", shape: [8, 8, 3] });
  const pool = tf.layers.globalAveragePooling2d({ name: "pool" });
  const twin = tf.model({
    name: "twin",
    inputs: image,
    outputs: pool.apply(conv(conv(image, "twin1", 4), "twin2", 4)) as Symbolic,
  });
  const vectors = inputs.map((input) => twin.apply(conv(input, `${input.name}_own`, 3)));
  const product = tf.layers.dot({ name: "dot", axes: -1 }).apply(vectors as Symbolic[]);
  return tf.model({ inputs, outputs: product as Symbolic });
}

const MODELS: Record<string, () => tf.LayersModel> = {
  "a wrapped convolution and a recurrent layer in both directions": () =>
    chain(
      [4, 8, 8, 3],
      tf.layers.timeDistributed({ name: "each", layer: tf.layers.conv2d(small) }),
      tf.layers.timeDistributed({ name: "flat", layer: tf.layers.flatten() as tf.layers.Layer }),
      tf.layers.bidirectional({ layer: tf.layers.lstm(small) as tf.RNN, mergeMode: "concat" }),
      tf.layers.dense(small),
    ),
  "a recurrent convolution": () => chain([4, 8, 8, 3], tf.layers.convLstm2d(small)),
  "words": () =>
    chain(
      [10],
      tf.layers.embedding({ inputDim: 20, outputDim: 5 }),
      tf.layers.conv1d(small),
      tf.layers.conv1d({ ...small, padding: "causal" }),
      tf.layers.globalMaxPooling1d(),
    ),
  "volumes": () =>
    chain(
      [6, 6, 6, 2],
      tf.layers.conv3d(small),
      tf.layers.maxPooling3d({ poolSize: [2, 2, 2] }),
      tf.layers.conv3d(small),
      tf.layers.conv3dTranspose({ ...small, strides: 2 }) as tf.layers.Layer,
    ),
  "images of no fixed size": () =>
    chain(
      [null, null, 3],
      ...[4, 5, 6].map((filters) => tf.layers.conv2d({ filters, kernelSize: 3 })),
      tf.layers.conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2 }),
      tf.layers.globalAveragePooling2d({}),
    ),
  "a sequence of no fixed length": () =>
    chain([null, 3], ...[4, 5, 6].map((filters) => tf.layers.conv1d({ filters, kernelSize: 3 }))),
  "vectors of no fixed width": () => chain([null], tf.layers.activation({ activation: "relu" })),
  "channels first": () =>
    chain(
      [3, 8, 8],
      ...[1, 2, 3].map(() => tf.layers.conv2d({ ...small, dataFormat: "channelsFirst" })),
    ),
  "a mask": () => chain([5, 3], tf.layers.masking(), tf.layers.lstm(small)),
  "a further output": furtherOutput,
  "two inputs and a nested model that is called twice": siamese,
};

const IS_CONVOLUTION = /^(Separable)?Conv[123]D(Transpose)?$/;

for (const [what, build] of Object.entries(MODELS)) {
  Deno.test(`inspect() lists a model with ${what}, and says of all what is not cut and why`, async () => {
    const before = tf.memory().numTensors;
    const model = build();
    const file = await captureModel(model);
    disposeModel(model);
    for (const shared of ["select", "couple"] as const) {
      const report = await inspect({ model: file, shared });
      assert.ok(report.layers.length > 1);
      for (const { className, mode, reason, place } of report.layers) {
        if (!IS_CONVOLUTION.test(className)) continue;
        assert.ok(place !== undefined && mode !== undefined, className);
        assert.equal(mode === "whole", reason !== undefined);
      }
    }
    assert.equal(tf.memory().numTensors, before);
  });
}

Deno.test("inspect() gives the reason for every layer that is not looked into", async () => {
  const reasons = async (model: tf.LayersModel) => {
    const { layers } = await inspect({ model: await captureModel(model) });
    return new Map(layers.map(({ name, reason }) => [name, reason]));
  };
  const wrapped = await reasons(
    MODELS["a wrapped convolution and a recurrent layer in both directions"](),
  );
  assert.match(wrapped.get("each")!, /TimeDistributed layer each wraps another layer/);
  const further = await reasons(furtherOutput());
  assert.match(further.get("lstm")!, /LSTM layer lstm is recurrent/);
  assert.equal(further.get("sum"), "layer sum reads a further output, lstm#1");
  const twins = await reasons(siamese());
  assert.equal(twins.get("twin2"), undefined, "layers called side by side are looked into");
});

Deno.test("inspect() counts a transposed convolution by its input's positions, a sequence by its output's", async () => {
  const { layers } = await inspect({ model: await buildNetworkFile("decoder") });
  const macsOf = (name: string) => layers.find((layer) => layer.name === name)!.macs;
  assert.equal(macsOf("grow1"), 2 * 2 * 9 * 5 * 6);
  assert.equal(macsOf("grow2"), 4 * 4 * 12 * 12 * 7);
  const sequence = await inspect({ model: await buildNetworkFile("sequence") });
  const inner = sequence.layers.find(({ name }) => name === "inner")!;
  assert.equal(inner.macs, 4 * 3 * 8 * 7);
});

Deno.test("inspect() names the nodes behind the layers that stay as they are", () =>
  inTempFolder(async (folder) => {
    const [sketch, outputs] = tails["boxes that do not overlap"]();
    await sketch.write(folder, ...outputs);
    const { tail = [] } = await inspect({ model: await openModel(folder) });
    const operators = tail.map(({ operator }) => operator);
    assert.ok(operators.includes("NonMaxSuppressionV3") && !operators.includes("Const"));
    assert.equal((await inspect({ model: await buildNetworkFile("plain") })).tail, undefined);
  }));
