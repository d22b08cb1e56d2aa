/**
 * Runs `secateur prune` and keeps its figures with the command, commit, machine, load and peak memory.
 *
 *     deno run --allow-all bench/record_run.ts NAME MODEL --data DIR …
 *
 * `--out` and `--json` are added; bench/results/NAME.json is written.
 */
import { basename } from "node:path";
import { runSecateur } from "./watched_child.ts";

const [name, model, ...options] = Deno.args;
const out = await Deno.makeTempDir();

async function firstLine(command: string, ...args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command(command, { args }).output();
  return new TextDecoder().decode(stdout).trim().split("\n")[0];
}

const load = Deno.loadavg()[0];
const { success, stdout, peak } = await runSecateur(
  ["prune", model, ...options, "--out", out, "--force", "--json"],
);
await Deno.remove(out, { recursive: true });
if (!success) throw new Error("the run failed; run the same command by hand to see why");

const { out: _out, command: _command, ...figures } = JSON.parse(stdout);
const shown = options.map((option) => option.includes("/") ? basename(option) : option);
const cpu = (await Deno.readTextFile("/proc/cpuinfo")).match(/model name\s*: (.*)/)?.[1];
const record = {
  command: ["deno task secateur prune", basename(model), ...shown, "--out OUT --json"].join(" "),
  commit: await firstLine("git", "rev-parse", "--short", "HEAD"),
  date: new Date().toISOString().slice(0, 10),
  machine: { cpu, cores: navigator.hardwareConcurrency, loadBefore: +load.toFixed(2) },
  peakMemoryMiB: peak,
  ...figures,
};
await Deno.writeTextFile(`bench/results/${name}.json`, JSON.stringify(record, null, 2) + "\n");
console.log(JSON.stringify({ name, accuracy: record.accuracy, peak, seconds: record.seconds }));
