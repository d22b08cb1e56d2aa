import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { InputError, WorkerError } from "../../src/base/errors.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import type { TuningForecast } from "../../src/tuning/forecast.ts";
import { finetune, type FinetuneOptions, train } from "../../src/api/tune.ts";
import { makeWorkersMortal, WAYS } from "../session/workers/mortal_workers.ts";
import { buildNetworkFile } from "../support/networks.ts";
import { noisyNetwork, withNoise } from "../support/noise.ts";
import { CLASSES, withData } from "./learnable_images.ts";

await startBackend();

const SMALL: Partial<FinetuneOptions> = {
  epochs: 3,
  batchSize: 20,
  learningRate: 0.1,
  validationImages: 20,
  shift: 0,
  flip: false,
  seed: 1,
  workers: 1,
};

const weightsOf = ({ file }: { file: ModelFile }) =>
  [...file.weights.values()].flatMap(({ values }) => [...values]);

Deno.test(
  "a network is trained until it tells the classes apart, and all tensors are given back",
  withData(async (data) => {
    const before = tf.memory().numTensors;
    const { report } = await train({ ...SMALL, net: "resnet8", data, epochs: 6 });
    assert.equal(tf.memory().numTensors, before);
    assert.ok(report.accuracy!.after >= 0.9, `${report.accuracy!.after}`);
    assert.equal(report.epochs.length, 6);
    assert.ok(report.epochs[5].loss < report.epochs[0].loss);
  }),
);

Deno.test(
  "a run that was interrupted and resumed gives the weights of one that was not",
  withData(async (data, folder) => {
    const checkpoint = `${folder}/state`;
    const whole = await train({ ...SMALL, net: "resnet8", data });
    const controller = new AbortController();
    let steps = 0;
    const part = await train({
      ...SMALL,
      net: "resnet8",
      data,
      checkpoint,
      signal: controller.signal,
      onProgress: ({ stage }) => {
        if (stage === "training" && ++steps === 6) controller.abort();
      },
    });
    assert.ok(part.report.interrupted);
    assert.equal(part.report.epochs.length, 1);
    const forecasts: TuningForecast[] = [];
    const rest = await train({
      ...SMALL,
      net: "resnet8",
      data,
      checkpoint,
      resume: true,
      onForecast: (forecast) => void forecasts.push(forecast),
    });
    const [{ seconds, ...plan }] = forecasts;
    assert.deepEqual(plan, { epochs: 2, images: 80, batchSize: 20, validationImages: 20 });
    assert.ok(seconds > 0 && forecasts.length === 1);
    assert.deepEqual(weightsOf(rest), weightsOf(whole));
    assert.deepEqual(
      rest.report.epochs.map(({ loss }) => loss),
      whole.report.epochs.map(({ loss }) => loss),
    );
  }),
);

Deno.test(
  "resuming with other options, or from a damaged checkpoint, is refused with the difference",
  withData(async (data, folder) => {
    const checkpoint = `${folder}/state`;
    const options = { ...SMALL, net: "resnet8", data, checkpoint, epochs: 1 };
    await train(options);
    await assert.rejects(
      train({ ...options, resume: true, learningRate: 0.2, batchSize: 10 }),
      /batchSize 20, wanted 10; learningRate 0.1, wanted 0.2; give/,
    );
    await assert.rejects(
      train({ ...options, resume: true, net: "resnet14" }),
      /net resnet8, wanted resnet14; give/,
    );
    const { size } = await Deno.stat(`${checkpoint}/state.bin`);
    await Deno.truncate(`${checkpoint}/state.bin`, size - 100);
    await assert.rejects(
      train({ ...options, resume: true }),
      /found \d+ bytes of weights, wanted \d+; the file is damaged, remove the folder and start/,
    );
    await Deno.truncate(`${checkpoint}/state.bin`, 100);
    await assert.rejects(train({ ...options, resume: true }), /found no record of a run .*damaged/);
    await Deno.remove(checkpoint, { recursive: true });
    await assert.rejects(train({ ...options, resume: true }), InputError);
  }),
);

