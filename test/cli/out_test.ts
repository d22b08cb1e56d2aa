import assert from "node:assert/strict";
import { join } from "node:path";
import {
  inTempFolder,
  listNames,
  pruneArguments,
  readFiles,
  reportNames,
  writeFile,
  writeSmallData,
} from "./fixtures.ts";
import { projectFolder, runCli, spawnScript } from "./run_cli.ts";

/** A folder that looks like an older result. */
async function writeOldModel(folder: string): Promise<Map<string, Uint8Array>> {
  await writeFile(join(folder, "model.json"), new TextEncoder().encode("an older model"));
  await writeFile(join(folder, "weights.bin"), Uint8Array.of(1, 2, 3));
  return await readFiles(folder);
}

Deno.test("an existing --out is refused before anything is read", async () => {
  await inTempFolder(async (folder) => {
    const out = join(folder, "out");
    const old = await writeOldModel(out);
    const { code, stdout, stderr } = await runCli(pruneArguments("no-such-data", out));
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.equal(
      stderr,
      `secateur: writing ${out}: found it there already, wanted a new folder; ` +
        `choose another or replace it with --force\n`,
    );
    assert.deepEqual(await readFiles(out), old);
  });
});

Deno.test("--force replaces the model in --out, and nothing is left beside it", async () => {
  await inTempFolder(async (folder) => {
    const [data, out] = [join(folder, "data"), join(folder, "out")];
    await writeSmallData(data);
    await writeOldModel(out);
    const { code, stderr } = await runCli(pruneArguments(data, out, "--force"));
    assert.equal(code, 0, stderr);
    assert.deepEqual(await listNames(out), ["group1-shard1of1.bin", "model.json", ...reportNames]);
    assert.deepEqual(await listNames(folder), ["data", "out"]);
  });
});

Deno.test("--force does not replace a folder that holds something else", async () => {
  await inTempFolder(async (folder) => {
    await writeFile(join(folder, "out", "thesis.txt"), new Uint8Array(9));
    const { code, stderr } = await runCli(pruneArguments("any", join(folder, "out"), "--force"));
    assert.equal(code, 1);
    assert.match(stderr, /found thesis.txt in it and no model.json/);
    assert.deepEqual(await listNames(join(folder, "out")), ["thesis.txt"]);
  });
});

Deno.test("a run that fails leaves the older model and no debris", async () => {
  await inTempFolder(async (folder) => {
    const [data, out, list] = ["data", "out", "list"].map((name) => join(folder, name));
    await writeSmallData(data);
    await Deno.writeTextFile(list, "0.5,0.5");
    const old = await writeOldModel(out);
    const failures = [
      ["--prune-option", "list", "--prune-list-file", list],
      ["--prune-option", "budget", "--budget", "0.001"],
    ];
    for (const options of failures) {
      const { code, stdout, stderr } = await runCli([
        ...pruneArguments(data, out, "--force"),
        ...options,
      ]);
      assert.equal(code, 1, stderr);
      assert.equal(stdout, "");
      assert.deepEqual(await readFiles(out), old);
      assert.deepEqual(await listNames(folder), ["data", "list", "out"]);
    }
  });
});

Deno.test("an interrupt ends a run at once and leaves the older model and no debris", async () => {
  await inTempFolder(async (folder) => {
    const [data, out] = [join(folder, "data"), join(folder, "out")];
    await writeSmallData(data, { train: 2000, test: 60 });
    const old = await writeOldModel(out);
    const child = spawnScript("cli/main.ts", [
      ...pruneArguments(data, out, "--force"),
      ...["--nb-batches", "10", "--batch-size", "200", "--nb-points-per-layer", "20"],
    ]);
    const said = await readUntil(child.stderr, "pruning\n");
    const start = performance.now();
    child.kill("SIGINT");
    const [{ code, success }, stdout] = await Promise.all([
      child.status,
      new Response(child.stdout).text(),
    ]);
    assert.ok(performance.now() - start < 2000);
    assert.equal(success, false);
    assert.equal(code, 130);
    assert.equal(stdout, "");
    const beforehand = /^keeps 50\.00 % of the channels .* takes about \d+ s\n/;
    assert.match(said, beforehand);
    assert.equal(said.replace(beforehand, ""), "evaluating the original\npruning\n");
    assert.deepEqual(await readFiles(out), old);
    assert.deepEqual(await listNames(folder), ["data", "out"]);
  });
});

Deno.test("an interrupt while a model is written is told apart from a failure", async () => {
  const child = spawnScript("test/cli/interrupted_work.ts", []);
  await readUntil(child.stderr, "working\n");
  child.kill("SIGINT");
  const { code } = await child.status;
  assert.equal(
    await new Response(child.stdout).text(),
    "InterruptError: interrupted; nothing was written; give the same command again to begin anew\n",
  );
  assert.equal(code, 0);
});

/** Reads a stream up to a text, then throws the rest away. */
async function readUntil(stream: ReadableStream<Uint8Array>, text: string): Promise<string> {
  let found = "";
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  while (!found.includes(text)) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`reading a process's output: found ${found}, wanted ${text}`);
    found += value;
  }
  await reader.cancel();
  return found;
}

Deno.test("a run needs to read project, model, data and output, to write beside the output, and nothing else", async () => {
  await inTempFolder(async (folder) => {
    const [data, results] = [join(folder, "data"), join(folder, "results")];
    await writeSmallData(data);
    await Deno.mkdir(results);
    const { code, stderr } = await runCli(
      pruneArguments(data, join(results, "out"), "--workers", "2"),
      [`--allow-read=${projectFolder},${data},${results}`, `--allow-write=${results}`],
    );
    assert.equal(code, 0, stderr);
    assert.deepEqual(await listNames(results), ["out"]);
  });
});
