import assert from "node:assert/strict";
import { networkCost } from "../../src/cost/layer_cost.ts";
import { networkTimes } from "../../src/cost/network_times.ts";
import { profileGraph } from "../../src/cost/profile.ts";
import { findChannelSpaces } from "../../src/graph/channels/channel_spaces.ts";
import { openNetwork } from "../../src/graph/opening/network.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { disposeModel } from "../../src/model/instantiate.ts";
import { buildNetworkFile, networkNames } from "../support/networks.ts";

await startBackend();

const BATCH = 4;

for (const name of networkNames) {
  Deno.test(`the layers of a ${name} network add up to its cost, and each has its own time`, async () => {
    const { graph, model } = await openNetwork(await buildNetworkFile(name));
    disposeModel(model);
    let asked = 0;
    const layers = await networkTimes(graph, findChannelSpaces(graph), BATCH, (shapes) => {
      asked = shapes.length;
      return Promise.resolve({ reference: 1, ratios: shapes.map((_, index) => index + 1) });
    });
    const profile = profileGraph(graph, { batchSize: BATCH, layers, whole: 99 * BATCH });
    const sum = (cost: "macs" | "params") =>
      profile.layers.reduce((total, layer) => total + layer[cost], 0);
    const { macs, params, convMacs } = networkCost(graph);
    assert.deepEqual([sum("macs"), sum("params"), profile.convMacs], [macs, params, convMacs]);
    assert.equal(profile.milliseconds, 99);
    const times = profile.layers.map(({ milliseconds }) => milliseconds!);
    assert.ok(times.every((time) => time > 0));
    assert.equal(Math.max(...times), asked / BATCH, "times are for one image");
    assert.ok(profile.layers.every(({ className }) => className !== "InputLayer"));
  });
}
