import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { openNetwork } from "../../src/graph/opening/network.ts";
import { writeGraph } from "../../src/graph/write_graph.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { captureModel, instantiate } from "../../src/model/instantiate.ts";
import {
  buildNetwork,
  largestDifference,
  networkNames,
  randomImages,
} from "../support/networks.ts";

await startBackend();

for (const name of networkNames) {
  Deno.test(`writeGraph() gives back a ${name} network with the same outputs`, async () => {
    const { file, model, graph } = await buildNetwork(name);
    const written = await instantiate(writeGraph(graph, file));
    const images = randomImages(3);
    const [wanted, found] = [model, written].map((each) => each.predict(images) as tf.Tensor);
    assert.ok(largestDifference(wanted, found) < 1e-5);
    assert.deepEqual(written.outputs[0].shape, model.outputs[0].shape);
    tf.dispose([images, wanted, found]);
    model.dispose();
    written.dispose();
  });
}

Deno.test("writeGraph() keeps all weights of the layers that wrappers hold", async () => {
  const clip = tf.input({ name: "clip", shape: [4, 6, 6, 3] });
  const each = tf.layers.timeDistributed({
    name: "each",
    layer: tf.layers.conv2d({ filters: 4, kernelSize: 3 }),
  }).apply(clip);
  const flat = tf.layers.reshape({ name: "flat", targetShape: [4, 64] }).apply(each);
  const layer = tf.layers.lstm({ units: 3 }) as tf.RNN;
  const both = tf.layers.bidirectional({ name: "both", layer, mergeMode: "concat" }).apply(flat);
  const built = tf.model({ name: "wrapped", inputs: clip, outputs: both as tf.SymbolicTensor });
  const file = await captureModel(built);
  const { graph } = await openNetwork(file);
  const rewritten = writeGraph(graph, file);
  assert.equal(rewritten.weights.size, 2 + 6);
  const written = await instantiate(rewritten);
  const clips = tf.randomNormal([2, 4, 6, 6, 3]);
  const [wanted, found] = [built, written].map((model) => model.predict(clips) as tf.Tensor);
  assert.ok(largestDifference(wanted, found) < 1e-6);
});

Deno.test("a Sequential model stays one", async () => {
  const { file, model, graph } = await buildNetwork("plain");
  const written = writeGraph(graph, file);
  assert.equal(written.topology.class_name, "Sequential");
  assert.equal(written.topology.config.layers!.length, model.layers.length);
  model.dispose();
});

Deno.test("graph order counts a projection before the branch beside it", async () => {
  const { model, graph } = await buildNetwork("preActivation");
  const convolutions = graph.nodes.filter((node) => node.className === "Conv2D");
  assert.deepEqual(convolutions.map((node) => node.key), [
    "conv1",
    "block1_conv1",
    "block1_conv2",
    "block2_projection",
    "block2_conv1",
    "block2_conv2",
    "block3_conv1",
    "block3_conv2",
  ]);
  model.dispose();
});

Deno.test("graph order puts every node behind what it reads", async () => {
  for (const name of networkNames) {
    const { model, graph } = await buildNetwork(name);
    const seen = new Set<string>();
    for (const node of graph.nodes) {
      for (const tensor of node.inputs) assert.ok(seen.has(tensor), `${node.key} reads ${tensor}`);
      seen.add(node.key);
    }
    model.dispose();
  }
});

Deno.test("a layer that is called twice becomes two nodes with the same weights", async () => {
  const { model, graph } = await buildNetwork("opaque");
  const calls = graph.nodes.filter((node) => node.name === "shared");
  assert.deepEqual(calls.map((node) => node.key), ["shared", "shared@1"]);
  assert.deepEqual(calls[1].inputs, ["shared"]);
  assert.equal(calls[0].weights, calls[1].weights);
  model.dispose();
});

Deno.test("a nested model is one node, and its weights are kept", async () => {
  const inner = tf.sequential({
    name: "inner",
    layers: [tf.layers.conv2d({ name: "deep", filters: 4, kernelSize: 3, inputShape: [8, 8, 3] })],
  });
  const image = tf.input({ name: "image", shape: [8, 8, 3] });
  const flat = tf.layers.flatten({ name: "flat" }).apply(inner.apply(image));
  const output = tf.layers.dense({ name: "dense", units: 2 }).apply(flat) as tf.SymbolicTensor;
  const model = tf.model({ name: "outer", inputs: image, outputs: output });
  const file = await captureModel(model);
  const { model: opened, graph } = await openNetwork(file);
  const node = graph.nodes.find((each) => each.key === "inner")!;
  assert.deepEqual(node.outputShape, [6, 6, 4]);
  assert.equal(graph.otherWeights.size, 2);
  const written = await instantiate(writeGraph(graph, file));
  const images = randomImages(2);
  const [wanted, found] = [model, written].map((each) => each.predict(images) as tf.Tensor);
  assert.ok(largestDifference(wanted, found) < 1e-6);
  tf.dispose([images, wanted, found]);
  for (const each of [model, opened, written]) each.dispose();
});
