import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { prune, type PruneOptions } from "../../../src/api/prune.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import type { PruneResult } from "../../../src/pruning/prune_report.ts";
import { RANKING_STEPS } from "../../../src/pruning/ratios/search_jobs.ts";
import { noisyNetwork, withNoise } from "../../support/noise.ts";

await startBackend();

const POLICY = {
  kind: "auto",
  share: 0.5,
  search: { rollouts: 8, rolloutsMin: 4, ratioNoise: 0.3 },
  images: 60,
  finalists: 4,
} as const;
const STEPS = RANKING_STEPS + 4;
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
const RUN = {
  batches: 4,
  batchSize: 25,
  seed: 3,
  workers: 1,
  policy: POLICY,
  repair: "network",
  networkRepair: { steps: STEPS, batchSize: 20 },
} satisfies Partial<PruneOptions>;

const weightsOf = ({ file }: PruneResult) => [...file.weights.values()].map(({ values }) => values);

/** What was tried, without the times that it took. */
const triedIn = ({ log }: PruneResult) =>
  log!.rollouts.map(({ seconds: _, ...figures }) => figures);

/** A search whose best finalist is another than the start, so that both get the whole repair. */
async function runCompared(run: PruneOptions): Promise<{ seed: number; result: PruneResult }> {
  for (const seed of SEEDS) {
    const result = await prune({ ...run, seed });
    if (result.report.search!.finalists.length > POLICY.finalists) return { seed, result };
  }
  throw new Error("the start is the best finalist for every seed");
}

Deno.test(
  "of the best finalist and the start the better one behind the whole repair is written",
  withNoise(async (data) => {
    const model = await noisyNetwork("preActivation");
    const before = tf.memory().numTensors;
    const run = { ...RUN, model, data };
    const { seed, result: { report, log } } = await runCompared(run);
    assert.equal(tf.memory().numTensors, before, "all tensors are given back");
    const search = report.search!;
    const countsOf = ({ rollout }: { rollout: number }) => log!.rollouts[rollout - 1].counts;
    const ranked = search.finalists.slice(0, POLICY.finalists);
    const [start, best, ...more] = search.finalists.slice(POLICY.finalists);
    assert.deepEqual(more, []);
    const first = ranked.toSorted((a, b) => a.loss - b.loss)[0];
    assert.deepEqual(countsOf(start), log!.rollouts[0].counts);
    assert.deepEqual(countsOf(best), countsOf(first));
    assert.notDeepEqual(countsOf(best), countsOf(start));

    const winner = best.loss < start.loss ? best : start;
    assert.equal(search.winner, winner.rollout);
    assert.equal(report.heldOut!.accuracy, winner.accuracy, "it is measured as it is written");
    assert.equal(report.networkRepair!.steps, STEPS);
    const policy = { kind: "budget", share: POLICY.share } as const;
    const { report: budget } = await prune({ ...run, seed, policy });
    assert.equal(budget.heldOut!.accuracy, start.accuracy, "the start is what budget writes");
  }),
);

Deno.test(
  "finalists that get the whole repair are not repaired again",
  withNoise(async (data) => {
    const model = await noisyNetwork("preActivation");
    const networkRepair = { steps: RANKING_STEPS, batchSize: 20 };
    for (const how of [{ networkRepair }, { repair: "layers" }] as const) {
      const { report: { search, heldOut } } = await prune({ ...RUN, ...how, model, data });
      assert.equal(search!.finalists.length, POLICY.finalists);
      const winner = search!.finalists.find(({ rollout }) => rollout === search!.winner)!;
      assert.equal(heldOut!.accuracy, winner.accuracy);
    }
  }),
);

Deno.test(
  "a search that is killed while its last networks are repaired goes on to the same bytes",
  withNoise(async (data, folder) => {
    const model = await noisyNetwork("preActivation");
    const checkpoint = `${folder}/state`;
    const { seed, result: whole } = await runCompared({ ...RUN, model, data, checkpoint });
    const run = { ...RUN, model, data, checkpoint, seed };
    const journal = `${checkpoint}/search.jsonl`;
    const lines = (await Deno.readTextFile(journal)).trimEnd().split("\n");
    const kinds = lines.map((line) => JSON.parse(line).kind);
    assert.deepEqual(kinds.slice(-3), ["finalist", "answer", "answer"]);
    for (const missing of [3, 2, 1]) {
      const kept = lines.slice(0, -missing).map((line) => `${line}\n`).join("");
      await Deno.writeTextFile(journal, `${kept}${lines.at(-missing)!.slice(0, 20)}`);
      const resumed = await prune({ ...run, resume: true });
      assert.deepEqual(triedIn(resumed), triedIn(whole));
      assert.deepEqual(resumed.report.search, whole.report.search);
      assert.deepEqual(weightsOf(resumed), weightsOf(whole));
    }
  }),
);
