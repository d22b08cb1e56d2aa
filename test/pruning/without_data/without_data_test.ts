import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { evaluate } from "../../../src/api/evaluate.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { findChannelSpaces } from "../../../src/graph/channels/channel_spaces.ts";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { captureModel, disposeModel, instantiate } from "../../../src/model/instantiate.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import { resolveModel } from "../../../src/session/resolve_model.ts";
import { channelSpreads } from "../../../src/pruning/without_data/channel_spreads.ts";
import { pruneWithoutData } from "../../../src/pruning/without_data/prune_without_data.ts";
import {
  spreadBehind,
  spreadOfProduct,
  spreadOfSum,
} from "../../../src/pruning/without_data/spread.ts";
import { createRandom } from "../../../src/base/random.ts";

await startBackend();

const MODEL = "cli/example/resnet8-fashion-mnist";

/** A normally distributed number. */
function drawNormal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

Deno.test("means and variances behind functions, sums and products are those of drawn numbers", () => {
  fc.assert(
    fc.property(
      fc.double({ min: -2, max: 2, noNaN: true }),
      fc.double({ min: 0.1, max: 2, noNaN: true }),
      fc.integer({ min: 0, max: 1000 }),
      (mean, variance, seed) => {
        const random = createRandom(seed);
        const draw = () => mean + Math.sqrt(variance) * drawNormal(random);
        const spread = { mean, variance };
        const relu = (x: number) => Math.max(0, x);
        const cases = [
          [spreadBehind(spread, relu), () => relu(draw())],
          [spreadOfSum([spread, spread]), () => draw() + draw()],
          [spreadOfProduct([spread, spread]), () => draw() * draw()],
        ] as const;
        for (const [expected, next] of cases) {
          const values = Array.from({ length: 20_000 }, next);
          const center = values.reduce((sum, value) => sum + value, 0) / values.length;
          const around = values.reduce((sum, value) => sum + (value - center) ** 2, 0) /
            values.length;
          assert.ok(Math.abs(expected.mean - center) < 0.05 * (1 + Math.abs(center) + variance));
          assert.ok(Math.abs(expected.variance - around) < 0.1 * (0.2 + around), `${around}`);
        }
      },
    ),
    { seed: 3, numRuns: 20 },
  );
});

Deno.test("behind BatchNormalization means and variances are β and γ²", async () => {
  const { graph, model } = await openNetwork(await resolveModel(MODEL));
  disposeModel(model);
  const spreads = channelSpreads(graph, findChannelSpaces(graph));
  const norms = graph.nodes.filter(({ className }) => className === "BatchNormalization");
  assert.ok(norms.length > 0);
  for (const { key, weights, config } of norms) {
    const { gamma, beta, moving_variance: moving } = Object.fromEntries(
      [...weights].map(([role, { values }]) => [role, values]),
    );
    const epsilon = Number(config.epsilon ?? 1e-3);
    spreads.get(key)!.forEach(({ mean, variance }, channel) => {
      const share = moving[channel] / (moving[channel] + epsilon);
      assert.ok(Math.abs(mean - beta[channel]) < 1e-4);
      assert.ok(Math.abs(variance - share * gamma[channel] ** 2) < 1e-4);
    });
  }
});

/** A network some of whose channels are the same whatever it reads: their γ is 0. */
async function buildHalfConstant(constant: number): Promise<ModelFile> {
  const model = tf.sequential({
    name: "constant",
    layers: [
      tf.layers.conv2d({ name: "first", filters: 8, kernelSize: 3, inputShape: [6, 6, 3] }),
      tf.layers.batchNormalization({ name: "norm" }),
      tf.layers.activation({ name: "relu", activation: "relu" }),
      tf.layers.conv2d({ name: "second", filters: 6, kernelSize: 3 }),
      tf.layers.flatten({ name: "flatten" }),
      tf.layers.dense({ name: "dense", units: 4 }),
    ],
  });
  const gamma = Float32Array.from({ length: 8 }, (_, channel) => channel < constant ? 0 : 1);
  const beta = Float32Array.from({ length: 8 }, (_, channel) => 1 + channel / 4);
  const [, , ...moving] = model.getLayer("norm").getWeights();
  model.getLayer("norm").setWeights([tf.tensor1d(gamma), tf.tensor1d(beta), ...moving]);
  const file = await captureModel(model);
  disposeModel(model);
  return file;
}

Deno.test("a channel that is always the same is cut first, and its value goes into the next bias", async () => {
  const file = await buildHalfConstant(4);
  const { file: smaller, report } = await pruneWithoutData({
    model: file,
    policy: { kind: "budget", share: 0.6 },
  });
  assert.ok(report.macs.after < report.macs.before);
  const [before, after] = await Promise.all([file, smaller].map(instantiate));
  const images = tf.randomNormal([8, 6, 6, 3], 0, 1, "float32", 5);
  const [wanted, found] = [before, after].map((model) => model.predict(images) as tf.Tensor);
  const difference = tf.max(tf.abs(tf.sub(wanted, found))).dataSync()[0];
  assert.ok(difference < 1e-4, `${difference}`);
  tf.dispose([images, wanted, found]);
  [before, after].forEach(disposeModel);
});

Deno.test("without an image a tenth of the work goes for few points of accuracy", async () => {
  const { file, report } = await pruneWithoutData({
    model: MODEL,
    policy: { kind: "budget", share: 0.9 },
  });
  assert.ok(report.macs.after <= 0.9 * report.macs.before);
  const { accuracy } = await evaluate({
    model: file,
    data: "cli/example/fashion-mnist",
    split: "test",
    workers: 1,
  });
  assert.ok(accuracy! > 0.9, `${accuracy}`);
});

Deno.test("a policy that measures is refused with what to do", async () => {
  for (
    const policy of [
      { kind: "auto", share: 0.5 },
      { kind: "budget", share: 0.5, target: "latency" },
    ] as const
  ) {
    await assert.rejects(pruneWithoutData({ model: MODEL, policy }), {
      message: /^pruning without data: .*; give share, or images with data$/,
    });
  }
});
