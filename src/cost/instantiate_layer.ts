import * as tf from "@tensorflow/tfjs";
import { InputError, option } from "../base/mod.ts";
import { disposeModel } from "../model/mod.ts";
import type { LayerShape } from "./layer_shape.ts";

const NAME = "timed";

/** Kernels of zeros take as long as others, and drawing large ones takes long. */
const ZERO_KERNELS = Object.fromEntries(
  ["kernel", "depthwise", "pointwise"].map((role) => [
    `${role}_initializer`,
    { class_name: "Zeros", config: {} },
  ]),
);

/**
 * Makes a layer alone on the current backend.
 *
 * @param shape The layer.
 * @returns The layer, the model of it alone, and what frees both.
 * @throws {InputError} When TensorFlow.js cannot make it.
 */
export async function instantiateLayer(
  { className, config, inputShapes, batchSize }: LayerShape,
): Promise<{ layer: tf.layers.Layer; model: tf.LayersModel; dispose: () => void }> {
  const inputs = inputShapes.map((shape, index) => ({
    name: `input${index}`,
    class_name: "InputLayer",
    config: {
      name: `input${index}`,
      batch_input_shape: [batchSize, ...shape],
      dtype: "float32",
      sparse: false,
    },
    inbound_nodes: [],
  }));
  const timed = {
    name: NAME,
    class_name: className,
    config: { ...config, ...ZERO_KERNELS, name: NAME, trainable: false },
    inbound_nodes: [inputs.map(({ name }) => [name, 0, 0, {}])],
  };
  const modelTopology = {
    class_name: "Model",
    config: {
      name: "alone",
      layers: [...inputs, timed],
      input_layers: inputs.map(({ name }) => [name, 0, 0]),
      output_layers: [[NAME, 0, 0]],
    },
  };
  try {
    const model = await tf.loadLayersModel({ load: () => Promise.resolve({ modelTopology }) });
    return { layer: model.getLayer(NAME), model, dispose: () => disposeModel(model) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError([
      `timing a ${className} layer alone: ${reason}; choose `,
      option("target"),
      " macs or params",
    ], { cause: error });
  }
}
