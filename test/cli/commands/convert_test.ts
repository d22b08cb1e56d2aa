import assert from "node:assert/strict";
import { inTempFolder, listNames, quickPruning, writeSmallData } from "../fixtures.ts";
import { exampleModel, runCli, runJson } from "../run_cli.ts";

const measure = (model: string, data: string) =>
  runJson(["eval", model, "--data", data, "--workers", "1"]);

Deno.test("`convert` goes through all formats, and the accuracy stays the same", () =>
  inTempFolder(async (folder) => {
    const data = `${folder}/data`;
    await writeSmallData(data);
    const { accuracy } = await measure(exampleModel, data);
    let from = exampleModel;
    for (const name of ["model.keras", "model.onnx", "model"]) {
      const out = `${folder}/${name}`;
      const { code, stdout, stderr } = await runCli(["convert", from, out]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^written to .* \(\d.*B\)\n$/);
      const measured = await measure(out, data);
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
      ...["prune", model, "--data", data, "--out", out, ...quickPruning],
      ...["--prune-option", "uniform", "--uniform-preserve-ratio", "0.5", "--shared", "couple"],
    ]);
    const measured = await measure(out, data);
    assert.equal(measured.accuracy, pruned.accuracy.after);
    assert.deepEqual(await listNames(folder), [
      ...["data", "model.keras", "pruned.onnx"],
      ...["pruned.report.html", "pruned.report.json"],
    ]);
  }));

Deno.test("`convert` and `prune` write quantized weights, which `eval` reads", () =>
  inTempFolder(async (folder) => {
    const [data, small] = [`${folder}/data`, `${folder}/small`];
    await writeSmallData(data);
    const { accuracy } = await measure(exampleModel, data);
    const { bytes } = await runJson(["convert", exampleModel, small, "--quantize", "uint8"]);
    assert.ok(bytes.after < 0.5 * bytes.before, JSON.stringify(bytes));
    const measured = await measure(small, data);
    assert.ok(Math.abs(measured.accuracy - accuracy) < 0.02);
    const pruned = await runJson([
      ...["prune", small, "--data", data, "--out", `${folder}/pruned`, ...quickPruning],
      ...["--prune-option", "uniform", "--quantize", "float16"],
    ]);
    const manifest = JSON.parse(await Deno.readTextFile(`${folder}/pruned/model.json`));
    const [{ weights }] = manifest.weightsManifest;
    assert.ok(weights.some((entry: { quantization?: unknown }) => entry.quantization));
    const again = await measure(`${folder}/pruned`, data);
    assert.ok(Math.abs(again.accuracy - pruned.accuracy.after) < 0.02);
    const refused = await runCli(["convert", small, `${folder}/a.onnx`, "--quantize", "uint16"]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /found --quantize uint16 for a \.onnx file/);
  }));
