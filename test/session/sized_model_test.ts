import assert from "node:assert/strict";
import { benchmark } from "../../src/api/benchmark.ts";
import { evaluate } from "../../src/api/evaluate.ts";
import { check } from "../../src/api/check/check.ts";
import { inspect } from "../../src/api/inspect.ts";
import { profile } from "../../src/api/profile_run.ts";
import { prune } from "../../src/api/prune.ts";
import { InputError } from "../../src/base/errors.ts";
import { type Notice, writeMessage } from "../../src/base/message.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import { buildNetworkFile } from "../support/networks.ts";
import { noisyNetwork, withNoise } from "../support/noise.ts";

await startBackend();

/** A network that takes images of any size. */
async function openSize(metadata?: Record<string, unknown>): Promise<ModelFile> {
  const file = await buildNetworkFile("mobile");
  for (const { config } of file.topology.config.layers!) {
    if (config.batch_input_shape) config.batch_input_shape = [null, null, null, 3];
  }
  return { ...file, metadata };
}

const macsAt = async (height: number, width: number) =>
  (await inspect({ model: await openSize(), inputSize: [height, width] })).macs;

Deno.test("inspect() counts for the size that is given, that metadata say, or one that it names", async () => {
  const atSize = await macsAt(64, 32);
  assert.ok(atSize > 1.9 * await macsAt(32, 32));

  const given = await inspect({ model: await openSize(), inputSize: [64, 32] });
  const [{ name }] = given.inputs;
  assert.deepEqual(given.countedFor, { inputs: [{ name, shape: [64, 32, 3] }], source: "given" });

  const preprocess = { inputSize: [64, 32] };
  const stored = await inspect({ model: await openSize({ preprocess }) });
  assert.equal(stored.macs, atSize);
  assert.equal(stored.countedFor!.source, "metadata");
  assert.deepEqual(stored.inputShape, [null, null, 3]);

  const assumed = await inspect({ model: await openSize() });
  assert.equal(assumed.macs, await macsAt(224, 224));
  assert.deepEqual(assumed.countedFor, {
    inputs: [{ name, shape: [224, 224, 3] }],
    source: "assumed",
  });
  assert.deepEqual(assumed.inputShape, [null, null, 3]);

  const fixed = await inspect({ model: await buildNetworkFile("mobile") });
  assert.equal(fixed.countedFor, undefined);
});

/** Images of these sizes in memory, of one class. */
function imagesOf(...sizes: [height: number, width: number][]) {
  const images = sizes.map(([height, width]) => ({
    data: new Uint8Array(height * width * 3),
    height,
    width,
  }));
  return { classes: ["only"], train: { images, labels: sizes.map(() => 0) } };
}

Deno.test("inspect() counts for the size of the images of a data set where nothing else says it", async () => {
  const model = await openSize();
  const report = await inspect({ model, data: imagesOf([64, 32], [64, 32]) });
  assert.equal(report.macs, await macsAt(64, 32));
  const [{ name }] = report.inputs;
  assert.deepEqual(report.countedFor, { inputs: [{ name, shape: [64, 32, 3] }], source: "data" });
  assert.deepEqual(report.inputShape, [null, null, 3]);

  const given = await inspect({ model, data: imagesOf([64, 32]), inputSize: [32, 32] });
  assert.equal(given.countedFor!.source, "given");
  const preprocess = { inputSize: [48, 48] };
  const stored = await inspect({ model: await openSize({ preprocess }), data: imagesOf([64, 32]) });
  assert.equal(stored.countedFor!.source, "metadata");
  const differing = await inspect({ model, data: imagesOf([64, 32], [32, 64]) });
  assert.equal(differing.countedFor!.source, "assumed");
});

Deno.test("check() refuses limits of MACs and latency while the size is open, and holds others", async () => {
  const model = await openSize();
  for (const limits of [{ macs: 1e9 }, { convMacs: 1e9 }, { latency: 1e5 }]) {
    await assert.rejects(check({ model, limits }), (error: Error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, /size of its inputs open.*give inputSize/);
      return true;
    });
  }
  assert.ok((await check({ model, limits: { params: 1e9 } })).holds);
  const limits = { macs: 1e12 };
  const report = await check({ model, limits, preprocessing: { inputSize: [64, 32] } });
  assert.equal(report.results[0].found, await macsAt(64, 32));
  assert.deepEqual(report.countedFor!.inputs[0].shape, [64, 32, 3]);
});

Deno.test("profile() and benchmark() name the size that metadata say", async () => {
  const file = await openSize({ preprocess: { inputSize: [64, 32], mean: 0, std: 1 } });
  const { after, countedFor } = await profile({ after: file, latency: false });
  assert.equal(after.macs, await macsAt(64, 32));
  assert.deepEqual(countedFor![0].shape, [64, 32, 3]);
  const report = await benchmark({ models: [file], rounds: 1, layers: false });
  assert.equal(report.models[0].macs, after.macs);
  assert.equal(report.countedFor!.source, "metadata");
});

Deno.test(
  "prune() reports the size of the images where the model leaves it open",
  withNoise(async (data) => {
    const model = await noisyNetwork("mobile");
    const options = { data, batches: 2, batchSize: 16, verify: false } as const;
    const policy = { kind: "uniform", ratio: 0.75 } as const;
    const fixed = await prune({ ...options, model, policy });
    assert.equal(fixed.report.countedFor, undefined);
    const shape = model.topology.config.layers!
      .find(({ config }) => config.batch_input_shape)!.config.batch_input_shape!;
    const [, height, width, channels] = shape;
    const open = structuredClone(model);
    for (const { config } of open.topology.config.layers!) {
      if (config.batch_input_shape) config.batch_input_shape = [null, null, null, channels];
    }
    const inputSize = [height, width] as [number, number];
    const { report } = await prune({
      ...options,
      model: open,
      policy,
      preprocessing: { inputSize },
    });
    assert.deepEqual(report.countedFor!.map((input) => input.shape), [[height, width, channels]]);
    assert.equal(report.macs.before, fixed.report.macs.before);

    const { inputSize: _, ...preprocess } = open.metadata!.preprocess as Record<string, unknown>;
    open.metadata!.preprocess = preprocess;
    const notices: string[] = [];
    const onNotice = (notice: Notice) => notices.push(writeMessage(notice));
    const found = await prune({ ...options, model: open, policy, onNotice });
    assert.deepEqual(found.report.countedFor, report.countedFor);
    assert.deepEqual(found.file.weights, (await prune({ ...options, model, policy })).file.weights);
    assert.match(
      notices.join(),
      new RegExp(`size of its images open; .* ${height}×${width}.* give inputSize`),
    );
  }),
);

Deno.test("a model of open size is refused with what to give where the images differ in size", async () => {
  const model = await openSize();
  const data = imagesOf([64, 32], [32, 64]);
  await assert.rejects(
    evaluate({ model, data, preprocessing: { mean: [0], std: [1] } }),
    /leaves its height or width open; give both with inputSize/,
  );
});
