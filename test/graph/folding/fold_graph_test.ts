import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { findChannelSpaces } from "../../../src/graph/channels/channel_spaces.ts";
import { foldGraph } from "../../../src/graph/folding/fold_graph.ts";
import type { LayerGraph } from "../../../src/graph/layer_graph.ts";
import { listReaders } from "../../../src/graph/cuts/readers.ts";
import { noCuts, shrinkGraph } from "../../../src/graph/cuts/surgery.ts";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { writeGraph } from "../../../src/graph/write_graph.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { captureModel, disposeModel, instantiate } from "../../../src/model/instantiate.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import {
  buildNetworkFile,
  largestDifference,
  networkNames,
  randomImages,
} from "../../support/networks.ts";

await startBackend();

async function graphOf(file: ModelFile): Promise<LayerGraph> {
  const { model, graph } = await openNetwork(file);
  disposeModel(model);
  return graph;
}

async function fold(file: ModelFile): Promise<ModelFile> {
  return writeGraph(foldGraph(await graphOf(file)), file);
}

function classesOf(file: ModelFile): string[] {
  return file.topology.config.layers!.map((layer) => layer.class_name);
}

async function predict(file: ModelFile, images: tf.Tensor): Promise<tf.Tensor> {
  const model = await instantiate(file);
  const output = model.predict(images) as tf.Tensor;
  disposeModel(model);
  return output;
}

async function assertSameOutputs(
  first: ModelFile,
  second: ModelFile,
  images: tf.Tensor = randomImages(4),
) {
  const [wanted, found] = [await predict(first, images), await predict(second, images)];
  const difference = largestDifference(wanted, found);
  tf.dispose([images, wanted, found]);
  assert.ok(difference < 1e-4, `outputs differ by ${difference}`);
}

/** Makes a model with statistics of its own at every BatchNormalization. */
async function capture(model: tf.LayersModel): Promise<ModelFile> {
  const file = await captureModel(model);
  disposeModel(model);
  for (const weight of file.weights.values()) {
    if (weight.shape.length > 1) continue;
    const isPositive = /variance|gamma/.test(weight.name);
    weight.values = Float32Array.from(
      weight.values,
      (_, index) => isPositive ? 0.5 + ((index * 7) % 5) / 4 : ((index * 5) % 7 - 3) / 4,
    );
  }
  return file;
}

/** Layers of the test networks, and how many are left of them. */
const LAYERS_LEFT: Record<typeof networkNames[number], [before: number, after: number]> = {
  plain: [11, 10],
  preActivation: [28, 18],
  postActivation: [22, 13],
  mobile: [14, 9],
  inception: [18, 17],
  opaque: [12, 12],
  mobileV3: [34, 28],
  sequence: [21, 16],
  decoder: [20, 18],
  grouped: [30, 25],
  gates: [20, 19],
};

for (const name of networkNames) {
  Deno.test(`the folded ${name} network gives the same, and folds no further`, async () => {
    const file = await buildNetworkFile(name);
    const folded = await fold(file);
    assert.deepEqual([classesOf(file).length, classesOf(folded).length], LAYERS_LEFT[name]);
    await assertSameOutputs(file, folded);
    const isLeft = name === "sequence" ? /Dropout/ : /BatchNormalization|Dropout/;
    assert.ok(!classesOf(folded).some((className) => isLeft.test(className)));
    assert.equal(classesOf(await fold(folded)).length, classesOf(folded).length);
  });

  Deno.test(`the ${name} network is folded behind selectors too, which swallow what follows them`, async () => {
    const file = await buildNetworkFile(name);
    const graph = await graphOf(file);
    const map = findChannelSpaces(graph);
    const cuts = noCuts(map);
    for (const { key, mode, channels } of listReaders(graph, map, "select")) {
      if (mode !== "select") continue;
      const kept = Int32Array.from({ length: Math.ceil(channels / 2) }, (_, index) => 2 * index);
      cuts.selections.set(key, kept);
    }
    const cut = writeGraph(shrinkGraph(graph, map, cuts), file);
    const folded = await fold(cut);
    await assertSameOutputs(cut, folded);
    const norms = (each: ModelFile) =>
      classesOf(each).filter((name) => name === "BatchNormalization").length;
    assert.equal(norms(folded), 0);
    const selectors = folded.topology.config.layers!.filter(({ config }) =>
      config.name!.endsWith("_select")
    );
    assert.equal(selectors.length, cuts.selections.size);
    const swallowing = selectors.filter(({ config }) => config.activation === "relu");
    if (name === "preActivation") assert.equal(swallowing.length, selectors.length);
  });
}

