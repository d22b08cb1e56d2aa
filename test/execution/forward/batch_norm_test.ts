import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  addChannelMoments,
  measureBatchNorm,
  withBatchNormMoments,
} from "../../../src/execution/forward/batch_norm.ts";
import { writeGraph } from "../../../src/graph/write_graph.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { instantiate } from "../../../src/model/instantiate.ts";
import { buildNetwork, randomImages } from "../../support/networks.ts";

await startBackend();

async function* batchesOf(...seeds: number[]) {
  for (const seed of seeds) yield { inputs: [randomImages(4, seed)] };
}

Deno.test("re-estimated BatchNormalization gives outputs of mean β and deviation γ on the same batch", async () => {
  const { file, model, graph } = await buildNetwork("preActivation");
  const before = tf.memory().numTensors;
  const moments = addChannelMoments(await measureBatchNorm(graph, model, batchesOf(3)));
  assert.equal(tf.memory().numTensors, before);
  const refreshed = withBatchNormMoments(graph, moments);
  const changed = await instantiate(writeGraph(refreshed, file));
  for (const key of ["block1_bn1", "block2_bn2", "final_bn"]) {
    const probe = tf.model({
      inputs: changed.inputs,
      outputs: changed.getLayer(key).output as tf.SymbolicTensor,
    });
    const node = refreshed.nodes.find((each) => each.key === key)!;
    const epsilon = Number(node.config.epsilon);
    const { mean, variance } = tf.tidy(() =>
      tf.moments(probe.predict(randomImages(4, 3)) as tf.Tensor, [0, 1, 2])
    );
    const moving = node.weights.get("moving_variance")!.values;
    mean.dataSync().forEach((value, channel) => {
      const beta = node.weights.get("beta")!.values[channel];
      assert.ok(Math.abs(value - beta) < 1e-4, `${key} mean ${value}, β ${beta}`);
    });
    variance.dataSync().forEach((value, channel) => {
      const gamma = node.weights.get("gamma")!.values[channel];
      const wanted = gamma ** 2 * moving[channel] / (moving[channel] + epsilon);
      assert.ok(Math.abs(value - wanted) < 1e-3 * wanted);
    });
    tf.dispose([mean, variance]);
  }
  model.dispose();
});

Deno.test("moments of batches add up to the moments of the whole, whoever ran them", async () => {
  const { model, graph } = await buildNetwork("mobile");
  const whole = addChannelMoments(await measureBatchNorm(graph, model, batchesOf(1, 2, 3)));
  const parts = [
    await measureBatchNorm(graph, model, batchesOf(1, 2)),
    await measureBatchNorm(graph, model, batchesOf()),
    await measureBatchNorm(graph, model, batchesOf(3)),
  ];
  assert.deepEqual(addChannelMoments(parts.flat()), whole);
  const [first] = await measureBatchNorm(graph, model, batchesOf(1));
  for (const [layer, { squares, count }] of whole) {
    assert.equal(count, 3 * first.get(layer)!.count);
    squares.forEach((value, channel) => assert.ok(value >= first.get(layer)!.squares[channel]));
  }
  model.dispose();
});
