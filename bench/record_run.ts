/**
 * Runs `secateur prune` and keeps its figures with the command, commit, machine, load and peak memory.
 *
 *     deno run --allow-all bench/record_run.ts NAME MODEL --data DIR …
 *
 * `--out` and `--json` are added; bench/results/NAME.json is written.
 */
import { basename } from "node:path";
import { describeCircumstances } from "./circumstances.ts";
import { runSecateur } from "./watched_child.ts";

const [name, model, ...options] = Deno.args;
const out = await Deno.makeTempDir();

const circumstances = await describeCircumstances();
const { success, stdout, peak } = await runSecateur(
  ["prune", model, ...options, "--out", out, "--force", "--json"],
);
await Deno.remove(out, { recursive: true });
if (!success) throw new Error("the run failed; run the same command by hand to see why");

const { out: _out, command: _command, ...figures } = JSON.parse(stdout);
const shown = options.map((option) => option.includes("/") ? basename(option) : option);
const record = {
  command: ["deno task secateur prune", basename(model), ...shown, "--out OUT --json"].join(" "),
  ...circumstances,
  peakMemoryMiB: peak,
  ...figures,
};
await Deno.writeTextFile(`bench/results/${name}.json`, JSON.stringify(record, null, 2) + "\n");
console.log(JSON.stringify({ name, accuracy: record.accuracy, peak, seconds: record.seconds }));
