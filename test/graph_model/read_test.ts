import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { openModel } from "../../src/formats/mod.ts";
import { findChannelSpaces, openNetwork, shrinkGraph, writeGraph } from "../../src/graph/mod.ts";
import { startBackend } from "../../src/kernels/mod.ts";
import { disposeModel } from "../../src/model/mod.ts";
import { inTempFolder } from "../data/fixtures.ts";
import { randomCuts, runMasked } from "../graph/masked.ts";
import { largestDifference, randomImages } from "../networks.ts";
import { constructs } from "./constructs.ts";
import { runGraphModel, runLayersModel, sketchImages } from "./oracle.ts";
import { wholeNetworks } from "./whole_networks.ts";

await startBackend();

const TOLERANCE = 1e-4;

Deno.test("a graph model gives as layers what stock TensorFlow.js makes of the graph", async (t) => {
  for (const [name, build] of Object.entries({ ...constructs, ...wholeNetworks })) {
    await t.step(name, () =>
      inTempFolder(async (folder) => {
        const before = tf.memory().numTensors;
        const [g, outputs] = build();
        await g.write(folder, ...outputs);
        const images = sketchImages(g);
        const wanted = await runGraphModel(g, outputs, images);
        const found = await runLayersModel(await openModel(folder), images);
        assert.deepEqual(found.map(({ shape }) => shape), wanted.map(({ shape }) => shape));
        found.forEach((tensor, index) => {
          const difference = largestDifference(tensor, wanted[index]);
          assert.ok(difference < TOLERANCE, `output ${index}: ${difference}`);
        });
        tf.dispose([images, wanted, found]);
        assert.equal(tf.memory().numTensors, before);
      }));
  }
});

Deno.test("what is read can be cut: masked equals shrunk", async (t) => {
  for (const [name, build] of Object.entries({ ...constructs, ...wholeNetworks })) {
    await t.step(name, () =>
      inTempFolder(async (folder) => {
        const [g, outputs] = build();
        await g.write(folder, ...outputs);
        const file = await openModel(folder);
        const { graph, model } = await openNetwork(file);
        const map = findChannelSpaces(graph);
        if (graph.inputs.length === 1) {
          const images = randomImages(2);
          const cuts = randomCuts(graph, map, { seed: 5, select: false });
          const masked = runMasked(model, graph, map, cuts, images);
          const shrunk = await openNetwork(writeGraph(shrinkGraph(graph, map, cuts), file));
          const [output, ...others] = [shrunk.model.predict(images)].flat();
          assert.ok(largestDifference(output, masked) < TOLERANCE);
          tf.dispose([images, masked, output, others]);
          disposeModel(shrunk.model);
        }
        disposeModel(model);
      }));
  }
});
