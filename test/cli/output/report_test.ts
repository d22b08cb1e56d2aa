import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { join } from "node:path";
import { startBackend } from "../../../src/kernels/backend.ts";
import {
  convolutions,
  inTempFolder,
  pruneArguments,
  quickPruning,
  readFiles,
  writeSmallData,
} from "../fixtures.ts";
import { exampleData, exampleModel, projectFolder, runCli, runJson } from "../run_cli.ts";

const IMAGE_BYTES = 28 * 28;

function totalBytes(files: Map<string, Uint8Array>): number {
  return files.values().reduce((total, { length }) => total + length, 0);
}

function assertOneObject(stdout: string): Record<string, unknown> {
  assert.match(stdout, /^\{.*\}\n$/);
  return JSON.parse(stdout);
}

Deno.test("`inspect --json` prints one object, with the convolutions in the order of a ratio list", async () => {
  const { code, stdout, stderr } = await runCli(["inspect", exampleModel, "--json"]);
  assert.equal(code, 0);
  assert.equal(stderr, "");
  const report = assertOneObject(stdout);
  const layers = report.layers as { name: string; place?: number }[];
  const places = layers.filter(({ place }) => place !== undefined);
  assert.deepEqual(
    places.map(({ place, name }) => [place, name]),
    [...convolutions.entries()].map(
      ([index, name]) => [index + 1, name],
    ),
  );
  assert.ok(Number(report.macs) > Number(report.convMacs) && Number(report.params) > 0);
});

Deno.test("`inspect` fits 100 columns", async () => {
  const { code, stdout } = await runCli(["inspect", exampleModel]);
  assert.equal(code, 0);
  for (const line of stdout.split("\n")) assert.ok(line.length <= 100, line);
});

Deno.test("`eval --json` prints one object on standard output and its progress elsewhere", async () => {
  await inTempFolder(async (data) => {
    await writeSmallData(data);
    const args = ["eval", exampleModel, "--data", data, "--json", "--workers", "1"];
    const { code, stdout, stderr } = await runCli(args);
    assert.equal(code, 0);
    assert.match(stderr, /^measures on 60 images; that takes about .*\nevaluating\n$/);
    const report = assertOneObject(stdout);
    assert.equal(report.images, 60);
    assert.deepEqual(report.unreadable, []);
    assert.ok(Number(report.accuracy) > 0.6 && Number(report.accuracy) <= 1);
    assert.ok(Number(report.loss) > 0 && Number(report.seconds) > 0);
  });
});

Deno.test("`eval --split train` measures on the training images", async () => {
  await inTempFolder(async (data) => {
    await writeSmallData(data);
    const args = ["eval", exampleModel, "--data", data, "--workers", "1", "--split", "train"];
    assert.equal((await runJson(args)).images, 80);
  });
});

Deno.test("`eval` finds the same figures with any batch size and number of workers", async () => {
  await inTempFolder(async (data) => {
    await writeSmallData(data);
    const args = ["eval", exampleModel, "--data", data];
    const first = await runJson([...args, "--workers", "1"]);
    const second = await runJson([...args, "--workers", "2", "--batch_size_eval=7"]);
    assert.equal(second.accuracy, first.accuracy);
    assert.ok(Math.abs(second.loss - first.loss) < 1e-5);
  });
});

