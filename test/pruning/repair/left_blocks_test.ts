import assert from "node:assert/strict";
import { networkCost } from "../../../src/cost/layer_cost.ts";
import { prune } from "../../../src/api/prune.ts";
import { inspect } from "../../../src/api/inspect.ts";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import type { NetworkName } from "../../support/networks.ts";
import { noisyNetwork, withNoise } from "../../support/noise.ts";

await startBackend();

const SMALL = { batches: 4, batchSize: 40, workers: 1 } as const;

/** A list that takes a block out, and half of the channels of all other convolutions. */
async function listWithout(model: ModelFile, last: string): Promise<string> {
  const { layers } = await inspect({ model });
  return layers.filter(({ place }) => place !== undefined)
    .map(({ name }) => name === last ? 0 : 0.5).join();
}

const weightsOf = ({ weights }: ModelFile) =>
  [...weights].map(([name, { values }]) => [name, [...values]]);

for (const name of ["preActivation", "postActivation"] as NetworkName[]) {
  for (const shared of ["select", "couple"] as const) {
    Deno.test(
      `a ${name} network is repaired around a block that leaves (${shared})`,
      withNoise(async (data) => {
        const model = await noisyNetwork(name);
        const text = await listWithout(model, "block1_conv2");
        const policy = { kind: "list", text, source: "a list" } as const;
        const { file, report } = await prune({ ...SMALL, model, data, shared, policy });
        assert.ok(report.maskedDifference! < 2e-5, `${report.maskedDifference}`);
        const dropped = report.layers.filter(({ mode }) => mode === "dropped");
        assert.deepEqual(dropped.map(({ name, kept }) => [name, kept]), [
          ["block1_conv1", 0],
          ["block1_conv2", 0],
        ]);
        const names = file.topology.config.layers!.map(({ config }) => String(config.name));
        assert.deepEqual(names.filter((each) => /^block1_(add|bn|conv|relu1)/.test(each)), []);
        const smaller = await openNetwork(file);
        assert.equal(networkCost(smaller.graph).macs, report.macs.after);
        disposeModel(smaller.model);
        const repaired = report.layers.filter(({ ridge }) => ridge !== undefined);
        assert.ok(repaired.length > 0 && repaired.every(({ relativeError }) => relativeError < 1));
        const kept = await prune({
          ...SMALL,
          model,
          data,
          shared,
          policy,
          keepBlocks: true,
        });
        assert.ok(kept.report.layers.every(({ mode, kept }) => mode !== "dropped" && kept > 0));
      }),
    );
  }
}

Deno.test(
  "a repair around a block that was interrupted, and resumed, gives the same network",
  withNoise(async (data, folder) => {
    const model = await noisyNetwork("preActivation");
    const text = await listWithout(model, "block3_conv2");
    const policy = { kind: "list", text, source: "a list" } as const;
    const options = {
      ...SMALL,
      model,
      data,
      policy,
      tuning: {
        epochs: 1,
        groups: { size: 2, epochShare: 0.2, learningRate: 1e-3, retrain: false },
      },
    };
    const whole = await prune({ ...options, checkpoint: `${folder}/whole` });
    const controller = new AbortController();
    const onProgress = ({ stage, detail }: { stage: string; detail?: string }) => {
      if (stage === "pruning" && detail === "block2_conv2") controller.abort(new Error("enough"));
    };
    const checkpoint = `${folder}/state`;
    await assert.rejects(
      prune({ ...options, checkpoint, signal: controller.signal, onProgress }),
      /^Error: enough$/,
    );
    const resumed = await prune({ ...options, checkpoint, resume: true });
    assert.deepEqual(weightsOf(resumed.file), weightsOf(whole.file));
    assert.equal(JSON.stringify(resumed.report.layers), JSON.stringify(whole.report.layers));
  }),
);
