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
import { Agent } from "../src/pruning/policy/auto/agent/ddpg.ts";
import { Environment, STATE_SIZE } from "../src/pruning/policy/auto/environment.ts";
import { createRandom } from "../src/base/random.ts";
import { chainSpace } from "./chain_space.ts";
import { formatSpread, formatTable, spreadOf } from "./timing.ts";

const SEED = 1;
const UNITS = 22;
const WARM_UP = 3;
const RUNS = 15;

function milliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

const environment = new Environment(chainSpace(UNITS), { share: 0.5, isBounded: true });
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
