import assert from "node:assert/strict";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { loadModelFile } from "../../../src/formats/tfjs/load.ts";
import { refuseExisting, saveModelFile } from "../../../src/formats/tfjs/save.ts";
import type { ModelFile, Weight } from "../../../src/model/model_file.ts";
import { randomBytes } from "../../data/fixtures.ts";
import { createModelFile, inTempFolder, writeFile } from "../../model/fixtures.ts";
import { breakFiles } from "../../support/broken_files.ts";
import { ageTurn } from "../../support/turns.ts";

const MEBIBYTE = 1024 * 1024;

async function listNames(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.map(({ name }) => name).sort();
}

async function withWeight(weight: Weight): Promise<ModelFile> {
  return { ...await createModelFile(), weights: new Map([[weight.name, weight]]) };
}

Deno.test("a model that is saved and loaded is the same, byte for byte the second time", () =>
  inTempFolder(async (folder) => {
    const file = { ...await createModelFile(), trainingConfig: { loss: "mse" } };
    const saved = await saveModelFile(join(folder, "first"), file);
    const first = await loadModelFile(join(folder, "first"));
    assert.deepEqual(first, {
      ...file,
      bytes: saved.bytes,
      path: join(folder, "first/model.json"),
    });
    await saveModelFile(join(folder, "second"), first);
    for (const name of await listNames(join(folder, "first"))) {
      assert.deepEqual(
        await Deno.readFile(join(folder, "first", name)),
        await Deno.readFile(join(folder, "second", name)),
      );
    }
  }));

Deno.test("weights are cut into shards of at most four mebibytes, and read back whole", () =>
  inTempFolder(async (folder) => {
    const shape = [2 * MEBIBYTE + 1];
    const values = Int32Array.from({ length: shape[0] }, (_, index) => index * 2654435761);
    const dir = join(folder, "model");
    await saveModelFile(dir, await withWeight({ name: "big", shape, dtype: "int32", values }));
    const shards = [1, 2, 3].map((number) => `group1-shard${number}of3.bin`);
    assert.deepEqual(await listNames(dir), [...shards, "model.json"]);
    const sizes = await Promise.all(
      shards.map(async (name) => (await Deno.stat(join(dir, name))).size),
    );
    assert.deepEqual(sizes, [4 * MEBIBYTE, 4 * MEBIBYTE, 4]);
    assert.deepEqual((await loadModelFile(dir)).weights.get("big")?.values, values);
  }));

Deno.test("model.json says who wrote it, and a model without weights has one empty shard", () =>
  inTempFolder(async (folder) => {
    const dir = join(folder, "deep/below/model");
    await saveModelFile(dir, { ...await createModelFile(), weights: new Map() });
    const json = JSON.parse(await Deno.readTextFile(join(dir, "model.json")));
    assert.equal(json.format, "layers-model");
    assert.match(json.generatedBy, /^Secateur v\d+\.\d+\.\d+$/);
    assert.equal((await loadModelFile(dir)).weights.size, 0);
  }));

Deno.test("further files appear with the model and do not count as its bytes", () =>
  inTempFolder(async (folder) => {
    const file = await createModelFile();
    const extraFiles = new Map<string, string | Uint8Array>([
      ["report.html", "<p>é</p>"],
      ["thumb.png", randomBytes(10)],
    ]);
    const dir = join(folder, "model");
    const { bytes } = await saveModelFile(dir, file, { extraFiles });
    assert.equal(bytes, (await loadModelFile(dir)).bytes);
    assert.equal(await Deno.readTextFile(join(dir, "report.html")), "<p>é</p>");
    assert.deepEqual(await Deno.readFile(join(dir, "thumb.png")), randomBytes(10));
  }));

Deno.test("names of further files are plain and not the model's", () =>
  inTempFolder(async (folder) => {
    const file = await createModelFile();
    for (const name of ["../up.html", "a/b", "", "..", "model.json", "group1-shard1of1.bin"]) {
      const extraFiles = new Map([[name, ""]]);
      await assert.rejects(saveModelFile(join(folder, "model"), file, { extraFiles }), RangeError);
    }
    assert.deepEqual(await listNames(folder), []);
  }));

Deno.test("an existing folder is refused without force, before and while saving", () =>
  inTempFolder(async (folder) => {
    const file = await createModelFile();
    const refusal = {
      name: "InputError",
      message: /found it there already.*replace it with force/,
    };
    await assert.rejects(refuseExisting(folder), refusal);
    await assert.rejects(saveModelFile(folder, file), refusal);
    await refuseExisting(join(folder, "new"));
    assert.deepEqual(await listNames(folder), []);
  }));

