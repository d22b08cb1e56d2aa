import { createRandom } from "../src/base/random.ts";

/** What things cost, in seconds. */
export interface QueueCosts {
  /** The agent, for every roll-out: proposing it, and learning from it. Nobody else works meanwhile. */
  readonly agent: number;
  /** The server, for every job: half before the work, half behind it. It does one thing at a time. */
  readonly server: number;
  /** A worker, for every job, beside the work: messages on their way, unpacking. */
  readonly worker: number;
}

/** What `bench/queue_cost_bench.ts` has measured. */
export interface MeasuredCosts extends QueueCosts {
  /** Bytes that go through the server for every job. */
  readonly bytes: number;
  /** Seconds of reading a shard's statistics and adding them to others, and their bytes. */
  readonly shard?: { readonly seconds: number; readonly bytes: number };
}

/** A search as the simulation knows it. */
export interface SimulatedSearch {
  /** What things cost. */
  readonly costs: QueueCosts;
  /** Seconds of the work of every roll-out. */
  readonly work: readonly number[];
  /** Networks that are proposed together. */
  readonly proposals: number;
  /** How many workers there are. */
  readonly workers: number;
}

/** What came of a simulated run. */
export interface SimulatedRun {
  /** How long it took, in seconds. */
  readonly seconds: number;
  /** Share of that in which the agent worked. */
  readonly agentShare: number;
  /** Share of that in which the server worked. */
  readonly serverShare: number;
  /** Mean share of that in which a worker worked. */
  readonly workerShare: number;
}

/** What keeps a run from being faster. */
export type Limit = "workers" | "agent" | "Redis" | "batch";

/** A worker wants the server: to take a job, or to give back the one that it has done. */
interface Visit {
  readonly time: number;
  /** The job that was done; absent where one is to be taken. */
  readonly job?: number;
}

/**
 * Draws the work of roll-outs from what was measured, with replacement.
 *
 * @param measured Seconds of measured roll-outs.
 * @param count How many.
 * @param seed Seed of the choice.
 * @returns Seconds of every roll-out.
 */
export function drawWork(measured: readonly number[], count: number, seed: number): number[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => measured[Math.floor(random() * measured.length)]);
}

/**
 * Simulates a search, event by event: a batch is posted, workers take jobs one by one in their order, and when the last of
 * a batch is back the agent learns from all of it.
 *
 * @param search The search.
 * @returns What came of it.
 */
export function simulateSearch({ costs, work, proposals, workers }: SimulatedSearch): SimulatedRun {
  let time = 0;
  for (let first = 0; first < work.length; first += proposals) {
    const batch = work.slice(first, first + proposals);
    time += costs.agent * batch.length;
    time = Math.max(...simulateBatch(batch, workers, costs, time));
  }
  const worked = work.reduce((sum, seconds) => sum + seconds + costs.worker, 0);
  return {
    seconds: time,
    agentShare: costs.agent * work.length / time,
    serverShare: costs.server * work.length / time,
    workerShare: worked / workers / time,
  };
}

/**
 * Simulates shards of a calibration: all are posted at once, and their statistics are added up in order as they arrive.
 *
 * @param work Seconds of every shard.
 * @param workers How many workers there are.
 * @param costs What things cost; the agent's time is that of adding a shard.
 * @returns What came of it.
 */
export function simulateShards(
  work: readonly number[],
  workers: number,
  costs: QueueCosts,
): SimulatedRun {
  const arrivals = simulateBatch(work, workers, costs, 0);
  const seconds = arrivals.reduce((time, arrival) => Math.max(time, arrival) + costs.agent, 0);
  const worked = work.reduce((sum, own) => sum + own + costs.worker, 0);
  return {
    seconds,
    agentShare: costs.agent * work.length / seconds,
    serverShare: costs.server * work.length / seconds,
    workerShare: worked / workers / seconds,
  };
}

/** When every job of a batch is back. */
function simulateBatch(
  work: readonly number[],
  workers: number,
  costs: QueueCosts,
  start: number,
): number[] {
  const visits: Visit[] = Array.from(
    { length: Math.min(workers, work.length) },
    () => ({ time: start }),
  );
  const done = new Array<number>(work.length);
  let [taken, serverFree] = [0, start];
  while (visits.length > 0) {
    const { time, job } = takeEarliest(visits);
    if (job === undefined && taken === work.length) continue;
    serverFree = Math.max(serverFree, time) + costs.server / 2;
    if (job === undefined) {
      visits.push({ time: serverFree + costs.worker + work[taken], job: taken });
      taken++;
    } else {
      done[job] = serverFree;
      visits.push({ time: serverFree });
    }
  }
  return done;
}

function takeEarliest(visits: Visit[]): Visit {
  let earliest = 0;
  for (let index = 1; index < visits.length; index++) {
    if (visits[index].time < visits[earliest].time) earliest = index;
  }
  const visit = visits[earliest];
  visits[earliest] = visits[visits.length - 1];
  visits.pop();
  return visit;
}

/**
 * What keeps a run from being faster: the agent or the server where they work most of the time, the workers where those do,
 * and otherwise the end of batches, at which workers wait for the last job.
 */
export function limitOf({ agentShare, serverShare, workerShare }: SimulatedRun): Limit {
  const shares: [Limit, number][] = [
    ["workers", workerShare],
    ["agent", agentShare],
    ["Redis", serverShare],
    ["batch", 1 - agentShare - Math.max(workerShare, serverShare)],
  ];
  return shares.reduce((most, each) => each[1] > most[1] ? each : most)[0];
}
