import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../../../src/base/errors.ts";
import { evaluate } from "../../../src/api/evaluate.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import { prune } from "../../../src/api/prune.ts";
import type { PruneReport } from "../../../src/pruning/prune_report.ts";
import { finetune } from "../../../src/api/tune.ts";
import type { TuningOptions } from "../../../src/tuning/options.ts";
import { headNames } from "../../support/networks.ts";
import { noisyNetwork, withNoise, withUnlabeledNoise } from "../../support/noise.ts";

await startBackend();

const SMALL = {
  policy: { kind: "uniform", ratio: 0.5 },
  batches: 4,
  batchSize: 30,
  pointsPerImage: 12,
  workers: 1,
} as const;

const TUNING: Partial<TuningOptions> = {
  epochs: 4,
  batchSize: 20,
  validationImages: 20,
  learningRate: 2e-3,
  optimizer: "adam",
  weightDecay: 0,
  shift: 0,
  flip: false,
};

/** Random moving statistics are not those of the images: training by those of batches would begin elsewhere. */
function withFrozenNorms(file: ModelFile): ModelFile {
  const frozen = structuredClone(file);
  for (const { class_name, config } of frozen.topology.config.layers!) {
    if (class_name === "BatchNormalization") config.trainable = false;
  }
  return frozen;
}

function assertMeasuredByOutputs(report: PruneReport): void {
  assert.equal(report.accuracy, undefined);
  const { before, after, outputs } = report.outputError!;
  assert.equal(before, 0, "the original is what it is compared with");
  assert.ok(after > 0 && after < 1, `${after}`);
  const meanSquare = outputs.reduce((sum, output) => sum + output.after ** 2, 0) / outputs.length;
  assert.ok(Math.abs(meanSquare - after ** 2) < 1e-9);
  assert.ok(Math.abs(report.loss.after - after ** 2) < 1e-9);
}

for (const name of headNames) {
  Deno.test(
    `prune() of a ${name} network states the error that eval finds against the original`,
    withUnlabeledNoise(async (data) => {
      const model = await noisyNetwork(name);
      const before = tf.memory().numTensors;
      const { file, report } = await prune({ ...SMALL, model, data });
      assert.equal(tf.memory().numTensors, before, "all tensors are given back");
      assertMeasuredByOutputs(report);
      assert.ok(report.macs.after < report.macs.before);
      assert.ok(report.maskedDifference! < 1e-4);
      assert.match(report.notices.join(), /outputs were compared with those of the original/);
      const found = await evaluate({ model: file, data, reference: model, workers: 1 });
      assert.equal(tf.memory().numTensors, before, "all tensors are given back");
      assert.equal(found.accuracy, undefined);
      assert.ok(Math.abs(found.outputError! - report.outputError!.after) < 1e-6);
      assert.deepEqual(
        found.outputs!.map((output) => output.name),
        report.outputError!.outputs.map((output) => output.name),
      );
    }),
  );

  Deno.test(
    `a ${name} network that keeps all channels has an error of 0`,
    withUnlabeledNoise(async (data) => {
      const policy = { kind: "uniform", ratio: 1 } as const;
      const { report } = await prune({ ...SMALL, policy, model: await noisyNetwork(name), data });
      assert.deepEqual(
        [report.outputError!.before, report.outputError!.after, report.loss.after],
        [0, 0, 0],
      );
      assert.equal(report.batchNorm.reestimated, false);
    }),
  );

  Deno.test(
    `a budget and a search over a ${name} network go by its outputs' errors`,
    withUnlabeledNoise(async (data) => {
      const model = await noisyNetwork(name);
      const before = tf.memory().numTensors;
      const budget = await prune({ ...SMALL, model, data, policy: { kind: "budget", share: 0.6 } });
      const search = { rollouts: 6, rolloutsMin: 3 };
      const policy = { kind: "auto", share: 0.6, images: 40, finalists: 2, search } as const;
      const { report, log } = await prune({ ...SMALL, model, data, policy });
      assert.equal(tf.memory().numTensors, before, "all tensors are given back");
      for (const found of [budget.report, report]) {
        assertMeasuredByOutputs(found);
        assert.ok(found.macs.after <= 0.6 * found.macs.before);
      }
      for (const { error, loss, reward, accuracy } of log!.rollouts) {
        assert.equal(accuracy, undefined);
        assert.equal(reward, 1 - error);
        assert.ok(Math.abs(loss - error ** 2) < 1e-9);
      }
      const { finalists, winner } = report.search!;
      const errors = finalists.map(({ error }) => error);
      assert.equal(finalists.find(({ rollout }) => rollout === winner)!.error, Math.min(...errors));
    }),
  );

  Deno.test(
    `tuning a ${name} network towards the original's outputs lowers its error on what it is tuned on`,
    withUnlabeledNoise(async (data) => {
      const model = withFrozenNorms(await noisyNetwork(name));
      const before = tf.memory().numTensors;
      const tuning = { ...TUNING, teacher: "original" } as const;
      const { report } = await prune({ ...SMALL, model, data, tuning });
      const { outputErrorBefore, accuracyBefore, epochs } = report.tuning!;
      assert.equal(accuracyBefore, undefined);
      assert.ok(
        report.outputError!.after < 1.1 * outputErrorBefore!,
        "noise is hard to learn from",
      );
      assert.ok(epochs.at(-1)!.loss < epochs[0].loss);
      for (const { accuracy, validationAccuracy, validationOutputError } of epochs) {
        assert.deepEqual([accuracy, validationAccuracy], [undefined, undefined]);
        assert.ok(validationOutputError! > 0);
      }
      assert.equal(tf.memory().numTensors, before, "all tensors are given back");
    }),
  );
}

