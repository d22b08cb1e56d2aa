import assert from "node:assert/strict";
import fc from "fast-check";
import { startBackend } from "../../src/kernels/backend.ts";
import { captureModel, disposeModel } from "../../src/model/instantiate.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import { createRandom } from "../../src/base/random.ts";
import { inTempFolder } from "../data/fixtures.ts";
import { randomizeWeights } from "../support/networks.ts";
import { buildRecipe } from "./build_recipe.ts";
import {
  assertCutsAgree,
  assertInspected,
  assertKeepsAll,
  assertRoundTrip,
  assertSameInLiteRt,
  assertSameInOnnxRuntime,
  readersOf,
  withNetwork,
} from "./properties.ts";
import { type Recipe, recipes } from "./recipes.ts";

await startBackend();

async function buildFile(recipe: Recipe): Promise<ModelFile> {
  const model = buildRecipe(recipe);
  const file = await captureModel(model);
  disposeModel(model);
  randomizeWeights(file, createRandom(1));
  return file;
}

/** The layers of a model, a line for each, for the message about a counterexample. */
function describeLayers({ topology }: ModelFile): string {
  const lines = topology.config.layers!.map(({ name, class_name, config, inbound_nodes = [] }) => {
    const calls = (inbound_nodes as [string][][]).map((call) => call.map(([input]) => input));
    const options = ["filters", "kernel_size", "strides", "padding", "dilation_rate", "activation"]
      .filter((option) => config[option] !== undefined && config[option] !== "linear")
      .map((option) => `${option} ${JSON.stringify(config[option])}`);
    return `${name} = ${class_name}(${calls.map(String).join("; ")}) ${options.join(", ")}`;
  });
  return lines.join("\n");
}

/** Runs a check on random networks; the first that fails is made smaller, and its layers are listed. */
async function checkRandom(
  options: { seed: number; numRuns: number },
  check: (file: ModelFile) => Promise<void>,
): Promise<void> {
  const property = fc.asyncProperty(recipes, async (recipe) => {
    const file = await buildFile(recipe);
    await check(file).catch((cause) => {
      const message = `${(cause as Error).message}\n${describeLayers(file)}`;
      throw new Error(message, { cause });
    });
  });
  await fc.assert(property, options);
}

Deno.test("random networks: masked equals shrunk, keeping all changes nothing, inspect() knows why", async () => {
  let readers = 0, cuttable = 0, cut = 0;
  await checkRandom({ seed: 1, numRuns: 80 }, async (file) => {
    const listed = readersOf(await assertInspected(file, "couple"));
    readers += listed.length;
    cuttable += listed.filter(({ mode }) => mode !== "whole").length;
    await withNetwork(file, async (network) => {
      await assertKeepsAll(network);
      for (const select of [false, true]) {
        cut += (await assertCutsAgree(network, { seed: readers, select })).cut;
      }
    });
  });
  assert.ok(cuttable > readers / 2, `${cuttable} of ${readers} can be cut`);
  assert.ok(cut > 0);
});

Deno.test("random networks are written and read back the same in every format that holds them", () =>
  inTempFolder(async (folder) => {
    let written = 0;
    await checkRandom({ seed: 2, numRuns: 50 }, async (file) => {
      const path = `${folder}/${written++}`;
      await assertRoundTrip(file, path);
      await assertRoundTrip(file, `${path}.keras`);
      await assertRoundTrip(file, `${path}.tflite`);
      await assertSameInLiteRt(file, `${path}.tflite`);
      await assertRoundTrip(file, `${path}.onnx`);
      await assertSameInOnnxRuntime(file, `${path}.onnx`);
    });
  }));
