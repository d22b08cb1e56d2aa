import * as tf from "@tensorflow/tfjs";
import * as ort from "onnxruntime-web/wasm";
import { disposeModel, instantiate } from "../../../src/model/instantiate.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

/** A tensor as numbers. */
export interface PlainTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Random images, N × C × H × W. */
export function randomMaps(shape: readonly number[], seed = 5): PlainTensor {
  const tensor = tf.randomNormal([...shape], 0, 1, "float32", seed);
  const values = tensor.dataSync<"float32">().slice();
  tensor.dispose();
  return { shape, values };
}

/** What ONNX Runtime makes of a file, in the order of its outputs. */
export async function runOnnx(
  bytes: Uint8Array,
  inputs: readonly PlainTensor[],
): Promise<PlainTensor[]> {
  const options = { executionProviders: ["wasm"] };
  const session = await ort.InferenceSession.create(bytes, options);
  const feeds = session.inputNames.map((name, index) => {
    const { shape, values } = inputs[index];
    return [name, new ort.Tensor("float32", values, shape)] as const;
  });
  const outputs = await session.run(Object.fromEntries(feeds));
  const plain = session.outputNames.map((name) => ({
    shape: outputs[name].dims,
    values: (outputs[name].data as Float32Array).slice(),
  }));
  await session.release();
  return plain;
}

/** What TensorFlow.js makes of a model: maps go in and come out as N × C × H × W. */
export async function runLayers(
  file: ModelFile,
  inputs: readonly PlainTensor[],
): Promise<PlainTensor[]> {
  const model = await instantiate(file);
  const plain = tf.tidy(() => {
    const images = inputs.map(({ shape, values }) => {
      const tensor = tf.tensor(values, [...shape]);
      return shape.length === 4 ? tf.transpose(tensor, [0, 2, 3, 1]) : tensor;
    });
    const outputs = [model.predict(images.length === 1 ? images[0] : images)].flat();
    return outputs.map((output) => {
      const turned = output.rank === 4 ? tf.transpose(output, [0, 3, 1, 2]) : output;
      return { shape: turned.shape, values: turned.dataSync<"float32">().slice() };
    });
  });
  disposeModel(model);
  return plain;
}

/** Largest difference between two lists of tensors, relative to the largest value; infinite for other shapes. */
export function differenceOf(
  first: readonly PlainTensor[],
  second: readonly PlainTensor[],
): number {
  if (JSON.stringify(first.map(shapeOf)) !== JSON.stringify(second.map(shapeOf))) return Infinity;
  const scale = Math.max(1, ...second.map(({ values }) => largest(values)));
  return Math.max(
    ...first.map(({ values }, index) =>
      largest(values.map((value, at) => value - second[index].values[at])) / scale
    ),
  );
}

function shapeOf({ shape }: PlainTensor): readonly number[] {
  return shape;
}

/** NaN when there is one. */
function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
