import assert from "node:assert/strict";
import {
  drawWork,
  limitOf,
  type QueueCosts,
  simulateSearch,
  simulateShards,
} from "../../bench/queue_model.ts";

const FREE: QueueCosts = { agent: 0, server: 0, worker: 0 };
const equal = (length: number, seconds: number) => new Array<number>(length).fill(seconds);

function assertNear(found: number, wanted: number): void {
  assert.ok(Math.abs(found - wanted) <= 1e-9 * wanted, `${found}, wanted ${wanted}`);
}

Deno.test("equal jobs that cost nothing else take as many rounds as a batch has shares", () => {
  for (const workers of [1, 2, 3, 7, 20]) {
    for (const proposals of [1, 4, 7, 12]) {
      const run = simulateSearch({ costs: FREE, work: equal(24, 3), proposals, workers });
      const rounds = (jobs: number) => Math.ceil(jobs / workers);
      const wanted = 3 * (Math.floor(24 / proposals) * rounds(proposals) + rounds(24 % proposals));
      assertNear(run.seconds, wanted);
      assertNear(run.workerShare, 24 * 3 / workers / wanted);
    }
  }
});

Deno.test("one worker takes the sum of everything", () => {
  const costs = { agent: 0.5, server: 0.02, worker: 0.1 };
  const work = [3, 1, 4, 1, 5, 9, 2];
  const run = simulateSearch({ costs, work, proposals: 3, workers: 1 });
  assertNear(run.seconds, 25 + 7 * (0.5 + 0.02 + 0.1));
  assertNear(run.agentShare, 3.5 / run.seconds);
  assert.equal(limitOf(run), "workers");
});

Deno.test("with a worker for every job a batch takes its longest job, and the agent's part grows", () => {
  const work = [3, 1, 4, 1, 5, 9, 2, 6];
  const costs = { ...FREE, agent: 0.25 };
  const run = simulateSearch({ costs, work, proposals: 4, workers: 100 });
  assertNear(run.seconds, 4 + 9 + 8 * 0.25);
  assert.equal(limitOf(run), "batch");
  const quick = simulateSearch({ costs, work: equal(8, 0.01), proposals: 4, workers: 100 });
  assert.equal(limitOf(quick), "agent");
});

Deno.test("where jobs take no time the server does one after the other", () => {
  const costs = { ...FREE, server: 0.002 };
  for (const workers of [1, 10, 1000]) {
    const run = simulateSearch({ costs, work: equal(500, 0), proposals: 500, workers });
    assertNear(run.seconds, 500 * 0.002);
    assert.equal(limitOf(run), "Redis");
  }
});

Deno.test("a saturated server gives jobs out at its own rate, and the rest is hidden behind it", () => {
  const costs = { ...FREE, server: 0.01 };
  const run = simulateSearch({ costs, work: equal(1000, 1), proposals: 1000, workers: 1000 });
  // Jobs are taken every 5 ms for 5 s; from the first second on, those that come back take turns with them.
  assertNear(run.seconds, 10);
  assert.equal(limitOf(run), "Redis");
});

Deno.test("no run beats its bounds, and taking jobs in turns is within one job of the best", () => {
  for (let seed = 0; seed < 20; seed++) {
    const work = drawWork([0.5, 1, 2, 7], 60, seed);
    const sum = work.reduce((total, own) => total + own, 0);
    for (const workers of [1, 3, 10]) {
      const { seconds } = simulateSearch({ costs: FREE, work, proposals: 60, workers });
      const longest = Math.max(...work);
      assert.ok(seconds >= Math.max(sum / workers, longest) - 1e-9);
      // Graham 1966, "Bounds for Certain Multiprocessing Anomalies".
      assert.ok(seconds <= sum / workers + longest * (1 - 1 / workers) + 1e-9);
    }
  }
});

Deno.test("shards are added up in order while others are gathered", () => {
  const costs = { ...FREE, agent: 1 };
  assertNear(simulateShards(equal(8, 4), 8, costs).seconds, 4 + 8);
  assertNear(simulateShards(equal(8, 4), 2, costs).seconds, 4 * 4 + 2);
  assertNear(simulateShards([9, 1, 1, 1], 4, costs).seconds, 9 + 4);
});

Deno.test("work is drawn from what was measured, the same for a seed", () => {
  const measured = [1, 2, 3];
  const drawn = drawWork(measured, 3000, 5);
  assert.deepEqual(drawWork(measured, 3000, 5), drawn);
  for (const value of measured) {
    const count = drawn.filter((each) => each === value).length;
    assert.ok(Math.abs(count - 1000) < 120, `${count} times ${value}`);
  }
});
