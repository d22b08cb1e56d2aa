import assert from "node:assert/strict";
import { disk } from "../../src/base/disk.ts";
import {
  describeConditions,
  findSharedTable,
  LatencyTable,
  type LatencyTableOptions,
} from "../../src/cost/latency_table.ts";
import type { LayerShape } from "../../src/cost/layer_shape.ts";
import { inTempFolder } from "../data/fixtures.ts";

const shapeOf = (filters: number): LayerShape => ({
  className: "Conv2D",
  config: { filters },
  inputShapes: [[4, 4, 3]],
  batchSize: 1,
});

/** A table whose layers all take so many times the reference, which is one millisecond. */
async function openTable(cache: string, ratio: number, options: LatencyTableOptions = {}) {
  const asked: LayerShape[] = [];
  const table = await LatencyTable.open({
    sharedPath: shared(cache),
    timer: (shapes) => {
      asked.push(...shapes);
      return Promise.resolve({ reference: 1, ratios: shapes.map(() => ratio) });
    },
    ...options,
  });
  return { table, asked };
}

/** Where all runs keep their times. */
const shared = (cache: string) => `${cache}/secateur/latency.json`;

const inCache = (work: (cache: string) => Promise<void>) =>
  inTempFolder((folder) => work(`${folder}/cache`));

Deno.test("runs on one machine share the times in the user's cache", () =>
  inCache(async (cache) => {
    const first = await openTable(cache, 2);
    await first.table.measure([shapeOf(1)]);
    const second = await openTable(cache, 3);
    await second.table.measure([shapeOf(1), shapeOf(2)]);
    assert.deepEqual(second.asked, [shapeOf(2)]);
    assert.deepEqual([1, 2].map((filters) => second.table.timeOf(shapeOf(filters))), [2, 3]);
    await first.table.measure([shapeOf(3)]);
    const third = await openTable(cache, 4);
    await third.table.measure([1, 2, 3].map(shapeOf));
    assert.deepEqual(third.asked, [], "what another run has written meanwhile is kept");
  }));

Deno.test("a file that is given stands alone", () =>
  inCache(async (cache) => {
    const path = `${cache}.json`;
    await (await openTable(cache, 2)).table.measure([shapeOf(1)]);
    const { table, asked } = await openTable(cache, 3, { path });
    await table.measure([shapeOf(1)]);
    assert.equal(asked.length, 1);
    assert.equal((await openTable(cache, 4, { path })).table.timeOf(shapeOf(1)), 3);
    assert.equal((await openTable(cache, 4)).table.timeOf(shapeOf(1)), 2);
  }));

Deno.test("a damaged or foreign table in the cache is a notice, and times are taken anew", () =>
  inCache(async (cache) => {
    const path = shared(cache);
    await (await openTable(cache, 2)).table.measure([shapeOf(1)]);
    const stored = JSON.parse(await Deno.readTextFile(path));
    const foreign = { ...stored, conditions: { ...stored.conditions, tfjs: "1.0.0" } };
    for (const text of ["{", '{"conditions": {}, "times": {"a": null}}', JSON.stringify(foreign)]) {
      await Deno.writeTextFile(path, text);
      const notices: string[] = [];
      const { table, asked } = await openTable(cache, 3, {
        onNotice: (text) => notices.push(text),
      });
      assert.equal(notices.length, 1);
      assert.match(notices[0], /layers are timed anew: reading .*latency.json/);
      await table.measure([shapeOf(1)]);
      assert.equal(asked.length, 1);
      assert.equal((await openTable(cache, 4)).table.timeOf(shapeOf(1)), 3);
    }
  }));

Deno.test("a cache that cannot be written does no harm", () =>
  inCache(async (cache) => {
    const { mkdir } = disk;
    disk.mkdir = () => Promise.reject<undefined>(new Error("read-only"));
    try {
      const { table } = await openTable(cache, 2);
      await table.measure([shapeOf(1)]);
      assert.equal(table.timeOf(shapeOf(1)), 2);
    } finally {
      disk.mkdir = mkdir;
    }
  }));

Deno.test("a run that is gone on from decides by the times that it began with", () =>
  inCache(async (cache) => {
    await Deno.mkdir(cache);
    const runPath = `${cache}/run.json`;
    const { table } = await openTable(cache, 1 / 3, { runPath });
    await table.measure([shapeOf(1)]);
    await Deno.remove(shared(cache));
    await (await openTable(cache, 5)).table.measure([shapeOf(1), shapeOf(2)]);
    const again = await openTable(cache, 7, { runPath });
    await again.table.measure([shapeOf(1)]);
    assert.equal(again.table.timeOf(shapeOf(1)), table.timeOf(shapeOf(1)));
    assert.equal(again.asked.length, 0);
    const elsewhere = await openTable(cache, 7, { runPath, path: `${cache}/other.json` });
    assert.equal(elsewhere.table.timeOf(shapeOf(1)), table.timeOf(shapeOf(1)));
  }));

Deno.test("times of another table are brought to the reference of the first", () =>
  inCache(async (cache) => {
    await Deno.mkdir(cache);
    const conditions = describeConditions();
    const write = (name: string, reference: number, times: Record<string, number>) =>
      Deno.writeTextFile(`${cache}/${name}`, JSON.stringify({ conditions, reference, times }));
    const key = (filters: number) => `Conv2D 4x4x3 batch 1 {"filters":${filters}}`;
    await write("run", 1, { [key(1)]: 2 });
    await write("given", 4, { [key(1)]: 40, [key(2)]: 80 });
    const paths = { runPath: `${cache}/run`, path: `${cache}/given` };
    const { table } = await openTable(cache, 1, paths);
    assert.deepEqual([1, 2].map((filters) => table.timeOf(shapeOf(filters))), [2, 20]);
  }));

Deno.test("the shared table is in the user's cache, where the processor may be known", () =>
  inTempFolder((folder) => {
    const before = Deno.env.get("XDG_CACHE_HOME");
    Deno.env.set("XDG_CACHE_HOME", folder);
    try {
      const path = findSharedTable();
      if (describeConditions().cpu === undefined) assert.equal(path, undefined);
      else assert.match(path!.slice(folder.length), /^.secateur.latency-[0-9a-f]{16}\.json$/);
    } finally {
      if (before === undefined) Deno.env.delete("XDG_CACHE_HOME");
      else Deno.env.set("XDG_CACHE_HOME", before);
    }
    return Promise.resolve();
  }));

Deno.test("without permissions there is no shared table, and nobody is asked", () =>
  inTempFolder(async (folder) => {
    const url = new URL("../../src/cost/user_cache.ts", import.meta.url);
    const script = `${folder}/find.ts`;
    await Deno.writeTextFile(
      script,
      `import { findUserCache } from "${url}"; console.log(findUserCache());`,
    );
    const find = async (...permissions: string[]) => {
      const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-check", ...permissions, script],
        env: { XDG_CACHE_HOME: folder },
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
      return new TextDecoder().decode(stdout).trim();
    };
    const [environment, read, write] = [
      "--allow-env=XDG_CACHE_HOME,HOME",
      "--allow-read",
      "--allow-write",
    ];
    assert.equal(await find(read, write), "undefined");
    assert.equal(await find(environment, read), "undefined");
    assert.equal(await find(environment, read, write), folder);
  }));
