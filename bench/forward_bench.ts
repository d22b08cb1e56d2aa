/**
 * Times the forward pass of a model: stock `model.predict` against the folded plan that calibration and evaluation use,
 * and the BatchNormalization and ReLU that stands alone against the 1×1 depthwise convolution that replaces it.
 *
 *     deno run --allow-read bench/forward_bench.ts [MODEL]
 */
import * as tf from "@tensorflow/tfjs";
import { ForwardPlan } from "../src/forward/mod.ts";
import { openNetwork } from "../src/graph/mod.ts";
import { startBackend } from "../src/kernels/mod.ts";
import { loadModelFile } from "../src/model/mod.ts";

const ROUNDS = 15;
const BATCH = 128;

/** Runs alternatives in turn; minimum, median and maximum of each in milliseconds. The backend is synchronous. */
function timeInTurn(alternatives: Record<string, () => tf.Tensor>) {
  const times = new Map(Object.keys(alternatives).map((name) => [name, [] as number[]]));
  for (let round = -3; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(alternatives)) {
      const start = performance.now();
      run().dispose();
      if (round >= 0) times.get(name)!.push(performance.now() - start);
    }
  }
  return Object.fromEntries(
    [...times].map(([name, values]) => {
      const sorted = values.sort((first, second) => first - second).map((time) => +time.toFixed(2));
      return [name, { min: sorted[0], median: sorted[ROUNDS >> 1], max: sorted[ROUNDS - 1] }];
    }),
  );
}

await startBackend();
const [path = "cli/example/resnet8-fashion-mnist"] = Deno.args;
const { model, graph } = await openNetwork(await loadModelFile(path));
const images = tf.randomNormal([BATCH, ...model.inputs[0].shape.slice(1) as number[]]);
const plan = new ForwardPlan(graph, model);
const difference = tf.tidy(() =>
  tf.max(tf.abs(tf.sub(model.predict(images) as tf.Tensor, plan.predict(images.clone()))))
    .arraySync()
);
const whole = timeInTurn({
  stock: () => model.predict(images) as tf.Tensor,
  plan: () => plan.predict(images.clone()),
});

const maps = tf.randomNormal([BATCH, 32, 32, 16]) as tf.Tensor4D;
const scale = tf.randomUniform([16]) as tf.Tensor1D;
const shift = tf.randomNormal([16]) as tf.Tensor1D;
const filter = scale.reshape([1, 1, 16, 1]) as tf.Tensor4D;
const zeros = tf.zeros([16]) as tf.Tensor1D;
const ones = tf.ones([16]) as tf.Tensor1D;
const alone = timeInTurn({
  batchNormAndRelu: () =>
    tf.tidy(() => tf.relu(tf.batchNorm(maps, zeros, ones, shift, scale, 1e-5))),
  depthwise: () =>
    tf.fused.depthwiseConv2d({
      x: maps,
      filter,
      strides: 1,
      pad: "valid",
      bias: shift,
      activation: "relu",
    }),
});
console.log(JSON.stringify({ path, batch: BATCH, difference, whole, alone }, null, 2));
