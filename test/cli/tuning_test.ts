import assert from "node:assert/strict";
import { inTempFolder } from "../data/fixtures.ts";
import { exampleData, runCli } from "./run_cli.ts";

const TRAIN = ["train", "--net", "resnet8", "--data", exampleData, "--epochs", "1"];
const QUICK = ["--validation-images", "4700", "--batch-size", "100", "--json"];

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
  }));

Deno.test("a training that is interrupted says how to go on, and goes on", () =>
  inTempFolder(async (folder) => {
    const args = [...TRAIN, "--validation-images", "100", "--out", `${folder}/out`];
    const child = new Deno.Command("deno", {
      args: [
        ...["run", "--quiet", "--no-prompt", "--allow-read", "--allow-write"],
        ...["cli/main.ts", ...args],
      ],
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
    let said = "";
    let isSignalled = false;
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      said += part.value;
      if (!isSignalled && said.includes("training")) {
        isSignalled = true;
        child.kill("SIGINT");
      }
    }
    assert.equal((await child.status).code, 130);
    assert.match(said, /interrupted in epoch 1; the state is in .*out\.checkpoint.*--resume/);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["out.checkpoint"]);
    const other = await runCli([...args, "--resume", "--batch-size", "64"]);
    assert.equal(other.code, 1);
    assert.match(other.stderr, /batchSize was 128, now 64/);
    const rest = await runCli([...args, "--resume"]);
    assert.equal(rest.code, 0, rest.stderr);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["out"]);
  }));
