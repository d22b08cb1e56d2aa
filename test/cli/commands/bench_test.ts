import assert from "node:assert/strict";
import { exampleModel, runCli } from "../run_cli.ts";

Deno.test("`bench` sets models side by side and lists their layers", async () => {
  const args = ["bench", exampleModel, exampleModel, "--rounds", "3", "--batch-size", "2"];
  const { code, stdout, stderr } = await runCli(args);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /batches of 2, 3 rounds in turns/);
  assert.equal(stdout.match(/^cli\/example\S+ .* 1\.000 /gm)?.length, 1, stdout);
  assert.match(stdout, /^stage3_block1_conv2 +Conv2D +[\d.]+ +[\d.]+$/m);
});
