import assert from "node:assert/strict";
import { runPoint } from "../../../cli/sweep/sweep_job.ts";
import { parseSweep } from "../../../cli/sweep/sweep_plan.ts";
import type { SweepResult } from "../../../cli/sweep/sweep_result.ts";
import { frontOf, SweepResults } from "../../../cli/sweep/sweep_results.ts";
import { InputError, prune } from "../../../src/mod.ts";
import {
  inTempFolder,
  listNames,
  pruneArguments,
  readFiles,
  writeFile,
  writeSmallData,
} from "../fixtures.ts";
import { RedisServer, testWithRedis } from "../../distributed/queue/redis_server.ts";
import { exampleModel, projectFolder, runCli, spawnScript } from "../run_cli.ts";

const COMMON = { "nb-batches": 1, "batch-size": 64, workers: 1, verify: false, latency: false };
const PLAN = {
  data: "images",
  models: { small: exampleModel },
  options: { least: { "prune-option": "budget" } },
  budgets: [0.6, 0.4],
};

const parse = (plan: unknown) => parseSweep(JSON.stringify(plan), "plan.json");

Deno.test("a sweep has a run for every model, options and budget, with the arguments of `prune`", () => {
  const points = parse({
    ...PLAN,
    models: { small: exampleModel, other: { model: "other.keras", data: "elsewhere" } },
    options: {
      ...PLAN.options,
      lasso: { cp_prune_option: "auto", cp_lasso: true, quadruple: true, skip: ["a", "b"] },
    },
    common: COMMON,
  });
  assert.equal(points.length, 8);
  assert.equal(new Set(points.map(({ name }) => name)).size, 8);
  const { name, model, options, budget, path, data, args } = points.at(-1)!;
  assert.deepEqual([name, model, options, budget], ["other_lasso_0.4", "other", "lasso", 0.4]);
  assert.deepEqual([path, data, points[0].data], ["other.keras", "elsewhere", "images"]);
  assert.deepEqual(args, [
    ...["--nb-batches=1", "--batch-size=64", "--workers=1", "--no-verify"],
    ...["--no-latency", "--prune-option=auto", "--lasso=true", "--quadruple", "--skip=a,b"],
    "--preserve-ratio=0.4",
  ]);
});

Deno.test("the example is a sweep", async () => {
  const path = `${projectFolder}/cli/example/sweep.json`;
  assert.equal(parseSweep(await Deno.readTextFile(path), path).length, 6);
});

Deno.test("what is wrong with a sweep file is said with its place", () => {
  const wrong: [unknown, RegExp][] = [
    [[], /found \[\] in it, wanted an object/],
    [{ ...PLAN, model: 1 }, /"model" in it, wanted one of data, models, options, budgets, common/],
    [{ ...PLAN, models: {} }, /found {} in models, wanted an object of models by name/],
    [{ ...PLAN, models: { "a/b": "m" } }, /"a\/b" in models, wanted a name/],
    [{ ...PLAN, models: { a: 3 } }, /found 3 in models\.a, wanted an object/],
    [{ ...PLAN, data: undefined }, /found nothing in models\.small, wanted a folder of images/],
    [{ ...PLAN, options: undefined }, /found nothing in options, wanted an object/],
    [{ ...PLAN, budgets: 0.5 }, /found 0\.5 in budgets, wanted a list of shares/],
    [{ ...PLAN, budgets: [0.5, 1.5] }, /found 1\.5 in budgets, wanted a share above 0/],
    [{ ...PLAN, budgets: [0.5, 0.5] }, /found 0\.5 in budgets, wanted every budget once/],
  ];
  const flags: [Record<string, unknown>, RegExp][] = [
    [{ "prune-options": "auto" }, /"--prune-options" in options\.a\.prune-options, wanted an opt/],
    [{ "prune-option": "uniform" }, /"uniform" in .*, wanted one of auto, budget, which keep/],
    [{ select: "best" }, /found "best" in options\.a\.select, wanted one of obs, lasso, magnitude/],
    [{ "nb-batches": 0 }, /found "0" in options\.a\.nb-batches, wanted a whole number of at le/],
    [{ select: true }, /found true in options\.a\.select, wanted a value/],
    [{ out: "x" }, /"--out" in options\.a\.out, wanted an option that the sweep does not give/],
    [{ budget: 0.5 }, /"--preserve-ratio" in options\.a\.budget, wanted an option that the sweep/],
    [{ seed: { a: 1 } }, /found {"a":1} in options\.a\.seed, wanted a number, a text/],
  ];
  for (const [given, message] of flags) wrong.push([{ ...PLAN, options: { a: given } }, message]);
  for (const [plan, message] of wrong) {
    assert.throws(() => parse(plan), (error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, /^reading plan\.json: found /);
      assert.match(error.message, message);
      return true;
    });
  }
  assert.throws(
    () => parseSweep("{", "plan.json"),
    /reading plan\.json: .*wanted JSON/,
  );
  assert.throws(
    () => parseSweep(`{"data": ${"[".repeat(10_000)}${"]".repeat(10_000)}}`, "plan.json"),
    { name: "InputError", message: /^reading plan\.json: more than 500 levels/ },
  );
});

