import * as tf from "@tensorflow/tfjs";
import project from "../../deno.json" with { type: "json" };
import { loadKernels, registerKernels, startBackend } from "../kernels/mod.ts";
import { disposeModel, instantiate, type ModelFile } from "../model/mod.ts";
import type { OpenedNetwork, Runtime } from "./runtime.ts";

/** Stock TensorFlow.js with its WASM backend, on a thread whose backend has none of our kernels. */
export function createStockTfjs(): Runtime {
  return {
    name: "tfjs-wasm",
    version: `TensorFlow.js ${tf.version.tfjs}`,
    isCompiled: false,
    start: startBackend,
    open: openLayersModel,
  };
}

/** TensorFlow.js with Secateur's kernels. */
export function createSecateur(): Runtime {
  return {
    name: "secateur",
    version: `Secateur ${project.version}`,
    isCompiled: false,
    start: async () => {
      await startBackend();
      registerKernels(await loadKernels());
    },
    open: openLayersModel,
  };
}

/**
 * A network that `model.predict` runs on the current backend.
 *
 * @param file The network, with inputs of fixed sizes.
 * @param batchSize Images of a run.
 * @returns The network.
 * @throws {InputError} When TensorFlow.js cannot make it.
 */
export async function openLayersModel(
  file: ModelFile,
  batchSize: number,
): Promise<OpenedNetwork> {
  const model = await instantiate(file);
  const inputs = model.inputs.map(({ shape: [, ...extents] }) =>
    tf.randomUniform([batchSize, ...extents as number[]])
  );
  return {
    run: async () => {
      const outputs = tf.tidy(() => [model.predict(inputs)].flat());
      // Graphics processors answer later, and WebGPU to nobody who stands waiting.
      await Promise.all(outputs.map((output) => output.data()));
      tf.dispose(outputs);
    },
    dispose: () => {
      tf.dispose(inputs);
      disposeModel(model);
    },
  };
}
