/**
 * A roll-out of the agent that searches channel counts, without its evaluation, against the same without learning.
 *
 *     deno run --allow-read bench/agent_bench.ts
 *
 * The space is a chain of 22 units as wide as ResNet-20's. A roll-out that learns takes one step with 64
 * transitions per unit. Milliseconds of processor time per roll-out, so that other work on the machine counts little.
 *
 * @module
 */
import process from "node:process";
import { Agent } from "../src/policy/auto/ddpg.ts";
import { Environment, STATE_SIZE } from "../src/policy/auto/environment.ts";
import type { SearchSpace } from "../src/policy/mod.ts";
import { createRandom } from "../src/random.ts";
import { formatSpread, formatTable, spreadOf } from "./timing.ts";

const SEED = 1;
const UNITS = 22;
const WARM_UP = 3;
const RUNS = 15;

/** Units in a chain, as wide as ResNet-20's. */
function chainSpace(): SearchSpace {
  const widths = Array.from({ length: UNITS }, (_, unit) => 16 * 2 ** Math.floor(3 * unit / UNITS));
  const units = widths.map((channels, index) => {
    const side = 512 / channels;
    const features = { filters: channels, height: side, width: side, stride: 1 };
    const counts = Array.from({ length: channels }, (_, count) => count + 1);
    const macs = 9 * (channels * side) ** 2;
    return { name: `unit ${index}`, counts, features: { ...features, macs } };
  });
  const terms = units.slice(1).map(({ features }, index) => ({
    units: [index, index + 1],
    cost: (inputs: number, outputs: number) => 9 * features.height ** 2 * inputs * outputs,
  }));
  return { units, terms };
}

function milliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

const environment = new Environment(chainSpace(), { share: 0.5, isBounded: true });
const agent = new Agent({ stateSize: STATE_SIZE, rollouts: WARM_UP + RUNS, seed: SEED });
const spent: Record<string, number[]> = { walk: [], learn: [] };
for (let rollout = 1; rollout <= WARM_UP + RUNS; rollout++) {
  const start = milliseconds();
  agent.perturb(rollout);
  const walk = environment.walk((state) => agent.act(state));
  agent.remember(walk, -walk.counts.reduce((sum, count) => sum + 1 / count, 0));
  const middle = milliseconds();
  const random = createRandom(SEED, 1, rollout);
  for (let step = 0; step < UNITS; step++) agent.learn(random);
  if (rollout <= WARM_UP) continue;
  spent.walk.push(middle - start);
  spent.learn.push(milliseconds() - middle);
}
const together = spent.walk.map((walk, run) => walk + spent.learn[run]);
const rows = Object.entries({ ...spent, "roll-out": together }).map(([what, values]) => ({
  what,
  "ms, min / median / max": formatSpread(spreadOf(values), 1, 1),
}));
console.log(formatTable(rows));
