import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { inlineModels } from "../../../src/graph/opening/inline_models.ts";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { captureModel, disposeModel, instantiate } from "../../../src/model/instantiate.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import { prune } from "../../../src/api/prune.ts";
import { largestDifference, randomImages } from "../../support/networks.ts";
import { withNoise } from "../../support/noise.ts";

await startBackend();

type Symbolic = tf.SymbolicTensor;

function apply(x: Symbolic | Symbolic[], layer: tf.layers.Layer): Symbolic {
  return layer.apply(x) as Symbolic;
}

/** A functional body: convolutions, BatchNormalization and a residual. */
function body(prefix: string, shape: number[]): tf.LayersModel {
  const input = tf.input({ name: `${prefix}_image`, shape });
  const conv = (x: Symbolic, name: string) =>
    apply(
      x,
      tf.layers.conv2d({
        name: `${prefix}_${name}`,
        filters: 6,
        kernelSize: 3,
        padding: "same",
        biasInitializer: "randomNormal",
      }),
    );
  const first = conv(input, "conv1");
  const norm = apply(first, tf.layers.batchNormalization({ name: `${prefix}_norm` }));
  const relu = apply(norm, tf.layers.reLU({ name: `${prefix}_relu` }));
  const sum = apply([first, conv(relu, "conv2")], tf.layers.add({ name: `${prefix}_add` }));
  return tf.model({ name: prefix, inputs: input, outputs: conv(sum, "conv3") });
}

function head(name: string, inputShape: number[]): tf.Sequential {
  return tf.sequential({
    name,
    layers: [
      tf.layers.globalAveragePooling2d({ name: `${name}_pool`, inputShape }),
      tf.layers.dense({ name: `${name}_dense`, units: 5, activation: "relu" }),
      tf.layers.dense({ name: `${name}_scores`, units: 4, activation: "softmax" }),
    ],
  });
}

/** As Teachable Machine exports: a Sequential of a Sequential, which holds a functional model, and another. */
function teachable(): tf.LayersModel {
  const features = tf.sequential({ name: "features", layers: [body("net", [8, 8, 3])] });
  return tf.sequential({ name: "teachable", layers: [features, head("head", [8, 8, 6])] });
}

/** A model of two inputs and outputs inside another, which gives one of its inputs on as it is. */
function manyEnded(): tf.LayersModel {
  const inner = (() => {
    const [a, b] = ["a", "b"].map((name) => tf.input({ name, shape: [8, 8, 3] }));
    const deep = body("deep", [8, 8, 3]);
    const mixed = apply([deep.apply(a) as Symbolic, deepTwin(b)], tf.layers.add({ name: "mix" }));
    return tf.model({ name: "inner", inputs: [a, b], outputs: [mixed, b] });
  })();
  const image = tf.input({ name: "image", shape: [8, 8, 3] });
  const twin = apply(image, tf.layers.conv2d({ name: "twin", filters: 3, kernelSize: 1 }));
  const [mixed, same] = inner.apply([twin, image]) as Symbolic[];
  const joined = apply([mixed, same], tf.layers.concatenate({ name: "join" }));
  return tf.model({
    name: "many",
    inputs: image,
    outputs: head("head", [8, 8, 9]).apply(joined) as Symbolic,
  });
}

function deepTwin(x: Symbolic): Symbolic {
  return apply(x, tf.layers.conv2d({ name: "beside", filters: 6, kernelSize: 1 }));
}

/** One body that is called twice. */
function shared(): tf.LayersModel {
  const image = tf.input({ name: "image", shape: [8, 8, 3] });
  const twice = body("net", [8, 8, 3]);
  const other = apply(image, tf.layers.conv2d({ name: "other", filters: 3, kernelSize: 1 }));
  const sum = apply(
    [twice.apply(image) as Symbolic, twice.apply(other) as Symbolic],
    tf.layers.add({ name: "sum" }),
  );
  return tf.model({
    name: "shared",
    inputs: image,
    outputs: head("head", [8, 8, 6]).apply(sum) as Symbolic,
  });
}

