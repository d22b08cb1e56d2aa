import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  addChannelMoments,
  followBatchNorm,
  measureBatchNorm,
  withBatchNormMoments,
} from "../../../src/execution/forward/batch_norm.ts";
import { findChannelSpaces } from "../../../src/graph/channels/channel_spaces.ts";
import { noCuts, shrinkGraph } from "../../../src/graph/cuts/surgery.ts";
import { absorbBiases, withWeights } from "../../../src/graph/weights.ts";
import type { LayerGraph } from "../../../src/graph/layer_graph.ts";
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

/** Statistics of BatchNormalization, by layer. */
const statisticsOf = ({ nodes }: LayerGraph) =>
  nodes.flatMap(({ key, weights }) =>
    ["moving_mean", "moving_variance"].flatMap((role) => {
      const values = weights.get(role)?.values;
      return values ? [[`${key}/${role}`, [...values]] as const] : [];
    })
  );

function assertClose(found: ReturnType<typeof statisticsOf>, wanted: typeof found): void {
  assert.deepEqual(found.map(([name]) => name), wanted.map(([name]) => name));
  for (const [index, [name, values]] of wanted.entries()) {
    values.forEach((value, channel) => {
      const difference = Math.abs(found[index][1][channel] - value);
      assert.ok(difference < 1e-4 * (1 + Math.abs(value)), `${name} ${channel}: ${difference}`);
    });
  }
}

async function momentsOf(file: Parameters<typeof instantiate>[0], graph: LayerGraph) {
  const model = await instantiate(writeGraph(graph, file));
  const moments = addChannelMoments(await measureBatchNorm(graph, model, batchesOf(3)));
  model.dispose();
  return moments;
}

Deno.test("statistics that follow a cut stay as they were trained where nothing is cut, however far the images' are", async () => {
  const { file, graph, model } = await buildNetwork("preActivation");
  model.dispose();
  const moments = await momentsOf(file, graph);
  const measured = withBatchNormMoments(graph, moments);
  assert.throws(() => assertClose(statisticsOf(measured), statisticsOf(graph)));
  const followed = followBatchNorm(graph, moments, graph, measured);
  assertClose(statisticsOf(followed), statisticsOf(graph));
});

Deno.test("statistics that follow a cut count a bias once that a repair has moved into them", async () => {
  const { file, graph, model } = await buildNetwork("preActivation");
  model.dispose();
  const measured = withBatchNormMoments(graph, await momentsOf(file, graph));
  const biased = graph.nodes.find(({ key }) => key === "block1_conv1")!;
  const values = Float32Array.from({ length: biased.outputShape.at(-1)! }, (_, o) => o - 1);
  const weights = new Map(biased.weights)
    .set("bias", { name: "bias", dtype: "float32", shape: [values.length], values });
  const absorbed = absorbBiases(withWeights(graph, biased.key, weights), graph);
  assert.throws(() => assertClose(statisticsOf(absorbed), statisticsOf(graph)));
  const followed = followBatchNorm(absorbed, await momentsOf(file, absorbed), graph, measured);
  assertClose(statisticsOf(followed), statisticsOf(graph));
});

Deno.test("statistics that follow a cut are the trained ones and what the measured ones have changed by", async () => {
  const { file, graph, model } = await buildNetwork("preActivation");
  model.dispose();
  const map = findChannelSpaces(graph);
  const cuts = noCuts(map);
  const free = map.spaces.find(({ frozen, channels }) => !frozen && channels > 2)!;
  cuts.removed[map.channels.findIndex(({ space }) => space === free.id)] = 1;
  const whole = withBatchNormMoments(graph, await momentsOf(file, graph));
  const [before, measured] = [graph, whole].map((each) => shrinkGraph(each, map, cuts));
  const moments = await momentsOf(file, before);
  const followed = statisticsOf(followBatchNorm(before, moments, before, measured));
  const now = statisticsOf(withBatchNormMoments(before, moments));
  const [then, seen] = [before, measured].map(statisticsOf);
  assertClose(
    followed,
    then.map(([name, values], at) =>
      [
        name,
        values.map((value, c) => {
          if (name.endsWith("mean")) return value + now[at][1][c] - seen[at][1][c];
          const epsilon = Number(
            before.nodes.find(({ key }) => name.startsWith(`${key}/`))!.config.epsilon,
          );
          const change = (now[at][1][c] + epsilon) / (seen[at][1][c] + epsilon);
          return Math.max(0, (value + epsilon) * change - epsilon);
        }),
      ] as const
    ),
  );
});
