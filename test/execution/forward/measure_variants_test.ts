import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { Classification } from "../../../src/execution/forward/classification.ts";
import { ForwardPlan } from "../../../src/execution/forward/forward_plan.ts";
import { measureVariants } from "../../../src/execution/forward/measure_variants.ts";
import type { ImageBatch } from "../../../src/execution/forward/objective.ts";
import { findChannelSpaces } from "../../../src/graph/channels/channel_spaces.ts";
import { shrinkGraph } from "../../../src/graph/cuts/surgery.ts";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { writeGraph } from "../../../src/graph/write_graph.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import { randomCuts } from "../../graph/masked.ts";
import { buildNetworkFile } from "../../support/networks.ts";

await startBackend();

async function* batches(): AsyncGenerator<ImageBatch> {
  for (const seed of [1, 2]) {
    const images = tf.randomNormal([3, 8, 8, 3], 0, 1, "float32", seed);
    const indices = Int32Array.of(3 * seed, 3 * seed + 1, 3 * seed + 2);
    yield await Promise.resolve({ inputs: [images], labels: Int32Array.of(0, 1, 0), indices });
  }
}

/** A network, and others that are cut in different places. */
async function openVariants(name: "plain" | "preActivation") {
  const file = await buildNetworkFile(name);
  const { graph, model } = await openNetwork(file);
  const map = findChannelSpaces(graph);
  const files = [1, 2, 3].map((seed) => {
    const cuts = randomCuts(graph, map, { seed, select: seed === 3 });
    return writeGraph(shrinkGraph(graph, map, cuts), file);
  });
  disposeModel(model);
  const networks = await Promise.all([file, file, ...files].map(openNetwork));
  return networks.map((network) => ({
    ...network,
    plan: new ForwardPlan(network.graph, network.model),
  }));
}

for (const name of ["plain", "preActivation"] as const) {
  Deno.test(`variants of a ${name} network give what each gives by itself, bit for bit`, async () => {
    const networks = await openVariants(name);
    const objective = new Classification();
    const tensors = tf.memory().numTensors;
    const together = await measureVariants(networks, objective, batches());
    assert.equal(tf.memory().numTensors, tensors);
    for (const [index, network] of networks.entries()) {
      assert.deepEqual(together[index], await objective.measure(network, batches()));
    }
    assert.deepEqual(together[0], together[1], "the same network again");
    for (const { plan, model } of networks) {
      plan.dispose();
      disposeModel(model);
    }
  });
}

Deno.test("steps that variants begin with in common are run once", async () => {
  const networks = await openVariants("plain");
  const [{ plan }] = networks;
  let runs = 0;
  for (const network of networks) {
    for (const step of network.plan.steps) {
      const { operation } = step;
      if (operation === undefined) continue;
      step.operation = {
        ...operation,
        dispose: () => operation.dispose(),
        run: (inputs) => {
          runs++;
          return operation.run(inputs);
        },
      };
    }
  }
  await measureVariants(networks.slice(0, 2), new Classification(), batches());
  const steps = plan.steps.filter(({ operation }) => operation !== undefined).length;
  assert.equal(runs, 2 * steps, "two batches, not twice for the network that is there twice");
  for (const { plan, model } of networks) {
    plan.dispose();
    disposeModel(model);
  }
});