Deno.test({
  name: "a place where nothing can be created is refused before any work is spent",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await assert.rejects(refuseExisting("/proc/secateur/out"), { name: "InputError" });
  },
});

Deno.test("nothing is left behind by looking whether a folder can be written", () =>
  inTempFolder(async (folder) => {
    await refuseExisting(join(folder, "deep/out"));
    assert.deepEqual(await listNames(folder), []);
  }));

Deno.test("with force a model is replaced as a whole", () =>
  inTempFolder(async (folder) => {
    const file = await createModelFile();
    const dir = join(folder, "model");
    await saveModelFile(dir, file, { extraFiles: new Map([["old report.html", "old"]]) });
    await saveModelFile(dir, { ...file, metadata: { version: 2 } }, { force: true });
    assert.deepEqual((await loadModelFile(dir)).metadata, { version: 2 });
    assert.deepEqual(await listNames(dir), ["group1-shard1of1.bin", "model.json"]);
    assert.deepEqual(await listNames(folder), ["model"]);
  }));

Deno.test("with force a link to a model keeps being a link", () =>
  inTempFolder(async (folder) => {
    const file = await createModelFile();
    await saveModelFile(join(folder, "real"), file);
    await Deno.symlink(join(folder, "real"), join(folder, "link"));
    await saveModelFile(join(folder, "link"), { ...file, metadata: { a: 1 } }, { force: true });
    assert.ok((await Deno.lstat(join(folder, "link"))).isSymlink);
    assert.deepEqual((await loadModelFile(join(folder, "real"))).metadata, { a: 1 });
  }));

Deno.test("force replaces models and empty folders only", () =>
  inTempFolder(async (folder) => {
    const file = await createModelFile();
    await writeFile(join(folder, "photos/one.jpg"), randomBytes(3));
    await writeFile(join(folder, "project/model.json"), randomBytes(3));
    await writeFile(join(folder, "project/src/main.ts"), randomBytes(3));
    await writeFile(join(folder, "file"), randomBytes(3));
    await Deno.mkdir(join(folder, "empty"));
    const save = (name: string) => saveModelFile(join(folder, name), file, { force: true });
    await assert.rejects(save("photos"), { message: /found one\.jpg in it and no model\.json/ });
    await assert.rejects(save("project"), { message: /found the folder src in it/ });
    await assert.rejects(save("file"), { name: "InputError", message: /found a file/ });
    await save("empty");
    assert.deepEqual(await listNames(folder), ["empty", "file", "photos", "project"]);
    assert.deepEqual(await listNames(join(folder, "project")), ["model.json", "src"]);
  }));

Deno.test("a write that fails half-way leaves the old model and nothing else", () =>
  inTempFolder(async (folder) => {
    const file = await createModelFile();
    const dir = join(folder, "model");
    await saveModelFile(dir, file);
    const before = await loadModelFile(dir);
    const extraFiles = new Map([["x".repeat(300), "a name that no file system takes"]]);
    const again = saveModelFile(dir, { ...file, metadata: {} }, { force: true, extraFiles });
    await assert.rejects(again, { name: "InputError", message: /^writing .*model: / });
    assert.deepEqual(await loadModelFile(dir), before);
    await assert.rejects(saveModelFile(join(folder, "a/b/c"), file, { extraFiles }), /writing/);
    assert.deepEqual(await listNames(folder), ["model"]);
  }));

/** Another model whose shards have the same names. */
async function createOther(): Promise<ModelFile> {
  const file = await createModelFile();
  const weights = [...file.weights].map(([name, weight]) =>
    [name, { ...weight, values: weight.values.map((value) => value + 1) } as Weight] as const
  );
  return { ...file, metadata: { version: 2 }, weights: new Map(weights) };
}

/** What a model is made of, wherever it was read. */
const contentOf = ({ topology, weights, metadata }: ModelFile) => ({
  topology,
  metadata,
  weights: [...weights].map(([name, { values }]) => [name, ...values]),
});

