import assert from "node:assert/strict";
import { join } from "node:path";
import { saveModelFile } from "../../src/formats/tfjs/save.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { buildInputNetwork, withArrays } from "../support/input_networks.ts";
import { runCli, runJson } from "./run_cli.ts";

await startBackend();

const SAMPLING = [
  ...["--nb-batches", "4", "--batch-size", "30", "--nb-points-per-layer", "12", "--workers", "1"],
];

Deno.test(
  "every command takes a network with two inputs",
  withArrays("concatenated", async (data, folder) => {
    const names = ["model", "out", "tuned", "folded", "back", "statistics", "budget.json"];
    const [model, out, tuned, folded, back, statistics, budget] = names.map((name) =>
      join(folder, name)
    );
    await saveModelFile(model, await buildInputNetwork("concatenated"));
    const onData = ["--data", data, "--workers", "1"];
    const shown = await runCli(["inspect", model]);
    assert.match(shown.stdout, /^concatenated, inputs rgb 8x8x3, depth 8x8x1\n/);

    const calibrate = ["calibrate", model, "--data", data, "--out", statistics, ...SAMPLING];
    assert.ok((await runJson(calibrate)).layers.includes("depth_conv2"));
    const pruned = await runJson([
      ...["prune", model, "--data", data, "--out", out, ...SAMPLING, "--statistics", statistics],
      ...["--prune-option", "budget", "--budget", "0.6", "--epochs", "1", "--shift", "0"],
      ...["--validation-images", "20", "--no-latency"],
    ]);
    assert.ok(pruned.macs.after <= 0.6 * pruned.macs.before);
    const { accuracy } = await runJson(["eval", out, ...onData]);
    assert.equal(accuracy, pruned.accuracy.after);

    const finetuned = await runJson([
      ...["finetune", out, ...onData, "--out", tuned, "--teacher", model, "--epochs", "1"],
      ...["--batch-size", "20", "--validation-images", "20", "--no-latency"],
    ]);
    assert.equal(finetuned.epochs.length, 1);
    await runJson(["fold", out, folded]);
    await runJson(["convert", folded, `${back}.onnx`]);
    await runJson(["convert", `${back}.onnx`, `${back}.keras`]);
    const same = await runJson(["eval", `${back}.keras`, ...onData, "--reference", out]);
    assert.ok(same.outputError < 1e-4, `${same.outputError}`);

    const limits = { accuracy, accuracyDrop: 1, outputError: 2, latency: 1e6 };
    await Deno.writeTextFile(budget, JSON.stringify(limits));
    const check = [
      "check",
      out,
      "--budget",
      budget,
      "--reference",
      model,
      ...onData,
      "--rounds",
      "1",
    ];
    assert.equal((await runJson(check)).holds, true);
    const bench = await runJson(["bench", model, out, "--rounds", "1", "--no-layers"]);
    assert.equal(bench.models.length, 2);
  }),
);

Deno.test(
  "flags are for all inputs or for one, and name one that is not there",
  withArrays("concatenated", async (data, folder) => {
    const bare = join(folder, "bare");
    const { metadata: _, ...file } = await buildInputNetwork("concatenated");
    const stated = join(folder, "stated");
    await saveModelFile(stated, await buildInputNetwork("concatenated"));
    await saveModelFile(bare, file);
    const evaluate = ["eval", bare, "--data", data, "--workers", "1"];
    const unsaid = await runCli(evaluate);
    assert.equal(unsaid.code, 1);
    assert.match(
      unsaid.stderr,
      /rgb_train: found bytes .*for the input "rgb".*give --preprocess rgb=…, --mean rgb=…, /,
    );
    const { loss } = await runJson(["eval", stated, "--data", data, "--workers", "1"]);
    const said = await runJson([...evaluate, "--mean", "rgb=127", "--std", "rgb=74,74,74"]);
    assert.equal(said.loss, loss);
    const wrong = await runCli([...evaluate, "--preprocess", "color=unit"]);
    assert.match(wrong.stderr, /found an input "color", wanted one of rgb, depth/);
    const unknown = await runCli([...evaluate, "--preprocess", "rgb=none"]);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /argument 'rgb=none' is invalid\. Allowed choices are raw, unit/);
  }),
);
