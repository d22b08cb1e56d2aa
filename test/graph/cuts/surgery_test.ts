import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { absorbBiases, withWeights } from "../../../src/graph/weights.ts";
import { noCuts, shrinkGraph, takeAlongAxis } from "../../../src/graph/cuts/surgery.ts";
import { writeGraph } from "../../../src/graph/write_graph.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel, instantiate } from "../../../src/model/instantiate.ts";
import type { Weight } from "../../../src/model/model_file.ts";
import {
  buildNetworkFile,
  largestDifference,
  type NetworkName,
  networkNames,
  randomImages,
} from "../../support/networks.ts";
import { assertMaskedEqualsShrunk, openSplit, randomCuts } from "../masked.ts";

await startBackend();

/** One of the small networks, as surgery sees it. */
async function openSmall(name: NetworkName) {
  return await openSplit(await buildNetworkFile(name));
}

for (const name of networkNames) {
  for (const select of [false, true]) {
    const how = select ? "selecting shared channels" : "cutting whole spaces";
    Deno.test(`the shrunk ${name} network equals the masked one, ${how}`, async () => {
      const before = tf.memory().numTensors;
      const network = await openSmall(name);
      const { model, graph, map } = network;
      for (const seed of [1, 2, 3]) {
        const cuts = randomCuts(graph, map, { seed, select });
        assert.ok(cuts.removed.includes(1) || cuts.selections.size > 0);
        const images = randomImages(3, seed);
        await assertMaskedEqualsShrunk(network, cuts, [images], 1e-5);
        images.dispose();
      }
      disposeModel(model);
      assert.equal(tf.memory().numTensors, before);
    });
  }
}

Deno.test("shrinkGraph() without cuts keeps every weight", async () => {
  const { model, graph, map } = await openSmall("inception");
  const shrunk = shrinkGraph(graph, map, noCuts(map));
  for (const [index, node] of graph.nodes.entries()) {
    const same = shrunk.nodes.find((other) => other.key === node.key)!;
    for (const [role, weight] of node.weights) {
      assert.deepEqual(same.weights.get(role), weight, `weight ${role} of node ${index}`);
    }
  }
  model.dispose();
});

Deno.test("a selector stands before the BatchNormalization that it can swallow", async () => {
  const { model, graph, map } = await openSmall("preActivation");
  const selections = new Map([
    ["block2_projection", Int32Array.of(0, 2)],
    ["block2_conv1", Int32Array.of(1, 2, 5)],
    ["block3_conv1", Int32Array.of(3)],
  ]);
  const shrunk = shrinkGraph(graph, map, { ...noCuts(map), selections });
  const inputOf = (key: string) => shrunk.nodes.find((node) => node.key === key)!.inputs[0];
  assert.equal(inputOf("block3_conv1"), "block3_relu1");
  assert.equal(inputOf("block3_relu1"), "block3_bn1");
  assert.equal(inputOf("block3_bn1"), "block3_conv1_select");
  assert.equal(inputOf("block3_conv1_select"), "block2_add");
  assert.equal(inputOf("block2_conv1"), "block2_relu1_block2_conv1");
  assert.equal(inputOf("block2_relu1_block2_conv1"), "block2_bn1_block2_conv1");
  assert.ok(!shrunk.nodes.some((node) => node.key === "block2_bn1"), "nothing reads it any more");
  model.dispose();
});

Deno.test("a selector takes over the stride of a 1×1 convolution", async () => {
  const { model, graph, map } = await openSmall("preActivation");
  const selections = new Map([["block2_projection", Int32Array.of(0, 2)]]);
  const shrunk = shrinkGraph(graph, map, { ...noCuts(map), selections });
  const byKey = new Map(shrunk.nodes.map((node) => [node.key, node]));
  assert.deepEqual(byKey.get("block2_projection_select")!.config.strides, [2, 2]);
  assert.deepEqual(byKey.get("block2_projection_select")!.outputShape, [4, 4, 2]);
  assert.deepEqual(byKey.get("block2_projection")!.config.strides, [1, 1]);
  assert.equal(byKey.get("block2_projection_select")!.config.trainable, false);
  model.dispose();
});

Deno.test("absorbBiases() moves new biases into BatchNormalization and keeps the outputs", async () => {
  const { file, model, graph } = await openSmall("postActivation");
  let biased = graph;
  for (const node of graph.nodes.filter(({ className }) => className === "Conv2D")) {
    const width = node.outputShape.at(-1)!;
    const values = Float32Array.from({ length: width }, (_, channel) => 0.3 * channel - 0.5);
    const bias: Weight = { name: `${node.key}/bias`, shape: [width], dtype: "float32", values };
    biased = withWeights(biased, node.key, new Map([...node.weights, ["bias", bias]]));
  }
  const absorbed = absorbBiases(biased, graph);
  assert.ok(
    absorbed.nodes.every(({ className, weights }) =>
      className !== "Conv2D" || !weights.has("bias")
    ),
  );
  const models = await Promise.all(
    [biased, absorbed].map((each) => instantiate(writeGraph(each, file))),
  );
  const images = randomImages(3);
  const [wanted, found] = models.map((each) => each.predict(images) as tf.Tensor);
  assert.ok(largestDifference(wanted, found) < 1e-5);
  const unbiased = model.predict(images) as tf.Tensor;
  assert.ok(largestDifference(wanted, unbiased) > 1e-3);
  tf.dispose([images, wanted, found, unbiased]);
  for (const each of [model, ...models]) each.dispose();
});

Deno.test("takeAlongAxis() picks along every axis like an index", () => {
  const shape = [2, 3, 4, 5];
  const values = Float32Array.from({ length: 120 }, (_, index) => index);
  const weight: Weight = { name: "w", shape, dtype: "float32", values };
  for (const [axis, kept] of [[0, [1]], [1, [2, 0]], [2, [3, 1, 0]], [3, [0, 4]]] as const) {
    const taken = takeAlongAxis(weight, axis, Int32Array.from(kept));
    const wanted = tf.tidy(() =>
      tf.gather(tf.tensor(values, shape), [...kept], axis).dataSync().slice()
    );
    assert.deepEqual([...taken.values], [...wanted]);
    assert.equal(taken.shape[axis], kept.length);
  }
});