Deno.test("`prune --json` reports what the written model is: its size, its costs and its accuracy", async () => {
  await inTempFolder(async (folder) => {
    const [data, out] = [join(folder, "data"), join(folder, "out")];
    await writeSmallData(data);
    const { code, stdout, stderr } = await runCli([
      ...pruneArguments(data, out, "--seed", "5"),
      "--json",
    ]);
    assert.equal(code, 0, stderr);
    // deno-lint-ignore no-explicit-any
    const report = assertOneObject(stdout) as any;
    assertComplete(report);
    assert.equal(report.seed, 5);

    const files = await readFiles(out);
    const original = await readFiles(join(projectFolder, exampleModel));
    assert.deepEqual(report.bytes, { before: totalBytes(original), after: totalBytes(files) });
    assert.ok(report.bytes.after < report.bytes.before);

    const inspected = await runJson(["inspect", out]);
    assert.equal(inspected.macs, report.macs.after);
    assert.equal(inspected.convMacs, report.macs.convAfter);
    assert.equal(inspected.params, report.params.after);

    const evaluated = await runJson(["eval", out, "--data", data, "--workers", "1"]);
    assert.equal(evaluated.accuracy, report.accuracy.after);
    assert.ok(Math.abs(evaluated.loss - report.loss.after) < 1e-6);
    assert.equal(await measureByStock(files, data), report.accuracy.after);
    await assertRecord(out, report);
  });
});

/** The folder's report tells the same. */
// deno-lint-ignore no-explicit-any
async function assertRecord(folder: string, report: any): Promise<void> {
  const record = JSON.parse(await Deno.readTextFile(join(folder, "report.json")));
  const { out, bytes, version, command, ...figures } = report;
  assert.deepEqual(record.report, figures);
  assert.deepEqual([record.out, record.bytes, record.versions.secateur], [out, bytes, version]);
  assert.equal(record.command, `secateur ${command}`);
  assert.equal(record.profile.after.macs, report.macs.after);
  assert.equal(record.profile.before.params, report.params.before);
  assert.equal(record.answers.images.length, report.images.test);
  const page = await Deno.readTextFile(join(folder, "report.html"));
  assert.ok(page.includes(`--data ${command.match(/--data (\S+)/)[1]}`));
}

// deno-lint-ignore no-explicit-any
function assertComplete(report: any): void {
  const figures = [
    ...[report.accuracy.before, report.accuracy.after, report.loss.before, report.loss.after],
    ...[report.macs.before, report.macs.after, report.macs.convBefore, report.macs.convAfter],
    ...[report.params.before, report.params.after, report.seconds.total],
    ...[report.seconds.calibrate, report.seconds.select, report.seconds.reconstruct],
  ];
  assert.ok(figures.every(Number.isFinite), JSON.stringify(report));
  assert.ok(report.macs.convAfter < report.macs.convBefore);
  assert.ok(report.params.after < report.params.before);
  assert.ok(report.maskedDifference < 1e-4);
  assert.deepEqual(
    report.layers.map(({ name }: { name: string }) => name),
    [...convolutions, "dense"],
  );
  for (const { kept, of, mode, relativeError } of report.layers) {
    assert.equal(kept, mode === "whole" ? of : of / 2);
    assert.ok(relativeError >= 0 && relativeError < 0.5);
  }
}

/** Accuracy of a model as stock TensorFlow.js reads and runs it, on the test images of an IDX folder. */
async function measureByStock(files: Map<string, Uint8Array>, data: string): Promise<number> {
  await startBackend();
  const stored = JSON.parse(new TextDecoder().decode(files.get("model.json")));
  const [{ paths, weights }] = stored.weightsManifest;
  const shards = paths.map((path: string) => files.get(path)!);
  const model = await tf.loadLayersModel({
    load: async () => ({
      modelTopology: stored.modelTopology,
      weightSpecs: weights,
      weightData: await new Blob(shards).arrayBuffer(),
    }),
  });
  const pixels = (await Deno.readFile(join(data, "t10k-images-idx3-ubyte"))).subarray(16);
  const labels = (await Deno.readFile(join(data, "t10k-labels-idx1-ubyte"))).subarray(8);
  const { scale = 1, mean, std } = stored.userDefinedMetadata.preprocess;
  const values = Float32Array.from(pixels, (byte) => (byte * scale - mean[0]) / std[0]);
  const found = tf.tidy(() => {
    const images = tf.tensor4d(values, [pixels.length / IMAGE_BYTES, 28, 28, 1]);
    return (model.predict(images) as tf.Tensor).argMax(1).dataSync();
  });
  model.dispose();
  return labels.filter((label, index) => found[index] === label).length / labels.length;
}

