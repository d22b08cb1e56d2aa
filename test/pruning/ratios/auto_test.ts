import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../../../src/base/errors.ts";
import { writeMessage } from "../../../src/base/message.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { prune, type PruneOptions } from "../../../src/api/prune.ts";
import type { PruneResult } from "../../../src/pruning/prune_report.ts";
import type { AutoPolicy } from "../../../src/pruning/types.ts";
import type { NetworkName } from "../../support/networks.ts";
import { noisyNetwork, withNoise } from "../../support/noise.ts";

await startBackend();

const SEARCH = { rollouts: 12, rolloutsMin: 5 };
const POLICY = {
  kind: "auto",
  share: 0.5,
  search: SEARCH,
  images: 60,
  finalists: 4,
} as const;
const TRIED = SEARCH.rollouts + POLICY.finalists;
const SMALL = { batches: 4, batchSize: 25, seed: 2, workers: 1 } satisfies Partial<PruneOptions>;

const weightsOf = ({ file }: PruneResult) =>
  [...file.weights.values()].flatMap(({ values }) => [...values]);

for (const name of ["preActivation", "postActivation", "mobile"] as NetworkName[]) {
  for (const shared of ["select", "couple"] as const) {
    for (const target of ["macs", "params"] as const) {
      Deno.test(
        `every network that is tried, and the answer, meet a budget of the ${target} (${name}, ${shared})`,
        withNoise(async (data) => {
          const model = await noisyNetwork(name);
          const policy = { ...POLICY, target, share: 0.6 };
          const before = tf.memory().numTensors;
          const { report, log } = await prune({ ...SMALL, model, data, shared, policy });
          assert.equal(tf.memory().numTensors, before, "all tensors are given back");
          const { macs, params, search } = report;
          const kept = target === "macs" ? macs.after / macs.before : params.after / params.before;
          assert.ok(kept <= 0.6, `${kept}`);
          assert.ok(Math.max(...log!.rollouts.map(({ cost }) => cost)) <= 0.6);
          assert.equal(log!.rollouts.length, TRIED);
          const winner = search!.finalists.find(({ rollout }) => rollout === search!.winner)!;
          assert.ok(search!.finalists.every(({ loss }) => loss >= winner.loss));
          const started = log!.rollouts[0].counts.join();
          const isStart = ({ rollout }: { rollout: number }) =>
            log!.rollouts[rollout - 1].counts.join() === started;
          assert.ok(search!.finalists.some(isStart), "the start is one");
        }),
      );
    }
  }
}

/** What was tried, without the times that it took. */
const triedIn = ({ log }: PruneResult) =>
  log!.rollouts.map(({ seconds: _, ...figures }) => figures);

/** Lines of a journal behind the first, without the times that they took. */
async function measurementsIn(checkpoint: string): Promise<string[]> {
  const text = await Deno.readTextFile(`${checkpoint}/search.jsonl`);
  return text.trimEnd().split("\n").slice(1).map((line) => {
    const { seconds, ...entry } = JSON.parse(line);
    assert.ok(seconds > 0);
    return JSON.stringify(entry);
  });
}

Deno.test(
  "a search that is interrupted between roll-outs goes on to the same answer",
  withNoise(async (data, folder) => {
    const model = await noisyNetwork("preActivation");
    const common = { ...SMALL, model, data, shared: "couple" } as const;
    const whole = await prune({ ...common, policy: POLICY });
    for (const last of [6, 14]) {
      const checkpoint = `${folder}/${last}`;
      const controller = new AbortController();
      const onRollout: AutoPolicy["onRollout"] = ({ rollout }) => {
        if (rollout === last) controller.abort(new Error("interrupted"));
      };
      const interrupted = { ...common, checkpoint, signal: controller.signal };
      await assert.rejects(
        prune({ ...interrupted, policy: { ...POLICY, onRollout } }),
        /interrupted/,
      );
      const resumed = await prune({ ...common, checkpoint, resume: true, policy: POLICY });
      assert.deepEqual(triedIn(resumed), triedIn(whole));
      assert.deepEqual(resumed.report.search, whole.report.search);
      assert.deepEqual(weightsOf(resumed), weightsOf(whole));
    }
  }),
);