Deno.test("the front has the runs that none beats", () => {
  const run = (name: string, macs: number, accuracy?: number): SweepResult => ({
    name,
    model: "m",
    options: "o",
    budget: 1,
    key: "",
    ...(accuracy === undefined ? { status: "failed" } : {
      status: "done",
      figures: {
        accuracy: { before: 1, after: 1 - accuracy },
        quality: accuracy,
        loss: { before: 0, after: 0 },
        macs: { before: 9, after: macs, convBefore: 9, convAfter: macs, selectors: 0 },
        params: { before: 9, after: 9 },
        bytes: { before: 9, after: 9 },
        seconds: 1,
      },
    }),
  });
  const runs = [
    ...[run("a", 5, 0.9), run("worse", 5, 0.8), run("dear", 6, 0.9), run("b", 3, 0.7)],
    ...[run("same", 3, 0.7), run("failed", 1)],
  ];
  assert.deepEqual(frontOf(runs).map(({ name }) => name), ["b", "a"]);
});

Deno.test("a sweep that was killed keeps what is done, and one that cannot be done stops no other", () =>
  inTempFolder(async (folder) => {
    const [data, plan, out] = [`${folder}/data`, `${folder}/plan.json`, `${folder}/out`];
    await writeSmallData(data);
    const write = (budgets: number[]) =>
      Deno.writeTextFile(plan, JSON.stringify({ ...PLAN, data, budgets, common: COMMON }));
    const read = async () => JSON.parse(await Deno.readTextFile(`${out}/sweep.json`)).runs;
    const args = ["sweep", plan, "--out", out];

    await write([0.6, 0.001, 0.4]);
    const child = spawnScript("cli/main.ts", args);
    const said = [child.stdout, child.stderr].map((stream) => new Response(stream).text());
    const isDone = async () => (await read().catch(() => []))[0]?.status === "done";
    while (!await isDone()) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGKILL");
    await Promise.all([child.status, ...said]);
    const interrupted = spawnScript("cli/main.ts", args);
    let shown = "";
    for await (const text of interrupted.stderr.pipeThrough(new TextDecoderStream())) {
      const isBegun = shown.includes("small_least_0.4");
      shown += text;
      if (!isBegun && shown.includes("small_least_0.4")) interrupted.kill("SIGINT");
    }
    await interrupted.stdout.cancel();
    assert.equal((await interrupted.status).code, 130, shown);
    assert.match(shown, /interrupted; what is done is in .*; give the same command to go on/);

    const weights = `${out}/small_least_0.6/group1-shard1of1.bin`;
    const { mtime } = await Deno.stat(weights);

    const rest = await runCli(args);
    assert.equal(rest.code, 1);
    assert.match(rest.stdout, /FAILED small_least_0\.001: .*found 0\.\d+ as the least share/);
    assert.doesNotMatch(rest.stderr, /small_least_0\.6/, "what is done is kept");
    assert.equal((await Deno.stat(weights)).mtime!.getTime(), mtime!.getTime());
    const runs = await read();
    assert.deepEqual(
      runs.map(({ status }: SweepResult) => status),
      ["done", "failed", "done"],
    );
    const [header, ...rows] = (await Deno.readTextFile(`${out}/sweep.csv`)).trimEnd().split("\r\n");
    assert.match(header, /^run,model,options,budget,status,accuracy,/);
    assert.equal(rows.length, 3);

    const options = ["--prune-option", "budget", "--budget", "0.4", "--no-verify"];
    const alone = await runCli(pruneArguments(data, `${folder}/alone`, ...options));
    assert.equal(alone.code, 0, alone.stderr);
    const [wanted, found] = [`${folder}/alone`, `${out}/small_least_0.4`];
    assert.deepEqual(await listNames(found), await listNames(wanted));
    const bytesOf = async (run: string) => (await readFiles(run)).get("group1-shard1of1.bin");
    assert.deepEqual(await bytesOf(found), await bytesOf(wanted));

    await write([0.6, 0.4]);
    const again = await runCli([...args, "--json"]);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /^has nothing to do: all of its \d runs are done\n$/);
    const { runs: kept, front, comparison } = JSON.parse(again.stdout);
    assert.match(await Deno.readTextFile(comparison), /small_least_0\.6[^]*small_least_0\.4/);
    assert.equal(kept.length, 2);
    assert.ok(front.includes("small_least_0.4"));
  }));

