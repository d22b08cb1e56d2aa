import assert from "node:assert/strict";
import { networkCost } from "../../../src/cost/layer_cost.ts";
import { UsageError } from "../../../src/base/errors.ts";
import { findChannelSpaces } from "../../../src/graph/channels/channel_spaces.ts";
import { listReaders } from "../../../src/graph/cuts/readers.ts";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import { buildNetwork, networkNames } from "../../../src/tuning/nets/build.ts";

await startBackend();

const SHAPE = { inputShape: [32, 32, 3], classes: 10 } as const;

/** A block of every stage more: two 3×3 convolutions of w channels and two BatchNormalizations, w = 16, 32, 64. */
const BLOCKS = { params: 97_664, convMacs: 14_155_776 };

/** Weights and convolution MACs, counted by hand. */
const SIZES: Record<string, { params: number; convMacs: number }> = {
  resnet20: { params: 273_914, convMacs: 41_074_688 },
  resnet32: {
    params: 273_914 + 2 * BLOCKS.params,
    convMacs: 41_074_688 + 2 * BLOCKS.convMacs,
  },
  resnet56: {
    params: 273_914 + 6 * BLOCKS.params,
    convMacs: 41_074_688 + 6 * BLOCKS.convMacs,
  },
};

for (const name of networkNames) {
  Deno.test(`${name} has its size, and its inner channels can all be cut`, async () => {
    const { model, graph } = await openNetwork(await buildNetwork(name, SHAPE, 1));
    const cost = networkCost(graph);
    if (SIZES[name]) {
      assert.deepEqual({ params: cost.params, convMacs: cost.convMacs }, SIZES[name]);
    }
    const places = listReaders(graph, findChannelSpaces(graph), "couple");
    const whole = places.filter(({ mode }) => mode === "whole").map(({ place }) => place);
    assert.deepEqual(whole, [1], "the first convolution reads the image");
    disposeModel(model);
  });
}

Deno.test("the same seed gives the same weights, kernels have He's deviation", async () => {
  const [first, second, other] = [
    await buildNetwork("resnet8", SHAPE, 1),
    await buildNetwork("resnet8", SHAPE, 1),
    await buildNetwork("resnet8", SHAPE, 2),
  ];
  const kernelOf = (file: typeof first) =>
    file.weights.get("stage3_block1_conv2/kernel")!.values as Float32Array;
  assert.deepEqual(kernelOf(second), kernelOf(first));
  assert.notDeepEqual(kernelOf(other), kernelOf(first));
  const squares = kernelOf(first).reduce((sum, value) => sum + value * value, 0);
  const variance = squares / kernelOf(first).length;
  assert.ok(Math.abs(variance / (2 / (9 * 64)) - 1) < 0.05, `${variance}`);
});

Deno.test("a depth that is not 6n + 2 is refused", async () => {
  await assert.rejects(buildNetwork("resnet9", SHAPE, 1), UsageError);
});
