import assert from "node:assert/strict";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { evaluate } from "../../src/api/evaluate.ts";
import { fold } from "../../src/api/fold.ts";
import { openModel } from "../../src/formats/open_model.ts";
import { saveModel } from "../../src/formats/save_model.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { disposeModel, instantiate } from "../../src/model/instantiate.ts";
import { findInputs } from "../../src/model/topology.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import { prune } from "../../src/api/prune.ts";
import type { PruneReport } from "../../src/pruning/prune_report.ts";
import { finetune } from "../../src/api/tune.ts";
import type { TuningOptions } from "../../src/tuning/options.ts";
import { onCpu } from "../kernels/on_cpu.ts";
import {
  buildInputNetwork,
  drawSplit,
  inputNetworkNames,
  tensorsOf,
  withArrays,
} from "../support/input_networks.ts";

await startBackend();

const SMALL = {
  policy: { kind: "uniform", ratio: 0.5 },
  batches: 4,
  batchSize: 30,
  pointsPerImage: 12,
  workers: 1,
} as const;

const TUNING: Partial<TuningOptions> = {
  epochs: 3,
  batchSize: 20,
  validationImages: 20,
  learningRate: 2e-3,
  optimizer: "adam",
  weightDecay: 0,
  shift: 0,
  flip: false,
};

/** Outputs of stock TensorFlow.js on the test split, on its cpu backend. */
async function predictStock(file: ModelFile): Promise<Float32Array> {
  return await onCpu(async () => {
    const model = await instantiate(file);
    const scores = tf.tidy(() => {
      const inputs = tensorsOf(drawSplit("test"), model.inputNames);
      return (model.predict(inputs) as tf.Tensor).dataSync<"float32">().slice();
    });
    disposeModel(model);
    return scores;
  });
}

/** Accuracy and cross-entropy by definition. */
async function classifyStock(file: ModelFile): Promise<{ accuracy: number; loss: number }> {
  const scores = await predictStock(file);
  const { labels, count } = drawSplit("test");
  let [correct, loss] = [0, 0];
  labels.forEach((label, row) => {
    const own = scores.subarray(4 * row, 4 * row + 4);
    if (own.indexOf(Math.max(...own)) === label) correct++;
    loss -= Math.log(Math.max(own[label], 1e-7));
  });
  return { accuracy: correct / count, loss: loss / count };
}

/** The second convolutions of all branches are cut; the last of them may be the network's last, which stays whole. */
function assertBranchesCut({ layers }: PruneReport): void {
  const branches = layers.filter(({ name }) => name.endsWith("_conv2")).slice(0, -1);
  assert.ok(branches.length > 0);
  for (const { name, mode, kept, of } of branches) {
    assert.ok(mode !== "whole" && kept < of, `${name} is cut`);
  }
}

for (const name of inputNetworkNames) {
  const isClassifier = name !== "three";

  Deno.test(
    `eval of the ${name} network finds what stock TensorFlow.js gives`,
    withArrays(name, async (data) => {
      const model = await buildInputNetwork(name);
      const before = tf.memory().numTensors;
      if (isClassifier) {
        const { accuracy, loss, images } = await evaluate({ model, data, workers: 1 });
        const stock = await classifyStock(model);
        assert.deepEqual([accuracy, images], [stock.accuracy, 32]);
        assert.ok(Math.abs(loss - stock.loss) < 1e-4 * stock.loss, `${loss}, ${stock.loss}`);
      }
      const same = await evaluate({ model, data, reference: model, workers: 1 });
      assert.equal(same.outputError, 0);
      assert.equal(tf.memory().numTensors, before, "all tensors are given back");
    }),
  );

  for (const shared of ["select", "couple"] as const) {
    Deno.test(
      `prune() of the ${name} network cuts all branches, and masked equals shrunk (${shared})`,
      withArrays(name, async (data) => {
        const model = await buildInputNetwork(name);
        const before = tf.memory().numTensors;
        const { file, report } = await prune({ ...SMALL, model, data, shared });
        assert.equal(tf.memory().numTensors, before, "all tensors are given back");
        assertBranchesCut(report);
        assert.ok(report.maskedDifference! < 1e-5, `${report.maskedDifference}`);
        assert.ok(report.macs.after < report.macs.before);
        if (isClassifier) {
          const stock = await classifyStock(file);
          assert.equal(report.accuracy!.after, stock.accuracy);
          assert.ok(Math.abs(report.loss.after - stock.loss) < 1e-4 * stock.loss);
        } else {
          const found = await evaluate({ model: file, data, reference: model, workers: 1 });
          assert.ok(Math.abs(found.outputError! - report.outputError!.after) < 1e-6);
        }
      }),
    );
  }

  Deno.test(
    `a pruned ${name} network is folded, and goes to ONNX and Keras and back`,
    withArrays(name, async (data, folder) => {
      const model = await buildInputNetwork(name);
      const { file } = await prune({ ...SMALL, model, data });
      const folded = (await fold(file)).file;
      const compare = async (other: ModelFile) => {
        const { outputError } = await evaluate({ model: other, data, reference: file, workers: 1 });
        assert.ok(outputError! < 1e-4, `${outputError}`);
      };
      await compare(folded);
      for (const extension of ["onnx", "keras"]) {
        const path = join(folder, `pruned.${extension}`);
        await saveModel(path, file);
        await compare(await openModel(path));
      }
    }),
  );
}

