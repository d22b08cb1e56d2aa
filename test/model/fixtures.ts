import * as tf from "@tensorflow/tfjs";
import { join } from "node:path";
import { startBackend } from "../../src/kernels/backend.ts";
import { captureModel } from "../../src/model/instantiate.ts";
import type { ModelFile } from "../../src/model/model_file.ts";

export { inTempFolder, writeFile } from "../data/fixtures.ts";

/** A functional network with a residual branch, batch normalization and every bias. */
export async function createModelFile(): Promise<ModelFile> {
  await startBackend();
  const input = tf.input({ shape: [8, 8, 3], name: "image" });
  const first = tf.layers.conv2d({
    name: "first",
    filters: 4,
    kernelSize: 3,
    padding: "same",
    kernelInitializer: tf.initializers.glorotNormal({ seed: 1 }),
  }).apply(input) as tf.SymbolicTensor;
  const normal = tf.layers.batchNormalization({ name: "normal" }).apply(first);
  const second = tf.layers.conv2d({
    name: "second",
    filters: 4,
    kernelSize: 1,
    kernelInitializer: tf.initializers.glorotNormal({ seed: 2 }),
  }).apply(normal) as tf.SymbolicTensor;
  const sum = tf.layers.add({ name: "sum" }).apply([first, second]);
  const pooled = tf.layers.globalAveragePooling2d({ name: "pooled" }).apply(sum);
  const output = tf.layers.dense({
    name: "scores",
    units: 2,
    kernelInitializer: tf.initializers.glorotNormal({ seed: 3 }),
  }).apply(pooled) as tf.SymbolicTensor;
  const model = tf.model({ name: "small", inputs: input, outputs: output });
  const file = await captureModel(model, { metadata: { classes: ["cat", "dog"] } });
  model.dispose();
  return file;
}

/** A model of one input and nothing else, for what depends on the topology's shape alone. */
export function createInputOnly(
  shape: (number | null)[],
  metadata?: Record<string, unknown>,
): ModelFile {
  return {
    topology: {
      class_name: "Sequential",
      config: {
        layers: [{
          class_name: "Flatten",
          config: { name: "flatten", batch_input_shape: shape },
        }],
      },
    },
    weights: new Map(),
    ...(metadata && { metadata }),
    bytes: 0,
    path: "model.json",
  };
}

/** The same with several inputs by name. */
export function createInputs(
  shapes: Record<string, (number | null)[]>,
  metadata?: Record<string, unknown>,
): ModelFile {
  const layers = Object.entries(shapes).map(([name, shape]) => ({
    class_name: "InputLayer",
    config: { name, batch_input_shape: shape },
  }));
  const config = { layers, input_layers: Object.keys(shapes).map((name) => [name, 0, 0]) };
  return { ...createInputOnly([], metadata), topology: { class_name: "Model", config } };
}

/** Writes a model.json and shards without any check. */
export async function writeRawModel(
  folder: string,
  json: unknown,
  shards: Record<string, Uint8Array> = {},
): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  const path = join(folder, "model.json");
  await Deno.writeTextFile(path, typeof json === "string" ? json : JSON.stringify(json));
  for (const [name, bytes] of Object.entries(shards)) {
    await Deno.writeFile(join(folder, name), bytes);
  }
  return path;
}

/** A model.json with a Sequential model of one layer and the given manifest. */
export function describeModel(weightsManifest: unknown, more: Record<string, unknown> = {}) {
  const modelTopology = {
    class_name: "Sequential",
    config: {
      name: "net",
      layers: [{
        class_name: "Dense",
        config: { name: "dense", units: 2, use_bias: true, batch_input_shape: [null, 3] },
      }],
    },
  };
  return { format: "layers-model", modelTopology, weightsManifest, ...more };
}

export const DENSE_WEIGHTS = [
  { name: "dense/kernel", shape: [3, 2], dtype: "float32" },
  { name: "dense/bias", shape: [2], dtype: "float32" },
];

export function encodeFloats(...values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}
