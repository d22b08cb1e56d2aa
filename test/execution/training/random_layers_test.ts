import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { runAtRandom } from "../../../src/execution/training/random_layers.ts";
import type { LayerNode } from "../../../src/graph/layer_graph.ts";
import { startBackend } from "../../../src/kernels/backend.ts";

await startBackend();

const SHAPE = [20, 30, 40];

const LAYERS: readonly [className: string, config: LayerNode["config"]][] = [
  ["Dropout", { rate: 0.3 }],
  ["Dropout", { rate: 0.3, noise_shape: [null, 1, null] }],
  ["SpatialDropout1D", { rate: 0.3 }],
  ["AlphaDropout", { rate: 0.3 }],
  ["GaussianDropout", { rate: 0.3 }],
  ["GaussianNoise", { stddev: 0.5 }],
];

const nodeOf = (className: string, config: LayerNode["config"]) =>
  ({ className, config }) as LayerNode;

/** Normal numbers through a layer, as plain ones. */
function run(className: string, config: LayerNode["config"], seed: number, mean = 0) {
  return tf.tidy(() => {
    const x = tf.randomNormal(SHAPE, mean, 1, "float32", 5);
    return runAtRandom(nodeOf(className, config), x, seed)!.dataSync();
  });
}

function momentsOf(values: ArrayLike<number>): { mean: number; variance: number } {
  const all = Array.from(values);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  return { mean, variance: all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length };
}

for (const [className, config] of LAYERS) {
  const what = `${className} ${JSON.stringify(config)}`;

  Deno.test(`${what}: what is drawn follows from the seed`, () => {
    const first = run(className, config, 7);
    assert.deepEqual(run(className, config, 7), first);
    assert.notDeepEqual(run(className, config, 8), first);
  });

  if (className === "AlphaDropout") continue;
  Deno.test(`${what}: means and spreads are those of TensorFlow.js`, () => {
    const layer = stockLayer(className, config);
    for (const mean of [0, 2]) {
      const found = momentsOf(run(className, config, 3, mean));
      const wanted = momentsOf(tf.tidy(() => {
        const x = tf.randomNormal(SHAPE, mean, 1, "float32", 5);
        return (layer.apply(x, { training: true }) as tf.Tensor).dataSync();
      }));
      assert.ok(Math.abs(found.mean - wanted.mean) < 0.15, `${found.mean}`);
      assert.ok(Math.abs(found.variance / wanted.variance - 1) < 0.15, `${found.variance}`);
    }
    layer.dispose();
  });
}

Deno.test("AlphaDropout keeps a mean of 0 and a variance of 1, with what is dropped at SELU's floor", () => {
  const values = run("AlphaDropout", { rate: 0.3 }, 3);
  const { mean, variance } = momentsOf(values);
  assert.ok(Math.abs(mean) < 0.03 && Math.abs(variance - 1) < 0.05, `${mean}, ${variance}`);
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, 1 + (counts.get(value) ?? 0));
  const [floor, count] = [...counts].reduce((most, other) => other[1] > most[1] ? other : most);
  assert.ok(Math.abs(count / values.length - 0.3) < 0.02, `${count}`);
  assert.ok(floor < -1, `${floor}`);
});

/** The layer of TensorFlow.js. */
function stockLayer(className: string, { noise_shape, ...config }: LayerNode["config"]) {
  const options = { ...config, noiseShape: noise_shape ?? undefined } as never;
  const make: Record<string, () => tf.layers.Layer> = {
    Dropout: () => tf.layers.dropout(options),
    SpatialDropout1D: () => tf.layers.spatialDropout1d(options),
    GaussianDropout: () => tf.layers.gaussianDropout(options),
    GaussianNoise: () => tf.layers.gaussianNoise(options),
  };
  return make[className]();
}

Deno.test("numbers along an axis of one are dropped together", () => {
  const [images, places, channels] = SHAPE;
  for (
    const [className, config] of [
      ["SpatialDropout1D", { rate: 0.5 }],
      ["Dropout", { rate: 0.5, noise_shape: [null, 1, null] }],
    ] as const
  ) {
    const values = run(className, config as LayerNode["config"], 2);
    let dropped = 0;
    for (let image = 0; image < images; image++) {
      for (let channel = 0; channel < channels; channel++) {
        const zeros = Array.from(
          { length: places },
          (_, place) => values[(image * places + place) * channels + channel],
        ).filter((value) => value === 0).length;
        assert.ok(zeros === 0 || zeros === places, `${zeros} of ${places}`);
        dropped += Number(zeros > 0);
      }
    }
    assert.ok(Math.abs(dropped / (images * channels) - 0.5) < 0.1, `${dropped}`);
  }
});

Deno.test("a rate of nothing or of everything changes nothing, as in TensorFlow.js; other layers are none of them", () => {
  tf.tidy(() => {
    const x = tf.ones([2, 3, 4]);
    for (const rate of [0, 1]) {
      for (const name of ["AlphaDropout", "Dropout", "GaussianDropout", "SpatialDropout1D"]) {
        assert.equal(runAtRandom(nodeOf(name, { rate }), x, 1), x);
      }
    }
    assert.equal(runAtRandom(nodeOf("ReLU", {}), x, 1), undefined);
  });
});
