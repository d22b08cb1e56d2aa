/**
 * Measures how long it takes until an installed package answers, every start in a process of its own: `--help` by npx and by
 * Node, a prune's help, and `inspect` of a model. Starts alternate; the first of each is not counted.
 *
 *     deno run --allow-all bench/startup_bench.ts HOME MODEL [ROUNDS]
 *
 * HOME is a folder in which the package is installed: `npm install …/dist/package`.
 *
 * @module
 */
import { loadavg } from "node:os";
import { formatSpread, formatTable, spreadOf } from "./timing.ts";

const [home, model, rounds = "9"] = Deno.args;

const SCRIPT = "node_modules/secateur/lib/secateur.js";

const STARTS: readonly (readonly [program: string, ...args: string[]])[] = [
  ["node", "--eval", "0"],
  ["npx", "--offline", "secateur", "--help"],
  ["node", SCRIPT, "--help"],
  ["node", SCRIPT, "prune", "--help"],
  ["node", SCRIPT, "inspect", model],
];

/** Milliseconds until a process has ended, which must be well. */
async function timeStart([program, ...args]: readonly string[]): Promise<number> {
  const start = performance.now();
  const { success, stderr } = await new Deno.Command(program, { args, cwd: home }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return performance.now() - start;
}

const before = loadavg()[0];
const times = STARTS.map((): number[] => []);
for (let round = 0; round <= Number(rounds); round++) {
  for (const [index, start] of STARTS.entries()) {
    const milliseconds = await timeStart(start);
    if (round > 0) times[index].push(milliseconds);
  }
}
console.log(`${rounds} starts of each; load ${before.toFixed(1)} to ${loadavg()[0].toFixed(1)}`);
console.log(formatTable(STARTS.map((start, index) => ({
  start: start.join(" "),
  "minimum / median / maximum in ms": formatSpread(spreadOf(times[index]), 1, 0),
}))));
