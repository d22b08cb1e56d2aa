import assert from "node:assert/strict";
import { Stopwatch } from "../../src/base/stopwatch.ts";
import type { LayerGraph } from "../../src/graph/layer_graph.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { confidenceOf, Judge } from "../../src/pruning/judge.ts";
import { heldOutImages, measureNetwork } from "../../src/pruning/measure_network.ts";
import {
  CALIBRATION_DEFAULTS,
  createStatisticsSource,
  type StatisticsSource,
} from "../../src/pruning/statistics/statistics_source.ts";
import { openSession } from "../../src/session/session.ts";
import { noisyNetwork, withNoise, withUnlabeledNoise } from "../support/noise.ts";

await startBackend();

/** The network with a part of every kernel turned around. */
function spoil(graph: LayerGraph): LayerGraph {
  const nodes = graph.nodes.map((node) => {
    const kernel = node.weights.get("kernel");
    if (!kernel) return node;
    const values = kernel.values.map((value, index) => index % 3 === 0 ? -2 * value : value);
    return { ...node, weights: new Map(node.weights).set("kernel", { ...kernel, values }) };
  });
  return { ...graph, nodes };
}

async function onSource(
  data: string,
  run: (source: StatisticsSource) => Promise<void>,
): Promise<void> {
  const options = { model: await noisyNetwork("plain"), data, workers: 1 };
  const session = await openSession(options, (file) => file);
  try {
    const settings = { ...CALIBRATION_DEFAULTS, images: 40 };
    await run(createStatisticsSource(session, settings, new Stopwatch()));
  } finally {
    await session.close();
  }
}

Deno.test(
  "a drop in accuracy has the standard error of paired answers",
  withNoise((data) =>
    onSource(data, async (source) => {
      const judge = (await Judge.open(source, 50))!;
      assert.deepEqual(await judge.judge(source.graph), judge.original);
      const { drop, standardError, accuracy, images } = await judge.judge(spoil(source.graph));
      assert.ok(Math.abs(drop - (judge.original.accuracy! - accuracy!)) < 1e-12);

      const selection = heldOutImages(source, 50);
      assert.equal(images, selection.indices.length);
      const labels = source.pool.local.dataset.train.labels!;
      const rightOf = async (graph: LayerGraph) => {
        const { answers } = await measureNetwork(source, graph, selection);
        return Array.from(answers!.images, (image, at) =>
          Number(answers!.classes[at] === labels[image]));
      };
      const [before, after] = [await rightOf(source.graph), await rightOf(spoil(source.graph))];
      const differences = before.map((right, at) =>
        right - after[at]
      );
      const mean = differences.reduce((sum, each) => sum + each, 0) / images;
      const variance = differences.reduce((sum, each) => sum + (each - mean) ** 2, 0) / images;
      assert.ok(Math.abs(drop - mean) < 1e-12);
      assert.ok(Math.abs(standardError - Math.sqrt(variance / images)) < 1e-12);
    })
  ),
);

Deno.test(
  "where outputs are compared a drop is the relative error, and its spread that of parts of the images",
  withUnlabeledNoise((data) =>
    onSource(data, async (source) => {
      const judge = (await Judge.open(source, 50))!;
      assert.equal((await judge.judge(source.graph)).drop, 0);
      const graph = spoil(source.graph);
      const { drop, standardError, accuracy } = await judge.judge(graph);
      const { error } = await measureNetwork(source, graph, heldOutImages(source, 50));
      assert.equal(accuracy, undefined);
      assert.equal(drop, error);
      assert.ok(standardError > 0 && standardError < drop);
    })
  ),
);

Deno.test("the confidence in a floor is the normal distribution of the standard error", () => {
  const at = (drop: number) => confidenceOf({ drop, standardError: 0.01 }, 0.02);
  assert.ok(Math.abs(at(0.02) - 0.5) < 1e-7);
  assert.ok(Math.abs(at(0.01) - 0.8413447461) < 1e-7);
  assert.ok(Math.abs(at(0.04) - 0.0227501319) < 1e-7);
  assert.equal(confidenceOf({ drop: 0, standardError: 0 }, 0.01), 1);
  assert.equal(confidenceOf({ drop: 0.02, standardError: 0 }, 0.01), 0);
});
