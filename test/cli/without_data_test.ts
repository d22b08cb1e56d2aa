import assert from "node:assert/strict";
import { inTempFolder } from "./fixtures.ts";
import { exampleModel, runCli, runJson } from "./run_cli.ts";

Deno.test("`prune --no-data` writes a smaller model and says that it was not measured", async () => {
  await inTempFolder(async (folder) => {
    const out = `${folder}/out`;
    const words = ["prune", exampleModel, "--no-data", "--out", out, "--budget", "0.9"];
    const { code, stdout, stderr } = await runCli(words);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^note: the network was not measured: .*; measure it with `eval`, or /);
    assert.match(stdout, /^accuracy {4}not measured$/m);
    const { macs } = await runJson(["inspect", out]);
    const report = await runJson([...words, "--force"]);
    assert.deepEqual([macs, report.accuracy], [report.macs.after, undefined]);
    assert.ok(macs <= 0.9 * report.macs.before);
    assert.match(report.notices[0], /not measured/);
  });
});

Deno.test("without data nine tenths of the cost are kept where no budget is given", async () => {
  await inTempFolder(async (folder) => {
    const words = ["prune", exampleModel, "--no-data"];
    const { macs } = await runJson([...words, "--out", `${folder}/out`]);
    const kept = macs.after / macs.before;
    assert.ok(kept > 0.85 && kept <= 0.9, `${kept}`);
    const half = await runJson([...words, "--out", `${folder}/half`, "--budget", "0.5"]);
    assert.ok(half.macs.after <= 0.5 * macs.before);
  });
});

Deno.test("without data what wants images is refused", async () => {
  const words = ["prune", exampleModel, "--no-data", "--out", "never-written"];
  const tuned = await runCli([...words, "--epochs", "2"]);
  assert.match(tuned.stderr, /reading --no-data and --epochs: the latter wants images; give them/);
  assert.equal(tuned.code, 2);
  const card = await runCli([...words, "--card"]);
  assert.match(card.stderr, /reading --no-data and --card: the latter wants images; give them/);
  const searched = await runCli([...words, "--prune-option", "auto"]);
  assert.match(searched.stderr, /wanted a budget .*; give --budget, or images with --data\n$/);
  assert.equal(searched.code, 1);
});