Deno.test("a search that cannot be gone on from is begun anew", () =>
  inTempFolder(async (folder) => {
    await writeSmallData(folder);
    const search = {
      "prune-option": "auto",
      "nb-rlouts": 4,
      "nb-rlouts-min": 2,
      finalists: 1,
      "search-images": 20,
    };
    const [point] = parse({
      ...PLAN,
      data: folder,
      budgets: [0.6],
      common: COMMON,
      options: { search },
    });
    const journal = `${folder}/${point.name}.checkpoint/search.jsonl`;
    const other = { kind: "search", version: 3, identity: { workers: 7 } };
    await writeFile(journal, new TextEncoder().encode(`${JSON.stringify(other)}\n`));
    const resumed: (boolean | undefined)[] = [];
    const { macs } = await runPoint(point, {
      out: folder,
      prune: (options) => {
        resumed.push(options.resume);
        return prune(options);
      },
      onProgress: () => {},
    });
    assert.deepEqual(resumed, [true, undefined]);
    assert.ok(macs.after < macs.before);
    assert.ok((await listNames(`${folder}/${point.name}`)).includes("search.jsonl"));
  }));

const REMOTE = ["--allow-read", "--allow-write", "--allow-net", "--allow-env"];

testWithRedis(
  "a sweep at a queue writes what one in this process writes",
  () =>
    inTempFolder(async (folder) => {
      const [data, plan] = [`${folder}/data`, `${folder}/plan.json`];
      await writeSmallData(data);
      const budgets = [0.6, 0.001, 0.4];
      await Deno.writeTextFile(plan, JSON.stringify({ ...PLAN, data, budgets, common: COMMON }));
      const local = await runCli(["sweep", plan, "--out", `${folder}/local`]);
      assert.equal(local.code, 1, local.stderr);

      const redis = await RedisServer.start();
      const workers = [1, 2].map(() =>
        spawnScript("cli/main.ts", ["worker", "--queue", redis.url, "--json"], REMOTE)
      );
      const said = workers.map(({ stdout, stderr }) =>
        Promise.all([stdout, stderr].map((stream) => new Response(stream).text()))
      );
      try {
        const queue = ["--queue", redis.url, "--blobs", `${folder}/blobs`];
        const remote = await runCli(["sweep", plan, "--out", `${folder}/remote`, ...queue], REMOTE);
        assert.equal(remote.code, 1, remote.stderr);
        assert.match(remote.stdout, /FAILED small_least_0\.001: .*found 0\.\d+ as the least share/);
        const bytesOf = async (run: string) => (await readFiles(run)).get("group1-shard1of1.bin");
        for (const name of ["small_least_0.6", "small_least_0.4"]) {
          const [found, wanted] = [`${folder}/remote/${name}`, `${folder}/local/${name}`];
          assert.deepEqual(await listNames(found), await listNames(wanted));
          assert.deepEqual(await bytesOf(found), await bytesOf(wanted));
        }
        await Deno.writeTextFile(plan, JSON.stringify({ ...PLAN, data, common: COMMON }));
        const again = await runCli(["sweep", plan, "--out", `${folder}/remote`, ...queue], REMOTE);
        assert.deepEqual(
          [again.code, again.stderr],
          [0, "has nothing to do: all of its 2 runs are done\n"],
        );
      } finally {
        for (const worker of workers) worker.kill("SIGTERM");
        for (const { status } of workers) await status;
        await redis.close();
      }
      const reports = (await Promise.all(said)).map(([stdout]) => JSON.parse(stdout));
      assert.equal(reports.reduce((sum, { done }) => sum + done, 0), 2);
    }),
);

Deno.test("damaged results of a sweep are refused by their file, with what to do", () =>
  inTempFolder(async (folder) => {
    const file = `${folder}/sweep.json`;
    const change = { before: 2, after: 1 };
    const figures = { loss: change, macs: change, params: change, bytes: change, seconds: 1 };
    const begun = { name: "a", model: "m", options: "o", budget: 0.5, key: "k", status: "begun" };
    const runs = [begun, { ...begun, name: "b", status: "done", figures }];
    const whole = JSON.stringify({ runs });
    await Deno.writeTextFile(file, whole);
    assert.equal((await SweepResults.open(folder, ["a", "b"])).wanted.length, 2);
    const damaged = [
      ...["", "runs", "null", "[]", "7", "{}", '{"runs":{}}', whole.slice(0, -5)],
      "[".repeat(10_000) + "]".repeat(10_000),
      ...[
        ...[null, [], "constructor", {}],
        ...["name", "model", "options", "budget", "key"].map((name) => ({ ...begun, [name]: [] })),
        ...[null, "constructor", "done", "failed"].map((status) => ({ ...begun, status })),
        ...[null, {}, "x"].map((figures) => ({ ...begun, figures })),
        ...[null, "1", {}, { before: null, after: 1 }, { before: 1 }].flatMap((value) =>
          ["loss", "macs", "params", "bytes", "seconds", "accuracy", "outputError", "quality"]
            .map((name) => ({ ...runs[1], figures: { ...figures, [name]: value } }))
        ),
      ].map((run) => JSON.stringify({ runs: [run] })),
    ];
    for (const text of damaged) {
      await Deno.writeTextFile(file, text);
      await assert.rejects(SweepResults.open(folder, ["a"]), (error) => {
        assert.ok(error instanceof InputError, text);
        assert.ok(error.message.startsWith(`reading ${file}: `), error.message);
        assert.match(error.message, /; remove it to begin the sweep anew$/);
        return true;
      });
    }
  }));