Deno.test(
  "finetune() on two workers goes on where prune() ended, towards a teacher",
  withUnlabeledNoise(async (data) => {
    const model = withFrozenNorms(await noisyNetwork("detection"));
    const { file, report } = await prune({ ...SMALL, model, data });
    const before = tf.memory().numTensors;
    const again = await finetune({ ...TUNING, model: file, data, teacher: model, workers: 2 });
    assert.equal(tf.memory().numTensors, before, "all tensors are given back");
    const { before: start, after } = again.report.outputError!;
    assert.ok(Math.abs(start - report.outputError!.after) < 1e-5);
    assert.ok(after < start, `${after} is not below ${start}`);
  }),
);

Deno.test(
  "two workers find what one finds, and find it again",
  withUnlabeledNoise(async (data) => {
    const model = await noisyNetwork("detection");
    const run = async (workers: number) => {
      const { file, report } = await prune({ ...SMALL, model, data, workers });
      return [file, report.outputError!] as const;
    };
    const [[file, one], [, two], [, again]] = [await run(1), await run(2), await run(2)];
    assert.deepEqual(again, two);
    assert.ok(Math.abs(one.after - two.after) < 1e-3);
    const [shared, alone] = await Promise.all(
      [2, 1].map((workers) =>
        evaluate({ model: file, data, reference: model, workers, batchSizeEval: 7 })
      ),
    );
    assert.ok(Math.abs(shared.outputError! - alone.outputError!) < 1e-6);
  }),
);

Deno.test(
  "labels are left alone where a model is no classifier, or where that is asked for",
  withNoise(async (data) => {
    const dense = await prune({ ...SMALL, model: await noisyNetwork("segmentation"), data });
    assertMeasuredByOutputs(dense.report);
    const model = await noisyNetwork("postActivation");
    const asked = await prune({ ...SMALL, model, data, labels: false });
    assertMeasuredByOutputs(asked.report);
    assert.match(asked.report.notices.join(), /labels are not to be used/);
    const { file } = asked;
    const { accuracy, outputError } = await evaluate({ model: file, data, workers: 1 });
    assert.ok(accuracy! >= 0 && outputError === undefined);
    const compared = await evaluate({ model: file, data, reference: model, workers: 1 });
    assert.ok(Math.abs(compared.outputError! - asked.report.outputError!.after) < 1e-6);
  }),
);

Deno.test(
  "what cannot be measured or tuned without a second model says which one to give",
  withUnlabeledNoise(async (data) => {
    const refused = async (run: Promise<unknown>, message: RegExp) => {
      await assert.rejects(run, (error) => error instanceof InputError && message.test(`${error}`));
    };
    const model = await noisyNetwork("detection");
    const flags = { model, data, workers: 1 };
    const before = tf.memory().numTensors;
    await refused(
      evaluate(flags),
      /the model has 2 outputs, so there is no accuracy; reference compares/,
    );
    await refused(finetune(flags), /the model has 2 outputs; give a model .* with teacher$/);
    await refused(
      prune({ ...SMALL, ...flags, tuning: { epochs: 1 } }),
      /2 outputs.* with teacher: "original"/,
    );
    const classifier = await noisyNetwork("plain");
    await refused(evaluate({ ...flags, model: classifier }), /the images have no classes/);
    const reference: ModelFile = structuredClone(model);
    const [{ config }] = reference.topology.config.layers!;
    config.batch_input_shape = [null, 16, 16, 3];
    await refused(evaluate({ ...flags, reference }), /found an input of 16×16×3, wanted 8×8×3/);
    assert.equal(tf.memory().numTensors, before);
  }),
);
