import * as tf from "@tensorflow/tfjs";
import { InputError } from "../base/mod.ts";
import { lendTensor } from "../kernels/mod.ts";
import { buildWithinWeights } from "./build_within_weights.ts";
import { checkTopology } from "./check_topology.ts";
import { decodeWeights, readWeightSpec } from "./decode_weights.ts";
import type { ModelFile } from "./model_file.ts";
import { packOperations } from "./operation_layer.ts";
import { readTopology } from "./topology.ts";

/**
 * Builds the model on the current backend, whose memory weights take when they are first computed with: until then they are
 * those of the file, which nobody may change. It is not compiled: the file's training configuration stays in the file.
 *
 * When tfjs fails half-way it does not give back the tensors it has made; the process is expected to end then.
 *
 * @param file Graph and weights.
 * @returns A model that owns its tensors; dispose of it with {@link disposeModel}.
 * @throws {InputError} When tfjs cannot build it: a layer class it does not know, weights that do not fit the graph, layers
 * of far more weights than the file has.
 */
export async function instantiate(file: ModelFile): Promise<tf.LayersModel> {
  const { topology, weights, path } = file;
  checkTopology(topology, path);
  try {
    const model = await buildWithinWeights(packOperations(topology), weights.values());
    const tensors = Object.fromEntries(
      [...weights].map(([name, { values, shape, dtype }]) => [
        name,
        lendTensor(values, shape, dtype),
      ]),
    );
    model.loadWeights(tensors);
    tf.dispose(tensors);
    return model;
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).replace(
      /\s*\n\s*/g,
      " ",
    );
    throw new InputError(
      `building the model of ${path}: ${reason}; ` +
        `mend the model where it was made and save it again`,
      { cause: error },
    );
  }
}

/**
 * Takes a model out of tfjs, the inverse of {@link instantiate}.
 *
 * @param model Any layers model; it is not changed.
 * @param origin What the new file inherits: metadata, training configuration, the path for messages.
 * @returns Graph and weights as copies.
 * @throws {InputError} When tfjs cannot describe the model.
 */
export async function captureModel(
  model: tf.LayersModel,
  origin: Partial<Pick<ModelFile, "metadata" | "trainingConfig" | "path">> = {},
): Promise<ModelFile> {
  const path = origin.path ?? model.name;
  const { modelTopology, weightSpecs, weightData } = await saveArtifacts(model);
  const { topology } = readTopology(JSON.parse(JSON.stringify(modelTopology)), path);
  const specs = (weightSpecs ?? []).map((spec) => readWeightSpec(spec, path));
  const stored = new Uint8Array(new tf.io.CompositeArrayBuffer(weightData).slice());
  const weights = decodeWeights(specs, stored);
  return {
    ...origin,
    topology,
    weights: new Map(weights.map((weight) => [weight.name, weight])),
    bytes: 0,
    path,
  };
}

function saveArtifacts(model: tf.LayersModel): Promise<tf.io.ModelArtifacts> {
  return new Promise((resolve, reject) => {
    const handler: tf.io.IOHandler = {
      save(artifacts) {
        resolve(artifacts);
        const modelArtifactsInfo = { dateSaved: new Date(0), modelTopologyType: "JSON" as const };
        return Promise.resolve({ modelArtifactsInfo });
      },
    };
    model.save(handler).catch(reject);
  });
}

/**
 * Frees a model. `model.dispose()` of tfjs 4.22 forgets the weights of a layer that is called several times, and refuses
 * models after {@link releaseWeights}.
 *
 * @param model The model; it cannot be used afterwards.
 */
export function disposeModel(model: tf.LayersModel): void {
  disposeVariables(model);
}

/**
 * Frees the weights of layers that will not run.
 *
 * @param model The model; only the other layers can be used afterwards, and {@link disposeModel} alone frees them.
 * @param needed Names of the layers that will run.
 */
export function releaseWeights(model: tf.LayersModel, needed: ReadonlySet<string>): void {
  for (const layer of model.layers) {
    if (!needed.has(layer.name)) disposeVariables(layer);
  }
}

/** `read()` of a weight refuses variables that are disposed already. */
function disposeVariables({ weights }: Pick<tf.layers.Layer, "weights">): void {
  const variables = weights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
  tf.dispose(variables.filter(({ isDisposed }) => !isDisposed));
}
