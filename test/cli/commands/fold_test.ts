import assert from "node:assert/strict";
import { inTempFolder, pruneArguments, writeSmallData } from "../fixtures.ts";
import { exampleModel, runCli, runJson } from "../run_cli.ts";

Deno.test("`fold` writes a model with fewer layers that every command takes", () =>
  inTempFolder(async (folder) => {
    const [data, folded] = [`${folder}/data`, `${folder}/folded`];
    await writeSmallData(data);
    const { code, stdout, stderr } = await runCli(["fold", exampleModel, folded]);
    assert.equal(code, 0, stderr);
    const [, before, after] = stdout.match(/^layers +(\d+) -> (\d+)\n/)!.map(Number);
    assert.ok(after < 0.7 * before, stdout);
    const onData = ["--data", data, "--workers", "1"];
    const [original, measured] = [
      await runJson(["eval", exampleModel, ...onData]),
      await runJson(["eval", folded, ...onData]),
    ];
    assert.equal(measured.accuracy, original.accuracy);
    assert.ok(Math.abs(measured.loss - original.loss) < 1e-4);
    assert.equal((await runJson(["inspect", folded])).layers.length, after);

    // `prune` folds what it writes, and what it was given was folded too.
    const [, , ...pruneOptions] = pruneArguments(data, `${folder}/pruned`, "--fold");
    const pruned = await runJson(["prune", folded, ...pruneOptions]);
    const { layers } = await runJson(["inspect", `${folder}/pruned`]);
    assert.ok(
      !layers.some((layer: { className: string }) => layer.className === "BatchNormalization"),
    );
    const again = await runJson(["eval", `${folder}/pruned`, ...onData]);
    assert.equal(again.accuracy, pruned.accuracy.after);

    const tuned = await runJson([
      ...["finetune", `${folder}/pruned`, ...onData, "--out", `${folder}/tuned`, "--fold"],
      ...["--epochs", "1", "--batch-size", "40", "--validation-images", "20", "--no-latency"],
    ]);
    assert.ok(Number.isFinite(tuned.loss.after));
  }));

Deno.test("`convert --fold` goes to every format", () =>
  inTempFolder(async (folder) => {
    const data = `${folder}/data`;
    await writeSmallData(data);
    const onData = ["--data", data, "--workers", "1"];
    const { accuracy } = await runJson(["eval", exampleModel, ...onData]);
    for (const name of ["model.keras", "model.onnx", "model"]) {
      const out = `${folder}/${name}`;
      await runJson(["convert", exampleModel, out, "--fold"]);
      const measured = await runJson(["eval", out, ...onData]);
      assert.equal(measured.accuracy, accuracy, name);
      const { layers } = await runJson(["inspect", out]);
      const norms = layers.filter(({ className }: { className: string }) =>
        className === "BatchNormalization"
      );
      assert.equal(norms.length, 0, name);
    }
  }));
