import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { activationBytes } from "../../src/graph/activation_bytes.ts";
import { openNetwork } from "../../src/graph/opening/network.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { captureModel, disposeModel } from "../../src/model/instantiate.ts";

await startBackend();

Deno.test("activations are counted while they are live: a chain holds two, a shortcut a third", async () => {
  const input = tf.input({ shape: [8, 8, 2] });
  const convolution = () => tf.layers.conv2d({ filters: 2, kernelSize: 3, padding: "same" });
  const chain = [1, 2, 3].reduce<tf.SymbolicTensor>(
    (value) => convolution().apply(value) as tf.SymbolicTensor,
    input,
  );
  const added = tf.layers.add().apply([input, chain]) as tf.SymbolicTensor;
  const bytes = 8 * 8 * 2 * 4;
  for (const [outputs, live, nodes] of [[chain, 2, 4], [added, 3, 5]] as const) {
    const model = tf.model({ inputs: input, outputs });
    const { graph, model: opened } = await openNetwork(await captureModel(model));
    assert.deepEqual(activationBytes(graph), {
      forward: live * bytes,
      backward: nodes * bytes,
      gradient: 4 * bytes,
      training: 3 * nodes * bytes,
    });
    disposeModel(opened);
  }
});
