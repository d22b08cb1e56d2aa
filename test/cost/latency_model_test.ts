import assert from "node:assert/strict";
import { InputError } from "../../src/base/errors.ts";
import { type CostTerm, sumTerms } from "../../src/cost/cost_term.ts";
import { latencyModel, usefulCounts } from "../../src/cost/latency_model.ts";
import { LatencyTable } from "../../src/cost/latency_table.ts";
import { type LayerShape, shapeOfLayer, widthAxes } from "../../src/cost/layer_shape.ts";
import { profile } from "../../src/api/profile_run.ts";
import { measureLatencyOn, timeLayersOn } from "../../src/cost/on_runtime.ts";
import { listSymbolicLayers } from "../../src/cost/symbolic_layers.ts";
import { bypassBlocks, leaveOutBypasses } from "../../src/graph/cuts/residual_blocks.ts";
import { findChannelSpaces } from "../../src/graph/channels/channel_spaces.ts";
import type { LayerGraph } from "../../src/graph/layer_graph.ts";
import type { SharedMode } from "../../src/graph/cuts/readers.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { buildNetworkFile, evenNetworkNames } from "../support/networks.ts";
import { keepAtRandom, openUnits, shrinkUnits } from "../support/units.ts";

await startBackend();

const SHARED_MODES: readonly SharedMode[] = ["select", "couple"];

const BATCH = 4;

/** A time such as XNNPACK's: outputs in steps of eight, depthwise channels in steps of four. */
function pretendTime({ className, config, inputShapes, batchSize }: LayerShape): number {
  const tile = className === "DepthwiseConv2D" ? 4 : 1;
  const sizes = inputShapes.map((shape) =>
    shape.slice(0, -1).reduce((product, size) => product * size, 1) *
    tile * Math.ceil(shape.at(-1)! / tile)
  );
  const outputs = Number(config.filters ?? config.units ?? 1);
  const size = sizes.reduce((sum, each) => sum + each, 0);
  return 1 + batchSize * size * (0.5 + Math.ceil(outputs / 8));
}

/** A table of pretended times, and how many layers it has asked for. */
async function pretendTable(path?: string) {
  const asked: LayerShape[] = [];
  const table = await LatencyTable.open({
    path,
    timer: (shapes) => {
      asked.push(...shapes);
      return Promise.resolve({
        reference: 2,
        ratios: shapes.map((shape) => pretendTime(shape) / 2),
      });
    },
  });
  return { table, asked };
}

/** The pretended times of all layers of a network. */
function sumOfLayers(graph: LayerGraph): number {
  return listSymbolicLayers(graph, findChannelSpaces(graph), [])
    .filter(({ rule }) => rule.kind !== "source")
    .map((layer) => shapeOfLayer(layer, widthAxes(layer).map(({ full }) => full), BATCH))
    .reduce((sum, shape) => sum + pretendTime(shape), 0);
}

for (const shared of SHARED_MODES) {
  Deno.test(`the latency model adds up the times of the layers after surgery, ${shared}`, async () => {
    for (const name of evenNetworkNames) {
      const { graph, map, units } = await openUnits(name, shared);
      const { table } = await pretendTable();
      const counts = units.map(({ channels }) => [1, channels]);
      const terms = await latencyModel(graph, map, units, { counts, table, batchSize: BATCH });
      for (let seed = 0; seed < 20; seed++) {
        const kept = keepAtRandom(units, seed);
        const found = sumTerms(terms, kept.map(({ length }) => length));
        const wanted = sumOfLayers(shrinkUnits(graph, map, units, kept));
        assert.ok(Math.abs(found - wanted) < 1e-9 * wanted, `${name}, seed ${seed}`);
      }
    }
  });
}

Deno.test("the layers of a residual block take no time where nothing of it is kept", async () => {
  const { graph, map, units } = await openUnits("preActivation", "couple");
  const { table } = await pretendTable();
  const counts = units.map(({ channels, block }) => [...(block ? [0] : []), 1, channels]);
  const terms = await latencyModel(graph, map, units, { counts, table, batchSize: BATCH });
  const whole = units.map(({ channels }) => channels);
  const blocks = units.flatMap(({ block }, unit) => block ? [{ block, unit }] : []);
  assert.equal(blocks.length, 2);
  for (const { block, unit } of blocks) {
    const smaller = leaveOutBypasses(bypassBlocks(graph, [{ block }]), [block]);
    const [found, wanted] = [sumTerms(terms, whole.with(unit, 0)), sumOfLayers(smaller)];
    assert.ok(Math.abs(found - wanted) < 1e-9 * wanted);
    assert.equal(usefulCounts(terms, counts)[unit][0], 0);
  }
});

