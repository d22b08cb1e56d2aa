import assert from "node:assert/strict";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { startBackend } from "../../src/kernels/backend.ts";
import { disposeModel, instantiate } from "../../src/model/instantiate.ts";
import type { ModelFile, QuantizedType, Weight } from "../../src/model/model_file.ts";
import { loadModelFile } from "../../src/formats/tfjs/load.ts";
import { saveModelFile } from "../../src/formats/tfjs/save.ts";
import { createRandom, drawNormal } from "../../src/base/random.ts";
import { buildNetworkFile, networkNames, randomImages } from "../support/networks.ts";
import { createModelFile, inTempFolder } from "./fixtures.ts";

await startBackend();

const LEVELS = { uint8: 255, uint16: 65535 } as const;
const TYPES = ["uint8", "uint16", "float16"] as const;

/** Writes weights with a quantization, and gives what is read back and the manifest's entries. */
async function roundTrip(folder: string, weights: Weight[], quantize: QuantizedType) {
  const file = {
    ...await createModelFile(),
    weights: new Map(weights.map((weight) => [weight.name, weight])),
  };
  const dir = join(folder, quantize);
  await saveModelFile(dir, file, { quantize });
  const { weightsManifest } = JSON.parse(await Deno.readTextFile(join(dir, "model.json")));
  return { read: (await loadModelFile(dir)).weights, entries: weightsManifest[0].weights };
}

function kernel(values: readonly number[]): Weight {
  const shape = [1, values.length];
  return { name: "k", shape, dtype: "float32", values: Float32Array.from(values) };
}

function drawKernel(length: number, shift: number): Weight {
  const random = createRandom(3, length);
  return kernel(Array.from({ length }, () => drawNormal(random) + shift));
}

for (const type of ["uint8", "uint16"] as const) {
  Deno.test(`${type} is off by half a step at most, and what is zero stays zero`, () =>
    inTempFolder(async (folder) => {
      for (const shift of [0, 0.7, 9, -9]) {
        const weight = drawKernel(500, shift);
        weight.values[17] = shift === 0 ? 0 : weight.values[17];
        const { read, entries: [entry] } = await roundTrip(folder, [weight], type);
        const [low, high] = [Math.min(...weight.values), Math.max(...weight.values)];
        const step = (high - low) / LEVELS[type];
        assert.equal(entry.quantization.dtype, type);
        assert.ok(Math.abs(entry.quantization.scale - step) < 1e-12);
        // The range is moved by half a step at most to meet zero, which may cost its ends another half.
        const bound = (low < 0 && high > 0 ? 1 : 0.5) * step + 1e-6;
        const found = read.get("k")!.values;
        found.forEach((value, index) => {
          const error = Math.abs(value - weight.values[index]);
          assert.ok(error <= bound, `${error} at ${index}, wanted at most ${bound}`);
          const isInside = weight.values[index] > low + step && weight.values[index] < high - step;
          assert.ok(!isInside || error <= 0.5 * step + 1e-6, `${error} inside the range`);
        });
        if (shift === 0) assert.equal(found[17], 0);
        await Deno.remove(join(folder, type), { recursive: true });
      }
    }));
}

Deno.test("the stored numbers are those of tensorflowjs_converter", () =>
  inTempFolder(async (folder) => {
    // From the docstring of its write_weights.py: [0, -0.1, 1.2] becomes [20, 0, 255].
    const { entries: [{ quantization }] } = await roundTrip(
      folder,
      [kernel([0, -0.1, 1.2])],
      "uint8",
    );
    assert.ok(Math.abs(quantization.min - -0.10196078817) < 1e-8);
    assert.ok(Math.abs(quantization.scale - 0.00509803940852) < 1e-8);
    assert.equal(quantization.original_dtype, "float32");
    const bytes = await Deno.readFile(join(folder, "uint8/group1-shard1of1.bin"));
    assert.deepEqual([...bytes], [20, 0, 255]);
  }));

Deno.test("halves are rounded to the even neighbor, in integers and in float16", () =>
  inTempFolder(async (folder) => {
    await roundTrip(folder, [kernel([0, 0.5, 1.5, 2.5, 255])], "uint8");
    const bytes = await Deno.readFile(join(folder, "uint8/group1-shard1of1.bin"));
    assert.deepEqual([...bytes], [0, 0, 2, 2, 255]);
    // float16 has 10 bits behind the leading one: 2048 + 1 and 2048 + 3 lie half-way.
    const { read } = await roundTrip(folder, [kernel([2049, 2051, 1 / 3, -2049])], "float16");
    assert.deepEqual([...read.get("k")!.values], [2048, 2052, 0.333251953125, -2048]);
  }));

