import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { writeMessage } from "../../../src/base/message.ts";
import { findChannelSpaces } from "../../../src/graph/channels/channel_spaces.ts";
import type { LayerGraph } from "../../../src/graph/layer_graph.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import { prune, type PruneOptions } from "../../../src/api/prune.ts";
import { groupOptions, partIntoGroups, tuneGroup } from "../../../src/pruning/repair/tune_group.ts";
import type { GroupTuning } from "../../../src/pruning/prune_options.ts";
import type { LayerPlan } from "../../../src/pruning/policy/plan.ts";
import type { Repair } from "../../../src/pruning/repair/repair.ts";
import { TUNING_DEFAULTS } from "../../../src/tuning/options.ts";
import type { TuningResult } from "../../../src/tuning/tune_network.ts";
import { buildNetwork, buildNetworkFile, type NetworkName } from "../../support/networks.ts";
import { makeWorkersMortal } from "../../session/workers/mortal_workers.ts";
import { CLASSES, withData } from "../../tuning/learnable_images.ts";

await startBackend();

async function modelOf(name: NetworkName): Promise<ModelFile> {
  const preprocess = { mean: [127], std: [74], inputSize: [8, 8] };
  return { ...await buildNetworkFile(name), metadata: { preprocess, classes: CLASSES } };
}

const GROUPS: GroupTuning = { size: 2, epochShare: 0.5, learningRate: 1e-3, retrain: false };

const SMALL = {
  policy: { kind: "uniform", ratio: 0.5 },
  batches: 4,
  batchSize: 25,
  seed: 2,
  workers: 1,
  tuning: {
    epochs: 2,
    batchSize: 20,
    learningRate: 0.05,
    validationImages: 20,
    shift: 0,
    flip: false,
  },
} as const satisfies Partial<PruneOptions>;

const weightsOf = ({ file }: { file: ModelFile }) =>
  [...file.weights.values()].flatMap(({ values }) => [...values]);

for (const name of ["preActivation", "postActivation", "mobile"] as NetworkName[]) {
  for (const shared of ["select", "couple"] as const) {
    Deno.test(
      `a ${name} network is tuned between groups and at the end, what is cut stays cut (${shared})`,
      withData(async (data) => {
        const model = await modelOf(name);
        const before = tf.memory().numTensors;
        const tuning = { ...SMALL.tuning, epochs: 6, groups: GROUPS, teacher: "original" } as const;
        const { file, report } = await prune({ ...SMALL, shared, model, data, tuning });
        assert.equal(tf.memory().numTensors, before, "all tensors are given back");
        assert.ok(report.maskedDifference! < 1e-5, "rows of cut inputs are still zero");
        const cut = report.layers.filter(({ mode }) => mode !== "whole");
        assert.ok(cut.length > 0);
        const { groups, epochs } = report.tuning!;
        assert.ok(groups.length >= 1);
        groups.forEach((history) => assert.equal(history.length, 3, "half of six epochs"));
        assert.equal(epochs.length, 6);
        assert.ok(epochs[5].loss < epochs[0].loss);
        for (const { name, values, shape } of file.weights.values()) {
          if (!/_select\d*\/kernel/.test(name)) continue;
          const ones = values.filter((value) => value === 1).length;
          const zeros = values.filter((value) => value === 0).length;
          assert.deepEqual([ones, zeros], [shape[3], values.length - shape[3]], name);
        }
      }),
    );
  }
}

Deno.test(
  "groups that are tuned at a rate of nothing are repaired like one",
  withData(async (data) => {
    const model = await modelOf("preActivation");
    const groups = { ...GROUPS, learningRate: 1e-30 };
    const tuning = { ...SMALL.tuning, weightDecay: 0 };
    const one = await prune({ ...SMALL, model, data, tuning });
    const many = await prune({ ...SMALL, model, data, tuning: { ...tuning, groups } });
    assert.deepEqual(
      many.report.layers.map(({ kept }) => kept),
      one.report.layers.map(({ kept }) => kept),
    );
  }),
);

for (const stage of ["group", "whole"] as const) {
  Deno.test(
    `a run that was interrupted while its ${stage} was tuned, and resumed, gives the same network`,
    withData(async (data, folder) => {
      const model = await modelOf("preActivation");
      const options = {
        ...SMALL,
        model,
        data,
        tuning: { ...SMALL.tuning, groups: GROUPS },
      };
      const whole = await prune(options);
      const steps = whole.report.tuning!.groups.length * 4;
      const controller = new AbortController();
      const checkpoint = `${folder}/state`;
      let step = 0;
      const interrupted = prune({
        ...options,
        checkpoint,
        signal: controller.signal,
        onProgress: ({ stage: name, done }) => {
          if (name !== "training" || done === step) return;
          step++;
          if (step === (stage === "group" ? 6 : steps + 6)) controller.abort(new Error("enough"));
        },
      });
      await assert.rejects(interrupted, /^Error: enough$/);
      const other = { ...options, ridge: 1e-3, checkpoint, resume: true };
      await assert.rejects(prune(other), /ridge none, wanted 0.001/);
      const rest = await prune({ ...options, checkpoint, resume: true });
      assert.deepEqual(weightsOf(rest), weightsOf(whole));
      assert.equal(JSON.stringify(rest.report.layers), JSON.stringify(whole.report.layers));
      const losses = (report: typeof whole.report) =>
        [...report.tuning!.groups.flat(), ...report.tuning!.epochs].map(({ loss }) => loss);
      assert.deepEqual(losses(rest.report), losses(whole.report));
    }),
  );
}

