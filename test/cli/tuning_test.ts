import assert from "node:assert/strict";
import { inTempFolder, listNames, writeSmallData } from "./fixtures.ts";
import { exampleData, exampleModel, interruptAt, runCli, spawnScript } from "./run_cli.ts";

const TRAIN = ["train", "--net", "resnet8", "--data", exampleData, "--epochs", "1"];
const QUICK = ["--validation-images", "4700", "--batch-size", "100", "--no-latency", "--json"];

Deno.test("`train` writes a model that `eval` measures as reported, `finetune` goes on from it", () =>
  inTempFolder(async (folder) => {
    const out = `${folder}/trained`;
    const trained = await runCli([...TRAIN, ...QUICK, "--out", out]);
    assert.equal(trained.code, 0, trained.stderr);
    const report = JSON.parse(trained.stdout);
    assert.equal(report.epochs.length, 1);
    const measured = await runCli(["eval", out, "--data", exampleData, "--json"]);
    assert.equal(JSON.parse(measured.stdout).accuracy, report.accuracy.after);
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assert.deepEqual(left, ["trained"], "the checkpoint has gone");
    const tuned = await runCli([
      ...["finetune", out, "--data", exampleData, "--out", `${folder}/tuned`],
      ...["--teacher", "cli/example/resnet8-fashion-mnist", "--epochs", "1", ...QUICK],
    ]);
    assert.equal(tuned.code, 0, tuned.stderr);
    assert.equal(JSON.parse(tuned.stdout).accuracy.before, report.accuracy.after);
    const compared = await runCli([
      ...["compare", out, `${folder}/tuned`, "--json", "--out", `${folder}/side-by-side.html`],
    ]);
    assert.equal(compared.code, 0, compared.stderr);
    const { runs } = JSON.parse(compared.stdout);
    assert.deepEqual(runs.map(({ name }: { name: string }) => name), ["trained", "tuned"]);
    assert.deepEqual(runs[0].accuracy, { after: report.accuracy.after });
    assert.equal(runs[1].accuracy.before, report.accuracy.after);
    assert.equal(runs[1].macs.after, runs[0].macs.after);
    const page = await Deno.readTextFile(`${folder}/side-by-side.html`);
    assert.match(page, /Accuracy against MACs/);
    assert.doesNotMatch(page, /Accuracy against latency/);
  }));

Deno.test("a hundred images are enough for `finetune`, `train` and a tuned `prune` as they come", () =>
  inTempFolder(async (folder) => {
    const data = `${folder}/data`;
    await writeSmallData(data, { train: 100, test: 20 });
    for (
      const command of [
        ["finetune", exampleModel],
        ["train", "--net", "resnet8"],
        ["prune", exampleModel, "--prune-option", "uniform"],
      ]
    ) {
      const args = [...command, "--data", data, "--epochs", "1", "--no-latency"];
      const run = await runCli([...args, "--out", `${folder}/${command[0]}`, "--json"]);
      assert.equal(run.code, 0, run.stderr);
      const found = JSON.parse(run.stdout);
      assert.equal((found.tuning ?? found).epochs.length, 1);
      const named = await runCli([...args, "--out", `${folder}/other`, "--batch-size", "128"]);
      assert.equal(named.code, 1);
      assert.match(
        named.stderr,
        /100 images, of which 10 are held out, .* lower --validation-images or --batch-size/,
      );
    }
  }));

Deno.test("a training that is interrupted says how to go on, and goes on", () =>
  inTempFolder(async (folder) => {
    const args = [...TRAIN, "--validation-images", "100", "--out", `${folder}/out`];
    const { code, said } = await interruptAt("training", args);
    assert.equal(code, 130);
    assert.match(said, /interrupted in epoch 1; the state is in .*out\.checkpoint.*--resume/);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["out.checkpoint"]);
    const other = await runCli([...args, "--resume", "--batch-size", "64"]);
    assert.equal(other.code, 1);
    assert.match(other.stderr, /batchSize 128, wanted 64; give/);
    const rest = await runCli([...args, "--resume"]);
    assert.equal(rest.code, 0, rest.stderr);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["out"]);
  }));

const PRUNE = [
  ...["prune", exampleModel, "--data", exampleData, "--prune-option", "uniform"],
  ...["--nb-batches", "3", "--batch-size", "100"],
];

Deno.test("`prune` tunes group by group and at the end, with PocketFlow's options", () =>
  inTempFolder(async (folder) => {
    const out = `${folder}/pruned`;
    const { code, stdout, stderr } = await runCli([
      ...[...PRUNE, "--out", out, "--json", "--validation-images", "4700", "--epochs", "2"],
      ...["--cp_finetune=true", "--cp_list_group=4", "--cp_nb_iters_ft_ratio=0.5"],
      ...["--cp_lrn_rate_ft=1e-4", "--enbl_dst", "--loss_w_dst=2", "--nb_epochs_rat=0.5"],
    ]);
    assert.equal(code, 0, stderr);
    const { tuning, accuracy } = JSON.parse(stdout);
    assert.equal(tuning.epochs.length, 1, "half of two epochs");
    assert.equal(tuning.groups.length, 1, "eight convolutions, four a group, none behind the last");
    const measured = await runCli(["eval", out, "--data", exampleData, "--json"]);
    assert.equal(JSON.parse(measured.stdout).accuracy, accuracy.after);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["pruned"]);
  }));

Deno.test("a pruning that is interrupted in its tuning says how to go on, and goes on", () =>
  inTempFolder(async (folder) => {
    const args = [...PRUNE, "--out", `${folder}/out`, "--epochs", "1"];
    const { code, said } = await interruptAt("training", args);
    assert.equal(code, 130);
    assert.match(said, /interrupted; the state is in .*out\.checkpoint: .*--resume/);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["out.checkpoint"]);
    const other = await runCli([...args, "--resume", "--select", "lasso"]);
    assert.equal(other.code, 1);
    assert.match(other.stderr, /select obs, wanted lasso; give/);
    const rest = await runCli([...args, "--resume"]);
    assert.equal(rest.code, 0, rest.stderr);
    assert.doesNotMatch(rest.stderr, /pruning/);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["out"]);
  }));

Deno.test("a training that loses a worker fails in one line that says how to go on, and goes on", () =>
  inTempFolder(async (folder) => {
    const [data, out] = [`${folder}/data`, `${folder}/out`];
    await writeSmallData(data);
    const args = [
      ...["train", "--net", "resnet8", "--data", data, "--out", out, "--epochs", "2", "--json"],
      ...["--validation-images", "20", "--batch-size", "20", "--workers", "2"],
    ];
    const { code, stdout, stderr } = await spawnScript("test/cli/mortal_secateur.ts", args)
      .output();
    const decoder = new TextDecoder();
    const said = decoder.decode(stderr).trimEnd().split("\n").at(-1)!;
    assert.equal(code, 1, said);
    assert.equal(decoder.decode(stdout), "");
    assert.match(
      said,
      /^secateur: running worker thread 2 of 2: .* with --resume: the last checkpoint is kept in .*out\.checkpoint$/,
    );
    assert.deepEqual(await listNames(folder), ["data", "out.checkpoint"]);
    const rest = await runCli([...args, "--resume"]);
    assert.equal(rest.code, 0, rest.stderr);
    assert.equal(JSON.parse(rest.stdout).epochs.length, 2);
    assert.deepEqual(await listNames(folder), ["data", "out"]);
  }));