Deno.test("what is folded: BatchNormalization backwards, activations, training layers", async () => {
  const file = await capture(tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [8, 8, 3], name: "first" }),
      tf.layers.dropout({ rate: 0.5 }),
      tf.layers.batchNormalization(),
      tf.layers.batchNormalization(),
      tf.layers.reLU({ maxValue: 6 }),
      tf.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, name: "second" }),
      tf.layers.gaussianNoise({ stddev: 1 }),
      tf.layers.batchNormalization(),
      tf.layers.elu(),
      tf.layers.flatten(),
      tf.layers.dense({ units: 5, name: "third" }),
      tf.layers.batchNormalization(),
      tf.layers.activation({ activation: "tanh" }),
      tf.layers.dense({ units: 3, name: "fourth" }),
      tf.layers.activation({ activation: "linear" }),
      tf.layers.softmax(),
    ],
  }));
  const folded = await fold(file);
  assert.equal(folded.topology.class_name, "Sequential");
  const layers = folded.topology.config.layers!.map((
    { config },
  ) => [config.name, config.activation]);
  assert.deepEqual(layers.filter(([, activation]) => activation !== undefined), [
    ["first", "relu6"],
    ["second", "elu"],
    ["third", "tanh"],
    ["fourth", "softmax"],
  ]);
  assert.equal(layers.length, 5);
  await assertSameOutputs(file, folded);
});

Deno.test("a BatchNormalization goes into the layers behind it where none of them pads", async () => {
  const input = tf.input({ shape: [8, 8, 3], name: "image" });
  const norm = tf.layers.batchNormalization({ name: "norm" }).apply(input);
  const valid = tf.layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, name: "valid" });
  const small = tf.layers.conv2d({ filters: 4, kernelSize: 1, padding: "same", name: "small" });
  const depthwise = tf.layers.depthwiseConv2d({ kernelSize: 2, depthMultiplier: 2, name: "deep" });
  const pooled = [valid, small, depthwise].map((layer) =>
    tf.layers.globalAveragePooling2d({}).apply(layer.apply(norm)) as tf.SymbolicTensor
  );
  const joined = tf.layers.batchNormalization({ name: "flat" })
    .apply(tf.layers.concatenate().apply(pooled));
  const output = tf.layers.dense({ units: 3, name: "dense" }).apply(joined) as tf.SymbolicTensor;
  const file = await capture(tf.model({ inputs: input, outputs: output }));
  const folded = await fold(file);
  assert.ok(!classesOf(folded).includes("BatchNormalization"));
  assert.equal(classesOf(folded).length, classesOf(file).length - 2);
  await assertSameOutputs(file, folded);
});

Deno.test("a BatchNormalization in front of padding becomes a depthwise convolution, with its activation", async () => {
  for (const activation of [[], [tf.layers.reLU()]]) {
    const file = await capture(tf.sequential({
      layers: [
        tf.layers.maxPooling2d({ poolSize: 2, inputShape: [8, 8, 3] }),
        tf.layers.batchNormalization({ name: "norm" }),
        ...activation,
        tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: "same" }),
        tf.layers.flatten(),
      ],
    }));
    const folded = await fold(file);
    const layer = folded.topology.config.layers![1];
    assert.deepEqual([layer.class_name, layer.config.name], ["DepthwiseConv2D", "norm"]);
    assert.equal(layer.config.activation, activation.length > 0 ? "relu" : "linear");
    assert.equal(folded.topology.config.layers!.length, 4);
    await assertSameOutputs(file, folded);
  }
});

Deno.test("what is read twice, called twice or an output stays", async () => {
  const input = tf.input({ shape: [8, 8, 3], name: "image" });
  const conv = (name: string, x: tf.SymbolicTensor) =>
    tf.layers.conv2d({ filters: 3, kernelSize: 3, padding: "same", name })
      .apply(x) as tf.SymbolicTensor;
  const twice = conv("twice", input);
  const norm = tf.layers.batchNormalization({ name: "norm" }).apply(twice);
  const shared = tf.layers.prelu({ name: "shared" });
  const once = shared.apply(norm) as tf.SymbolicTensor;
  const again = shared.apply(conv("other", once)) as tf.SymbolicTensor;
  const sum = tf.layers.add({ name: "sum" }).apply([twice, again]);
  const output = tf.layers.flatten({ name: "flat" }).apply(sum) as tf.SymbolicTensor;
  const file = await capture(tf.model({ inputs: input, outputs: output }));
  const folded = await fold(file);
  const names = folded.topology.config.layers!.map(({ config }) => config.name);
  assert.deepEqual(names.toSorted(), ["flat", "image", "norm", "other", "shared", "sum", "twice"]);
  assert.ok(classesOf(folded).includes("DepthwiseConv2D"));
  await assertSameOutputs(file, folded);
});

Deno.test("other axes and activations without a name are left alone", async () => {
  const file = await capture(tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [8, 8, 3] }),
      tf.layers.batchNormalization({ axis: 1, name: "rows" }),
      tf.layers.leakyReLU({ name: "leaky" }),
      tf.layers.reLU({ maxValue: 3, name: "clip" }),
      tf.layers.flatten(),
    ],
  }));
  const folded = await fold(file);
  assert.deepEqual(classesOf(folded), classesOf(file));
  await assertSameOutputs(file, folded);
});

Deno.test("folding leaves the given graph as it was", async () => {
  const file = await buildNetworkFile("postActivation");
  const graph = await graphOf(file);
  const before = structuredClone(graph);
  foldGraph(graph);
  assert.deepEqual(graph, before);
});