Deno.test(
  "a run that is begun anew does not take what another one left for its own when it goes on",
  withData(async (data, folder) => {
    const model = await modelOf("preActivation");
    const checkpoint = `${folder}/state`;
    const tuning = { ...SMALL.tuning, groups: GROUPS };
    const policy = {
      kind: "auto",
      share: 0.6,
      search: { rollouts: 6, rolloutsMin: 3 },
      images: 40,
      finalists: 2,
    } as const;
    for (const options of [{ ...SMALL, tuning }, { ...SMALL, policy, tuning }]) {
      const run = { ...options, model, data };
      await prune({ ...run, ridge: 1e-3, checkpoint });
      assert.ok((await Array.fromAsync(Deno.readDir(checkpoint))).length >= 3);
      const whole = await prune(run);
      const controller = new AbortController();
      const interrupted = prune({
        ...run,
        checkpoint,
        signal: controller.signal,
        onProgress: ({ stage, done }) => {
          if (stage === "pruning" && done > 0) controller.abort(new Error("enough"));
        },
      });
      await assert.rejects(interrupted, /^Error: enough$/);
      const rest = await prune({ ...run, checkpoint, resume: true });
      assert.deepEqual(weightsOf(rest), weightsOf(whole));
    }
  }),
);

Deno.test(
  "a run that loses a worker while it tunes says where its state is, and goes on from there",
  withData(async (data, folder) => {
    const checkpoint = `${folder}/state`;
    const model = await modelOf("preActivation");
    const options = { ...SMALL, model, data, checkpoint, workers: 2 };
    const mortal = makeWorkersMortal({ method: "trainStep", at: 6, how: "reject" });
    await assert.rejects(prune(options), {
      name: "WorkerError",
      message: /give the same command again with resume: the last checkpoint is kept in .*state/,
    });
    mortal[Symbol.dispose]();
    const rest = await prune({ ...options, resume: true });
    const whole = await prune({ ...options, checkpoint: undefined });
    assert.deepEqual(weightsOf(rest), weightsOf(whole));
  }),
);

Deno.test("layers ahead of a group keep the original's weights, and are frozen meanwhile", async () => {
  const { model, graph } = await buildNetwork("preActivation");
  model.dispose();
  const map = findChannelSpaces(graph);
  const repair: Repair = {
    masked: graph,
    removed: new Uint8Array(map.channels.length),
    selections: new Map(),
    reports: new Map(),
  };
  const ahead = graph.nodes.find(({ name }) => name === "block2_conv1")!;
  const border = graph.nodes.indexOf(ahead);
  let frozen: LayerGraph["nodes"] = [];
  const { repair: tuned } = await tuneGroup(map, repair, ahead, (given) => {
    frozen = given.nodes.filter(({ config }) => config.trainable === false);
    const nodes = given.nodes.map((node) => ({
      ...node,
      weights: new Map([...node.weights].map(([role, weight]) => {
        return [role, { ...weight, values: weight.values.map((value) => value + 1) }];
      })),
    }));
    return Promise.resolve({ graph: { ...given, nodes }, history: [] } as unknown as TuningResult);
  });
  assert.deepEqual(frozen.map(({ key }) => key), graph.nodes.slice(border).map(({ key }) => key));
  tuned.masked.nodes.forEach((node, index) => {
    const changed = node.weights !== graph.nodes[index].weights;
    assert.equal(changed, index < border);
    assert.deepEqual(node.config, graph.nodes[index].config);
  });
});

Deno.test("groups have as many convolutions as wanted, dense layers belong to the last", () => {
  const plans = [1, 2, 3, 4, 5, undefined].map((place) => ({ place }) as LayerPlan);
  const places = (size: number) =>
    partIntoGroups(plans, size).map((group) => group.map(({ place }) => place));
  assert.deepEqual(places(2), [[1, 2], [3, 4], [5, undefined]]);
  assert.deepEqual(places(1000), [[1, 2, 3, 4, 5, undefined]]);
  assert.deepEqual(places(Infinity).length, 1);
  assert.deepEqual(partIntoGroups([], 2), []);
});

Deno.test("a group is tuned by Adam for a share of the epochs, or retrained as the whole network", () => {
  const tuned = groupOptions(TUNING_DEFAULTS, GROUPS);
  assert.deepEqual(
    [tuned.epochs, tuned.optimizer, tuned.learningRate, tuned.schedule],
    [2.5, "adam", 1e-3, "constant"],
  );
  assert.deepEqual(groupOptions(TUNING_DEFAULTS, { ...GROUPS, retrain: true }), TUNING_DEFAULTS);
});

Deno.test(
  "a network that cannot be tuned is given as it was cut, with why",
  withData(async (data) => {
    const model = await modelOf("postActivation");
    const tuning = { ...SMALL.tuning, learningRate: 1e30 };
    const { report } = await prune({ ...SMALL, model, data, tuning });
    assert.match(writeMessage(report.failure!), /found a loss of NaN .*; lower the learning rate/);
    assert.equal(report.tuning, undefined);
    const cut = await prune({ ...SMALL, tuning: undefined, model, data });
    assert.deepEqual(report.accuracy, cut.report.accuracy);
  }),
);
