import assert from "node:assert/strict";
import type { Notice } from "../../src/base/message.ts";
import { openBlobs } from "../../src/distributed/blobs/open_blobs.ts";
import { RefusalError } from "../../src/distributed/queue/serve_queue.ts";
import { saveModelFile } from "../../src/formats/tfjs/save.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { prune } from "../../src/api/prune.ts";
import { RUN_SCHEMA } from "../../src/distributed/run_input.ts";
import { readRun, RUN_HANDLERS, type RunInput, runJob } from "../../src/distributed/run_job.ts";
import { findInputs } from "../../src/model/topology.ts";
import type { InputOverrides, PreprocessingOverrides } from "../../src/model/read_preprocessing.ts";
import { noisyNetwork, withNoise } from "../support/noise.ts";

await startBackend();

const TOOLS = { onProgress: () => {} };

Deno.test(
  "a run's teacher goes with its job, whatever stands at its path by then",
  withNoise(async (data, folder) => {
    const blobs = await openBlobs(`${folder}/blobs`);
    const teacher = `${folder}/teacher`;
    await saveModelFile(teacher, await noisyNetwork("plain"));
    const model = await noisyNetwork("plain", 2);
    const policy = { kind: "uniform", ratio: 0.5 } as const;
    const run = { model, data, policy, tuning: { teacher } };
    const job = await runJob(run, blobs);
    assert.ok(!JSON.stringify(job.input).includes(teacher));
    assert.equal((await runJob(run, blobs)).key, job.key);
    await saveModelFile(teacher, await noisyNetwork("plain", 3), { force: true });
    assert.notEqual((await runJob(run, blobs)).key, job.key);
    const own = await runJob({ ...run, tuning: { teacher: "original" } }, blobs);
    assert.equal(own.input.teacher, undefined);
    await blobs.close();
  }),
);

Deno.test(
  "a run that is done elsewhere gives what it gives here, and a worker with other images refuses it",
  withNoise(async (data, folder) => {
    const blobs = await openBlobs(`${folder}/blobs`);
    const model = await noisyNetwork("plain");
    const policy = { kind: "budget", share: 0.6 } as const;
    const run = { model, data, policy, batches: 4, batchSize: 25, seed: 2, workers: 1 };
    const job = await runJob({ ...run, onProgress: () => {}, resume: false }, blobs);
    assert.equal(job.key, (await runJob({ ...run, workers: 2 }, blobs)).key);
    assert.notEqual(job.key, (await runJob({ ...run, seed: 3 }, blobs)).key);
    const input: RunInput = JSON.parse(JSON.stringify(job.input));
    RUN_SCHEMA(input, "input");
    const perform = async (resources: { dataFolder?: string }, given = input) =>
      JSON.parse(
        JSON.stringify(await RUN_HANDLERS.run({ blobs, threads: 1, ...resources }, given, TOOLS)),
      );
    const [told, toldHere]: Notice[][] = [[], []];
    const found = await readRun(await perform({}), blobs, (notice) => told.push(notice));
    const { file, report } = await prune({ ...run, onNotice: (notice) => toldHere.push(notice) });
    assert.ok(told.length > 0);
    assert.deepEqual(told, toldHere);
    const valuesOf = ({ weights }: typeof file) => [...weights].map(([, { values }]) => values);
    assert.deepEqual(valuesOf(found.file), valuesOf(file));
    assert.deepEqual(found.report.macs, report.macs);
    assert.deepEqual(found.report.accuracy, report.accuracy);

    const { content } = input;
    const other = { ...content, data: content.data.replace(/./g, "0") };
    await assert.rejects(perform({}, { ...input, content: other }), (error) => {
      assert.ok(error instanceof RefusalError);
      assert.match(
        error.message,
        new RegExp(`found data ${content.data.slice(0, 12)}, wanted 0{12};`),
      );
      return true;
    });
    await assert.rejects(
      runJob({ ...run, tuning: { teacher: model } }, blobs),
      /teacher in memory/,
    );
    await blobs.close();
  }),
);

Deno.test(
  "a run takes everything that can be said about preprocessing along",
  withNoise(async (data, folder) => {
    const blobs = await openBlobs(`${folder}/blobs`);
    const model = await noisyNetwork("plain");
    const policy = { kind: "uniform", ratio: 0.5 } as const;
    const [{ name }] = findInputs(model.topology);
    const input: Required<InputOverrides> = {
      preset: "raw",
      scale: 0.5,
      mean: [1],
      std: [2],
      inputSize: [8, 8],
      exifOrientation: false,
    };
    const preprocessing: Required<PreprocessingOverrides> = {
      ...input,
      classes: ["a", "b", "c", "d"],
      inputs: { [name]: input },
    };
    const plain = { model, data, policy };
    const job = await runJob({ ...plain, preprocessing }, blobs);
    RUN_SCHEMA(JSON.parse(JSON.stringify(job.input)), "input");
    assert.deepEqual(job.input.options.preprocessing, preprocessing);
    assert.notEqual(job.key, (await runJob(plain, blobs)).key);
    await blobs.close();
  }),
);
