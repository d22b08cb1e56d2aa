import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { networkCost } from "../../src/cost/layer_cost.ts";
import { InputError } from "../../src/base/errors.ts";
import { evaluate } from "../../src/api/evaluate.ts";
import { openNetwork } from "../../src/graph/opening/network.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { disposeModel, instantiate } from "../../src/model/instantiate.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import { prune, type PruneOptions } from "../../src/api/prune.ts";
import {
  largestDifference,
  type NetworkName,
  networkNames,
  randomImages,
} from "../support/networks.ts";
import { noisyNetwork, withNoise } from "../support/noise.ts";

await startBackend();

const SMALL = {
  policy: { kind: "uniform", ratio: 0.5 },
  batches: 4,
  batchSize: 40,
  workers: 1,
} as const;

for (const name of networkNames) {
  for (const shared of ["select", "couple"] as const) {
    Deno.test(
      `prune() makes a ${name} network as small as it says (${shared})`,
      withNoise(async (data) => {
        const model = await noisyNetwork(name);
        const before = tf.memory().numTensors;
        const { file, report, answers } = await prune({ ...SMALL, model, data, shared });
        assert.equal(tf.memory().numTensors, before, "all tensors are given back");
        assert.ok(report.macs.after < report.macs.before);
        assert.ok(report.maskedDifference! < 2e-5, `${report.maskedDifference}`);
        const smaller = await openNetwork(file);
        const cost = networkCost(smaller.graph);
        assert.deepEqual([report.macs.after, report.params.after], [cost.macs, cost.params]);
        disposeModel(smaller.model);
        const { accuracy, loss } = await evaluate({ model: file, data, workers: 1 });
        assert.equal(accuracy, report.accuracy!.after);
        assert.ok(Math.abs(loss - report.loss.after) < 1e-5);
        for (const side of ["before", "after"] as const) {
          const { labels, images, [side]: given } = answers!;
          const right = labels.filter((label, image) => label === given[image]);
          assert.equal(right.length / images.length, report.accuracy![side]);
        }
        for (const { mode, kept, of, relativeError } of report.layers) {
          assert.equal(mode === "whole", kept === of);
          assert.ok(relativeError >= 0 && relativeError <= 1);
        }
      }),
    );
  }
}

for (const name of ["plain", "preActivation", "postActivation", "mobile"] as NetworkName[]) {
  for (const shared of ["select", "couple"] as const) {
    for (const [target, share] of [["macs", 0.5], ["params", 0.6]] as const) {
      Deno.test(
        `a budget of ${share} of the ${target} of a ${name} network is met (${shared})`,
        withNoise(async (data) => {
          const model = await noisyNetwork(name);
          const policy = { kind: "budget", share, target } as const;
          const before = tf.memory().numTensors;
          const { report } = await prune({ ...SMALL, model, data, shared, policy });
          assert.equal(tf.memory().numTensors, before, "all tensors are given back");
          const { budget, macs, params } = report;
          const isMacs = target === "macs";
          const kept = isMacs ? macs.after / macs.before : params.after / params.before;
          const { found } = budget!.share;
          assert.ok(kept <= share && found <= share, `${kept}, ${found}`);
          assert.ok(isMacs ? Math.abs(kept - found) < 1e-9 : kept <= found, `${kept}, ${found}`);
          assert.ok(found > share - 0.1, "little of the budget is left");
        }),
      );
    }
  }
}

for (const name of ["preActivation", "sequence"] as NetworkName[]) {
  Deno.test(
    `a pruned ${name} network is pruned again, its selectors with it`,
    withNoise(async (data) => {
      const options = { ...SMALL, slowSelectors: true, data };
      const once = await prune({ ...options, model: await noisyNetwork(name) });
      const twice = await prune({ ...options, model: once.file });
      assert.ok(twice.report.maskedDifference! < 1e-5);
      assert.deepEqual(
        twice.report.layers.map(({ name, place }) => [name, place]),
        once.report.layers.map(({ name, place }) => [name, place]),
      );
      assert.ok(once.report.layers.some(({ mode }) => mode === "select"));
      for (const [index, { mode, kept }] of twice.report.layers.entries()) {
        if (mode !== "whole") assert.ok(kept < once.report.layers[index].kept);
      }
      assert.ok(twice.report.macs.after < twice.report.macs.before);
      assert.ok(selectorsOf(twice.file) <= selectorsOf(once.file));
    }),
  );
}

/** One-hot convolutions of a model. */
function selectorsOf({ topology }: ModelFile): number {
  return topology.config.layers!.filter(({ name }) => /_select(_\d+)?$/.test(name!)).length;
}