Deno.test(
  "a search in batches that is killed anywhere, in a batch too, goes on to the same answer",
  withNoise(async (data, folder) => {
    const model = await noisyNetwork("preActivation");
    const checkpoint = `${folder}/state`;
    const search = { ...SEARCH, proposals: 5, ratioNoise: 0.3 };
    const run = { ...SMALL, model, data, checkpoint, policy: { ...POLICY, search } };
    const whole = await prune(run);
    const measured = await measurementsIn(checkpoint);
    const journal = `${checkpoint}/search.jsonl`;
    const [head, ...lines] = (await Deno.readTextFile(journal)).trimEnd().split("\n");
    const first = new Set(triedIn(whole).slice(0, 5).map(({ counts }) => counts.join())).size;
    assert.ok(first >= 3, "several networks of the first batch differ");
    // Networks of a batch are measured in any order: its last may be there while those before it are missing.
    for (const cut of [[0], [0, first - 1], [...lines.keys()].slice(0, -1)]) {
      const kept = cut.map((index) => `${lines[index]}\n`).join("");
      await Deno.writeTextFile(journal, `${head}\n${kept}{"kind":"rollout","coun`);
      const resumed = await prune({ ...run, resume: true });
      assert.deepEqual(triedIn(resumed), triedIn(whole));
      assert.deepEqual(weightsOf(resumed), weightsOf(whole));
      assert.deepEqual((await measurementsIn(checkpoint)).sort(), measured.toSorted());
    }
    const oneByOne = await prune({ ...run, checkpoint: `${folder}/one`, policy: POLICY });
    assert.notDeepEqual(triedIn(oneByOne), triedIn(whole), "the answer depends on the proposals");
  }),
);

Deno.test(
  "one, two and three threads search the same networks",
  withNoise(async (data, folder) => {
    const model = await noisyNetwork("preActivation");
    const statistics = `${folder}/statistics`;
    const run = (workers: number) =>
      prune({ ...SMALL, model, data, statistics, workers, policy: POLICY });
    const first = await run(1);
    for (const workers of [2, 3]) {
      const found = await run(workers);
      assert.deepEqual(triedIn(found), triedIn(first));
      assert.deepEqual(weightsOf(found), weightsOf(first));
    }
  }),
);

Deno.test(
  "a search that is done is not repeated when its run goes on",
  withNoise(async (data, folder) => {
    const model = await noisyNetwork("plain");
    const run = { ...SMALL, model, data, checkpoint: `${folder}/state` };
    const first = await prune({ ...run, policy: POLICY });
    const entries = await Deno.readTextFile(`${folder}/state/search.jsonl`);
    const again = await prune({ ...run, policy: POLICY, resume: true });
    assert.deepEqual(weightsOf(again), weightsOf(first));
    assert.equal(await Deno.readTextFile(`${folder}/state/search.jsonl`), entries);
  }),
);

Deno.test(
  "a search with other options, or whose journal is not there, is not gone on from",
  withNoise(async (data, folder) => {
    const model = await noisyNetwork("plain");
    const run = { ...SMALL, model, data, checkpoint: `${folder}/state` };
    const refused = async (policy: AutoPolicy, message: RegExp) =>
      await assert.rejects(prune({ ...run, policy, resume: true }), (error) => {
        assert.ok(error instanceof InputError);
        assert.match(error.message, message);
        return true;
      });
    await refused(POLICY, /reading the search journal .*: found no such file; check/);
    await prune({ ...run, policy: POLICY });
    await refused(
      { ...POLICY, share: 0.7 },
      /found a search with policy\.share 0\.5, wanted 0\.7; give/,
    );
  }),
);

