import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { prune, type PruneOptions } from "../../src/api/prune.ts";
import { calibrate } from "../../src/api/calibrate.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { saveStatistics } from "../../src/execution/mod.ts";
import { captureModel } from "../../src/model/mod.ts";
import { saveModelFile } from "../../src/formats/tfjs/save.ts";
import { withNoise } from "../support/noise.ts";

await startBackend();

/** A network with a 3×3 convolution of 256 channels, 2,304 inputs, on images of 8×8. */
async function saveWideNetwork(folder: string): Promise<string> {
  const image = tf.input({ shape: [8, 8, 3] });
  const seeds = [1, 2, 3, 4].map((seed) => tf.initializers.heNormal({ seed }));
  const relu = (x: tf.SymbolicTensor, filters: number, name: string, seed: number, strides = 1) =>
    tf.layers.conv2d({
      name,
      filters,
      strides,
      kernelSize: 3,
      padding: "same",
      activation: "relu",
      kernelInitializer: seeds[seed],
    }).apply(x) as tf.SymbolicTensor;
  const first = relu(image, 256, "first", 0, 2);
  const wide = relu(first, 32, "wide", 1);
  const last = relu(wide, 16, "last", 2);
  const pooled = tf.layers.globalAveragePooling2d({}).apply(last);
  const outputs = tf.layers.dense({ units: 4, kernelInitializer: seeds[3] }).apply(pooled);
  const model = tf.model({ inputs: image, outputs: outputs as tf.SymbolicTensor });
  const path = `${folder}/wide`;
  const metadata = { preprocess: { scale: 1, mean: [127], std: [64] } };
  await saveModelFile(path, { ...await captureModel(model, { path }), metadata });
  model.dispose();
  return path;
}

Deno.test(
  "a layer with fewer samples than inputs is cut by its samples, with and without a file, by one thread and by two",
  withNoise(async (data, folder) => {
    const model = await saveWideNetwork(folder);
    const options = { model, data, batches: 1, batchSize: 40, pointsPerImage: 8 };
    const { statistics } = await calibrate({ ...options, workers: 1 });
    const { gram, samples, count, half } = statistics.layers.get("wide")!;
    assert.equal(gram.length, 0);
    assert.equal(count, 40 * 8);
    assert.equal(samples!.x.length, count * 2304);
    assert.equal(half!.count, count / 2);
    assert.equal(statistics.layers.get("last")!.samples, undefined);

    const run = (more: Partial<PruneOptions>) =>
      prune({
        ...options,
        policy: { kind: "budget", share: 0.5 },
        repair: "layers",
        workers: 1,
        ...more,
      });
    await saveStatistics(`${folder}/s`, statistics);
    const [one, two, read] = [
      await run({}),
      await run({ workers: 2 }),
      await run({ statistics: `${folder}/s` }),
    ];
    const layer = one.report.layers.find(({ name }) => name === "wide")!;
    assert.ok(layer.kept < layer.of, "the wide layer is cut");
    assert.ok(layer.relativeError > 0 && layer.relativeError < 1, `${layer.relativeError}`);
    assert.ok(one.report.maskedDifference! < 1e-4);
    assert.deepEqual(read.report.layers, one.report.layers);
    for (const [index, { kept, relativeError }] of two.report.layers.entries()) {
      assert.equal(kept, one.report.layers[index].kept);
      assert.ok(Math.abs(relativeError - one.report.layers[index].relativeError) < 1e-4);
    }
  }),
);
