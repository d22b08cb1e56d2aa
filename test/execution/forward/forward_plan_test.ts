import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { ForwardPlan } from "../../../src/execution/forward/forward_plan.ts";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { withWeights } from "../../../src/graph/weights.ts";
import { writeGraph } from "../../../src/graph/write_graph.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel, instantiate } from "../../../src/model/instantiate.ts";
import {
  buildNetwork,
  largestDifference,
  networkNames,
  randomImages,
} from "../../support/networks.ts";

await startBackend();

for (const name of networkNames) {
  Deno.test(`a plan of the ${name} network predicts what stock TensorFlow.js predicts`, async () => {
    const { model, graph } = await buildNetwork(name);
    const plan = new ForwardPlan(graph, model);
    const images = randomImages(3);
    const wanted = model.predict(images) as tf.Tensor;
    const before = tf.memory().numTensors;
    const [found] = plan.predict([images.clone()]);
    assert.equal(tf.memory().numTensors, before + 1);
    assert.ok(largestDifference(wanted, found) < 1e-5);
    tf.dispose([images, wanted, found]);
    plan.dispose();
    model.dispose();
  });
}

Deno.test("BatchNormalization and ReLU are folded into the convolution in front of them", async () => {
  const { model, graph } = await buildNetwork("preActivation");
  const plan = new ForwardPlan(graph, model);
  const chainOf = (key: string) => plan.steps[plan.stepOf(key)].nodes.map((node) => node.key);
  assert.deepEqual(chainOf("block3_conv1"), ["block3_conv1", "block3_bn2", "block3_relu2"]);
  assert.deepEqual(chainOf("final_bn"), ["final_bn", "final_relu"]);
  assert.deepEqual(chainOf("block3_conv2"), ["block3_conv2"]);
  plan.dispose();
  model.dispose();
});

Deno.test("a batch that is moved in parts arrives where one that is moved at once does", async () => {
  const { model, graph } = await buildNetwork("postActivation");
  const plan = new ForwardPlan(graph, model);
  const images = randomImages(2);
  const [wanted] = plan.predict([images.clone()]);
  const activations = plan.start([images]);
  for (let step = 0; step <= plan.steps.length; step++) {
    plan.advance(activations, step);
    assert.deepEqual(
      [...activations.tensors.keys()].sort(),
      [...plan.liveBefore(activations.next)].sort(),
    );
  }
  assert.equal(activations.tensors.size, 1);
  const found = activations.tensors.get("dense")!;
  assert.equal(largestDifference(wanted, found), 0);
  tf.dispose([wanted, found]);
  plan.dispose();
  model.dispose();
});

Deno.test("a batch that went back where it needs least arrives at the same end", async () => {
  for (const name of networkNames) {
    const { model, graph } = await buildNetwork(name);
    const plan = new ForwardPlan(graph, model);
    const images = randomImages(2);
    const [wanted] = plan.predict([images.clone()]);
    const activations = plan.start([images]);
    let saved = 0;
    for (let step = 1; step <= plan.steps.length; step++) {
      plan.advance(activations, step);
      const sizes = [...activations.tensors.values()].map(({ size }) => size);
      const restart = plan.smallestRestart(activations);
      plan.rewind(activations, restart.step);
      const left = [...activations.tensors.values()].reduce((sum, { size }) => sum + size, 0);
      assert.equal(left, restart.elements);
      saved += sizes.reduce((sum, size) => sum + size) - left;
    }
    plan.advance(activations, plan.steps.length);
    const [found] = activations.tensors.values();
    assert.equal(largestDifference(wanted, found), 0);
    assert.ok(saved > 0 || name === "plain" || name === "mobile" || name === "opaque", name);
    tf.dispose([wanted, found]);
    plan.dispose();
    model.dispose();
  }
});

Deno.test("setWeights() changes the plan as a rebuilt model would change", async () => {
  const { file, model, graph } = await buildNetwork("preActivation");
  const plan = new ForwardPlan(graph, model);
  for (const key of ["block2_conv1", "block2_projection", "dense"]) {
    const node = graph.nodes.find((each) => each.key === key)!;
    const kernel = node.weights.get("kernel")!;
    const values = (kernel.values as Float32Array).map((value) => -0.5 * value);
    const bias = Float32Array.from({ length: kernel.shape.at(-1)! }, (_, output) => 0.1 * output);
    const weights = new Map([
      ["kernel", { ...kernel, values }],
      ["bias", {
        name: `${key}/bias`,
        shape: [bias.length],
        dtype: "float32" as const,
        values: bias,
      }],
    ]);
    plan.setWeights(key, weights);
    const changed = await instantiate(writeGraph(withWeights(graph, key, weights), file));
    const images = randomImages(2);
    const wanted = changed.predict(images) as tf.Tensor;
    const [found] = plan.predict([images]);
    assert.ok(largestDifference(wanted, found) < 1e-5);
    tf.dispose([wanted, found]);
    changed.dispose();
    plan.setWeights(key, node.weights);
  }
  plan.dispose();
  model.dispose();
});

Deno.test("a plan that frees the weights of its model runs without them", async () => {
  for (const name of networkNames) {
    const before = tf.memory().numTensors;
    const { model, graph } = await buildNetwork(name);
    const images = randomImages(2);
    const wanted = model.predict(images) as tf.Tensor;
    const plan = new ForwardPlan(graph, model, { releasesModel: true });
    const [found] = plan.predict([images]);
    assert.ok(largestDifference(wanted, found) < 1e-5);
    tf.dispose([wanted, found]);
    plan.dispose();
    disposeModel(model);
    assert.equal(tf.memory().numTensors, before, name);
  }
});

Deno.test("a plan gives all its memory back", async () => {
  const { file } = await buildNetwork("inception");
  const before = tf.memory().numTensors;
  const { model, graph } = await openNetwork(file);
  const plan = new ForwardPlan(graph, model);
  tf.dispose(plan.predict([randomImages(2)]));
  plan.dispose();
  model.dispose();
  assert.equal(tf.memory().numTensors, before);
});
