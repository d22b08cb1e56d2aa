import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { openModel } from "../../src/formats/open_model.ts";
import { saveModel } from "../../src/formats/save_model.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { fold } from "../../src/mod.ts";
import { captureModel, disposeModel } from "../../src/model/instantiate.ts";
import { compareNetworks } from "../../src/graph/comparison/compare_networks.ts";
import { drawRows } from "../../src/graph/comparison/input_rows.ts";
import { openNetwork } from "../../src/graph/opening/network.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import { inTempFolder } from "../data/fixtures.ts";
import { buildNetworkFile, type NetworkName, networkNames } from "../support/networks.ts";

await startBackend();

/** Compares two networks on inputs that the first can take. */
async function compare(wanted: ModelFile, found: ModelFile, activity: string) {
  const { graph, model } = await openNetwork(wanted);
  disposeModel(model);
  return await compareNetworks(wanted, found, drawRows(graph, wanted), activity);
}

/** Where a network can be written and read again, if not in every format. */
const HOLDING: Partial<Record<NetworkName, string[]>> = {
  opaque: ["out", "out.keras"],
  sequence: ["out", "out.keras"],
  decoder: ["out", "out.keras"],
  gates: ["out"],
};

for (const name of networkNames) {
  Deno.test(`\`fold()\` says what became of the ${name} network, and formats hold the result`, () =>
    inTempFolder(async (folder) => {
      const original = await buildNetworkFile(name);
      const tensors = tf.memory().numTensors;
      const { file, layers, difference, isTelling } = await fold(original);
      assert.ok(layers.after <= layers.before && difference < 1e-5 && isTelling);
      for (const format of HOLDING[name] ?? ["out", "out.keras", "out.onnx"]) {
        await saveModel(`${folder}/${format}`, file);
        const opened = await openModel(`${folder}/${format}`);
        const { difference, isTelling } = await compare(original, opened, format);
        assert.ok(difference < 1e-5 && isTelling, format);
      }
      assert.equal(tf.memory().numTensors, tensors);
    }));
}

Deno.test("nested models are taken apart and folded, sizes may be open, metadata stay", async () => {
  const body = tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [null, null, 3], name: "conv" }),
      tf.layers.batchNormalization({ name: "norm" }),
      tf.layers.reLU({ name: "relu" }),
      tf.layers.globalAveragePooling2d({ name: "pool" }),
    ],
  });
  const model = tf.sequential({ layers: [body, tf.layers.dense({ units: 2, name: "dense" })] });
  const metadata = { classes: ["cat", "dog"] };
  const original = await captureModel(model, { metadata });
  disposeModel(model);
  const { file } = await fold(original);
  const names = file.topology.config.layers!.map(({ config }) => config.name);
  assert.deepEqual(names.slice(1), ["conv", "pool", "dense"]);
  assert.deepEqual(file.metadata, metadata);
});

Deno.test("models that differ are told apart", async () => {
  const first = await buildNetworkFile("plain");
  const second = await buildNetworkFile("plain", 2);
  await assert.rejects(
    compare(first, second, "folding it"),
    /folding it: the outputs of the model before and after differ by .*this is a defect/,
  );
});
