/**
 * Runs `secateur prune` and keeps its figures with the command, commit, machine, load and peak memory.
 *
 *     deno run --allow-all bench/record_run.ts NAME MODEL --data DIR …
 *
 * `--out` and `--json` are added; bench/results/NAME.json is written.
 */
import { basename } from "node:path";

const [name, model, ...options] = Deno.args;
const out = await Deno.makeTempDir();

async function firstLine(command: string, ...args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command(command, { args }).output();
  return new TextDecoder().decode(stdout).trim().split("\n")[0];
}

/** Peak resident memory of a process so far, in MiB; Linux alone tells. */
async function peakMemory(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  return Math.round(Number(status.match(/VmHWM:\s+(\d+)/)?.[1] ?? 0) / 1024);
}

const permissions = ["--quiet", "--no-prompt", "--allow-read", "--allow-write"];
const child = new Deno.Command(Deno.execPath(), {
  args: [
    "run",
    ...permissions,
    "cli/main.ts",
    "prune",
    model,
    ...options,
    "--out",
    out,
    "--force",
    "--json",
  ],
  stdout: "piped",
  stderr: "null",
}).spawn();
let peak = 0;
const watch = setInterval(async () => {
  peak = Math.max(peak, await peakMemory(child.pid));
}, 100);
const load = Deno.loadavg()[0];
const { success, stdout } = await child.output();
clearInterval(watch);
await Deno.remove(out, { recursive: true });
if (!success) throw new Error("the run failed; run the same command by hand to see why");

const { out: _out, command: _command, ...figures } = JSON.parse(new TextDecoder().decode(stdout));
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