Deno.test("float16 is off by one part in 2048 at most", () =>
  inTempFolder(async (folder) => {
    const weight = drawKernel(500, 0);
    const { read } = await roundTrip(folder, [weight], "float16");
    read.get("k")!.values.forEach((value, index) => {
      const bound = Math.max(2 ** -25, Math.abs(weight.values[index]) / 2048);
      assert.ok(Math.abs(value - weight.values[index]) <= bound);
    });
  }));

for (const type of TYPES) {
  Deno.test(`one-hot selectors, constants, biases and BatchNormalization are exact in ${type}`, () =>
    inTempFolder(async (folder) => {
      const oneHot = { ...kernel([0, 1, 0, 0, 1, 0]), name: "one-hot" };
      const constants = [0.1, -3, 0].map((value, index) => ({
        ...kernel([value, value]),
        name: `constant${index}`,
      }));
      const vector = { ...kernel([1e-9, 0.1, 1e9]), name: "variance", shape: [3] };
      const empty = { ...kernel([]), name: "empty" };
      const { read } = await roundTrip(folder, [oneHot, ...constants, vector, empty], type);
      for (const { name, values } of [oneHot, vector, empty]) {
        assert.deepEqual(read.get(name)!.values, values, name);
      }
      for (const { name, values } of constants) {
        const error = Math.abs(read.get(name)!.values[0] - values[0]);
        assert.ok(error <= (type === "float16" ? Math.abs(values[0]) / 2048 : 0), name);
      }
    }));
}

Deno.test("a kernel beyond the range of float16 stays float32", () =>
  inTempFolder(async (folder) => {
    const { read, entries } = await roundTrip(folder, [kernel([1, -70000])], "float16");
    assert.equal(entries[0].quantization, undefined);
    assert.deepEqual([...read.get("k")!.values], [1, -70000]);
  }));

/** Output of a model that stock TensorFlow.js reads from its files. */
async function predictStock(dir: string, images: tf.Tensor4D): Promise<tf.Tensor> {
  const { weightsManifest, ...json } = JSON.parse(
    await Deno.readTextFile(join(dir, "model.json")),
  );
  const [{ paths, weights }] = weightsManifest;
  const shards = await Promise.all(
    paths.map((path: string) => Deno.readFile(join(dir, path)) as Promise<Uint8Array>),
  );
  const weightData = await new Blob(shards).arrayBuffer();
  const artifacts = { modelTopology: json.modelTopology, weightSpecs: weights, weightData };
  const model = await tf.loadLayersModel({ load: () => Promise.resolve(artifacts) });
  const output = model.predict(images) as tf.Tensor;
  disposeModel(model);
  return output;
}

async function predictOurs(file: ModelFile, images: tf.Tensor4D): Promise<tf.Tensor> {
  const model = await instantiate(file);
  const output = model.predict(images) as tf.Tensor;
  disposeModel(model);
  return output;
}

const OUTPUT_BOUNDS = { uint8: 0.1, uint16: 5e-4, float16: 5e-3 };

for (const name of networkNames) {
  Deno.test(`stock tf.loadLayersModel and our reader see the same quantized ${name} network`, () =>
    inTempFolder(async (folder) => {
      const file = await buildNetworkFile(name);
      const images = randomImages(4);
      const wanted = await predictOurs(file, images);
      for (const quantize of TYPES) {
        const dir = join(folder, quantize);
        await saveModelFile(dir, file, { quantize });
        const stock = await predictStock(dir, images);
        const ours = await predictOurs(await loadModelFile(dir), images);
        assert.deepEqual(stock.dataSync(), ours.dataSync(), quantize);
        const error = tf.tidy(() => tf.max(tf.abs(tf.sub(stock, wanted))).arraySync() as number);
        assert.ok(error > 0 && error < OUTPUT_BOUNDS[quantize], `${quantize}: off by ${error}`);
        tf.dispose([stock, ours]);
      }
      tf.dispose([images, wanted]);
    }));
}

Deno.test("kernels shrink to a quarter or a half on disk", () =>
  inTempFolder(async (folder) => {
    const weight = drawKernel(100_000, 0);
    const file = { ...await createModelFile(), weights: new Map([["k", weight]]) };
    const sizes: Record<string, number> = {};
    for (const quantize of [undefined, ...TYPES]) {
      const dir = join(folder, String(quantize));
      await saveModelFile(dir, file, { quantize });
      sizes[String(quantize)] = (await Deno.stat(join(dir, "group1-shard1of1.bin"))).size;
    }
    assert.deepEqual(sizes, {
      undefined: 400_000,
      uint8: 100_000,
      uint16: 200_000,
      float16: 200_000,
    });
  }));
