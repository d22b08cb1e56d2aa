import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  addEvaluations,
  evaluateBatches,
  ForwardPlan,
  givesProbabilities,
} from "../../src/forward/mod.ts";
import { startBackend } from "../../src/kernels/mod.ts";
import { buildNetwork, randomImages } from "../networks.ts";

await startBackend();

const labels = Int32Array.of(0, 1, 2, 3, 0);

async function* oneBatch() {
  yield { images: randomImages(5), labels, indices: Int32Array.of(7, 3, 9, 1, 4) };
}

Deno.test("accuracy and loss are those of TensorFlow.js' own metrics", async () => {
  const { model, graph } = await buildNetwork("postActivation");
  const plan = new ForwardPlan(graph, model);
  assert.ok(givesProbabilities(graph));
  const sums = await evaluateBatches(plan, true, oneBatch());
  const [loss, accuracy] = tf.tidy(() => {
    const predicted = model.predict(randomImages(5)) as tf.Tensor;
    const wanted = tf.oneHot(tf.tensor1d(labels, "int32"), 4);
    return [
      tf.metrics.categoricalCrossentropy(wanted, predicted).sum().arraySync() as number,
      tf.metrics.categoricalAccuracy(wanted, predicted).sum().arraySync() as number,
    ];
  });
  assert.equal(sums.correct, accuracy);
  assert.ok(Math.abs(sums.loss - loss) < 1e-4);
  assert.equal(sums.images, 5);
  const wanted = tf.tidy(() => {
    const predicted = model.predict(randomImages(5)) as tf.Tensor;
    return { classes: predicted.argMax(1).dataSync(), sure: predicted.max(1).dataSync() };
  });
  const { images, classes, probabilities } = sums.answers;
  assert.deepEqual([...images], [7, 3, 9, 1, 4]);
  assert.deepEqual([...classes], [...wanted.classes]);
  probabilities.forEach((value, image) => assert.ok(Math.abs(value - wanted.sure[image]) < 1e-5));
  plan.dispose();
  model.dispose();
});

Deno.test("logits are turned into probabilities", async () => {
  const { model, graph } = await buildNetwork("postActivation");
  const logits = {
    ...graph,
    nodes: graph.nodes.map((node) =>
      node.key === "dense" ? { ...node, config: { ...node.config, activation: "linear" } } : node
    ),
  };
  assert.ok(!givesProbabilities(logits));
  const plans = [new ForwardPlan(graph, model), new ForwardPlan(logits, model)];
  const [wanted, found] = [
    await evaluateBatches(plans[0], true, oneBatch()),
    await evaluateBatches(plans[1], false, oneBatch()),
  ];
  assert.equal(found.correct, wanted.correct);
  assert.ok(Math.abs(found.loss - wanted.loss) < 1e-4);
  for (const plan of plans) plan.dispose();
  model.dispose();
});

Deno.test("evaluations of parts add up, and their answers follow each other", () => {
  const answersOf = (image: number) => ({
    images: Int32Array.of(image),
    classes: Int32Array.of(image + 1),
    probabilities: Float32Array.of(image / 4),
  });
  assert.deepEqual(
    addEvaluations([
      { correct: 1, loss: 2, images: 3, answers: answersOf(1) },
      { correct: 4, loss: 5, images: 6, answers: answersOf(3) },
    ]),
    {
      ...{ correct: 5, loss: 7, images: 9 },
      answers: {
        images: Int32Array.of(1, 3),
        classes: Int32Array.of(2, 4),
        probabilities: Float32Array.of(0.25, 0.75),
      },
    },
  );
});