Deno.test(
  "a budget is met by a network with grouped convolutions",
  withNoise(async (data) => {
    const policy = { kind: "budget", share: 0.6, target: "macs" } as const;
    const { report } = await prune({
      ...SMALL,
      model: await noisyNetwork("grouped"),
      data,
      policy,
    });
    assert.ok(report.macs.after <= 0.6 * report.macs.before);
    const groups = report.layers.filter(({ name }) => /^(first|second)_/.test(name));
    assert.equal(groups.length, 4);
    assert.ok(groups.some(({ mode }) => mode === "private"));
  }),
);

Deno.test(
  "a budget loses no more of the layers, each by itself, than uniform ratios of the same cost",
  withNoise(async (data) => {
    const model = await noisyNetwork("plain");
    const uniform = await prune({ ...SMALL, model, data });
    const { after, before } = uniform.report.macs;
    const share = after / before;
    const policy = { kind: "budget", share } as const;
    const { report } = await prune({ ...SMALL, model, data, policy });
    assert.ok(report.macs.after <= after);
    assert.ok(report.budget!.isOptimal);
    const lost = (layers: typeof report.layers) =>
      layers.reduce((sum, { relativeError }) => sum + relativeError, 0);
    assert.ok(lost(report.layers) < lost(uniform.report.layers) + 0.05);
  }),
);

Deno.test(
  "a budget that cannot be reached says what can",
  withNoise(async (data) => {
    const model = await noisyNetwork("plain");
    const policy = { kind: "budget", share: 0.001 } as const;
    await assert.rejects(prune({ ...SMALL, model, data, policy }), InputError);
  }),
);

Deno.test(
  "a network that keeps everything is not touched",
  withNoise(async (data) => {
    const model = await noisyNetwork("preActivation");
    const policy = { kind: "uniform", ratio: 1 } as const;
    const { file, report } = await prune({ ...SMALL, policy, model, data });
    assert.deepEqual(report.macs.after, report.macs.before);
    const models = [await instantiate(model), await instantiate(file)];
    const images = randomImages(4);
    const [wanted, found] = models.map((each) => each.predict(images) as tf.Tensor);
    const refreshed = report.batchNorm.reestimated;
    assert.ok(refreshed || largestDifference(wanted, found) === 0);
    tf.dispose([images, wanted, found]);
    models.forEach(disposeModel);
  }),
);

Deno.test(
  "elimination loses no more of the first layer than the Lasso, and reconstruction repairs magnitude",
  withNoise(async (data) => {
    const model = await noisyNetwork("postActivation");
    const lost = async (select: PruneOptions["select"]) => {
      const { report } = await prune({ ...SMALL, model, data, select, skip: SKIPPED });
      return report.layers.find(({ name }) => name === "block1_conv2")!.relativeError;
    };
    const SKIPPED = ["block1_conv1", "block2_projection", "block2_conv1"];
    const [obs, lasso, magnitude] = [
      await lost("obs"),
      await lost("lasso"),
      await lost("magnitude"),
    ];
    assert.ok(obs <= lasso + 1e-6, `obs ${obs}, lasso ${lasso}`);
    assert.ok(obs <= magnitude + 1e-6, `obs ${obs}, magnitude ${magnitude}`);
  }),
);

Deno.test(
  "two workers find what one finds, and the same run gives the same weights",
  withNoise(async (data) => {
    const model = await noisyNetwork("preActivation");
    const run = (workers: number, seed = 3) => prune({ ...SMALL, model, data, workers, seed });
    const [one, two, again, other] = [await run(1), await run(2), await run(2), await run(2, 4)];
    const weightsOf = ({ file }: { file: ModelFile }) =>
      [...file.weights.values()].flatMap(({ values }) => [...values]);
    assert.deepEqual(weightsOf(again), weightsOf(two));
    assert.notDeepEqual(weightsOf(other), weightsOf(two));
    assert.deepEqual(
      two.report.layers.map(({ kept }) => kept),
      one.report.layers.map(({ kept }) => kept),
    );
    one.report.layers.forEach(({ relativeError }, index) => {
      assert.ok(Math.abs(relativeError - two.report.layers[index].relativeError) < 1e-3);
    });
  }),
);

Deno.test(
  "channels are kept in multiples, and skipped layers stay whole",
  withNoise(async (data) => {
    const model = await noisyNetwork("preActivation");
    const { report } = await prune({
      ...SMALL,
      model,
      data,
      channelMultiple: 4,
      slowSelectors: true,
      skip: ["block2_conv2"],
    });
    const layerOf = (name: string) => report.layers.find((layer) => layer.name === name)!;
    assert.equal(layerOf("block1_conv2").kept, 4);
    assert.equal(layerOf("block3_conv1").kept, 4);
    assert.deepEqual(
      [layerOf("block2_conv2").mode, layerOf("block2_conv2").reason],
      ["whole", "it is on the skip list"],
    );
  }),
);

