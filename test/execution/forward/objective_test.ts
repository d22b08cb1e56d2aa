import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../../../src/base/errors.ts";
import { givesProbabilities } from "../../../src/execution/forward/classification.ts";
import type { ImageBatch } from "../../../src/execution/forward/objective.ts";
import { openObjective } from "../../../src/execution/forward/open_objective.ts";
import { OutputError } from "../../../src/execution/forward/output_error.ts";
import { type Network, openNetwork } from "../../../src/graph/opening/network.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import { buildNetwork, buildNetworkFile, headNames, randomImages } from "../../support/networks.ts";
import { measureOn, testObjectiveContract } from "./objective_contract.ts";

await startBackend();

const labels = Int32Array.of(0, 1, 2, 3, 0);
const indices = Int32Array.of(7, 3, 9, 1, 4);

async function* oneBatch(count = 5, seed = 7): AsyncGenerator<ImageBatch> {
  const inputs = [randomImages(count, seed)];
  yield { inputs, labels: labels.slice(0, count), indices: indices.slice(0, count) };
}

/** The network with every kernel changed by a few per cent. */
async function changedNetwork(file: ModelFile, share = 0.05): Promise<Network> {
  const weights = new Map(
    [...file.weights].map(([name, weight]) => {
      const values = Float32Array.from(
        weight.values,
        (value, index) => value * (1 + (index % 3 - 1) * share),
      );
      return [name, { ...weight, values: name.endsWith("kernel") ? values : weight.values }];
    }),
  );
  return await openNetwork({ ...file, weights });
}

testObjectiveContract("classification", async () => {
  const file = await buildNetworkFile("postActivation");
  return { spec: { kind: "classification" }, network: await changedNetwork(file) };
});

for (const name of [...headNames, "postActivation"] as const) {
  testObjectiveContract(`output error of a ${name} network`, async () => {
    const reference = await buildNetworkFile(name);
    return { spec: { kind: "outputError", reference }, network: await changedNetwork(reference) };
  });
}

Deno.test("accuracy and loss are those of TensorFlow.js' own metrics", async () => {
  const network = await buildNetwork("postActivation");
  const { model, graph } = network;
  const objective = await openObjective({ kind: "classification" });
  assert.ok(givesProbabilities(graph));
  const { accuracy, error, loss, images } = objective.figuresOf(
    await measureOn(objective, network, oneBatch()),
  );
  const [wantedLoss, wantedAccuracy] = tf.tidy(() => {
    const predicted = model.predict(randomImages(5)) as tf.Tensor;
    const wanted = tf.oneHot(tf.tensor1d(labels, "int32"), 4);
    return [
      tf.metrics.categoricalCrossentropy(wanted, predicted).mean().arraySync() as number,
      tf.metrics.categoricalAccuracy(wanted, predicted).sum().arraySync() as number / 5,
    ];
  });
  assert.equal(accuracy, wantedAccuracy);
  assert.equal(error, 1 - wantedAccuracy);
  assert.ok(Math.abs(loss - wantedLoss) < 1e-4);
  assert.equal(images, 5);
  disposeModel(model);
});

Deno.test("answers are the likeliest classes, with their probabilities and the images' places", async () => {
  const network = await buildNetwork("postActivation");
  const objective = await openObjective({ kind: "classification" });
  const { answers } = objective.figuresOf(await measureOn(objective, network, oneBatch()));
  const wanted = tf.tidy(() => {
    const predicted = network.model.predict(randomImages(5)) as tf.Tensor;
    return { classes: predicted.argMax(1).dataSync(), sure: predicted.max(1).dataSync() };
  });
  const { images, classes, probabilities } = answers!;
  assert.deepEqual(images, indices);
  assert.deepEqual([...classes], [...wanted.classes]);
  probabilities.forEach((value, image) => assert.ok(Math.abs(value - wanted.sure[image]) < 1e-5));
  disposeModel(network.model);
});

Deno.test("batches add up, and their answers follow each other", async () => {
  const partOf = (image: number) => ({
    correct: image % 2,
    losses: Float64Array.of(image),
    answers: {
      images: Int32Array.of(image),
      classes: Int32Array.of(image + 1),
      probabilities: Float32Array.of(image / 4),
    },
  });
  const objective = await openObjective({ kind: "classification" });
  assert.deepEqual(objective.figuresOf([partOf(1), partOf(2)]), {
    accuracy: 0.5,
    error: 0.5,
    loss: 1.5,
    images: 2,
    answers: {
      images: Int32Array.of(1, 2),
      classes: Int32Array.of(2, 3),
      probabilities: Float32Array.of(0.25, 0.5),
    },
  });
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
  const objective = await openObjective({ kind: "classification" });
  const [wanted, found] = [graph, logits].map(async (each) =>
    objective.figuresOf(await measureOn(objective, { graph: each, model }, oneBatch()))
  );
  assert.equal((await found).accuracy, (await wanted).accuracy);
  assert.ok(Math.abs((await found).loss - (await wanted).loss) < 1e-4);
  disposeModel(model);
});