for (const how of ["fail", "stop"] as const) {
  const what = how === "fail" ? "fails" : "ends with its process";
  Deno.test(`a replacement that ${what} at any step leaves the old model or the new one`, () =>
    inTempFolder(async (folder) => {
      const old = await createModelFile(), other = await createOther();
      const dir = join(folder, "model");
      const wanted = [contentOf(old), contentOf(other)].map((content) => JSON.stringify(content));
      const seen = new Set<number>();
      for (let step = 1;; step++) {
        await saveModelFile(dir, old, { force: true, extraFiles: new Map([["a.html", "old"]]) });
        const names = await listNames(dir);
        const broken = breakFiles(step, how);
        const save = saveModelFile(dir, other, {
          force: true,
          extraFiles: new Map([["b", "new"]]),
        });
        const ends: Promise<unknown>[] = [save.catch(() => {})];
        if (how === "stop") ends.push(broken.reached);
        await Promise.race(ends);
        broken[Symbol.dispose]();
        const left = JSON.stringify(contentOf(await loadModelFile(dir)));
        const which = wanted.indexOf(left);
        assert.ok(which >= 0, `step ${step}: neither model as a whole`);
        seen.add(which);
        if (how === "fail") assert.deepEqual(await listNames(folder), ["model"]);
        if (how === "fail" && which === 0) assert.deepEqual(await listNames(dir), names);
        if (!broken.isReached) break;
        await ageTurn(dir);
        await saveModelFile(dir, other, { force: true });
        assert.deepEqual(await listNames(dir), ["group1-shard1of1.bin", "model.json"]);
      }
      assert.deepEqual([...seen].sort(), [0, 1]);
    }));
}

Deno.test("a model is replaced where files cannot have two names", () =>
  inTempFolder(async (folder) => {
    const dir = join(folder, "model");
    await saveModelFile(dir, await createModelFile());
    const link = Deno.link;
    Deno.link = () => Promise.reject(new Error("not supported"));
    try {
      await saveModelFile(dir, await createOther(), { force: true });
    } finally {
      Deno.link = link;
    }
    assert.deepEqual(contentOf(await loadModelFile(dir)), contentOf(await createOther()));
    assert.deepEqual(await listNames(dir), ["group1-shard1of1.bin", "model.json"]);
  }));

Deno.test("of two replacements at the same time one is left as a whole", () =>
  inTempFolder(async (folder) => {
    const dir = join(folder, "model");
    const [first, second] = [await createModelFile(), await createOther()];
    for (let round = 0; round < 20; round++) {
      await saveModelFile(dir, first, { force: true });
      const both = [first, second].map((file) => saveModelFile(dir, file, { force: true }));
      const ends = await Promise.allSettled(both);
      assert.ok(ends.some(({ status }) => status === "fulfilled"));
      const left = contentOf(await loadModelFile(dir));
      assert.ok([first, second].some((file) => isDeepStrictEqual(contentOf(file), left)));
    }
  }));

/** A signal that is raised when it is looked at for so many times. */
function interruptAt(moment: number): { signal: AbortSignal; reason: Error } {
  const controller = new AbortController();
  const { signal } = controller;
  const reason = new Error("interrupted");
  let looks = 0;
  signal.throwIfAborted = () => {
    if (++looks === moment) controller.abort(reason);
    AbortSignal.prototype.throwIfAborted.call(signal);
  };
  return { signal, reason };
}

Deno.test("an interrupt at any moment leaves the old model and nothing else", () =>
  inTempFolder(async (folder) => {
    const file = await createModelFile();
    const dir = join(folder, "model");
    await saveModelFile(dir, file);
    const before = await loadModelFile(dir);
    for (const moment of [1, 2, 3, 4]) {
      const { signal, reason } = interruptAt(moment);
      await assert.rejects(saveModelFile(dir, file, { force: true, signal }), reason);
      assert.deepEqual(await loadModelFile(dir), before);
      assert.deepEqual(await listNames(folder), ["model"]);
    }
  }));

Deno.test("a weight whose values do not fit its shape is a RangeError that names it", () =>
  inTempFolder(async (folder) => {
    const short: Weight = { name: "k", shape: [3], dtype: "float32", values: new Float32Array(2) };
    const other: Weight = { name: "k", shape: [2], dtype: "float32", values: new Int32Array(2) };
    for (const weight of [short, other]) {
      await assert.rejects(saveModelFile(join(folder, "model"), await withWeight(weight)), {
        name: "RangeError",
        message: /writing weight "k": found 2 values in a .*, wanted . of float32/,
      });
    }
    assert.deepEqual(await listNames(folder), []);
  }));

Deno.test("what stock TensorFlow.js cannot open is not written, and the old model stays", () =>
  inTempFolder(async (folder) => {
    const file = await createModelFile();
    const place = join(folder, "model");
    await saveModelFile(place, file);
    const before = await Deno.readFile(join(place, "model.json"));
    const topology = structuredClone(file.topology);
    const [input] = topology.config.layers!;
    input.config = { name: "image", batch_shape: [null, 8, 8, 3] };
    await assert.rejects(
      saveModelFile(place, { ...file, topology }, { force: true, verify: true }),
      {
        name: "InputError",
        message: /^writing .*model: found a model that TensorFlow\.js cannot open \(.*\), wanted/,
      },
    );
    assert.deepEqual(await Deno.readFile(join(place, "model.json")), before);
    assert.deepEqual(await listNames(folder), ["model"]);
  }));
