import assert from "node:assert/strict";
import { latencyBatch } from "../../src/cost/latency_batch.ts";
import { shapeOfLayer, widthAxes } from "../../src/cost/layer_shape.ts";
import { timeLayersOn } from "../../src/cost/on_runtime.ts";
import { recordedTime } from "../../src/cost/recorded_times.ts";
import { selectionTimes } from "../../src/cost/selection_times.ts";
import { listSymbolicLayers } from "../../src/cost/symbolic_layers.ts";
import { findChannelSpaces } from "../../src/graph/channels/channel_spaces.ts";
import { noCuts, shrinkGraph } from "../../src/graph/cuts/surgery.ts";
import type { LayerGraph } from "../../src/graph/layer_graph.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { evenNetworkNames } from "../support/networks.ts";
import { openUnits } from "../support/units.ts";

await startBackend();

/** The recorded times of all layers of a network. */
function sumOfLayers(graph: LayerGraph): number {
  return listSymbolicLayers(graph, findChannelSpaces(graph), [])
    .filter(({ rule }) => rule.kind !== "source")
    .map((layer) =>
      shapeOfLayer(layer, widthAxes(layer).map(({ full }) => full), latencyBatch(graph))
    )
    .reduce((sum, shape) => sum + recordedTime(shape), 0);
}

Deno.test("what selections change is the difference that surgery makes to the sum of all layers", async () => {
  let together = 0;
  for (const name of evenNetworkNames) {
    const { graph, map, places } = await openUnits(name, "select");
    const selecting = places.filter(({ mode }) => mode === "select");
    const before = sumOfLayers(graph);
    for (const some of [...selecting.map((place) => [place]), selecting]) {
      const kept = new Map(some.map(({ key, channels }) => [key, Math.ceil(channels / 2)]));
      const selections = new Map([...kept].map(([key, count]) => [
        key,
        Int32Array.from({ length: count }, (_, position) => position),
      ]));
      const after = sumOfLayers(shrinkGraph(graph, map, { ...noCuts(map), selections }));
      const { whole, selected } = selectionTimes(graph, map, kept);
      assert.ok(Math.abs(before - whole + selected - after) < 1e-9 * before, `${name} ${kept}`);
      if (some.length > 1) together++;
    }
  }
  assert.ok(together > 1);
});

Deno.test("recorded times tell as measured ones do whether a selector pays", async () => {
  const convolution = (inputs: number, filters: number, kernel: number) => ({
    className: "Conv2D",
    config: { filters, kernel_size: [kernel, kernel], padding: "same", use_bias: false },
    inputShapes: [[16, 16, inputs]],
    batchSize: 32,
  });
  for (const [kernel, kept, pays] of [[3, 8, true], [1, 24, false]] as const) {
    const shapes = [
      convolution(32, 32, kernel),
      convolution(32, kept, 1),
      convolution(kept, 32, kernel),
    ];
    const { ratios } = await timeLayersOn("tfjs-wasm")(shapes);
    for (const [whole, selector, smaller] of [ratios, shapes.map((shape) => recordedTime(shape))]) {
      assert.equal(selector + smaller < whole, pays, `${whole}, ${selector}, ${smaller}`);
    }
  }
});