for (const name of ["concatenated", "added", "described"] as const) {
  Deno.test(
    `a budget over the ${name} network is met, and tuning it brings the loss down`,
    withArrays(name, async (data) => {
      const model = await buildInputNetwork(name);
      const before = tf.memory().numTensors;
      const policy = { kind: "budget", share: 0.6, target: "macs" } as const;
      const tuning = { ...TUNING, teacher: "original" } as const;
      const { report } = await prune({ ...SMALL, model, data, policy, tuning });
      assert.equal(tf.memory().numTensors, before, "all tensors are given back");
      assert.ok(report.macs.after <= 0.6 * report.macs.before);
      assert.equal(report.tuning!.epochs.length, 3);
      const [first, , last] = report.tuning!.epochs;
      assert.ok(last.loss < first.loss, `${first.loss} to ${last.loss}`);
    }),
  );
}

Deno.test(
  "a search over a network with two inputs keeps its budget",
  withArrays("concatenated", async (data) => {
    const model = await buildInputNetwork("concatenated");
    const search = { rollouts: 6, rolloutsMin: 3 };
    const policy = { kind: "auto", share: 0.6, images: 40, finalists: 2, search } as const;
    const { report } = await prune({ ...SMALL, model, data, policy });
    assert.ok(report.macs.after <= 0.6 * report.macs.before);
  }),
);

Deno.test(
  "two workers find what one finds, from arrays that they share",
  withArrays("concatenated", async (data) => {
    const model = await buildInputNetwork("concatenated");
    const run = (workers: number) => prune({ ...SMALL, model, data, workers });
    const [one, two] = [await run(1), await run(2)];
    assert.deepEqual(
      two.report.layers.map(({ kept }) => kept),
      one.report.layers.map(({ kept }) => kept),
    );
    one.report.layers.forEach(({ relativeError }, index) => {
      assert.ok(Math.abs(relativeError - two.report.layers[index].relativeError) < 1e-3);
    });
    const tuned = await finetune({ ...TUNING, model, data, workers: 2 });
    assert.equal(tuned.report.epochs.length, 3);
  }),
);

Deno.test(
  "sizes that inputs leave open are fixed for the run, each by itself, and open again behind it",
  withArrays("three", async (data) => {
    const model = await buildInputNetwork("three");
    const shapes = () => findInputs(model.topology).map(({ shape }) => shape);
    const wanted = [[null, null, null, 3], [null, null, null, 2], [null, 5]];
    for (const { config } of model.topology.config.layers!) {
      const shape = config.batch_input_shape;
      if (shape?.length === 4) config.batch_input_shape = [null, null, null, shape[3]];
    }
    assert.deepEqual(shapes(), wanted);
    const inputs = { coarse: { inputSize: [4, 4] as [number, number] } };
    const preprocessing = { inputSize: [8, 8] as [number, number], inputs };
    const { file, report } = await prune({ ...SMALL, model, data, preprocessing });
    assertBranchesCut(report);
    assert.deepEqual(findInputs(file.topology).map(({ shape }) => shape), wanted);
    const again = await evaluate({ model: file, data, reference: model, workers: 1 });
    assert.ok(Math.abs(again.outputError! - report.outputError!.after) < 1e-6);
  }),
);

Deno.test(
  "images of different sizes are mirrored but not shifted",
  withArrays("three", async (data) => {
    const model = await buildInputNetwork("three");
    const tune = (shift: number) =>
      finetune({
        ...TUNING,
        model,
        data,
        teacher: model,
        epochs: 1,
        shift,
        flip: true,
        workers: 1,
      });
    await assert.rejects(tune(2), {
      name: "InputError",
      message: /different sizes \(rgb 8×8, coarse 4×4\).*give shift 0/,
    });
    assert.equal((await tune(0)).report.epochs.length, 1);
  }),
);

Deno.test(
  "a reference with the same inputs in another order is refused by their names",
  withArrays("concatenated", async (data) => {
    const [model, reference] = [
      await buildInputNetwork("concatenated"),
      await buildInputNetwork("added"),
    ];
    await assert.rejects(evaluate({ model, data, reference, workers: 1 }), {
      name: "InputError",
      message: /found the inputs depth 8×8×1, rgb 8×8×3, wanted rgb 8×8×3, depth 8×8×1/,
    });
  }),
);
