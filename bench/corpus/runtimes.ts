import * as tf from "@tensorflow/tfjs";
import type { PlainTensor } from "../../test/formats/onnx/runtime.ts";

/** Maps as N × C × H × W, series at some places as N × C × L; anything else as it is. */
export function channelsFirst(
  tensors: readonly PlainTensor[],
  series: readonly number[],
): PlainTensor[] {
  return tensors.map((tensor, place) =>
    transpose(tensor, [[0, 3, 1, 2], ...(series.includes(place) ? [[0, 2, 1]] : [])])
  );
}

/** Maps as N × H × W × C, series at some places as N × L × C; anything else as it is. */
export function channelsLast(
  tensors: readonly PlainTensor[],
  series: readonly number[],
): PlainTensor[] {
  return tensors.map((tensor, place) =>
    transpose(tensor, [[0, 2, 3, 1], ...(series.includes(place) ? [[0, 2, 1]] : [])])
  );
}

/** A tensor with its axes in the order of as many that is among some, if one is. */
function transpose({ shape, values }: PlainTensor, orders: readonly number[][]): PlainTensor {
  const axes = orders.find(({ length }) => length === shape.length);
  if (axes === undefined) return { shape, values };
  return tf.tidy(() => {
    const turned = tf.transpose(tf.tensor(values, [...shape]), axes);
    return { shape: turned.shape, values: turned.dataSync<"float32">().slice() };
  });
}

/** The kernels of the WASM backend by name. */
export function listKernels(): ReadonlyMap<string, tf.KernelConfig> {
  return new Map(tf.getKernelsForBackend("wasm").map((kernel) => [kernel.kernelName, kernel]));
}

/** Refuses kernels that are not those that the backend came with. */
export function requireStock(stock: ReadonlyMap<string, tf.KernelConfig>): void {
  const other = [...listKernels()].find(([name, kernel]) => stock.get(name) !== kernel);
  if (other) throw new Error(`judging a model: found a kernel ${other[0]} that is not stock`);
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
