import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder, listNames, pruneArguments, writeSmallData } from "./fixtures.ts";
import { exampleModel, runCli, runJson } from "./run_cli.ts";

const SAMPLING = ["--nb-batches", "1", "--batch-size", "64"];

function calibrateArguments(data: string, out: string, ...more: string[]): string[] {
  return ["calibrate", exampleModel, "--data", data, "--out", out, ...SAMPLING, ...more];
}

Deno.test("shards are gathered, merged, and used by a pruning run", async () => {
  await inTempFolder(async (folder) => {
    const [data, out] = [join(folder, "data"), join(folder, "out")];
    const [first, second, part, all] = ["1", "2", "part", "all"].map((name) => join(folder, name));
    await writeSmallData(data);
    for (const [path, shard, workers] of [[first, "1/2", "1"], [second, "2/2", "2"]]) {
      const args = calibrateArguments(data, path, "--shard", shard, "--workers", workers);
      const report = await runJson(args);
      assert.deepEqual([report.images.shard, report.images.all], [32, 64]);
      assert.equal(report.bytes, (await Deno.stat(path)).size);
      assert.ok(report.layers.includes("dense"));
    }

    const lacking = await runCli(["merge", second, "--out", part]);
    assert.equal(lacking.code, 0, lacking.stderr);
    assert.match(lacking.stdout, /^shards {6}1 of 2: 2\nnote: still missing: 1; prune takes no/);
    const refused = await runCli(pruneArguments(data, out, "--statistics", part));
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /part: found 1 of 2 shards, wanted all; add the missing ones, 1,/);

    const merged = await runJson(["merge", part, first, "--out", all]);
    assert.deepEqual(merged.shards, { of: 2, have: [1, 2], missing: [] });
    const used = await runCli(
      pruneArguments(data, out, "--statistics", all, "--prune-option", "budget"),
    );
    assert.equal(used.code, 0, used.stderr);
    assert.ok(!used.stderr.includes("gathering statistics"), used.stderr);
    assert.ok(used.stdout.includes(`of the original read from ${all}\n`), used.stdout);
    assert.deepEqual(await listNames(folder), ["1", "2", "all", "data", "out", "part"]);
  });
});

Deno.test("calibrate and merge replace nothing without --force, and refuse a shard twice", async () => {
  await inTempFolder(async (folder) => {
    const [data, out] = [join(folder, "data"), join(folder, "out")];
    await writeSmallData(data);
    await Deno.writeTextFile(out, "old");
    const inTheWay = /writing .*out: found it there already, .* or replace it with --force\n$/;
    const calibrated = await runCli(calibrateArguments("no-such-data", out));
    assert.match(calibrated.stderr, inTheWay);
    const merged = await runCli(["merge", "no-such-file", "--out", out]);
    assert.match(merged.stderr, inTheWay);
    assert.deepEqual([calibrated.code, merged.code], [1, 1]);
    assert.equal(await Deno.readTextFile(out), "old");

    const forced = await runCli(calibrateArguments(data, out, "--force", "--workers", "1"));
    assert.equal(forced.code, 0, forced.stderr);
    assert.match(forced.stdout, /^images {6}64 of 64, shard 1 of 1$/m);
    const twice = await runCli(["merge", out, out, "--out", join(folder, "sum")]);
    assert.equal(twice.code, 1);
    assert.match(twice.stderr, /found shard 1 of 1, which .*out has too; leave one of them out/);
    assert.deepEqual(await listNames(folder), ["data", "out"]);
  });
});
