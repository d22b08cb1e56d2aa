import * as tf from "@tensorflow/tfjs";
import { disposeModel, instantiate } from "../../../src/model/instantiate.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import { onCpu } from "../../kernels/on_cpu.ts";
import type { GraphSketch } from "./graph_sketch.ts";

/** Random images for the sketches; of bytes where their input is. */
export function sketchImages(g: GraphSketch, seed = 3): tf.Tensor4D[] {
  const inputs = g.nodes.filter(({ op }) => op === "Placeholder");
  return inputs.map(({ attr }, index) => {
    const isByte = (attr.dtype as { type: string }).type === "DT_UINT8";
    const range = isByte ? [0, 255] : [-2, 2];
    const values = tf.randomUniform<tf.Rank.R4>(
      [2, 8, 8, 3],
      ...[range[0], range[1], isByte ? "int32" : "float32", seed + index] as const,
    );
    return values;
  });
}

/** What stock TensorFlow.js makes of a graph model, on its plain CPU backend. */
export async function runGraphModel(
  g: GraphSketch,
  outputs: readonly string[],
  images: readonly tf.Tensor[],
): Promise<tf.Tensor[]> {
  const json = JSON.parse(JSON.stringify(g.json(...outputs)));
  const shard = g.shard().buffer as ArrayBuffer;
  const held = await Promise.all(images.map((image) => image.data()));
  const plain = await onCpu(() => {
    const model = tf.loadGraphModelSync([json, shard]);
    const found = tf.tidy(() => {
      const given = images.map((image, index) => tf.tensor(held[index], image.shape, image.dtype));
      const made = model.execute(
        Object.fromEntries(model.inputs.map(({ name }, index) => [name, given[index]])),
        model.outputs.map(({ name }) => name),
      );
      return [made].flat().map((tensor) => ({ shape: tensor.shape, values: tensor.dataSync() }));
    });
    model.dispose();
    return found;
  });
  return plain.map(({ shape, values }) => tf.tensor(values, shape));
}

/** What a layers model makes of the same images. */
export async function runLayersModel(
  file: ModelFile,
  images: readonly tf.Tensor[],
): Promise<tf.Tensor[]> {
  const model = await instantiate(file);
  const made = tf.tidy(() => {
    const given = images.map((image) => image.toFloat());
    return [model.predict(given.length === 1 ? given[0] : given)].flat();
  });
  disposeModel(model);
  return made;
}

/** What a tensor of a graph model holds. */
export interface FoundTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array | Uint8Array;
}

/** What stock TensorFlow.js makes of a graph model in a folder, with control flow and what takes its time. */
export async function runFolder(
  folder: string,
  images: readonly tf.Tensor[],
): Promise<{ inputs: string[]; outputs: Map<string, FoundTensor> }> {
  const held = await Promise.all(images.map((image) => image.data()));
  return await onCpu(async () => {
    const model = await tf.loadGraphModel({ load: () => readFolder(folder) });
    const inputs = model.inputs.map(({ name }) => name);
    const names = model.outputs.map(({ name }) => name);
    const copies = images.map(({ shape, dtype }, index) => tf.tensor(held[index], shape, dtype));
    const given = Object.fromEntries(inputs.map((name, index) => [name, copies[index]]));
    const made = [await model.executeAsync(given, names)].flat();
    const outputs = new Map(made.map((tensor, index) => {
      const values = tensor.dataSync() as FoundTensor["values"];
      return [names[index], { shape: tensor.shape, values }];
    }));
    tf.dispose([made, copies]);
    model.dispose();
    return { inputs, outputs };
  });
}

async function readFolder(folder: string): Promise<tf.io.ModelArtifacts> {
  const json = JSON.parse(await Deno.readTextFile(`${folder}/model.json`));
  const groups = json.weightsManifest as { paths: string[]; weights: [] }[];
  const paths = groups.flatMap((group) => group.paths);
  const shards = await Promise.all(paths.map((path) => Deno.readFile(`${folder}/${path}`)));
  return {
    ...json,
    weightSpecs: groups.flatMap(({ weights }) => weights),
    weightData: await new Blob(shards).arrayBuffer(),
  };
}
