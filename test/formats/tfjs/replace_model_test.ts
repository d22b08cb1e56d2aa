import assert from "node:assert/strict";
import { join } from "node:path";
import { loadModelFile } from "../../../src/formats/tfjs/load.ts";
import { saveModelFile } from "../../../src/formats/tfjs/save.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import { inTempFolder } from "../../data/fixtures.ts";
import { holdDisk } from "../../support/faulty_disk.ts";
import { ageTurn } from "../../support/turns.ts";

const SHARD_FLOATS = 2 ** 20;

/** A model all weights of which are one number. */
function model(value: number, shards = 1): ModelFile {
  const layer = (name: string) => ({ class_name: "Dense", config: { name } });
  const values = new Float32Array(SHARD_FLOATS * (shards - 1) + 1).fill(value);
  return {
    path: `model ${value}`,
    topology: { class_name: "Sequential", config: { name: "m", layers: [layer("dense")] } },
    weights: new Map([["dense/kernel", {
      name: "dense/kernel",
      shape: [1, values.length],
      dtype: "float32",
      values,
    }]]),
    metadata: { value },
    bytes: 0,
  };
}

/** Which model a folder holds as a whole. */
async function valueIn(dir: string): Promise<unknown> {
  const { weights, metadata } = await loadModelFile(dir);
  const values = weights.get("dense/kernel")!.values as Float32Array;
  assert.ok(values.every((value) => value === values[0]), "weights of one model");
  assert.equal(metadata?.value, values[0], "weights of this model.json");
  return metadata?.value;
}

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

const save = (dir: string, file: ModelFile) => saveModelFile(dir, file, { force: true });

for (const [what, shards] of [["as many shards", 1], ["more shards", 2]] as const) {
  Deno.test(`a replacement that stands still at any step while another one of ${what} is done leaves one as a whole`, () =>
    inTempFolder(async (folder) => {
      const dir = join(folder, "model");
      const left = new Set<unknown>();
      let isLost = false;
      for (let at = 1;; at++) {
        await save(dir, model(0));
        using disk = holdDisk(at);
        const first = save(dir, model(1)).then(() => true, (error) => error);
        const isReached = await Promise.race([
          disk.reached.then(() => true),
          first.then(() => false),
        ]);
        if (!isReached) break;
        await ageTurn(dir);
        await save(dir, model(2, shards));
        assert.equal(await valueIn(dir), 2, `step ${at}: the other one is in place`);
        disk.goOn();
        const end = await first;
        const value = await valueIn(dir);
        left.add(value);
        assert.ok(value === 1 || value === 2, `step ${at} left ${value}`);
        if (end !== true) {
          isLost = true;
          assert.equal(end.name, "InputError", end.stack);
          assert.match(end.message, /^writing .*model: .*; /);
          assert.equal(value, 2);
        }
        assert.deepEqual(namesIn(folder), ["model"]);
        const names = value === 2 && shards === 2
          ? ["group1-shard1of2.bin", "group1-shard2of2.bin", "model.json"]
          : ["group1-shard1of1.bin", "model.json"];
        assert.deepEqual(namesIn(dir), names, `step ${at}`);
      }
      assert.deepEqual([...left].sort(), [1, 2]);
      assert.ok(isLost, "some lost their turn");
    }));
}

Deno.test("a replacement that waits at any step for a moment is followed by the other one", () =>
  inTempFolder(async (folder) => {
    const dir = join(folder, "model");
    for (let at = 1;; at++) {
      await save(dir, model(0));
      using disk = holdDisk(at);
      const first = save(dir, model(1));
      const isReached = await Promise.race([
        disk.reached.then(() => true),
        first.then(() => false),
      ]);
      if (!isReached) break;
      const second = save(dir, model(2));
      await Promise.race([second, new Promise((resolve) => setTimeout(resolve, 60))]);
      disk.goOn();
      await Promise.all([first, second]);
      assert.ok([1, 2].includes(await valueIn(dir) as number), `step ${at}`);
      assert.deepEqual(namesIn(folder), ["model"]);
    }
  }));
