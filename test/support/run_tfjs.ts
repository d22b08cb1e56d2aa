import * as tf from "@tensorflow/tfjs";
import { disposeModel, instantiate } from "../../src/model/instantiate.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import type { PlainTensor } from "../formats/onnx/runtime.ts";

/** What TensorFlow.js makes of a model; maps are N × H × W × C. */
export async function runTfjs(
  file: ModelFile,
  inputs: readonly PlainTensor[],
): Promise<PlainTensor[]> {
  const model = await instantiate(file);
  const plain = tf.tidy(() => {
    const given = inputs.map(({ shape, values }) => tf.tensor(values, [...shape]));
    const outputs = [model.predict(given.length === 1 ? given[0] : given)].flat();
    return outputs.map((output) => ({
      shape: output.shape,
      values: output.dataSync<"float32">().slice(),
    }));
  });
  disposeModel(model);
  return plain;
}
