import assert from "node:assert/strict";
import { layerCost, networkCost } from "../../src/cost/layer_cost.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { buildNetwork, networkNames } from "../support/networks.ts";

await startBackend();

Deno.test("multiply-accumulates are those counted by hand", async () => {
  const { model, graph } = await buildNetwork("mobile");
  const macsOf = (key: string) => layerCost(graph.nodes.find((node) => node.key === key)!).macs;
  assert.equal(macsOf("conv1"), 4 * 4 * 3 * 3 * 3 * 5);
  assert.equal(macsOf("depthwise"), 4 * 4 * 3 * 3 * 5 * 2);
  assert.equal(macsOf("pointwise"), 4 * 4 * 10 * 6);
  assert.equal(macsOf("separable_depthwise"), 4 * 4 * 3 * 3 * 6 * 2);
  assert.equal(macsOf("separable"), 4 * 4 * 12 * 7);
  assert.equal(macsOf("dense"), 6 * 4);
  assert.equal(macsOf("bn1"), 0);
  const { macs, convMacs } = networkCost(graph);
  assert.equal(macs - convMacs, macsOf("dense"));
  model.dispose();
});

Deno.test("parameters are those TensorFlow.js counts, a shared layer once", async () => {
  for (const name of networkNames) {
    const { model, graph } = await buildNetwork(name);
    assert.equal(networkCost(graph).params, model.countParams(), name);
    model.dispose();
  }
});

Deno.test("a layer that is called twice costs twice", async () => {
  const { model, graph } = await buildNetwork("opaque");
  const calls = graph.nodes.filter((node) => node.name === "shared").map(layerCost);
  assert.equal(calls[0].macs, calls[1].macs);
  assert.ok(calls[0].macs > 0);
  assert.equal(calls[1].params, 0);
  model.dispose();
});
