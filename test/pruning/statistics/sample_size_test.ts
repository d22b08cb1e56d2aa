import assert from "node:assert/strict";
import { prune } from "../../../src/api/prune.ts";
import { networkCost } from "../../../src/cost/layer_cost.ts";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import { imagesFor, wantedImages } from "../../../src/pruning/statistics/sample_size.ts";
import { noisyNetwork, withNoise } from "../../support/noise.ts";

await startBackend();

Deno.test("a cheap network is given 7,680 images, a dear one 256, those between what they afford", async () => {
  const { graph, model } = await openNetwork(await noisyNetwork("plain"));
  disposeModel(model);
  assert.equal(imagesFor(graph), 7680);
  const enlarged = (side: number) => ({
    ...graph,
    nodes: graph.nodes.map((node) =>
      node.outputShape.length === 3
        ? { ...node, outputShape: [side, side, node.outputShape[2]] }
        : node
    ),
  });
  let last = 7680;
  for (const side of [256, 512, 1024, 2048, 8192]) {
    const network = enlarged(side);
    const images = imagesFor(network);
    assert.ok(images <= last && images >= 256);
    assert.ok(images === 256 || images * networkCost(network).macs <= 1.5e12);
    last = images;
  }
  assert.equal(last, 256);
  assert.equal(wantedImages(enlarged(8192), { batches: 3, batchSize: 5 }), 15);
});

Deno.test(
  "of a small split all images but the held-out ones are used, without a notice, when nobody asks for more",
  withNoise(async (data) => {
    const model = await noisyNetwork("plain");
    const policy = { kind: "uniform", ratio: 0.5 } as const;
    const { report } = await prune({ model, data, policy, workers: 1 });
    assert.equal(report.images.calibration, 128);
    assert.doesNotMatch(report.notices.join(), /statistics are of/);
  }),
);
