import assert from "node:assert/strict";
import { packMoments, unpackMoments } from "../../../src/kernels/packed_moments.ts";
import type { Moments } from "../../../src/kernels/moments.ts";
import { MomentStore } from "../../../src/pruning/statistics/moment_store.ts";
import { inTempFolder } from "../../data/fixtures.ts";
import { naiveMoments } from "../../reference/moments.ts";
import { randomArray } from "../../reference/samples.ts";

function randomMoments(d: number, n: number, seed: number): Moments {
  const sums = (count: number) =>
    naiveMoments(randomArray(count * d, seed, count), randomArray(count * n, seed), count, d, n);
  return { ...sums(8), half: sums(4) };
}

const LAYERS = new Map([
  ["conv1", randomMoments(9, 4, 1)],
  ["block/dense", randomMoments(5, 2, 2)],
  ["conv2", randomMoments(7, 3, 3)],
]);

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name);

for (const [words, room, isInFile] of [["memory", Infinity, false], ["a file", 0, true]] as const) {
  Deno.test(`moments come back from ${words} as they went in, as often as they are asked for`, () =>
    inTempFolder((folder) => {
      const store = new MomentStore(folder, room);
      for (const [key, moments] of LAYERS) store.put(key, packMoments(moments));
      assert.deepEqual([...store.sizes.keys()], [...LAYERS.keys()]);
      assert.equal(store.fileBytes > 0, isInFile);
      for (let turn = 0; turn < 2; turn++) {
        for (const key of [...LAYERS.keys()].reverse()) {
          assert.deepEqual(unpackMoments(store.packed(key)), LAYERS.get(key));
        }
      }
      store.close();
      store.close();
      return Promise.resolve();
    }));
}

Deno.test("what a store keeps in memory has a bound, whatever is put there", () =>
  inTempFolder((folder) => {
    const store = new MomentStore(folder, 2000);
    for (let layer = 0; layer < 20; layer++) {
      store.put(`${layer}`, packMoments(randomMoments(9, 4, 1)));
    }
    const bytes = 2 * 8 * (45 + 36 + 9 + 4 + 4);
    assert.equal(store.fileBytes, 19 * bytes);
    store.close();
    return Promise.resolve();
  }));

Deno.test("a store's file has no name from the beginning, so that nothing is left of it after a failure", () =>
  inTempFolder((folder) => {
    const store = new MomentStore(folder, 0);
    store.put("conv1", packMoments(LAYERS.get("conv1")!));
    assert.ok(store.fileBytes > 0);
    if (Deno.build.os !== "windows") assert.deepEqual(namesIn(folder), []);
    store.close();
    assert.deepEqual(namesIn(folder), []);
    return Promise.resolve();
  }));

Deno.test({
  name: "without permission to write, moments stay in memory",
  permissions: { read: true, write: false, env: true },
  fn() {
    const store = new MomentStore(undefined, 0);
    for (const [key, moments] of LAYERS) store.put(key, packMoments(moments));
    assert.equal(store.fileBytes, 0);
    for (const [key, moments] of LAYERS) {
      assert.deepEqual(unpackMoments(store.packed(key)), moments);
    }
    store.close();
  },
});

Deno.test("a folder that is not there leads to that for temporary files", () => {
  const store = new MomentStore("no/such/folder", 0);
  store.put("conv1", packMoments(LAYERS.get("conv1")!));
  assert.ok(store.fileBytes > 0);
  store.close();
});
