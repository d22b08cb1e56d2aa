import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { costModel } from "../../src/cost/cost_model.ts";
import { layerCost, networkCost } from "../../src/cost/layer_cost.ts";
import { sumTerms } from "../../src/cost/cost_term.ts";
import type { LayerGraph } from "../../src/graph/layer_graph.ts";
import { openNetwork } from "../../src/graph/opening/network.ts";
import type { SharedMode } from "../../src/graph/cuts/readers.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { captureModel, disposeModel } from "../../src/model/instantiate.ts";
import { evenNetworkNames, networkNames } from "../support/networks.ts";
import { findUnits, keepAtRandom, openUnits, shrinkUnits } from "../support/units.ts";

await startBackend();

const SHARED_MODES: readonly SharedMode[] = ["select", "couple"];

const SEEDS = Array.from({ length: 40 }, (_, seed) => seed);

/** Multiply–accumulates of every layer of a cut network, with those of its selector, that it has any of. */
function macsByLayer({ nodes }: LayerGraph): Record<string, number> {
  const macs: Record<string, number> = {};
  for (const node of nodes) {
    const own = layerCost(node).macs;
    const owner = node.key.replace(/_select$/, "");
    if (own > 0) macs[owner] = (macs[owner] ?? 0) + own;
  }
  return macs;
}

/** Cost after surgery on random channels, and what the model says, told the channels or not. */
function compareAtRandom({ graph, map, units }: ReturnType<typeof findUnits>, seed: number) {
  const kept = keepAtRandom(units, seed);
  const counts = kept.map(({ length }) => length);
  const evaluate = (model: ReturnType<typeof costModel>) => ({
    macs: sumTerms(model.macs, counts),
    convMacs: sumTerms(model.convMacs, counts),
    params: sumTerms(model.params, counts),
  });
  const shrunk = shrinkUnits(graph, map, units, kept);
  const isEmptied = graph.nodes.some(({ key, className }) =>
    className === "Conv2D" && !shrunk.nodes.some((node) => node.key === key)
  );
  return {
    isEmptied,
    wanted: networkCost(shrunk),
    told: evaluate(costModel(graph, map, units, (unit) => kept[unit])),
    untold: evaluate(costModel(graph, map, units)),
  };
}

for (const shared of SHARED_MODES) {
  for (const name of ["preActivation", "postActivation", "mobile"] as const) {
    Deno.test(`every layer of the ${name} network costs what the model says, ${shared}`, async () => {
      const { graph, map, units } = await openUnits(name, shared);
      const { layerMacs } = costModel(graph, map, units);
      for (const seed of SEEDS) {
        const kept = keepAtRandom(units, seed);
        const counts = kept.map(({ length }) => length);
        const found = [...layerMacs].map(([key, terms]) => [key, sumTerms(terms, counts)]);
        assert.deepEqual(
          Object.fromEntries(found),
          macsByLayer(shrinkUnits(graph, map, units, kept)),
        );
      }
    });
  }

  for (const name of networkNames) {
    Deno.test(`the cost model of the ${name} network is exact for all counts, ${shared}`, async () => {
      const opened = await openUnits(name, shared);
      assert.ok(opened.units.length > 0);
      for (const seed of SEEDS) {
        const { wanted, told, untold, isEmptied } = compareAtRandom(opened, seed);
        const isEven = evenNetworkNames.includes(name);
        if (isEven || !isEmptied) assert.deepEqual(told, wanted, `seed ${seed}`);
        if (isEven) assert.deepEqual(untold, wanted, `seed ${seed}`);
        assert.ok(untold.macs >= told.macs && untold.params >= told.params);
        assert.ok(told.macs >= wanted.macs && told.params >= wanted.params);
      }
    });
  }
}

type Symbolic = tf.SymbolicTensor;

/**
 * A convolution that alone reads two spaces, one of them twice over, and a BatchNormalization whose readers, three
 * convolutions and one with strides, each select.
 */
async function forkedGraph(): Promise<LayerGraph> {
  const conv = (x: Symbolic, name: string, filters: number, kernelSize = 3, strides = 1) =>
    tf.layers.conv2d({ name, filters, kernelSize, strides, padding: "same" }).apply(x) as Symbolic;
  const image = tf.input({ name: "image", shape: [8, 8, 3] });
  const stem = conv(image, "stem", 4);
  const twice = tf.layers.depthwiseConv2d({ name: "twice", kernelSize: 1, depthMultiplier: 2 })
    .apply(conv(stem, "narrow", 3)) as Symbolic;
  const both = tf.layers.concatenate({ name: "both" }).apply([conv(stem, "wide", 5), twice]);
  const joined = tf.layers.batchNormalization({ name: "both_bn" }).apply(both) as Symbolic;
  const stream = conv(joined, "stream", 6);
  const norm = tf.layers.batchNormalization({ name: "bn" }).apply(stream);
  const active = tf.layers.prelu({ name: "prelu", sharedAxes: [1, 2] }).apply(norm) as Symbolic;
  const branches = [
    conv(active, "left", 4),
    conv(active, "middle", 4),
    conv(active, "right", 4, 1),
  ];
  const strided = conv(active, "strided", 4, 1, 2);
  const sum = tf.layers.add({ name: "sum" }).apply(branches) as Symbolic;
  const down = conv(sum, "down", 4, 3, 2);
  const last = conv(tf.layers.add({ name: "end" }).apply([down, strided]) as Symbolic, "last", 2);
  const model = tf.model({ inputs: image, outputs: last });
  const { graph, model: reopened } = await openNetwork(await captureModel(model));
  disposeModel(model);
  disposeModel(reopened);
  return graph;
}

for (const shared of SHARED_MODES) {
  Deno.test(`told which channels stay, the cost model is exact where they differ, ${shared}`, async () => {
    const opened = findUnits(await forkedGraph(), shared);
    const modes = new Map(opened.units.map(({ name, mode }) => [name, mode]));
    assert.equal(modes.get("stream"), "private");
    if (shared === "select") assert.equal(modes.get("strided"), "select");
    let differing = 0;
    for (const seed of SEEDS) {
      const { wanted, told, untold, isEmptied } = compareAtRandom(opened, seed);
      if (!isEmptied) assert.deepEqual(told, wanted, `seed ${seed}`);
      for (const key of ["macs", "convMacs", "params"] as const) {
        assert.ok(untold[key] >= wanted[key], "untold, it counts the most there can be");
        if (untold[key] > wanted[key]) differing++;
      }
    }
    assert.ok(differing > 0);
  });
}

Deno.test("a term reads two units, three where the readers of a BatchNormalization select", async () => {
  for (const shared of SHARED_MODES) {
    for (const name of evenNetworkNames) {
      const { graph, map, units } = await openUnits(name, shared);
      const model = costModel(graph, map, units);
      for (const { units: scope } of [...model.macs, ...model.convMacs]) {
        assert.ok(scope.length <= 2, name);
      }
      assert.ok(model.params.every(({ units: scope }) => scope.length <= 3), name);
    }
  }
});
