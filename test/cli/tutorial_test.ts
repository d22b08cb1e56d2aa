import assert from "node:assert/strict";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { createRandom } from "../../src/base/random.ts";
import { encodePng } from "../data/fixtures.ts";
import { commandsOf, runDocumented } from "./documented_commands.ts";
import { inTempFolder, writeFile } from "./fixtures.ts";
import { projectFolder, runJson } from "./run_cli.ts";

const SIZE = 24;
const CLASSES = ["cat", "dog", "fish"];

/** A model as Teachable Machine exports it, but small: a Sequential of a Sequential, which holds a functional body. */
function teachableModel(): tf.LayersModel {
  const { layers } = tf;
  const image = tf.input({ name: "image", shape: [SIZE, SIZE, 3] });
  const unit = (x: tf.SymbolicTensor, name: string, filters: number, strides = 1) => {
    const convolved = layers.conv2d({
      name,
      filters,
      strides,
      kernelSize: 3,
      padding: "same",
      useBias: false,
      kernelInitializer: tf.initializers.heNormal({ seed: filters }),
    }).apply(x);
    const norm = layers.batchNormalization({ name: `${name}_norm` }).apply(convolved);
    return layers.reLU({ name: `${name}_relu`, maxValue: 6 }).apply(norm) as tf.SymbolicTensor;
  };
  const stem = unit(image, "stem", 8, 2);
  const deep = unit(unit(stem, "conv1", 16), "conv2", 16, 2);
  const body = tf.model({ name: "body", inputs: image, outputs: unit(deep, "conv3", 24) });
  const features = tf.sequential({ name: "features", layers: [body] });
  features.add(layers.globalAveragePooling2d({ name: "pool" }));
  const head = tf.sequential({
    name: "head",
    layers: [
      layers.dense({ name: "dense1", units: 12, activation: "relu", inputShape: [24] }),
      layers.dense({ name: "dense2", units: 3, activation: "softmax", useBias: false }),
    ],
  });
  return tf.sequential({ name: "teachable", layers: [features, head] });
}

/** Writes a model as tfjs does in a browser. */
async function writeModel(model: tf.LayersModel, folder: string): Promise<void> {
  await model.save(tf.io.withSaveHandler(async (artifacts) => {
    const { modelTopology, weightSpecs: weights, weightData } = artifacts;
    const json = { modelTopology, weightsManifest: [{ paths: ["weights.bin"], weights }] };
    await writeFile(join(folder, "model.json"), new TextEncoder().encode(JSON.stringify(json)));
    await writeFile(join(folder, "weights.bin"), new Uint8Array(weightData as ArrayBuffer));
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
  }));
}

/** Photos that differ in their color by class, and in noise. */
async function writePhotos(folder: string): Promise<void> {
  const random = createRandom(5);
  for (const [split, count] of [["train", 24], ["test", 8]] as const) {
    for (const [label, name] of CLASSES.entries()) {
      for (let index = 0; index < count; index++) {
        const samples = Uint8Array.from(
          { length: SIZE * SIZE * 3 },
          (_, at) => (at % 3 === label ? 120 : 40) + 90 * random(),
        );
        const png = encodePng(samples, { width: SIZE, height: SIZE, colorType: 2 });
        await writeFile(join(folder, split, name, `${index}.png`), png);
      }
    }
  }
}

/** The model of a folder, opened as a page would: by tfjs alone. */
async function openPlainly(folder: string): Promise<tf.LayersModel> {
  const json = JSON.parse(await Deno.readTextFile(join(folder, "model.json")));
  const { paths, weights } = json.weightsManifest[0];
  const parts = await Promise.all(
    paths.map((path: string) => Deno.readFile(join(folder, path))),
  );
  return await tf.loadLayersModel({
    load: async () => ({
      modelTopology: json.modelTopology,
      weightSpecs: weights,
      weightData: await new Blob(parts).arrayBuffer(),
    }),
  });
}

Deno.test("the tutorial leads from a Teachable Machine model to a smaller one in the browser", async (t) => {
  const text = await Deno.readTextFile(join(projectFolder, "docs/tutorial.md"));
  await inTempFolder(async (folder) => {
    const model = teachableModel();
    await writeModel(model, join(folder, "my-model"));
    model.dispose();
    await writePhotos(join(folder, "photos"));
    const commands = commandsOf(text);
    const names = commands.map(([name]) => name);
    assert.deepEqual(names, [
      ...["inspect", "eval", "prune", "finetune", "fold", "eval", "bench"],
    ]);
    const printed = new Map<string, string>();
    for (const command of commands) {
      await t.step(command.join(" "), async () => {
        printed.set(command[0], await runDocumented(command, folder));
      });
    }

    await t.step("what was made is small and right", async () => {
      const measure = (name: string) => runJson(["inspect", join(folder, name)]);
      const [before, after] = [await measure("my-model"), await measure("web")];
      assert.ok(after.macs <= 0.5 * before.macs, `${after.macs} ${before.macs}`);
      assert.ok(after.bytes < 0.5 * before.bytes, `${after.bytes} of ${before.bytes}`);
      assert.match(printed.get("bench")!, /^my-model\S* .*\nweb\S* /m);
    });

    await t.step("the page opens it with plain TensorFlow.js", async () => {
      assert.match(text, /tf\.loadLayersModel\("web\/model\.json"\)/);
      assert.match(text, /image\.div\(127\.5\)\.sub\(1\)\.expandDims\(\)/);
      await tf.setBackend("cpu");
      const web = await openPlainly(join(folder, "web"));
      const [, height, width] = web.inputs[0].shape;
      assert.deepEqual([height, width], [SIZE, SIZE]);
      const image = tf.fill([SIZE, SIZE, 3], 200).div(127.5).sub(1).expandDims();
      const answer = web.predict(image) as tf.Tensor;
      const scores = Array.from(answer.dataSync());
      tf.dispose([image, answer]);
      assert.equal(scores.length, CLASSES.length);
      assert.ok(Math.abs(scores.reduce((sum, score) => sum + score, 0) - 1) < 1e-4);
      web.dispose();
    });
  });
});
