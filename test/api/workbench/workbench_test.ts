import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { calibrate } from "../../../src/api/calibrate.ts";
import { networkCost } from "../../../src/cost/layer_cost.ts";
import { InputError } from "../../../src/base/errors.ts";
import { findChannelSpaces } from "../../../src/graph/channels/channel_spaces.ts";
import { listReaders } from "../../../src/graph/cuts/readers.ts";
import { listCutUnits } from "../../../src/graph/cuts/cut_units.ts";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { loadKernels } from "../../../src/kernels/load.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import { prune } from "../../../src/api/prune.ts";
import { CountNetworks, readersOf } from "../../../src/pruning/ratios/count_networks.ts";
import { createRandom } from "../../../src/base/random.ts";
import { Workbench } from "../../../src/api/workbench/workbench.ts";
import type { NetworkName } from "../../support/networks.ts";
import { noisyNetwork, withNoise } from "../../support/noise.ts";

await startBackend();

const SMALL = { effort: "quick", batches: 4, batchSize: 25, seed: 2, workers: 1 } as const;
const NETWORKS: NetworkName[] = ["preActivation", "postActivation", "mobile", "plain"];

const weightsOf = ({ weights }: ModelFile) => [...weights.values()].map(({ values }) => values);
const keptOf = (layers: readonly { name: string; kept: number }[]) =>
  Object.fromEntries(layers.map(({ name, kept }) => [name, kept]));

/** Opens a workbench for a test, and checks that it gives back what it took. */
async function onWorkbench(
  options: Parameters<typeof Workbench.open>[0],
  run: (workbench: Workbench) => Promise<void>,
): Promise<void> {
  const before = tf.memory().numTensors;
  const workbench = await Workbench.open(options);
  try {
    await run(workbench);
  } finally {
    await workbench.close();
  }
  assert.equal(tf.memory().numTensors, before, "all tensors are given back");
}

for (const name of NETWORKS) {
  for (const shared of ["select", "couple"] as const) {
    Deno.test(
      `errors and costs are those that budget and auto read off (${name}, ${shared})`,
      withNoise(async (data) => {
        const model = await noisyNetwork(name);
        const { statistics } = await calibrate({ ...SMALL, model, data });
        const { graph, model: opened } = await openNetwork(model);
        disposeModel(opened);
        const map = findChannelSpaces(graph);
        const units = listCutUnits(graph, map, listReaders(graph, map, shared));
        const kernels = await loadKernels();
        const context = { graph, map, kernels, select: "obs" } as const;
        const networks = new CountNetworks(context, units, {
          get: (key) => structuredClone(statistics.layers.get(key)!),
        });
        await onWorkbench({ ...SMALL, model, data, shared }, (workbench) => {
          const random = createRandom(1);
          for (const { channels, readers: [first] } of units) {
            workbench.keep(first, (1 + Math.floor(random() * channels)) / channels);
          }
          const layers = new Map(workbench.layers.map((layer) => [layer.name, layer]));
          const counts = units.map(({ readers: [first] }) => layers.get(first)!.kept);
          units.forEach((unit, index) => {
            const wanted = networks.errorsOf(unit)[counts[index]] / readersOf(context, unit).length;
            for (const convolution of unit.readers) {
              const { error, kept, together } = layers.get(convolution)!;
              assert.ok(Math.abs(error - wanted) <= 1e-9, `${error}, wanted ${wanted}`);
              assert.equal(kept, counts[index]);
              assert.deepEqual([...together, convolution].sort(), [...unit.readers].sort());
            }
          });
          const found = networkCost(networks.networkFor(counts));
          const { macs, convMacs } = workbench.cost;
          assert.deepEqual([macs.after, convMacs.after], [found.macs, found.convMacs]);
          assert.equal(macs.before, networkCost(graph).macs);
          return Promise.resolve();
        });
      }),
    );
  }
}

