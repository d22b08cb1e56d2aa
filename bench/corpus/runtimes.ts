import * as tf from "@tensorflow/tfjs";
import type { PlainTensor } from "../../test/formats/onnx/runtime.ts";

/** Rank of maps with their batch. */
const MAPS = 4;

/** Maps as N × C × H × W; anything else as it is. */
export function channelsFirst(tensors: readonly PlainTensor[]): PlainTensor[] {
  return tensors.map((tensor) => transpose(tensor, [0, 3, 1, 2]));
}

/** Maps as N × H × W × C; anything else as it is. */
export function channelsLast(tensors: readonly PlainTensor[]): PlainTensor[] {
  return tensors.map((tensor) => transpose(tensor, [0, 2, 3, 1]));
}

function transpose({ shape, values }: PlainTensor, axes: number[]): PlainTensor {
  if (shape.length !== MAPS) return { shape, values };
  return tf.tidy(() => {
    const turned = tf.transpose(tf.tensor(values, [...shape]), axes);
    return { shape: turned.shape, values: turned.dataSync<"float32">().slice() };
  });
}

/** A model.json and its shards as stock TensorFlow.js takes them. */
function readArtifacts(files: ReadonlyMap<string, Uint8Array>, name: string): tf.io.ModelArtifacts {
  const json = JSON.parse(new TextDecoder().decode(files.get(name)!));
  const groups = json.weightsManifest as { paths: string[]; weights: [] }[];
  const shards = groups.flatMap(({ paths }) => paths.map((path) => files.get(path)!));
  const data = new Uint8Array(shards.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const shard of shards) data.set(shard, (end += shard.length) - shard.length);
  const weightSpecs = groups.flatMap(({ weights }) => weights);
  return { ...json, weightSpecs, weightData: data.buffer };
}

/** What stock TensorFlow.js makes of a graph model. */
export async function runGraph(
  files: ReadonlyMap<string, Uint8Array>,
  inputs: readonly PlainTensor[],
  name = "model.json",
): Promise<PlainTensor[]> {
  const artifacts = readArtifacts(files, name);
  const model = await tf.loadGraphModel({ load: () => Promise.resolve(artifacts) });
  const given = model.inputs.map(({ dtype }, index) => toTensor(inputs[index], dtype));
  const names = model.inputs.map((input) => input.name);
  const outputs = model.outputs.map((output) => output.name);
  const feeds = Object.fromEntries(names.map((input, index) => [input, given[index]]));
  const made = [await model.executeAsync(feeds, outputs)].flat();
  const plain = made.map(toPlain);
  tf.dispose([given, made]);
  model.dispose();
  return plain;
}

/** What stock TensorFlow.js makes of a layers model. */
export async function runLayersModel(
  files: ReadonlyMap<string, Uint8Array>,
  inputs: readonly PlainTensor[],
  name = "model.json",
): Promise<PlainTensor[]> {
  const artifacts = readArtifacts(files, name);
  const model = await tf.loadLayersModel({ load: () => Promise.resolve(artifacts) });
  const plain = predict(model, inputs);
  model.dispose();
  return plain;
}

/** What a model makes of inputs. */
export function predict(model: tf.LayersModel, inputs: readonly PlainTensor[]): PlainTensor[] {
  const given = inputs.map((input) => toTensor(input, "float32"));
  const made = [model.predict(given.length === 1 ? given[0] : given)].flat();
  const plain = made.map(toPlain);
  tf.dispose([given, made]);
  return plain;
}

function toTensor({ shape, values }: PlainTensor, dtype: tf.DataType): tf.Tensor {
  return tf.tensor(values, [...shape], dtype === "int32" ? "int32" : "float32");
}

function toPlain(tensor: tf.Tensor): PlainTensor {
  return { shape: tensor.shape, values: Float32Array.from(tensor.dataSync()) };
}
