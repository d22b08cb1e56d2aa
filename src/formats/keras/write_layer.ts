import { InputError } from "../../base/mod.ts";
import type { LayerJson } from "../../model/mod.ts";
import { layerClasses, sharedActivations } from "./layer_classes.ts";
import { isJsonObject, type JsonObject } from "./read_options.ts";

/** A layer's class and options in Keras 3. */
export interface KerasLayer {
  /** The class. */
  readonly className: string;
  /** The options its constructor takes. */
  readonly config: JsonObject;
}

const MODULES: [ending: string, module: string][] = [
  ["_initializer", "keras.initializers"],
  ["_regularizer", "keras.regularizers"],
  ["_constraint", "keras.constraints"],
];

/**
 * Translates a layer that is no model to Keras 3.
 *
 * @param layer The layer in the form of tfjs-layers.
 * @param place What is being written, for messages.
 * @returns Its class and options.
 * @throws {InputError} When Keras 3 has no such class, or computes something else under an option.
 */
export function writeLayer(layer: LayerJson, place: string): KerasLayer {
  const { class_name: className, config } = layer;
  const name = String(config.name ?? layer.name);
  const known = layerClasses.get(className);
  const where = `${place}: layer ${name} (${className})`;
  if (!known) {
    throw new InputError(
      `${where}: found a class that is not written, wanted one of ${
        [...layerClasses.keys()].join(", ")
      }; keep this model in the format of TensorFlow.js`,
    );
  }
  const options: JsonObject = { name, trainable: config.trainable !== false, dtype: "float32" };
  for (const option of known.options) {
    const value = writeOption(option, config[option], where);
    if (value !== undefined) options[option] = value;
  }
  return renameOptions(className, options, where);
}

function writeOption(option: string, value: unknown, where: string): unknown {
  if (value === undefined) return undefined;
  if (option === "activation") return writeActivation(value, where);
  const module = MODULES.find(([ending]) => option.endsWith(ending))?.[1];
  if (module === undefined) return value;
  if (!isJsonObject(value)) return undefined;
  const { class_name, config } = value;
  const className = String(class_name).replace(/^LeCun/, "Lecun");
  return { module, class_name: className, config, registered_name: null };
}

function writeActivation(value: unknown, where: string): string {
  const name = value ?? "linear";
  if (name === "swish") return "silu";
  if (typeof name === "string" && sharedActivations.has(name)) return name;
  throw new InputError(
    `${where}: found the activation ${
      JSON.stringify(value)
    }, which Keras 3 lacks or computes otherwise, ` +
      `wanted one of ${
        [...sharedActivations].join(", ")
      }; keep this model in the format of TensorFlow.js`,
  );
}

/** Classes and options that go by another name in Keras 3. */
function renameOptions(className: string, options: JsonObject, where: string): KerasLayer {
  switch (className) {
    case "InputLayer": {
      const { batch_input_shape, sparse, trainable: _, ...config } = options;
      return {
        className,
        config: { ...config, batch_shape: batch_input_shape, sparse: sparse === true },
      };
    }
    case "LeakyReLU": {
      const { alpha, ...config } = options;
      return { className, config: { ...config, negative_slope: alpha ?? 0.3 } };
    }
    case "ThresholdedReLU": {
      const { theta, ...config } = options;
      return { className: "ReLU", config: { ...config, threshold: theta ?? 1 } };
    }
    case "BatchNormalization": {
      const { axis, ...config } = options;
      return { className, config: { ...config, axis: Array.isArray(axis) ? axis[0] : axis ?? -1 } };
    }
    case "Reshape": {
      const target = (options.target_shape as unknown[]).map((extent) => extent ?? -1);
      return { className, config: { ...options, target_shape: target } };
    }
    case "Dropout":
      return writeDropout(options);
    case "UpSampling2D":
      if ((options.interpolation ?? "nearest") === "nearest") return { className, config: options };
      throw new InputError(
        `${where}: found interpolation ${JSON.stringify(options.interpolation)}, wanted nearest: ` +
          `Keras places the pixels of the others elsewhere; keep this model in the format of TensorFlow.js`,
      );
    default:
      return { className, config: options };
  }
}

/** Dropping whole channels is a class of its own. */
function writeDropout({ noise_shape, ...options }: JsonObject): KerasLayer {
  if (JSON.stringify(noise_shape) === "[null,1,1,null]") {
    return { className: "SpatialDropout2D", config: options };
  }
  return { className: "Dropout", config: { ...options, noise_shape: noise_shape ?? null } };
}