Deno.test(
  "an unreachable budget says what can be reached",
  withNoise(async (data) => {
    const model = await noisyNetwork("plain");
    for (const start of ["budget", "none"] as const) {
      await assert.rejects(
        prune({ ...SMALL, model, data, policy: { ...POLICY, start, share: 0.01 } }),
        /found 0\.\d+ as the least share that can be reached, wanted 0\.0100; give share 0\.\d+ or more$/,
      );
    }
  }),
);

Deno.test(
  "where selectors stand against a budget, the way to insist on them is named, and works",
  withNoise(async (data) => {
    const model = await noisyNetwork("preActivation");
    for (const policy of [POLICY, { kind: "budget" as const }]) {
      const run = (share: number, slowSelectors?: boolean) =>
        prune({
          ...SMALL,
          model,
          data,
          shared: "select",
          slowSelectors,
          policy: { ...policy, share },
        });
      const error = await run(0.01).catch((error: Error) => error) as Error;
      assert.match(
        error.message,
        /give share 0\.\d+ or more, or slowSelectors: true, with which 0\.\d+ can be reached$/,
      );
      const [least, insistent] = [/found (\S+) as/, /which (\S+) can/].map((share) =>
        Number(error.message.match(share)![1])
      );
      assert.ok(insistent < least);
      const { report: { macs } } = await run(insistent, true);
      assert.ok(macs.after <= insistent * macs.before);
      await assert.rejects(run(0.01, true), /give share \S+ or more$/);
    }
  }),
);

Deno.test(
  "without a budget the agent trades accuracy for multiply-accumulates",
  withNoise(async (data) => {
    const model = await noisyNetwork("plain");
    const search = { ...SEARCH, rewardPolicy: "flops" } as const;
    const { log, report } = await prune({ ...SMALL, model, data, policy: { ...POLICY, search } });
    for (const { accuracy, error, cost, reward } of log!.rollouts) {
      assert.equal(error, 1 - accuracy!);
      const wanted = -Math.max(0.15, 1 - accuracy!) * Math.log(cost * report.macs.before);
      assert.ok(Math.abs(reward - wanted) < 1e-9);
    }
  }),
);

for (const kind of ["uniform", "budget", "auto"] as const) {
  Deno.test(
    `that the original is at chance is said before any other work (${kind})`,
    withNoise(async (data) => {
      const model = await noisyNetwork("plain");
      const policy = kind === "uniform"
        ? { kind, ratio: 0.5 }
        : kind === "auto"
        ? POLICY
        : { kind, share: 0.5 };
      const heard: string[] = [];
      const hear = (text: string) => heard.at(-1) !== text && heard.push(text);
      const { report } = await prune({
        ...SMALL,
        model,
        data,
        policy,
        onNotice: (notice) => hear(writeMessage(notice)),
        onProgress: ({ stage }) => hear(stage),
      });
      const [first, said, next] = heard;
      assert.equal(first, "evaluating the original");
      assert.match(said, /no better than chance/);
      assert.ok(next !== undefined && next !== first);
      assert.equal(heard.filter((each) => each === first).length, 1, "it is evaluated once");
      const notices = report.notices.map((notice) => writeMessage(notice));
      assert.deepEqual(notices.filter((notice) => notice === said), [said]);
    }),
  );
}

Deno.test(
  "a budget that cannot be reached is refused before the original is evaluated",
  withNoise(async (data) => {
    const model = await noisyNetwork("plain");
    const heard: string[] = [];
    for (const policy of [{ ...POLICY, share: 0.01 }, { kind: "budget", share: 0.01 }] as const) {
      await assert.rejects(
        prune({ ...SMALL, model, data, policy, onProgress: ({ stage }) => heard.push(stage) }),
        InputError,
      );
    }
    assert.deepEqual(heard, []);
  }),
);
