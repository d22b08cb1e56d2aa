import assert from "node:assert/strict";
import { inTempFolder, listNames, quickSampling, writeSmallData } from "./fixtures.ts";
import { exampleModel, runCli, runJson } from "./run_cli.ts";

Deno.test("`convert` goes through all formats, and the accuracy stays the same", () =>
  inTempFolder(async (folder) => {
    const data = `${folder}/data`;
    await writeSmallData(data);
    const { accuracy } = await runJson(["eval", exampleModel, "--data", data]);
    let from = exampleModel;
    for (const name of ["model.keras", "model.onnx", "model"]) {
      const out = `${folder}/${name}`;
      const { code, stdout, stderr } = await runCli(["convert", from, out]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^written to .* \(\d.*B\)\n$/);
      const measured = await runJson(["eval", out, "--data", data]);
      assert.equal(measured.accuracy, accuracy, name);
      from = out;
    }
    const again = await runCli(["convert", from, `${folder}/model.onnx`]);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /found it there already.*--force/);
  }));

Deno.test("`inspect` and `prune` take a Keras model, `prune` writes ONNX", () =>
  inTempFolder(async (folder) => {
    const [data, model] = [`${folder}/data`, `${folder}/model.keras`];
    await writeSmallData(data);
    await runCli(["convert", exampleModel, model]);
    const original = await runJson(["inspect", exampleModel]);
    const { layers, convMacs } = await runJson(["inspect", model]);
    assert.equal(layers.length, original.layers.length);
    assert.equal(convMacs, original.convMacs);
    const out = `${folder}/pruned.onnx`;
    const pruned = await runJson([
      ...["prune", model, "--data", data, "--out", out, ...quickSampling],
      ...["--prune-option", "uniform", "--uniform-preserve-ratio", "0.5", "--shared", "couple"],
    ]);
    const measured = await runJson(["eval", out, "--data", data]);
    assert.equal(measured.accuracy, pruned.accuracy.after);
    assert.deepEqual(await listNames(folder), [
      ...["data", "model.keras", "pruned.onnx"],
      ...["pruned.report.html", "pruned.report.json"],
    ]);
  }));