Deno.test("a table measures each layer once, and what a file holds not again", async () => {
  const path = `${await Deno.makeTempDir()}/latency.json`;
  const { graph, map, units } = await openUnits("preActivation", "couple");
  const build = async (table: LatencyTable) => {
    const counts = units.map(({ channels }) => [1, channels]);
    const terms = await latencyModel(graph, map, units, { counts, table, batchSize: BATCH });
    return sumTerms(terms, units.map(({ channels }) => channels));
  };
  const first = await pretendTable(path);
  const latency = await build(first.table);
  const keys = first.asked.map((shape) => JSON.stringify(shape));
  assert.ok(keys.length > 0);
  assert.equal(new Set(keys).size, keys.length);
  const second = await pretendTable(path);
  assert.ok(Math.abs(await build(second.table) - latency) < 1e-3 * latency);
  assert.equal(second.asked.length, 0);
});

Deno.test("a table of another machine or version is refused with the difference", async () => {
  const path = `${await Deno.makeTempDir()}/latency.json`;
  const { table } = await pretendTable(path);
  const shape = { className: "ReLU", config: {}, inputShapes: [[8, 8, 4]], batchSize: 1 };
  await table.measure([shape]);
  const stored = JSON.parse(await Deno.readTextFile(path));
  const changes = { tfjs: "3.0.0", target: "wasm32-unknown", cores: 999, threads: 4 };
  for (const [name, value] of Object.entries(changes)) {
    const conditions = { ...stored.conditions, [name]: value };
    await Deno.writeTextFile(path, JSON.stringify({ ...stored, conditions }));
    await assert.rejects(
      pretendTable(path),
      (error: Error) =>
        error instanceof InputError && error.message.includes(`${name} ${value}, wanted `),
    );
  }
  for (const text of ["", "{", "[]", "null", '{"conditions": {}, "times": {"a": "b"}}']) {
    await Deno.writeTextFile(path, text);
    await assert.rejects(pretendTable(path), InputError, text);
  }
});

Deno.test("counts that are no faster than a larger one are left out", () => {
  const time = [1, 2, 4, 4, 4.01, 4.5, 8, 7];
  const terms: CostTerm[] = [
    { units: [0], cost: (count) => time[count - 1] },
    { units: [0, 1], cost: (_count, other) => other },
    { units: [1], cost: (count) => count },
  ];
  const counts = [[1, 2, 3, 4, 5, 6, 7, 8], [1, 2]];
  assert.deepEqual(usefulCounts(terms, counts, 0.01), [[1, 2, 5, 6, 8], [1, 2]]);
  assert.deepEqual(usefulCounts(terms, counts, 10), [[8], [2]]);
});

Deno.test("layers are timed on a backend of their own: more work, more time", async () => {
  const convolution = (filters: number) => ({
    className: "Conv2D",
    config: { filters, kernel_size: [3, 3], padding: "same", use_bias: false },
    inputShapes: [[32, 32, 16]],
    batchSize: 8,
  });
  const { reference, ratios } = await timeLayersOn("tfjs-wasm")([convolution(16), convolution(64)]);
  assert.ok(reference > 0);
  assert.ok(ratios[0] > 0.5 && ratios[0] < 2, `${ratios[0]} times the reference, which it is`);
  assert.ok(ratios[1] > 1.5 * ratios[0]);
  await assert.rejects(
    timeLayersOn("tfjs-wasm")([{ ...convolution(1), className: "Unheard" }]),
    InputError,
  );
});

Deno.test("measureLatencyOn() times models on a backend of its own", async () => {
  const files = [await buildNetworkFile("plain"), await buildNetworkFile("mobile")];
  const timings = await measureLatencyOn("tfjs-wasm", files, { batchSize: 2, rounds: 3 });
  assert.equal(timings.length, 2);
  for (const { minimum, median, maximum } of timings) {
    assert.ok(0 < minimum && minimum <= median && median <= maximum);
  }
});

Deno.test("when its time is over, no more predictions are begun than a median wants", async () => {
  const files = [await buildNetworkFile("plain")];
  const options = { batchSize: 1, rounds: 1e9, milliseconds: 20 };
  const [{ median, relative }] = await measureLatencyOn("tfjs-wasm", files, options);
  assert.ok(median > 0);
  assert.equal(relative.median, 1);
});

Deno.test("a report times the layers of both networks, those they share once", async () => {
  const metadata = { preprocess: { preset: "unit", inputSize: [8, 8] } };
  const before = { ...await buildNetworkFile("plain"), metadata };
  const report = await profile({ before, after: before });
  const times = [report.before!, report.after].map(({ layers }) =>
    layers.map(({ milliseconds }) => milliseconds!)
  );
  assert.ok(times[0].every((time) => time > 0));
  assert.deepEqual(times[0], times[1]);
  assert.ok(report.before!.milliseconds! > 0 && report.after.milliseconds! > 0);
});
