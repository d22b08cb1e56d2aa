import assert from "node:assert/strict";
import { join } from "node:path";
import { zipSync } from "fflate";
import { openModel, readModel, saveModel } from "../../src/formats/mod.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { inTempFolder, writeFile } from "../data/fixtures.ts";
import { createInputOnly } from "../model/fixtures.ts";
import { exampleModel, projectFolder } from "../cli/run_cli.ts";

await startBackend();

/** The files of the embedded network. */
async function readExample(): Promise<Record<string, Uint8Array>> {
  const folder = join(projectFolder, exampleModel);
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name);
  const files = names.map(async (name) => [name, await Deno.readFile(join(folder, name))] as const);
  return Object.fromEntries(await Promise.all(files));
}

const below = (folder: string, files: Record<string, Uint8Array>) =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${folder}/${name}`, bytes]));

Deno.test("a model is read from an archive as from its folder, wherever it lies in it", () =>
  inTempFolder(async (folder) => {
    const wanted = await openModel(exampleModel);
    const files = await readExample();
    const labels = new TextEncoder().encode("a\nb");
    for (const inner of [files, { ...below("converted", files), "__MACOSX/model.json": labels }]) {
      const path = join(folder, "export.zip");
      await writeFile(path, zipSync(inner));
      const found = await openModel(path);
      assert.deepEqual(found.weights, wanted.weights);
      assert.deepEqual(found.topology, wanted.topology);
      assert.equal(found.path, path);
    }
  }));

Deno.test("files of every format are read from an archive, with the labels beside them", () =>
  inTempFolder(async (folder) => {
    const labels = new TextEncoder().encode("0 cat\n1 dog\n");
    const model = { ...await openModel(exampleModel), metadata: {} };
    for (const name of ["model.keras", "model.onnx", "model.tflite"]) {
      const path = join(folder, name);
      await saveModel(path, model);
      const bytes = zipSync({ [name]: await Deno.readFile(path), "labels.txt": labels });
      const { metadata } = await readModel("export.zip", new Map([["export.zip", bytes]]));
      assert.deepEqual(metadata!.classes, ["cat", "dog"], name);
    }
  }));

Deno.test("an archive with several models, or with one that is larger than it can be, is refused", async () => {
  const files = await readExample();
  const read = (content: Record<string, Uint8Array>) =>
    readModel("export.zip", new Map([["export.zip", zipSync(content)]]));
  await assert.rejects(
    read({ ...below("a", files), ...below("b", files) }),
    /found a\/model\.json and b\/model\.json in it, wanted one model; unpack it and name one/,
  );
  await assert.rejects(
    read({ "notes.txt": files["model.json"] }),
    /found a zip archive with notes/,
  );
  await assert.rejects(
    read({ ...files, "zeros.bin": new Uint8Array(1e7) }),
    /found zeros\.bin of 10000000 bytes in \d+, wanted at most 200 times as many; do not use/,
  );
});

Deno.test("a .keras file is no archive of a model", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "model.keras");
    await saveModel(path, createInputOnly([null, 8, 8, 3]));
    assert.equal((await openModel(path)).path, path);
  }));
