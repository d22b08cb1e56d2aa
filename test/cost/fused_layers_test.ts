import assert from "node:assert/strict";
import { findFusedLayers } from "../../src/cost/fused_layers.ts";
import { sumTerms } from "../../src/cost/cost_term.ts";
import { latencyModel } from "../../src/cost/latency_model.ts";
import { LatencyTable } from "../../src/cost/latency_table.ts";
import type { LayerShape } from "../../src/cost/layer_shape.ts";
import { networkTimes } from "../../src/cost/network_times.ts";
import { findChannelSpaces } from "../../src/graph/channels/channel_spaces.ts";
import { openNetwork } from "../../src/graph/opening/network.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { disposeModel } from "../../src/model/instantiate.ts";
import { buildNetworkFile } from "../support/networks.ts";
import { openUnits } from "../support/units.ts";

await startBackend();

const timer = (shapes: readonly LayerShape[]) =>
  Promise.resolve({ reference: 1, ratios: shapes.map(() => 1) });

async function open(name: Parameters<typeof buildNetworkFile>[0]) {
  const { graph, model } = await openNetwork(await buildNetworkFile(name));
  disposeModel(model);
  return { graph, map: findChannelSpaces(graph) };
}

Deno.test("what follows a convolution alone becomes part of it; what others read, or a sum makes, does not", async () => {
  const { graph, map } = await open("preActivation");
  const fused = findFusedLayers(graph, map);
  assert.ok(fused.size > 0);
  for (const key of fused) {
    const node = graph.nodes.find((each) => each.key === key)!;
    const source = graph.nodes.find((each) => each.key === node.inputs[0])!;
    assert.ok(
      fused.has(source.key) || /Conv|Dense/.test(source.className),
      `${key} of ${source.className}`,
    );
    const readers = graph.nodes.filter(({ inputs }) => inputs.includes(source.key));
    assert.deepEqual(readers.map((reader) => reader.key), [key]);
  }
  const behindSums = graph.nodes.filter(({ inputs }) =>
    inputs.some((input) => graph.nodes.find(({ key }) => key === input)?.className === "Add")
  );
  assert.ok(behindSums.length > 0 && behindSums.every(({ key }) => !fused.has(key)));
});

Deno.test("layers that become part of another take no time on runtimes that compile networks", async () => {
  const { graph, map } = await open("plain");
  const fused = findFusedLayers(graph, map);
  const times = await networkTimes(graph, map, 1, timer, true);
  for (const [layer, time] of times) assert.equal(time, fused.has(layer) ? 0 : 1, layer);
});

Deno.test("a budget counts them on stock TensorFlow.js alone", async () => {
  const { graph, map, units } = await openUnits("plain", "couple");
  const whole = units.map(({ channels }) => channels);
  const counts = whole.map((count) => [count]);
  const sums = await Promise.all((["tfjs-wasm", "litert"] as const).map(async (runtime) => {
    const table = await LatencyTable.open({ runtime, timer });
    const terms = await latencyModel(graph, map, units, { counts, table, batchSize: 1 });
    return sumTerms(terms, whole);
  }));
  assert.equal(sums[0] - sums[1], findFusedLayers(graph, map).size);
});
