import assert from "node:assert/strict";
import { InputError } from "../../../src/base/errors.ts";
import { readOnnx } from "../../../src/formats/onnx/read/read.ts";
import { readTflite } from "../../../src/formats/tflite/read/read.ts";
import { writeTflite } from "../../../src/formats/tflite/write/write.ts";
import { findChannelSpaces } from "../../../src/graph/channels/channel_spaces.ts";
import { shrinkGraph } from "../../../src/graph/cuts/surgery.ts";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { writeGraph } from "../../../src/graph/write_graph.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import { findInputs } from "../../../src/model/topology.ts";
import { randomCuts } from "../../graph/masked.ts";
import { buildInputNetwork, inputNetworkNames } from "../../support/input_networks.ts";
import { buildNetworkFile, networkNames } from "../../support/networks.ts";
import { buildModelFile, modelNames } from "../onnx/models.ts";
import { differenceOf, randomMaps } from "../onnx/runtime.ts";
import { steps } from "../onnx/steps.ts";
import { steps as graphSteps } from "../graph_model/steps.ts";
import { inTempFolder } from "../../data/fixtures.ts";
import { openModel } from "../../../src/formats/open_model.ts";
import { runTfjs } from "../../support/run_tfjs.ts";
import { runLiteRt } from "./runtime.ts";

const TOLERANCE = 1e-4;

/** Networks with layers that TensorFlow Lite has no operation for. */
const STRANGE = new Set(["opaque", "gates"]);

const WRITABLE = networkNames.filter((name) => !STRANGE.has(name));

await startBackend();

/** Random values for every input of a model. */
function inputsOf(file: ModelFile) {
  return findInputs(file.topology).map(({ shape: [, ...extents] = [] }, index) =>
    randomMaps([1, ...extents.map((extent) => extent ?? 8)], 5 + index)
  );
}

/** Holds what LiteRT and TensorFlow.js make of a written file against what the model gives. */
async function compare(file: ModelFile, isReadable = true): Promise<void> {
  const inputs = inputsOf(file);
  const wanted = await runTfjs(file, inputs);
  const bytes = writeTflite(file);
  const difference = differenceOf(await runLiteRt(bytes, inputs), wanted);
  assert.ok(difference < TOLERANCE, `LiteRT: ${difference}`);
  if (!isReadable) return;
  const back = differenceOf(await runTfjs(readTflite(bytes, "back.tflite"), inputs), wanted);
  assert.ok(back < TOLERANCE, `read back: ${back}`);
}

Deno.test("written networks give the same in LiteRT, and read back in TensorFlow.js", async (t) => {
  for (const name of WRITABLE) {
    await t.step(name, async () => compare(await buildNetworkFile(name)));
  }
});

Deno.test("networks with several inputs give the same in LiteRT, and read back", async (t) => {
  for (const name of inputNetworkNames) {
    await t.step(name, async () => compare(await buildInputNetwork(name)));
  }
});

/** Steps of which TensorFlow Lite has no operation: on single values, and whole numbers. */
const OWN_STEPS = new Set([
  "functions of single values",
  "powers, quotients and differences",
  "whole numbers",
  "normalization over neighboring channels",
]);

Deno.test("steps of ONNX give the same in LiteRT, and read back", async (t) => {
  for (const [name, build] of Object.entries(steps)) {
    if (OWN_STEPS.has(name)) continue;
    await t.step(name, () => compare(readOnnx(build(), "steps.onnx")));
  }
});

Deno.test("steps of graph models give the same in LiteRT, and read back", async (t) => {
  for (const [name, build] of Object.entries(graphSteps)) {
    if (OWN_STEPS.has(name)) continue;
    await t.step(name, () =>
      inTempFolder(async (folder) => {
        const [g, outputs] = build();
        await g.write(folder, ...outputs);
        await compare(await openModel(folder));
      }));
  }
});

/** Not read back: slopes for every position, and thresholds, which no layer of the readers has. */
const WRITE_ONLY = new Set(["activations"]);

Deno.test("every layer and construct gives the same in LiteRT, and reads back", async (t) => {
  const names = modelNames.filter((name) => name !== "open");
  for (const name of names) {
    await t.step(name, async () => {
      await compare(await buildModelFile(name), !WRITE_ONLY.has(name));
    });
  }
});

Deno.test("pruned networks give the same in LiteRT, and read back", async (t) => {
  for (const name of WRITABLE) {
    for (const select of [true, false]) {
      await t.step(`${name}, ${select ? "selected" : "coupled"}`, async () => {
        const file = await buildNetworkFile(name);
        const { graph, model } = await openNetwork(file);
        const map = findChannelSpaces(graph);
        const cuts = randomCuts(graph, map, { seed: 3, select });
        const pruned = writeGraph(shrinkGraph(graph, map, cuts), file);
        disposeModel(model);
        await compare(pruned);
      });
    }
  }
});

Deno.test("layers without an operation are refused by name", async () => {
  for (const name of STRANGE) {
    const file = await buildNetworkFile(name as "opaque");
    assert.throws(() => writeTflite(file), (error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, /as TensorFlow Lite: \w+ layer "\w+" has no counterpart here/);
      return true;
    });
  }
});

for (const [kernels, tolerance] of [["float16", 2e-3], ["int8", 2e-2]] as const) {
  Deno.test(`${kernels} kernels are smaller, and LiteRT computes what they stand for`, async (t) => {
    for (const name of WRITABLE) {
      await t.step(name, async () => {
        const file = await buildNetworkFile(name);
        const inputs = inputsOf(file);
        const bytes = writeTflite(file, { kernels });
        const rounded = readTflite(bytes, "rounded.tflite");
        const found = await runLiteRt(bytes, inputs);
        const stored = differenceOf(found, await runTfjs(rounded, inputs));
        // LiteRT rounds the inputs of integer kernels too.
        assert.ok(stored < (kernels === "int8" ? tolerance : TOLERANCE), `stored: ${stored}`);
        const original = differenceOf(found, await runTfjs(file, inputs));
        assert.ok(original < tolerance, `original: ${original}`);
      });
    }
  });
}

Deno.test("the batch is one, a fixed one, or open", async () => {
  const file = await buildNetworkFile("decoder");
  const images = [randomMaps([3, 8, 8, 3])];
  const wanted = await runTfjs(file, images);
  assert.ok(
    differenceOf(await runLiteRt(writeTflite(file, { batch: 3 }), images), wanted) < TOLERANCE,
  );
  for (const batch of [1, 3, null]) {
    const again = readTflite(writeTflite(file, { batch }), "back.tflite");
    assert.ok(differenceOf(await runTfjs(again, images), wanted) < TOLERANCE);
  }
});

Deno.test("preprocessing and classes are in the file, and come back", async () => {
  const file = await buildNetworkFile("plain");
  const metadata = { classes: ["cat", "dog"], preprocess: { scale: 1 / 255 }, other: 1 };
  const bytes = writeTflite({ ...file, metadata });
  assert.deepEqual(readTflite(bytes, "back.tflite").metadata, metadata);
});