async function capture(model: tf.LayersModel): Promise<ModelFile> {
  const file = await captureModel(model);
  disposeModel(model);
  return file;
}

async function predict(file: ModelFile, images: tf.Tensor4D): Promise<tf.Tensor> {
  const model = await instantiate(file);
  const output = model.predict(images) as tf.Tensor;
  disposeModel(model);
  return output;
}

const nestedIn = ({ topology }: ModelFile) =>
  topology.config.layers!.filter(({ class_name }) => /Sequential|Model|Functional/.test(class_name))
    .map((layer) => layer.name ?? layer.config.name);

for (
  const [what, build, left] of [
    ["a Sequential of Sequentials", teachable, []],
    ["a model of several inputs and outputs", manyEnded, []],
    ["a model that is called twice", shared, []],
  ] as const
) {
  Deno.test(`inlineModels() keeps what ${what} computes`, async () => {
    const before = tf.memory().numTensors;
    const file = await capture(build());
    const flat = inlineModels(file);
    assert.deepEqual(nestedIn(flat), left);
    assert.deepEqual([...flat.weights.values()], [...file.weights.values()]);
    const images = randomImages(3);
    const [wanted, found] = [await predict(file, images), await predict(flat, images)];
    assert.equal(largestDifference(wanted, found), 0);
    assert.equal(inlineModels(flat), flat, "nothing is left to do");
    tf.dispose([images, wanted, found]);
    assert.equal(tf.memory().numTensors, before);
  });
}

Deno.test("a model without nested ones, or whose nested layers have taken names, stays as it is", async () => {
  const plain = await capture(body("net", [8, 8, 3]));
  assert.equal(inlineModels(plain), plain);
  const image = tf.input({ name: "image", shape: [8, 8, 3] });
  const outer = apply(image, tf.layers.conv2d({ name: "net_conv1", filters: 3, kernelSize: 1 }));
  const named = tf.model({
    name: "named",
    inputs: image,
    outputs: body("net", [8, 8, 3]).apply(outer) as Symbolic,
  });
  const { modelTopology } = { modelTopology: named.toJSON(null, false) as unknown };
  named.dispose();
  const topology = modelTopology as ModelFile["topology"];
  const file = { topology, weights: new Map(), bytes: 0, path: "named" };
  assert.equal(inlineModels(file), file);
});

Deno.test("layers of a frozen nested model stay frozen", async () => {
  const file = await capture(teachable());
  file.topology.config.layers![0].config.trainable = false;
  for (const { name, config } of inlineModels(file).topology.config.layers!) {
    assert.equal(config.trainable === false, name!.startsWith("net_"), name!);
  }
});

Deno.test(
  "channels inside nested models are cut, and masked equals shrunk",
  withNoise(async (data) => {
    const model = {
      ...await capture(teachable()),
      metadata: { preprocess: { mean: [127], std: [74], inputSize: [8, 8] } },
    };
    const policy = { kind: "uniform", ratio: 0.5 } as const;
    const { file, report } = await prune({
      model,
      data,
      policy,
      batches: 4,
      batchSize: 40,
      workers: 1,
    });
    assert.ok(report.maskedDifference! < 1e-5);
    assert.equal(report.layers.find(({ name }) => name === "net_conv2")!.kept, 3);
    const { graph, model: opened } = await openNetwork(file);
    disposeModel(opened);
    assert.deepEqual(nestedIn(file), []);
    const statingShape = file.topology.config.layers!.filter(({ config }) =>
      config.batch_input_shape
    );
    assert.deepEqual(statingShape.map(({ class_name }) => class_name), ["InputLayer"]);
    assert.ok(graph.nodes.some(({ name }) => name === "net_conv2"));
  }),
);