/** √(Σ‖f − g‖² / Σ‖g − mean g‖²) of one output, its mean per channel, without regard to order or speed. */
function naiveError(found: tf.Tensor, wanted: tf.Tensor): number {
  const channels = wanted.shape.at(-1)!;
  const [f, g] = [found.dataSync(), wanted.dataSync()];
  let [numerator, denominator] = [0, 0];
  for (let channel = 0; channel < channels; channel++) {
    const own = [...g].filter((_, index) => index % channels === channel);
    const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
    denominator += own.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  }
  for (let index = 0; index < g.length; index++) numerator += (f[index] - g[index]) ** 2;
  return Math.sqrt(numerator / denominator);
}

for (const name of headNames) {
  Deno.test(`the relative errors of a ${name} network are those of a naive twin over stock outputs`, async () => {
    const file = await buildNetworkFile(name);
    const [original, changed] = [await openNetwork(file), await changedNetwork(file)];
    const objective = await OutputError.open(file);
    async function* batches() {
      yield* oneBatch(3, 1);
      yield* oneBatch(5, 2);
    }
    const { error, loss, outputs, images } = objective.figuresOf(
      await measureOn(objective, changed, batches()),
    );
    const wanted = tf.tidy(() => {
      const all = tf.concat([randomImages(3, 1), randomImages(5, 2)]);
      const [g, f] = [original, changed].map(({ model }) => [model.predict(all)].flat());
      return g.map((output, index) => naiveError(f[index], output));
    });
    assert.equal(images, 8);
    assert.deepEqual(outputs!.map((output) => output.name), original.graph.outputs);
    outputs!.forEach((output, index) => {
      assert.ok(Math.abs(output.error / wanted[index] - 1) < 1e-4, `${output.error}, ${wanted}`);
      assert.ok(output.error > 0.01);
    });
    const meanSquare = wanted.reduce((sum, each) => sum + each ** 2, 0) / wanted.length;
    assert.ok(Math.abs(error / Math.sqrt(meanSquare) - 1) < 1e-4);
    assert.ok(Math.abs(loss - error ** 2) < 1e-12);
    objective.dispose();
    for (const { model } of [original, changed]) disposeModel(model);
  });
}

Deno.test("a network that always gives the reference's mean has a relative error of 1", async () => {
  const file = await buildNetworkFile("regression");
  const reference = await openNetwork(file);
  const mean = tf.tidy(() =>
    tf.mean(reference.model.predict(randomImages(5)) as tf.Tensor, 0).dataSync()
  );
  const weights = new Map(file.weights);
  const kernel = weights.get("pose/kernel")!;
  weights.set("pose/kernel", { ...kernel, values: new Float32Array(kernel.values.length) });
  weights.set("pose/bias", { ...weights.get("pose/bias")!, values: mean as Float32Array });
  const constant = await openNetwork({ ...file, weights });
  const objective = await OutputError.open(file);
  const { error } = objective.figuresOf(await measureOn(objective, constant, oneBatch()));
  assert.ok(Math.abs(error - 1) < 1e-5);
  objective.dispose();
  for (const { model } of [reference, constant]) disposeModel(model);
});

Deno.test("a reference whose output never varies, and one with other outputs, are refused by name", async () => {
  const file = await buildNetworkFile("regression");
  const weights = new Map(file.weights);
  const kernel = weights.get("pose/kernel")!;
  weights.set("pose/kernel", { ...kernel, values: new Float32Array(kernel.values.length) });
  const flat = await OutputError.open({ ...file, path: "flat.json", weights });
  const network = await openNetwork(file);
  const sums = await measureOn(flat, network, oneBatch());
  assert.throws(() => flat.figuresOf(sums), (error) => {
    assert.ok(error instanceof InputError);
    assert.match(
      error.message,
      /output "pose": flat\.json gives nearly the same for all of 5 image/,
    );
    return true;
  });
  const other = await OutputError.open(await buildNetworkFile("detection"));
  const refuse = () =>
    assert.rejects(measureOn(other, network, oneBatch()), /found 3, wanted 16×4, 4×4×1/);
  await refuse();
  const before = tf.memory().numTensors;
  await refuse();
  assert.equal(tf.memory().numTensors, before);
  for (const objective of [flat, other]) objective.dispose();
  disposeModel(network.model);
});
