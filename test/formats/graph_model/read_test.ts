import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { openModel } from "../../../src/formats/open_model.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import { inTempFolder } from "../../data/fixtures.ts";
import {
  assertMaskedEqualsShrunk,
  openSplit,
  randomCuts,
  randomInputs,
} from "../../graph/masked.ts";
import { largestDifference } from "../../support/networks.ts";
import { constructs } from "./constructs.ts";
import { runGraphModel, runLayersModel, sketchImages } from "./oracle.ts";
import { steps } from "./steps.ts";
import { wholeNetworks } from "./whole_networks.ts";

await startBackend();

const TOLERANCE = 1e-4;

Deno.test("a graph model gives as layers what stock TensorFlow.js makes of the graph", async (t) => {
  for (const [name, build] of Object.entries({ ...constructs, ...wholeNetworks, ...steps })) {
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
  for (const [name, build] of Object.entries({ ...constructs, ...wholeNetworks, ...steps })) {
    await t.step(name, () =>
      inTempFolder(async (folder) => {
        const [g, outputs] = build();
        await g.write(folder, ...outputs);
        const file = await openModel(folder);
        const network = await openSplit(file);
        const images = randomInputs(network.model, 2);
        const cuts = randomCuts(network.graph, network.map, { seed: 5, select: false });
        await assertMaskedEqualsShrunk(network, cuts, images, TOLERANCE);
        tf.dispose(images);
        disposeModel(network.model);
      }));
  }
});
