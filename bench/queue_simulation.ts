/**
 * How long a search at a queue would take with 1 to 1,000 workers, and what limits it: a simulation with measured times.
 *
 *     deno run --allow-all bench/queue_cost_bench.ts COSTS.json [STATISTICS]
 *     deno run --allow-read bench/queue_simulation.ts COSTS.json search.jsonl [roll-outs] [shards] [seconds of a shard]
 *
 * `search.jsonl` is written by `prune --prune-option auto`; of it, the seconds of roll-outs are taken, those of finalists are
 * not. They are those of one job on one worker when the search ran with as many threads as the worker will have. `n at a
 * time` is `--proposals`. Shards need STATISTICS in the costs; all of them are taken to be equal.
 *
 * @module
 */
import {
  drawWork,
  limitOf,
  type MeasuredCosts,
  type SimulatedRun,
  simulateSearch,
  simulateShards,
} from "./queue_model.ts";
import { formatSpread, formatTable, spreadOf } from "./timing.ts";

const WORKERS = [1, 2, 10, 100, 1000], SEED = 1;
const ROLLOUTS = "1000", SHARDS = "1000";

const [costsPath, logPath, rollouts = ROLLOUTS, shards = SHARDS, shardSeconds] = Deno.args;
const costs: MeasuredCosts = JSON.parse(await Deno.readTextFile(costsPath));
const measured = readSeconds(await Deno.readTextFile(logPath));
const work = drawWork(measured, Number(rollouts), SEED);

/** Seconds of the roll-outs of a log that were measured. */
function readSeconds(log: string): number[] {
  const lines: { source: string; seconds?: number }[] = log.trimEnd().split("\n")
    .map((line) => JSON.parse(line));
  const seconds = lines.filter(({ source }) => source !== "refined")
    .flatMap((line) => line.seconds ?? []);
  if (seconds.length > 0) return seconds;
  throw new Error(`${logPath}: found no seconds of roll-outs, wanted a log of this version`);
}

function rowOf(run: SimulatedRun, alone: SimulatedRun, jobs: number) {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  return {
    time: `${run.seconds.toFixed(run.seconds < 100 ? 1 : 0)} s`,
    "times one worker": (alone.seconds / run.seconds).toFixed(1),
    "workers busy": percent(run.workerShare),
    agent: percent(run.agentShare),
    Redis: percent(run.serverShare),
    "MB/s through Redis": (jobs * costs.bytes / 1e6 / run.seconds).toFixed(3),
    limit: limitOf(run),
  };
}

function searchTable(): string {
  const simulate = (workers: number, proposals: number) =>
    simulateSearch({ costs, work, proposals, workers });
  const alone = simulate(1, 1);
  const cases = WORKERS.flatMap((workers) =>
    [...new Set([1, workers, 4 * workers].map((proposals) => Math.min(proposals, work.length)))]
      .filter((proposals) => workers > 1 || proposals === 1)
      .map((proposals) => ({ workers, proposals }))
  );
  return formatTable(cases.map(({ workers, proposals }) => ({
    workers: String(workers),
    "at a time": String(proposals),
    ...rowOf(simulate(workers, proposals), alone, work.length),
  })));
}

function shardTable(seconds: number, { seconds: agent }: { seconds: number }): string {
  const each = new Array<number>(Number(shards)).fill(seconds);
  const simulate = (workers: number) => simulateShards(each, workers, { ...costs, agent });
  const alone = simulate(1);
  return formatTable(WORKERS.map((workers) => ({
    workers: String(workers),
    ...rowOf(simulate(workers), alone, each.length),
  })));
}

const spread = formatSpread(spreadOf(measured), 1, 3);
console.log(
  `${rollouts} roll-outs; of ${measured.length} measured ones: ${spread} s (min / median / max)\n`,
);
console.log(searchTable());
if (costs.shard && shardSeconds !== undefined) {
  console.log(`\n${shards} shards of ${shardSeconds} s\n`);
  console.log(shardTable(Number(shardSeconds), costs.shard));
}
