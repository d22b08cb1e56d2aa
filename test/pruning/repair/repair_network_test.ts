import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { prune, type PruneOptions } from "../../../src/api/prune.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import { finetune, train } from "../../../src/api/tune.ts";
import { inTempFolder, writeSmallData } from "../../cli/fixtures.ts";
import { noisyNetwork, withUnlabeledNoise } from "../../support/noise.ts";
import { withData } from "../../tuning/learnable_images.ts";

await startBackend();

const SMALL = {
  policy: { kind: "uniform", ratio: 0.4 },
  batches: 4,
  batchSize: 20,
  seed: 2,
  workers: 1,
  repair: "network",
  networkRepair: { steps: 24, batchSize: 20, learningRate: 5e-4 },
} as const satisfies Partial<PruneOptions>;

const weightsOf = ({ file }: { file: ModelFile }) =>
  [...file.weights.values()].flatMap(({ values }) => [...values]);

async function trainedNetwork(data: string): Promise<ModelFile> {
  const { file } = await train({
    net: "resnet8",
    data,
    epochs: 6,
    batchSize: 20,
    validationImages: 0,
    shift: 0,
    flip: false,
    workers: 1,
  });
  return file;
}

Deno.test("the network is repaired as a whole without labels: its answers come nearer to the original's", () =>
  inTempFolder(async (data) => {
    await writeSmallData(data, { train: 1000, test: 300 });
    const options = {
      model: "cli/example/resnet8-fashion-mnist",
      data,
      policy: { kind: "uniform", ratio: 0.4 },
      batches: 4,
      labels: false,
      workers: 1,
    } as const;
    const layers = await prune({ ...options, repair: "layers" });
    const before = tf.memory().numTensors;
    const networkRepair = { steps: 24, augments: false };
    const network = await prune({ ...options, repair: "network", networkRepair });
    assert.equal(tf.memory().numTensors, before, "all tensors are given back");
    const { steps, epochs, heldOut, isKept } = network.report.networkRepair!;
    assert.equal(steps, 24);
    assert.equal(epochs.length, 6);
    assert.ok(isKept);
    assert.ok(heldOut!.after.validationOutputError! < heldOut!.before.validationOutputError!);
    assert.ok(network.report.outputError!.after < layers.report.outputError!.after);
    assert.deepEqual(network.report.macs, layers.report.macs);
    const statistics = ({ file }: { file: ModelFile }) =>
      [...file.weights].filter(([name]) => name.includes("moving_"))
        .map(([name, { values }]) => [name, [...values]]);
    assert.deepEqual(statistics(network), statistics(layers), "statistics are frozen");
  }));

Deno.test(
  "a repair that does harm is not kept: the network is as its layers were repaired",
  withData(async (data) => {
    const model = await trainedNetwork(data);
    const networkRepair = { ...SMALL.networkRepair, learningRate: 30 };
    const layers = await prune({ ...SMALL, model, data, repair: "layers" });
    const network = await prune({ ...SMALL, model, data, networkRepair });
    assert.equal(network.report.networkRepair!.isKept, false);
    assert.deepEqual(weightsOf(network), weightsOf(layers));
  }),
);

Deno.test(
  "images are shifted and mirrored, unless a network tells left from right",
  withUnlabeledNoise(async (data) => {
    const model = await noisyNetwork("plain");
    const repaired = async (augments?: boolean) => {
      const networkRepair = { ...SMALL.networkRepair, augments };
      const { file, report } = await prune({ ...SMALL, model, data, networkRepair });
      assert.ok(report.networkRepair!.isKept);
      return weightsOf({ file });
    };
    const usual = await repaired();
    assert.deepEqual(await repaired(true), usual);
    assert.notDeepEqual(await repaired(false), usual);
  }),
);

Deno.test(
  "outputs that are no classes are repaired by their squared error",
  withUnlabeledNoise(async (data) => {
    const model = await noisyNetwork("regression");
    const options = { ...SMALL, model, data, pointsPerImage: 12 };
    const { report } = await prune({
      ...options,
      networkRepair: { ...SMALL.networkRepair, learningRate: 1e-4 },
    });
    const { heldOut, epochs } = report.networkRepair!;
    assert.ok(epochs.at(-1)!.loss < epochs[0].loss);
    assert.ok(heldOut!.after.validationOutputError! <= heldOut!.before.validationOutputError!);
  }),
);

Deno.test(
  "a run that was interrupted while the network was repaired, and resumed, gives the same network",
  withUnlabeledNoise(async (data, folder) => {
    const model = await noisyNetwork("plain");
    const options = { ...SMALL, model, data };
    const whole = await prune(options);
    assert.ok(whole.report.networkRepair!.isKept);
    const controller = new AbortController();
    const checkpoint = `${folder}/state`;
    const interrupted = prune({
      ...options,
      checkpoint,
      signal: controller.signal,
      onProgress: ({ stage, done }) => {
        if (stage === "repairing the network" && done === 10) controller.abort(new Error("enough"));
      },
    });
    await assert.rejects(interrupted, /^Error: enough$/);
    const rest = await prune({ ...options, checkpoint, resume: true });
    assert.deepEqual(weightsOf(rest), weightsOf(whole));
  }),
);

Deno.test(
  "tuning never ends worse than it began: the network as it came in is a candidate",
  withData(async (data) => {
    const model = await trainedNetwork(data);
    const { file, report } = await finetune({
      model,
      data,
      epochs: 2,
      batchSize: 20,
      learningRate: 30,
      optimizer: "adam",
      validationImages: 20,
      workers: 1,
    });
    assert.equal(report.bestEpoch, 0);
    assert.equal(report.epochs.length, 2);
    assert.deepEqual(weightsOf({ file }), weightsOf({ file: model }));
  }),
);

Deno.test(
  "without labels a classifier learns its teacher's answers, not its probabilities by squares",
  withData(async (data) => {
    const teacher = await trainedNetwork(data);
    const { file: model } = await prune({ ...SMALL, model: teacher, data, repair: "layers" });
    const { report } = await finetune({
      model,
      teacher,
      data,
      labels: false,
      epochs: 4,
      batchSize: 20,
      learningRate: 5e-4,
      optimizer: "adam",
      weightDecay: 0,
      validationImages: 20,
      workers: 1,
      shift: 0,
      flip: false,
    });
    const [first] = report.epochs;
    assert.ok(first.loss > 0 && report.epochs.at(-1)!.loss < first.loss);
    assert.ok(report.outputError!.after <= report.outputError!.before);
  }),
);

Deno.test(
  "a network with Dropout is repaired as it runs: twice the same weights, and nothing dropped",
  withUnlabeledNoise(async (data) => {
    const model = await noisyNetwork("plain");
    const [first, second] = [
      await prune({ ...SMALL, model, data }),
      await prune({ ...SMALL, model, data }),
    ];
    assert.ok(first.report.networkRepair!.isKept);
    assert.deepEqual(weightsOf(second), weightsOf(first));
  }),
);