for (const name of ["preActivation", "mobile"] as const) {
  for (const shared of ["select", "couple"] as const) {
    Deno.test(
      `the saved model is what prune() makes of the same list (${name}, ${shared})`,
      withNoise(async (data) => {
        const model = await noisyNetwork(name);
        const options = { ...SMALL, model, data, shared };
        await onWorkbench(options, async (workbench) => {
          workbench.keep("all", 0.5);
          for (let time = 0; time < 2; time++) {
            const { file, report } = await workbench.prune();
            const policy = { kind: "list", text: workbench.ratioList, source: "list" } as const;
            const wanted = await prune({ ...options, policy });
            assert.deepEqual(weightsOf(file), weightsOf(wanted.file));
            assert.deepEqual(file.topology, wanted.file.topology);
            assert.deepEqual(report.layers, wanted.report.layers);
            assert.deepEqual(report.accuracy, wanted.report.accuracy);
            assert.equal(workbench.cost.convMacs.after, report.macs.convAfter);
            workbench.keep(workbench.layers.find(({ mode }) => mode !== "whole")!.name, 0.75);
          }
        });
      }),
    );
  }
}

Deno.test(
  "statistics come from a file, or are written to it, and serve the errors and the saved model",
  withNoise(async (data, folder) => {
    const model = await noisyNetwork("preActivation");
    const options = { ...SMALL, model, data, shared: "couple" } as const;
    const outcomes: unknown[] = [];
    for (const statistics of [undefined, `${folder}/statistics`, `${folder}/statistics`]) {
      await onWorkbench({ ...options, statistics }, async (workbench) => {
        const { layers } = workbench.keep("all", 0.5);
        const { file } = await workbench.prune();
        outcomes.push({ layers, weights: weightsOf(file) });
      });
    }
    const [inMemory, written, read] = outcomes;
    assert.deepEqual(written, inMemory);
    assert.deepEqual(read, inMemory);
  }),
);

Deno.test(
  "a budget is filled as prune() fills it, and measured as a roll-out is",
  withNoise(async (data) => {
    const model = await noisyNetwork("preActivation");
    const options = { ...SMALL, model, data, shared: "couple" } as const;
    await onWorkbench(options, async (workbench) => {
      for (const share of [0.6, 0.8]) {
        const report = await workbench.fillBudget(share);
        const budget = await prune({ ...options, policy: { kind: "budget", share } });
        assert.deepEqual(report, budget.report.budget);
        const wanted = keptOf(budget.report.layers);
        for (const [layer, kept] of Object.entries(keptOf(workbench.layers))) {
          assert.equal(kept, wanted[layer], layer);
        }
      }
      const { after, before } = await workbench.evaluate(60);
      const search = { rollouts: 1, rolloutsMin: 1 };
      const auto = { kind: "auto", share: 0.8, search, images: 60, finalists: 1 } as const;
      const { log } = await prune({ ...options, policy: auto });
      const { loss, accuracy, error } = log!.rollouts[0];
      assert.deepEqual([after.loss, after.accuracy, after.error], [loss, accuracy, error]);
      assert.equal(after.images, 32);
      assert.notEqual(before.loss, after.loss);
      workbench.reset();
      assert.deepEqual(await workbench.evaluate(60), { before, after: before });
    });
  }),
);

Deno.test(
  "what is undone and done again is what it was, whatever was done in between",
  withNoise(async (data) => {
    const model = await noisyNetwork("preActivation");
    await onWorkbench({ ...SMALL, model, data }, (workbench) => {
      const names = workbench.layers.map(({ name }) => name);
      const pattern = fc.constantFrom("all", "block2*", "block?_conv2", names[2], names[3]);
      const keep = fc.tuple(pattern, fc.constantFrom(0.2, 0.5, 0.75, 1));
      const change = fc.oneof(keep, fc.constantFrom("undo", "redo", "reset", "load"));
      fc.assert(fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
        workbench.keep("all", 0.9);
        workbench.reset();
        assert.ok(!workbench.redo(), "nothing of the run before is left ahead");
        const seen = [workbench.ratioList];
        let place = 0;
        for (const each of changes) {
          if (each === "undo" && place > 0) {
            assert.ok(workbench.undo());
            place--;
          } else if (each === "redo") {
            assert.equal(workbench.redo(), place + 1 < seen.length);
            place = Math.min(place + 1, seen.length - 1);
          } else if (each === "load") {
            workbench.load(workbench.ratioList, "itself");
          } else if (each !== "undo") {
            if (each === "reset") workbench.reset();
            else workbench.keep(...each);
            const now = workbench.ratioList;
            if (now !== seen[place]) seen.splice(++place, Infinity, now);
          }
          assert.equal(workbench.ratioList, seen[place]);
        }
        while (place-- > 0) assert.ok(workbench.undo());
        assert.equal(workbench.ratioList, seen[0]);
        assert.equal(workbench.cost.macs.after, workbench.cost.macs.before);
      }));
      return Promise.resolve();
    });
  }),
);