Deno.test(
  "a skipped layer that does not exist is refused before any work",
  withNoise(async (data) => {
    const model = await noisyNetwork("plain");
    const policies: PruneOptions["policy"][] = [
      { kind: "budget", share: 0.5 },
      { kind: "uniform", ratio: 0.5 },
      { kind: "auto", share: 0.5 },
    ];
    for (const policy of policies) {
      const stages: string[] = [];
      const onProgress = ({ stage }: { stage: string }) => void stages.push(stage);
      const options = { ...SMALL, model, data, policy, skip: ["constructor"], onProgress };
      await assert.rejects(prune(options), /found "constructor", wanted the name of a conv/);
      assert.deepEqual(stages, [], policy!.kind);
    }
  }),
);

Deno.test(
  "dead channels are found and go first",
  withNoise(async (data) => {
    const model = await noisyNetwork("plain");
    const kernel = model.weights.get("conv1/kernel")!.values;
    const bias = model.weights.get("conv1/bias")!.values;
    for (const dead of [1, 4]) {
      for (let tap = 0; tap < 27; tap++) kernel[tap * 6 + dead] = 0;
      bias[dead] = -1;
    }
    const { file, report } = await prune({ ...SMALL, model, data });
    const layer = report.layers.find(({ name }) => name === "conv2")!;
    assert.equal(layer.dead, 2);
    assert.equal(layer.kept, 3);
    const kept = file.weights.get("conv1/bias")!.values;
    assert.ok(!kept.includes(-1), "no dead channel is among the kept ones");
  }),
);

Deno.test(
  "fewer samples than inputs give a network of the same size as many do",
  withNoise(async (data) => {
    const model = await noisyNetwork("preActivation");
    const few = { batches: 1, batchSize: 4, pointsPerImage: 2 };
    for (const select of ["obs", "lasso", "magnitude"] as const) {
      const starved = await prune({ ...SMALL, ...few, select, model, data });
      const fed = await prune({ ...SMALL, select, model, data });
      assert.deepEqual(
        starved.report.layers.map(({ kept }) => kept),
        fed.report.layers.map(({ kept }) => kept),
      );
      for (const { values } of starved.file.weights.values()) {
        assert.ok((values as Float32Array).every(Number.isFinite));
      }
    }
  }),
);

Deno.test(
  "of a data set that is smaller than asked for a fifth is held out, with a notice",
  withNoise(async (data) => {
    const model = await noisyNetwork("postActivation");
    const { report } = await prune({ ...SMALL, batches: 100, model, data });
    assert.equal(report.images.calibration, 128);
    const notices = report.notices.join("\n");
    assert.match(notices, /128 training images, fewer than the 4000 asked for/);
  }),
);

Deno.test(
  "a model with a weight that is no number is refused before the work",
  withNoise(async (data) => {
    const model = await noisyNetwork("plain");
    const [weight] = model.weights.values();
    weight.values[1] = NaN;
    await assert.rejects(prune({ ...SMALL, model, data }), {
      name: "InputError",
      message: new RegExp(`found NaN as number 1 of the weight "${weight.name}"`),
    });
  }),
);

for (const stop of ["uniform", "budget"] as const) {
  Deno.test(
    `a network that overflows on the images is refused with the layer, ${stop}`,
    withNoise(async (data) => {
      const model = await noisyNetwork("plain");
      const [first] = model.weights.values();
      first.values.fill(1e38);
      const policy = stop === "uniform" ? { kind: stop, ratio: 0.5 } : { kind: stop, share: 0.7 };
      await assert.rejects(prune({ ...SMALL, model, data, policy }), {
        name: "InputError",
        message: /(layer "conv2": found inputs or outputs|outputs) that are no finite numbers/,
      });
    }),
  );
}

for (const kind of ["budget", "auto"] as const) {
  Deno.test(
    `a budget of half is used up where convolutions read concatenations, ${kind}`,
    withNoise(async (data) => {
      const model = await noisyNetwork("inception");
      const search = { rollouts: 6, warmup: 3 };
      const policy = kind === "budget"
        ? { kind, share: 0.5 }
        : { kind, share: 0.5, search, images: 40, finalists: 2 };
      const { report } = await prune({ ...SMALL, model, data, policy, shared: "select" });
      const kept = report.macs.after / report.macs.before;
      const { found } = (report.budget ?? report.search)!.share;
      assert.equal(found, kept);
      assert.ok(kept <= 0.5 && kept > (kind === "budget" ? 0.45 : 0.3), `${kept}`);
    }),
  );
}