Deno.test("a written model says which command, version and seed made it", async () => {
  await inTempFolder(async (folder) => {
    const [data, out] = [join(folder, "my data"), join(folder, "out")];
    await writeSmallData(data);
    const args = pruneArguments(data, out, "--cp_quadruple=true", "--skip", "stage3_block1_conv1");
    const { code, stdout } = await runCli(args);
    assert.equal(code, 0);
    assert.match(stdout, /stage3_block1_conv1 +32 +32 +whole: it is on the skip list/);
    assert.match(stdout, new RegExp(`^written to ${out}$`, "m"));
    const { userDefinedMetadata } = JSON.parse(await Deno.readTextFile(join(out, "model.json")));
    const { secateur } = userDefinedMetadata;
    assert.ok(secateur.command.includes(`--data '${data}'`), secateur.command);
    assert.ok(secateur.command.endsWith("--cp_quadruple=true --skip stage3_block1_conv1"));
    assert.equal(secateur.seed, 0);
    assert.equal(secateur.workers, 1);
    assert.match(secateur.version, /^\d+\.\d+\.\d+$/);
  });
});

Deno.test("the same seed and workers give the same weights, another seed gives others", async () => {
  await inTempFolder(async (folder) => {
    const data = join(folder, "data");
    await writeSmallData(data);
    const weightsOf = async (name: string, ...more: string[]) => {
      const out = join(folder, name);
      assert.equal((await runCli(pruneArguments(data, out, ...more))).code, 0);
      const files = await readFiles(out);
      return files.get("group1-shard1of1.bin")!;
    };
    const options = ["--workers", "2", "--seed", "3"];
    const first = await weightsOf("first", ...options);
    assert.deepEqual(await weightsOf("second", ...options), first);
    assert.notDeepEqual(await weightsOf("third", "--workers", "2", "--seed", "4"), first);
  });
});

Deno.test("both spellings of a whole command give the same weights", async () => {
  await inTempFolder(async (folder) => {
    const [data, list] = [join(folder, "data"), join(folder, "ratios")];
    await writeSmallData(data);
    await Deno.writeTextFile(list, "1, 1, 0.5, .75, 1, 1, 0.25, 1, 0.5, 1\n");
    const ours = join(folder, "ours");
    const theirs = join(folder, "theirs");
    const common = ["prune", exampleModel, "--data", data];
    const [first, second] = [
      await runJson([
        ...[...common, "--out", ours, ...quickPruning, "--prune-option", "list"],
        ...["--prune-list-file", list, "--nb-points-per-layer", "12", "--lasso", "true"],
        ...["--batch-size-eval", "50"],
      ]),
      await runJson([
        ...[...common, `--out=${theirs}`, "--cp_nb_batches=1", "--batch_size=64", "--workers=1"],
        ...["--cp_prune_option=list", `--cp_prune_list_file=${list}`, "--cp_lasso=true"],
        ...["--cp_nb_points_per_layer=12", "--batch_size_eval=50", "--cp_finetune=false"],
      ]),
    ];
    assert.deepEqual(second.layers, first.layers);
    assert.deepEqual(
      first.layers.map(({ kept }: { kept: number }) => kept),
      [1, 16, 8, 12, 16, 16, 8, 32, 16, 64, 64],
    );
    const name = "group1-shard1of1.bin";
    assert.deepEqual((await readFiles(theirs)).get(name), (await readFiles(ours)).get(name));
  });
});

Deno.test("`eval` reads the embedded data as its makers pack it", async () => {
  const report = await runJson(["eval", exampleModel, "--data", exampleData]);
  assert.equal(report.images, 2000);
  assert.ok(report.accuracy > 0.8);
});
