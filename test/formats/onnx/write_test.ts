import assert from "node:assert/strict";
import { InputError } from "../../../src/base/errors.ts";
import { findChannelSpaces } from "../../../src/graph/channels/channel_spaces.ts";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { shrinkGraph } from "../../../src/graph/cuts/surgery.ts";
import { writeGraph } from "../../../src/graph/write_graph.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import { findInputs } from "../../../src/model/topology.ts";
import { readOnnx } from "../../../src/formats/onnx/read/read.ts";
import { writeOnnx } from "../../../src/formats/onnx/write/write.ts";
import { randomCuts } from "../../graph/masked.ts";
import { buildInputNetwork, inputNetworkNames } from "../../support/input_networks.ts";
import { buildNetworkFile, networkNames } from "../../support/networks.ts";
import { buildOpaque } from "../../support/opaque_networks.ts";
import { openModel } from "../../../src/formats/open_model.ts";
import { inTempFolder } from "../../data/fixtures.ts";
import { steps } from "../graph_model/steps.ts";
import { buildModelFile, flatModelNames, modelNames } from "./models.ts";
import { differenceOf, type PlainTensor, randomMaps, runLayers, runOnnx } from "./runtime.ts";

const TOLERANCE = 1e-4;

/** Networks all of whose layers can be written. */
const WRITABLE = networkNames.filter((name) => !["opaque", "gates"].includes(name));

await startBackend();

/** A network gives the same in ONNX Runtime as in the layers, and so does what is read back, which is the answer. */
async function assertWritten(file: ModelFile, inputs: readonly PlainTensor[]): Promise<ModelFile> {
  const wanted = await runLayers(file, inputs);
  const bytes = writeOnnx(file);
  const difference = differenceOf(await runOnnx(bytes, inputs), wanted);
  assert.ok(difference < TOLERANCE, `ONNX Runtime: ${difference}`);
  const again = readOnnx(bytes, "back.onnx");
  const back = differenceOf(await runLayers(again, inputs), wanted);
  assert.ok(back < TOLERANCE, `read back: ${back}`);
  return again;
}

Deno.test("written networks give the same in ONNX Runtime, and read back in TensorFlow.js", async (t) => {
  for (const name of WRITABLE) {
    await t.step(name, async () => {
      const file = await buildNetworkFile(name);
      const images = [randomMaps([2, 3, 8, 8])];
      await assertWritten(file, images);
    });
  }
});

Deno.test("pruned networks give the same in ONNX Runtime", async (t) => {
  for (const name of WRITABLE) {
    for (const select of [true, false]) {
      await t.step(`${name}, ${select ? "selected" : "coupled"}`, async () => {
        const file = await buildNetworkFile(name);
        const { graph, model } = await openNetwork(file);
        const map = findChannelSpaces(graph);
        const cuts = randomCuts(graph, map, { seed: 3, select });
        const pruned = writeGraph(shrinkGraph(graph, map, cuts), file);
        disposeModel(model);
        const images = [randomMaps([2, 3, 8, 8])];
        const wanted = await runLayers(pruned, images);
        const difference = differenceOf(await runOnnx(writeOnnx(pruned), images), wanted);
        assert.ok(difference < TOLERANCE, `ONNX Runtime: ${difference}`);
      });
    }
  }
});

/** Steps of graph models that ONNX has no operation for. */
const STRANGE_STEPS = new Set([
  "functions of single values",
  "powers, quotients and differences",
  "normalization over neighboring channels",
]);

Deno.test("steps of graph models give the same in ONNX Runtime, and read back", async (t) => {
  for (const [name, build] of Object.entries(steps)) {
    if (STRANGE_STEPS.has(name)) continue;
    await t.step(name, () =>
      inTempFolder(async (folder) => {
        const [g, outputs] = build();
        await g.write(folder, ...outputs);
        const file = await openModel(folder);
        const images = [randomMaps([2, 3, 8, 8])];
        await assertWritten(file, images);
      }));
  }
});

Deno.test("networks with several inputs give the same in ONNX Runtime, and read back", async (t) => {
  for (const name of inputNetworkNames) {
    await t.step(name, async () => {
      const file = await buildInputNetwork(name);
      const inputs = findInputs(file.topology).map(({ shape: [, ...extents] = [] }, index) =>
        randomMaps([2, extents.at(-1)!, ...extents.slice(0, -1) as number[]], index)
      );
      const again = await assertWritten(file, inputs);
      assert.deepEqual(findInputs(again.topology), findInputs(file.topology));
    });
  }
});

Deno.test("every layer and construct gives the same in ONNX Runtime", async (t) => {
  for (const name of modelNames) {
    await t.step(name, async () => {
      const file = await buildModelFile(name);
      const images = [randomMaps([2, 3, 8, 8]), randomMaps([2, 3, 8, 8], 6)];
      const given = name === "siblings" ? images : images.slice(0, 1);
      const wanted = await runLayers(file, given);
      const bytes = writeOnnx(file);
      const difference = differenceOf(await runOnnx(bytes, given), wanted);
      assert.ok(difference < TOLERANCE, `ONNX Runtime: ${difference}`);
      const back = differenceOf(await runLayers(readOnnx(bytes, "back.onnx"), given), wanted);
      assert.ok(back < TOLERANCE, `read back: ${back}`);
    });
  }
});

Deno.test("what reads rows of numbers or a vector is written and read back the same", async (t) => {
  for (const name of flatModelNames) {
    await t.step(name, async () => {
      const file = await buildModelFile(name);
      const [{ shape = [] }] = findInputs(file.topology);
      const inputs = [randomMaps([2, ...shape.slice(1) as number[]])];
      const again = await assertWritten(file, inputs);
      assert.deepEqual(findInputs(again.topology), findInputs(file.topology));
    });
  }
});

Deno.test("a layer that ONNX has no counterpart for is named", async () => {
  const file = await buildOpaque("columns");
  assert.throws(() => writeOnnx(file), (error: Error) => {
    assert.ok(error instanceof InputError);
    assert.match(
      error.message,
      /^writing columns as ONNX: \w+ layer "\w+" has no counterpart here, wanted/,
    );
    return true;
  });
});

Deno.test("options that ONNX or TensorFlow.js has no counterpart for are named with their layer", async () => {
  const change = async (layer: string, options: Record<string, unknown>, message: RegExp) => {
    const file = await buildNetworkFile("mobile");
    const { config } = file.topology.config.layers!.find(({ name }) => name === layer)!;
    Object.assign(config, options);
    assert.throws(() => writeOnnx(file), (error: Error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, message);
      return true;
    });
  };
  await change(
    "conv4",
    { activation: "exponential" },
    /"conv4" has activation exponential, wanted/,
  );
  await change("conv4", { groups: 2 }, /Conv2D layer "conv4" has groups, which TensorFlow\.js/);
  await change("conv4", { data_format: "channels_first" }, /"conv4" has its channels first/);
  await change("depthwise", { dilation_rate: [2, 2] }, /"depthwise" is dilated, which TensorFlow/);
  await change("bn2", { axis: 1 }, /"bn2" normalizes axis 1, wanted the channels, -1/);
});

Deno.test("layers of one name in two nested models are refused", async () => {
  const file = await buildModelFile("nested");
  const [features, head] = file.topology.config.layers!;
  head.config.layers![0].config.name = features.config.layers![0].config.name;
  assert.throws(
    () => writeOnnx(file),
    /^InputError: writing nested as ONNX: found two layers named "stem", wanted a name for each/,
  );
});