Deno.test(
  "a checkpoint whose arrays are not those of the network is refused by its folder",
  withData(async (data, folder) => {
    const checkpoint = `${folder}/state`;
    const run = { ...SMALL, net: "resnet8", data, checkpoint, epochs: 1 };
    await train(run);
    const file = `${checkpoint}/state.bin`;
    const bytes = await Deno.readFile(file);
    const end = bytes.indexOf(10);
    const { lengths, ...head } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
    for (const [first, second] of [[0, 1], [1, 2], [0, 2]]) {
      const moved = lengths.map((length: number, index: number) =>
        length + Number(index === first) - Number(index === second)
      );
      const line = new TextEncoder().encode(JSON.stringify({ ...head, lengths: moved }));
      await Deno.writeFile(file, new Uint8Array([...line, ...bytes.subarray(end)]));
      await assert.rejects(train({ ...run, resume: true }), {
        name: "InputError",
        message: `reading the checkpoint ${checkpoint}: found weights of another network; ` +
          "the file is damaged, remove the folder and start anew",
      });
    }
  }),
);

Deno.test(
  "the same seed and workers give the same weights, another seed gives others",
  withData(async (data) => {
    const run = (seed: number) =>
      train({ ...SMALL, net: "resnet8", data, epochs: 1, workers: 2, seed });
    const [first, second, other] = [await run(1), await run(1), await run(2)];
    assert.deepEqual(weightsOf(second), weightsOf(first));
    assert.notDeepEqual(weightsOf(other), weightsOf(first));
  }),
);

Deno.test(
  "a network with Dropout is tuned to the same weights by the same seed and workers",
  withNoise(async (data) => {
    const model = await noisyNetwork("plain");
    for (const workers of [1, 2]) {
      const run = () => finetune({ ...SMALL, model, data, epochs: 1, workers });
      assert.deepEqual(weightsOf(await run()), weightsOf(await run()));
    }
  }),
);

Deno.test(
  "a loss that is no number any more ends the run and keeps the last checkpoint",
  withData(async (data, folder) => {
    const checkpoint = `${folder}/state`;
    const options = { ...SMALL, net: "resnet8", data, checkpoint };
    await train({ ...options, epochs: 1 });
    const kept = await Deno.readFile(`${checkpoint}/state.bin`);
    await assert.rejects(
      train({ ...options, learningRate: 1e30, schedule: "cosine" }),
      /loss of (NaN|Infinity) at step \d+ of epoch 1.*lower the learning rate/,
    );
    assert.deepEqual(await Deno.readFile(`${checkpoint}/state.bin`), kept);
  }),
);

for (const [how, message] of WAYS.filter(([how]) => how === "throw" || how === "close")) {
  Deno.test(
    `a worker that ends (${how}) in the second epoch ends the run; it goes on from the first`,
    withData(async (data, folder) => {
      const checkpoint = `${folder}/state`;
      const options = { ...SMALL, net: "resnet8", data, checkpoint, epochs: 2, workers: 2 };
      const tensors = tf.memory().numTensors;
      const mortal = makeWorkersMortal({ method: "trainStep", at: 6, how });
      await assert.rejects(train(options), (error) => {
        assert.ok(error instanceof WorkerError);
        assert.match(error.message, message);
        assert.ok(error.message.endsWith(
          `give the same command again with resume: the last checkpoint is kept in ${checkpoint}`,
        ));
        return true;
      });
      mortal[Symbol.dispose]();
      assert.equal(tf.memory().numTensors, tensors);
      const resumed = await train({ ...options, resume: true });
      assert.equal(resumed.report.epochs.length, 2);
      const whole = await train({ ...options, checkpoint: undefined });
      assert.deepEqual(weightsOf(resumed), weightsOf(whole));
    }),
  );
}

Deno.test(
  "a worker that ends before the first checkpoint leaves none to go on from, and says nothing of it",
  withData(async (data, folder) => {
    const checkpoint = `${folder}/state`;
    const options = { ...SMALL, net: "resnet8", data, workers: 2 };
    using _ = makeWorkersMortal({ method: "trainStep", at: 2, how: "throw" });
    for (const more of [{ checkpoint }, {}]) {
      await assert.rejects(train({ ...options, ...more }), {
        name: "WorkerError",
        message: /give the same command again$/,
      });
    }
    await assert.rejects(Deno.stat(checkpoint), Deno.errors.NotFound);
  }),
);