Deno.test(
  "counts are saved when they are said to be, and again when a change is undone",
  withNoise(async (data) => {
    const model = await noisyNetwork("plain");
    await onWorkbench({ ...SMALL, model, data }, (workbench) => {
      assert.ok(workbench.isSaved, "a whole network is nothing to lose");
      workbench.keep("conv2", 0.5);
      assert.ok(!workbench.isSaved);
      workbench.markSaved();
      workbench.keep("conv2", 0.7);
      assert.ok(!workbench.isSaved);
      workbench.undo();
      assert.ok(workbench.isSaved);
      return Promise.resolve();
    });
  }),
);

Deno.test(
  "what cannot be kept is refused with the reason, or left whole with it",
  withNoise(async (data) => {
    const model = await noisyNetwork("preActivation");
    await onWorkbench({ ...SMALL, model, data, skip: ["block1_conv2"] }, (workbench) => {
      const refused = (pattern: string, share: number, message: RegExp) =>
        assert.throws(() => workbench.keep(pattern, share), (error) => {
          assert.ok(error instanceof InputError);
          assert.match(error.message, message);
          return true;
        });
      refused(
        "conv1",
        0.5,
        /of conv1: it stays whole, since it reads image, an input of the model; choose/,
      );
      refused("block2_conv1", 0, /found 0, wanted a number above 0 and at most 1/);
      refused("block2_conv1", NaN, /found NaN, wanted a number above 0/);
      refused("block2_conv9", 0.5, /the nearest names are block2_conv1/);
      const { layers: [layer] } = workbench.keep("block1_conv2", 0.5);
      assert.equal(layer.reason, "it is on the skip list");
      assert.equal(layer.kept, layer.of);
      assert.ok(workbench.isSaved);
      assert.throws(() => workbench.load("0.5,0.5", "a.list"), /reading a.list: found 2 entries/);
      return Promise.resolve();
    });
  }),
);

Deno.test(
  "work that is interrupted changes nothing, and the next is not disturbed",
  withNoise(async (data) => {
    const model = await noisyNetwork("preActivation");
    await onWorkbench({ ...SMALL, model, data }, async (workbench) => {
      workbench.keep("all", 0.5);
      const list = workbench.ratioList;
      const works = {
        evaluate: (run: Parameters<Workbench["prune"]>[0]) => workbench.evaluate(60, run),
        prune: (run: Parameters<Workbench["prune"]>[0]) => workbench.prune(run),
        budget: (run: Parameters<Workbench["prune"]>[0]) => workbench.fillBudget(0.7, run),
      };
      for (const [name, work] of Object.entries(works)) {
        for (const last of [1, 2, 5]) {
          const controller = new AbortController();
          let told = 0;
          const onProgress = () => {
            if (++told === last) controller.abort(new Error("stopped"));
          };
          const run = { signal: controller.signal, onProgress };
          await assert.rejects(work(run), /stopped/, `${name}, ${last}`);
          assert.equal(workbench.ratioList, list);
        }
      }
      const { file } = await workbench.prune();
      const policy = { kind: "list", text: list, source: "list" } as const;
      const wanted = await prune({ ...SMALL, model, data, policy });
      assert.deepEqual(weightsOf(file), weightsOf(wanted.file));
      await workbench.evaluate(60);
    });
  }),
);
