import assert from "node:assert/strict";
import { describeConditions, LatencyTable } from "../../src/cost/latency_table.ts";
import { RUNTIMES } from "../../src/runtimes/runtime.ts";
import type { LayerShape } from "../../src/cost/layer_shape.ts";
import { inTempFolder } from "../data/fixtures.ts";

const shapeOf = (filters: number): LayerShape => ({
  className: "Conv2D",
  config: { filters },
  inputShapes: [[4, 4, 3]],
  batchSize: 1,
});

const open = (path: string) =>
  LatencyTable.open({
    path,
    timer: (shapes) => Promise.resolve({ reference: 1, ratios: shapes.map(() => 2) }),
  });

Deno.test("two runs that keep their times in one file at a time leave a whole table", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/times.json`;
    const tables = await Promise.all([open(path), open(path)]);
    const shapes = Array.from({ length: 300 }, (_, index) => shapeOf(index + 1));
    await Promise.all(tables.map((table) => table.measure(shapes)));
    const table = await open(path);
    for (const shape of shapes) assert.equal(table.timeOf(shape), 2);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["times.json"]);
  }));

Deno.test("times of another machine or version are refused with all that differs", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/times.json`;
    await (await open(path)).measure([shapeOf(1)]);
    const table = JSON.parse(await Deno.readTextFile(path));
    const { conditions: { tfjs, cores } } = table;
    const change = (conditions: object) =>
      Deno.writeTextFile(
        path,
        JSON.stringify({ ...table, conditions: { ...table.conditions, ...conditions } }),
      );
    await change({ tfjs: "1.0.0", cores: 99 });
    await assert.rejects(open(path), (error: Error) => {
      assert.equal(
        error.message,
        `reading ${path}: found times for tfjs 1.0.0, wanted ${tfjs}; cores 99, wanted ${cores}; ` +
          `give another file, or remove it to have layers timed anew`,
      );
      return error.name === "InputError";
    });
    await change({ cpu: undefined });
    assert.equal((await open(path)).timeOf(shapeOf(1)), 2, "an unknown processor is no difference");
  }));

Deno.test("times of another runtime are refused, and every runtime has conditions of its own", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/times.json`;
    await (await open(path)).measure([shapeOf(1)]);
    await assert.rejects(
      LatencyTable.open({ path, runtime: "litert" }),
      /found times for timedOn none, wanted @litertjs\/core \d/,
    );
    assert.equal(describeConditions().timedOn, undefined, "earlier tables hold for stock ones");
    const conditions = RUNTIMES.map((runtime) => JSON.stringify(describeConditions(runtime)));
    assert.equal(new Set(conditions).size, RUNTIMES.length);
  }));

Deno.test("a damaged table is refused by its name, with what to do", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/times.json`;
    await (await open(path)).measure([shapeOf(1)]);
    const whole = await Deno.readTextFile(path);
    const table = JSON.parse(whole);
    const [key] = Object.keys(table.times);
    const damaged = [
      ...["", "times", "null", "[]", "7", '"constructor"', whole.slice(0, -20)],
      "[".repeat(10_000) + "]".repeat(10_000),
      ...[null, [], "constructor"].flatMap((value) => [
        JSON.stringify({ ...table, conditions: value }),
        JSON.stringify({ ...table, times: value }),
      ]),
      ...["null", '"2"', "1e999", "-1", "{}"].flatMap((value) => [
        JSON.stringify({ ...table, times: { [key]: 0.5 } }).replace("0.5", value),
        JSON.stringify({ ...table, reference: 0.5 }).replace("0.5", value),
      ]),
    ];
    for (const text of damaged) {
      await Deno.writeTextFile(path, text);
      await assert.rejects(open(path), {
        name: "InputError",
        message: `reading ${path}: found no table of latencies, wanted one that Secateur has ` +
          `written; remove it to have layers timed anew`,
      }, text.slice(0, 200));
    }
  }));