Deno.test(
  "a student that only imitates comes closer to its teacher",
  withData(async (data) => {
    const teacher = await train({ ...SMALL, net: "resnet8", data, epochs: 6 });
    const student = await train({ ...SMALL, net: "resnet8", data, epochs: 1, seed: 5 });
    const tuned = await finetune({
      ...SMALL,
      model: student.file,
      teacher: teacher.file,
      data,
      epochs: 4,
      learningRate: 0.02,
      distillationWeight: 10,
      temperature: 2,
    });
    assert.ok(tuned.report.loss.after < tuned.report.loss.before);
    assert.equal(tuned.report.accuracy!.before, student.report.accuracy!.after);
  }),
);

Deno.test(
  "too few images and unknown networks are clear errors, before any work",
  withData(async (data) => {
    const { file: model } = await train({ ...SMALL, net: "resnet8", data, epochs: 0.2 });
    const stages: string[] = [];
    const onProgress = ({ stage }: { stage: string }) => void stages.push(stage);
    const few = { ...SMALL, data, batchSize: 128, onProgress };
    for (
      const run of [() => train({ ...few, net: "resnet8" }), () => finetune({ ...few, model })]
    ) {
      await assert.rejects(
        run(),
        /100 images, of which 20 are held out, wanted at least a batch of 128/,
      );
    }
    assert.deepEqual(stages, []);
    await assert.rejects(train({ ...SMALL, net: "resnet9", data }), /found resnet9/);
  }),
);

Deno.test(
  "a run ends when no epoch is better for as long as its patience",
  withData(async (data) => {
    const options = { ...SMALL, net: "resnet8", data, learningRate: 1e-9, epochs: 9, patience: 2 };
    const { report } = await train(options);
    assert.ok(report.epochs.length < 9);
    const accuracies = report.epochs.map(({ validationAccuracy }) => validationAccuracy!);
    assert.equal(accuracies.length - 1 - accuracies.indexOf(Math.max(...accuracies)), 2);
  }),
);

Deno.test(
  "moving statistics follow the batch's at the pace that each BatchNormalization states",
  withData(async (data) => {
    const file = await buildNetworkFile("postActivation");
    const metadata = {
      preprocess: { mean: [127], std: [74], inputSize: [8, 8] },
      classes: CLASSES,
    };
    /** One step with these momenta in turn; the weights of the step do not depend on them. */
    const step = async (...momenta: number[]): Promise<ModelFile> => {
      const topology = structuredClone(file.topology);
      const norms = topology.config.layers!.filter(({ class_name }) =>
        class_name === "BatchNormalization"
      );
      norms.forEach(({ config }, index) => config.momentum = momenta[index % momenta.length]);
      const tuned = await finetune({
        ...SMALL,
        model: { ...file, topology, metadata },
        data,
        epochs: 0.25,
        validationImages: 0,
      });
      assert.equal(tuned.report.epochs.length, 1);
      return tuned.file;
    };
    const [still, batch, mixed] = [await step(1), await step(0), await step(1, 0.75, 0)];
    const norms = [...file.weights.keys()].filter((name) => name.endsWith("/moving_mean"))
      .map((name) => name.replace("/moving_mean", ""));
    assert.ok(norms.length > 3);
    const order = file.topology.config.layers!.map(({ config }) => config.name as string)
      .filter((name) => norms.includes(name));
    for (const [index, name] of order.entries()) {
      const momentum = [1, 0.75, 0][index % 3];
      for (const role of ["moving_mean", "moving_variance"]) {
        const valuesIn = ({ weights }: ModelFile) => weights.get(`${name}/${role}`)!.values;
        assert.deepEqual(valuesIn(still), valuesIn(file), `${name} stays`);
        valuesIn(mixed).forEach((value, place) => {
          const wanted = momentum * valuesIn(file)[place] +
            (1 - momentum) * valuesIn(batch)[place];
          assert.ok(Math.abs(value - wanted) <= 1e-5 * (1 + Math.abs(wanted)), `${name}/${role}`);
        });
      }
    }
  }),
);
