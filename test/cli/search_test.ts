import assert from "node:assert/strict";
import { inTempFolder, listNames, quickPruning, readFiles, writeSmallData } from "./fixtures.ts";
import { exampleModel, runCli, spawnScript } from "./run_cli.ts";

const ROLLOUTS = 8, FINALISTS = 3;

function searchArguments(data: string, out: string): string[] {
  return [
    ...["prune", exampleModel, "--data", data, "--out", out, "--budget", "0.5", ...quickPruning],
    ...["--cp_nb_rlouts", String(ROLLOUTS), "--cp_nb_rlouts_min=4", "--search-images", "40"],
    ...["--finalists", String(FINALISTS), "--proposals", "2"],
  ];
}

/** The log of a search without the times that networks took. */
function timelessLines(files: Map<string, Uint8Array>): unknown[] {
  const text = new TextDecoder().decode(files.get("search.jsonl"));
  return text.trimEnd().split("\n").map((line) => {
    const { seconds, ...figures } = JSON.parse(line);
    assert.ok(seconds === undefined || seconds > 0);
    return figures;
  });
}

/** Starts a search and kills it once its journal has so many roll-outs. */
async function killAt(rollouts: number, args: readonly string[], journal: string): Promise<void> {
  const child = spawnScript("cli/main.ts", args);
  const said = Promise.all(
    [child.stdout, child.stderr].map((stream) => new Response(stream).text()),
  );
  const count = async () => {
    const text = await Deno.readTextFile(journal).catch(() => "");
    return text.split("\n").filter((line) => line.startsWith('{"kind":"rollout"')).length;
  };
  while (await count() < rollouts) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill("SIGKILL");
  await child.status;
  await said;
}

Deno.test("`prune` searches by default, and a search that was killed goes on to the same model and log", () =>
  inTempFolder(async (folder) => {
    const data = `${folder}/data`;
    await writeSmallData(data);
    const whole = await runCli([...searchArguments(data, `${folder}/whole`), "--json"]);
    assert.equal(whole.code, 0, whole.stderr);
    const { search, macs } = JSON.parse(whole.stdout);
    assert.equal(search.rollouts, ROLLOUTS);
    assert.ok(search.share.found <= 0.5 && macs.after <= 0.5 * macs.before);

    const args = searchArguments(data, `${folder}/out`);
    await killAt(3, args, `${folder}/out.checkpoint/search.jsonl`);
    assert.deepEqual(await listNames(folder), ["data", "out.checkpoint", "whole"]);
    const other = await runCli([...args, "--resume", "--ddpg-tau", "0.5"]);
    assert.equal(other.code, 1);
    assert.match(other.stderr, /found a search with policy\.agent\.targetRate 0\.01, wanted 0\.5/);
    const rest = await runCli([...args, "--resume"]);
    assert.equal(rest.code, 0, rest.stderr);
    assert.match(
      rest.stdout,
      new RegExp(`search +number ${search.winner} of ${ROLLOUTS} roll-outs and ${FINALISTS} `),
    );
    assert.deepEqual(await listNames(folder), ["data", "out", "whole"]);
    const [wanted, found] = [await readFiles(`${folder}/whole`), await readFiles(`${folder}/out`)];
    for (const name of ["group1-shard1of1.bin", "search.csv"]) {
      assert.deepEqual(found.get(name), wanted.get(name), name);
    }
    const [wantedLines, foundLines] = [wanted, found].map((files) => timelessLines(files));
    assert.deepEqual(foundLines, wantedLines);
  }));

Deno.test("the log of a search has a line and a row for every network, with the same figures", () =>
  inTempFolder(async (folder) => {
    const data = `${folder}/data`;
    await writeSmallData(data);
    const { code, stderr } = await runCli(searchArguments(data, `${folder}/out`));
    assert.equal(code, 0, stderr);
    const lines = (await Deno.readTextFile(`${folder}/out/search.jsonl`)).trimEnd().split("\n")
      .map((line) => JSON.parse(line));
    const [header, ...rows] = (await Deno.readTextFile(`${folder}/out/search.csv`)).trimEnd()
      .split("\r\n").map((row) => row.split(","));
    assert.equal(lines.length, ROLLOUTS + FINALISTS);
    assert.equal(rows.length, ROLLOUTS + FINALISTS);
    const units = Object.keys(lines[0].ratios);
    assert.deepEqual(header.slice(-units.length), units);
    lines.forEach((line, index) => {
      header.forEach((column, place) => {
        const value = line[column] ?? line.ratios[column] ?? "";
        assert.equal(rows[index][place], String(value), column);
      });
    });
  }));
