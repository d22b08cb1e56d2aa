import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { inspect } from "../../src/api/inspect.ts";
import { prune } from "../../src/api/prune.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { disposeModel, instantiate } from "../../src/model/instantiate.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import {
  buildOpaque,
  drawInputs,
  type OpaqueName,
  opaqueNames,
  withOpaqueData,
} from "../support/opaque_networks.ts";
import { onCpu } from "../kernels/on_cpu.ts";

await startBackend();

const SMALL = { batches: 4, batchSize: 40, workers: 1 } as const;

/** The layers of each network that stay as they are, with the reason, and those that are decided about. */
const EXPECTED: Record<OpaqueName, { whole: Record<string, RegExp>; cut: string[] }> = {
  words: {
    whole: { embedding: /looks its channels up/, conv1: /embedding/ },
    cut: ["conv2", "conv3", "dense1", "dense2"],
  },
  spokenWords: {
    whole: { embedding: /looks its channels up/, gru: /is recurrent/, dense1: /gru/ },
    cut: ["conv2", "conv3", "dense2"],
  },
  columns: {
    whole: { both: /wraps another layer/, conv4: /both/ },
    cut: ["conv2", "conv3", "conv5", "dense1", "dense2"],
  },
  attention: {
    whole: { likeness: /multiplies channels with channels/, conv6: /read/ },
    cut: ["conv2", "conv3", "conv4", "conv5", "conv7", "dense1", "dense2"],
  },
  clip: {
    whole: { recurrent: /is recurrent/, conv1: /recurrent/ },
    cut: ["conv2", "conv3", "dense1", "dense2"],
  },
};

/** Share of the test rows that stock TensorFlow.js classifies rightly. */
async function accuracyOnStock(file: ModelFile, name: OpaqueName): Promise<number> {
  return await onCpu(async () => {
    const model = await instantiate(file);
    const inputs = drawInputs(name, "test");
    const answers = tf.tidy(() => (model.predict(inputs) as tf.Tensor).argMax(-1).dataSync());
    tf.dispose(inputs);
    disposeModel(model);
    return answers.filter((answer, row) => answer === row % 4).length / answers.length;
  });
}

for (const name of opaqueNames) {
  Deno.test(`inspect() says of the ${name} network what stays whole, and why`, async () => {
    const { layers } = await inspect({ model: await buildOpaque(name), shared: "couple" });
    const { whole, cut } = EXPECTED[name];
    const modes = new Map(layers.map((layer) => [layer.name, layer]));
    for (const [layer, reason] of Object.entries(whole)) {
      assert.match(modes.get(layer)!.reason!, reason);
    }
    const found = layers.filter(({ mode }) => mode && mode !== "whole").map((layer) => layer.name);
    assert.deepEqual(found, cut);
  });

  for (
    const policy of [
      { kind: "uniform", ratio: 0.5 },
      { kind: "budget", share: 0.7, target: "params" },
      { kind: "budget", share: 0.6 },
    ] as const
  ) {
    const words = Object.values(policy).join(" ");

    Deno.test(
      `the ${name} network is pruned around what stays whole, and masked equals shrunk (${words})`,
      withOpaqueData(name, async (data) => {
        const model = await buildOpaque(name);
        const before = tf.memory().numTensors;
        const { file, report } = await prune({ ...SMALL, model, data, policy, shared: "couple" });
        assert.equal(tf.memory().numTensors, before, "all tensors are given back");
        assert.ok(report.maskedDifference! < 1e-5, `${report.maskedDifference}`);
        assert.ok(report.layers.some(({ mode }) => mode !== "whole"));
        assert.equal(report.accuracy!.after, await accuracyOnStock(file, name));
        if (policy.kind === "uniform") return;
        const { after, before: whole } = policy.target === "params" ? report.params : report.macs;
        assert.ok(after <= policy.share * whole, `${after} of ${whole}`);
      }),
    );
  }
}
