import type * as tf from "@tensorflow/tfjs";
import { captureModel, disposeModel } from "../../src/model/instantiate.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import { createRandom } from "../../src/base/random.ts";
import { randomizeWeights } from "../support/networks.ts";
import * as classic from "./classic.ts";
import * as composed from "./composed.ts";
import * as concatenating from "./concatenating.ts";
import * as densePrediction from "./dense_prediction.ts";
import * as mobile from "./mobile.ts";
import * as residual from "./residual.ts";

const BUILDERS: Readonly<Record<string, () => tf.LayersModel>> = {
  ...residual,
  ...concatenating,
  ...mobile,
  ...densePrediction,
  ...classic,
  ...composed,
};

/** Names of the architectures. */
export const architectureNames = Object.keys(BUILDERS);

/** An architecture with random weights; what is frozen picks channels with a one-hot kernel. */
export async function buildArchitecture(name: string): Promise<ModelFile> {
  const model = BUILDERS[name]();
  const file = await captureModel(model);
  disposeModel(model);
  randomizeWeights(file, createRandom(3, architectureNames.indexOf(name)));
  for (const { config } of file.topology.config.layers!) {
    if (config.trainable !== false) continue;
    const kernel = file.weights.get(`${config.name}/kernel`)!;
    const [, , inputs, filters] = kernel.shape;
    kernel.values.fill(0);
    for (let filter = 0; filter < filters; filter++) {
      kernel.values[Math.floor(filter * inputs / filters) * filters + filter] = 1;
    }
  }
  return file;
}
