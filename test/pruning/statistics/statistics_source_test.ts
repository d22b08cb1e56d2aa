import assert from "node:assert/strict";
import fc from "fast-check";
import { sumBytes } from "../../../src/execution/calibration/sample_sums.ts";
import { findChannelSpaces } from "../../../src/graph/channels/channel_spaces.ts";
import { kernelSize } from "../../../src/graph/kernel.ts";
import {
  layersToSample,
  partIntoPasses,
  samplesOf,
} from "../../../src/pruning/statistics/statistics_source.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import { buildNetwork } from "../../support/networks.ts";

await startBackend();

Deno.test("passes hold every layer once, in graph order, and no more sums than have room", async () => {
  const { model, graph } = await buildNetwork("preActivation");
  const layers = layersToSample({ graph, map: findChannelSpaces(graph) });
  disposeModel(model);
  const cases = fc.record({
    images: fc.integer({ min: 2, max: 500 }),
    memoryBudget: fc.integer({ min: 0, max: 4_000_000 }),
    threads: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(fc.property(cases, ({ images, memoryBudget, threads }) => {
    const calibration = { images, memoryBudget };
    const passes = partIntoPasses(layers, calibration, threads);
    const share = threads % 2 === 0 ? 1 / 2 : 1;
    const room = memoryBudget / threads / 2;
    const bytesOf = (pass: typeof layers) =>
      pass.reduce(
        (sum, layer) => sum + share * sumBytes(kernelSize(layer), samplesOf(layer, calibration)),
        0,
      );
    assert.deepEqual(new Set(passes.flat()), new Set(layers));
    assert.equal(passes.flat().length, layers.length);
    for (const [index, pass] of passes.entries()) {
      assert.deepEqual(pass, layers.filter((layer) => pass.includes(layer)));
      assert.ok(pass.length === 1 || bytesOf(pass) <= room);
      const [first] = pass;
      const earlier = passes.slice(0, index);
      assert.ok(
        earlier.every((other) => {
          const before = other.filter((layer) => layers.indexOf(layer) < layers.indexOf(first));
          return bytesOf([...before, first]) > room;
        }),
        "a pass was begun where another had room",
      );
    }
  }));
});
