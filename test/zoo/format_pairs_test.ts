import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../../src/base/errors.ts";
import { createRandom } from "../../src/base/random.ts";
import { readModel } from "../../src/formats/open_model.ts";
import { type FileOptions, writeModel } from "../../src/formats/save_model.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { captureModel, disposeModel } from "../../src/model/instantiate.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import { differenceOf, type PlainTensor, runLayers } from "../formats/onnx/runtime.ts";
import { randomizeWeights } from "../support/networks.ts";
import { buildRecipe } from "./build_recipe.ts";
import { assertCutsAgree, inputsOf, TOLERANCE, withNetwork } from "./properties.ts";
import {
  anySketches,
  drawSketch,
  isOfTflite,
  type SketchRecipe,
  valueSketches,
} from "./random_sketches.ts";
import { recipes } from "./recipes.ts";

await startBackend();

/** A format: the name of the file that is opened, and how it is written. */
interface Format {
  readonly name: string;
  readonly options?: FileOptions;
}

const FORMATS: Readonly<Record<string, Format>> = {
  layers: { name: "model.json" },
  graph: { name: "model.json", options: { format: "graph" } },
  keras: { name: "model.keras" },
  onnx: { name: "model.onnx" },
  tflite: { name: "model.tflite" },
};

/** Formats that have a place for steps on single values; TensorFlow Lite for most of them. */
const OF_STEPS = ["graph", "onnx"];

/** Writes a model into memory and reads it. */
async function pass(file: ModelFile, format: string): Promise<ModelFile> {
  const { name, options } = FORMATS[format];
  return await readModel(name, await writeModel(name, file, options));
}

/** The same outputs come of a model that has gone through some formats, one after the other. */
async function assertSame(
  file: ModelFile,
  way: readonly string[],
  { images, wanted }: { images: readonly PlainTensor[]; wanted: readonly PlainTensor[] },
): Promise<void> {
  const difference = differenceOf(await runLayers(file, images), wanted);
  assert.ok(difference < TOLERANCE, `by way of ${way.join(" and ")} it differs by ${difference}`);
}

/**
 * Sends a model through every pair of formats.
 *
 * @returns How many pairs there were.
 */
async function assertPairs(file: ModelFile, formats: readonly string[]): Promise<number> {
  const images = await inputsOf(file);
  const seen = { images, wanted: await runLayers(file, images) };
  let pairs = 0;
  for (const first of formats) {
    const once = await pass(file, first);
    await assertSame(once, [first], seen);
    for (const second of formats) {
      await assertSame(await pass(once, second), [first, second], seen);
      pairs++;
    }
  }
  return pairs;
}

/** A graph as it is read. */
async function readSketch(recipe: SketchRecipe): Promise<ModelFile> {
  const [g, outputs] = drawSketch(recipe);
  const json = new TextEncoder().encode(JSON.stringify(g.json(...outputs)));
  const files = new Map([["model.json", json], ["group1-shard1of1.bin", g.shard()]]);
  return await readModel("model.json", files);
}

/** Says with a counterexample what its graph is. */
async function withNodes(file: ModelFile, check: () => Promise<void>): Promise<void> {
  await check().catch((cause) => {
    const layers = file.topology.config.layers!.map(({ name, class_name, config, inbound_nodes }) =>
      `${name} = ${class_name} ${config.operator ?? ""} ${JSON.stringify(inbound_nodes)}`
    );
    throw new Error(`${(cause as Error).message}\n${layers.join("\n")}`, { cause });
  });
}

Deno.test("random networks go through every pair of formats and come back the same", async () => {
  const property = fc.asyncProperty(recipes, async (recipe) => {
    const model = buildRecipe(recipe);
    const file = await captureModel(model);
    disposeModel(model);
    randomizeWeights(file, createRandom(1));
    await withNodes(file, async () => {
      assert.equal(await assertPairs(file, Object.keys(FORMATS)), 25);
    });
  });
  await fc.assert(property, { seed: 5, numRuns: 12 });
});

Deno.test("random graphs with steps on single values go through every pair of formats that hold them", async () => {
  let ofTflite = 0;
  const property = fc.asyncProperty(valueSketches, async (recipe) => {
    const file = await readSketch(recipe);
    ofTflite += Number(isOfTflite(recipe));
    const formats = isOfTflite(recipe) ? [...OF_STEPS, "tflite"] : OF_STEPS;
    await withNodes(file, async () => {
      assert.equal(await assertPairs(file, formats), formats.length ** 2);
    });
  });
  await fc.assert(property, { seed: 6, numRuns: 25 });
  assert.ok(ofTflite > 5, `${ofTflite} graphs went through TensorFlow Lite`);
});

Deno.test("random graphs with any steps come back from graph models, and are refused by name elsewhere", async () => {
  let refused = 0, steps = 0;
  const property = fc.asyncProperty(anySketches, async (recipe) => {
    const file = await readSketch(recipe);
    const layers = file.topology.config.layers!;
    const hasStep = layers.some(({ class_name }) => class_name === "Operation");
    steps += Number(hasStep);
    await withNodes(file, async () => {
      await assertPairs(file, ["graph"]);
      for (const format of ["onnx", "tflite", "layers", "keras"]) {
        await pass(file, format).catch((error) => {
          assert.ok(error instanceof InputError, String(error));
          assert.ok(hasStep, error.message);
          assert.match(error.message, /operations that have no layer|"\w+" \(|layer "\w+"/);
          refused++;
        });
      }
    });
  });
  await fc.assert(property, { seed: 7, numRuns: 30 });
  assert.ok(steps > 0 && refused > 0, `${steps} graphs with steps, ${refused} refusals`);
});

Deno.test("random graphs with steps: masked equals shrunk", async () => {
  let cut = 0;
  const property = fc.asyncProperty(anySketches, async (recipe) => {
    const file = await readSketch(recipe);
    await withNodes(file, () =>
      withNetwork(file, async (network) => {
        for (const select of [false, true]) {
          cut += (await assertCutsAgree(network, { seed: cut, select })).cut;
        }
      }));
  });
  await fc.assert(property, { seed: 8, numRuns: 60 });
  assert.ok(cut > 0);
});
