import { zipSync } from "fflate";
import { createRandom } from "../../../src/base/random.ts";
import { encodeWithLibrary, type FixtureArray, type FixtureGroup } from "./hdf5_fixture.ts";

/** An array of random numbers; the seed tells arrays apart. */
export function randomArray(shape: number[], seed: number): FixtureArray {
  const random = createRandom(seed);
  const count = shape.reduce((product, extent) => product * extent, 1);
  const data = Float32Array.from({ length: count }, () => 2 * random() - 1);
  return { data, shape, dtype: "<f" };
}

/** An `.h5` file of a whole model: for every layer the arrays by name, in order. */
export function encodeH5(
  config: unknown,
  layers: Record<string, Record<string, FixtureArray>>,
  version: string | undefined = "2.15.0",
): Uint8Array<ArrayBuffer> {
  const groups = Object.entries(layers).map(([layer, arrays]): [string, FixtureGroup] => [
    layer,
    {
      ...(Object.keys(arrays).length > 0 &&
        { attributes: { weight_names: Object.keys(arrays) } }),
      members: nest(arrays),
    },
  ]);
  const versions: Record<string, string> = version === undefined ? {} : { keras_version: version };
  return encodeWithLibrary({
    attributes: { model_config: JSON.stringify(config), backend: "tensorflow", ...versions },
    members: {
      model_weights: {
        attributes: { layer_names: Object.keys(layers), ...versions },
        members: Object.fromEntries(groups),
      },
    },
  });
}

/** Groups for the parts of names with slashes. */
function nest(arrays: Record<string, FixtureArray>): Record<string, FixtureGroup | FixtureArray> {
  const members: Record<string, FixtureGroup | FixtureArray> = {};
  for (const [name, array] of Object.entries(arrays)) {
    const parts = name.split("/");
    const last = parts.pop()!;
    let level = members;
    for (const part of parts) {
      const group = (level[part] ??= { members: {} }) as FixtureGroup;
      level = group.members!;
    }
    level[last] = array;
  }
  return members;
}

/** A `.keras` file: by the path of each group, such as `layers/conv2d`, its variables. */
export function encodeKeras(
  config: unknown,
  groups: Record<string, FixtureArray[]>,
  metadata: unknown = { keras_version: "3.5.0", date_saved: "2024-09-01@10:00:00" },
  separator: "/" | "\\" = "/",
): Uint8Array {
  const arrays = Object.entries(groups).flatMap(([path, variables]) =>
    variables.map((array, index): [string, FixtureArray] => [
      `${path.replaceAll("/", separator)}/vars/${index}`,
      array,
    ])
  );
  const weights = encodeWithLibrary({
    members: { vars: {}, ...nest(Object.fromEntries(arrays)) },
  });
  return zipEntries({
    "metadata.json": JSON.stringify(metadata),
    "config.json": JSON.stringify(config),
    "model.weights.h5": weights,
  });
}

/** A zip archive, stored as Keras stores it. */
export function zipEntries(entries: Record<string, string | Uint8Array>, level: 0 | 9 = 0) {
  const files = Object.entries(entries).map(([name, content]) => [
    name,
    typeof content === "string" ? new TextEncoder().encode(content) : content,
  ]);
  return zipSync(Object.fromEntries(files), { level });
}

/** A layer as Keras 3 serializes it. */
export function keras3Layer(
  className: string,
  config: Record<string, unknown>,
  inbound?: unknown[],
) {
  const dtype = {
    module: "keras",
    class_name: "DTypePolicy",
    config: { name: "float32" },
    registered_name: null,
  };
  const isInput = className === "InputLayer";
  return {
    module: "keras.layers",
    class_name: className,
    config: isInput ? { dtype: "float32", ...config } : { trainable: true, dtype, ...config },
    registered_name: null,
    ...(!isInput && { build_config: { input_shape: [null, 8, 8, 4] } }),
    ...(inbound && { name: config.name, inbound_nodes: inbound }),
  };
}

/** A call of a layer in Keras 3: its input tensors. */
export function keras3Call(...sources: (string | [string, number, number])[]) {
  const tensors = sources.map((source) => ({
    class_name: "__keras_tensor__",
    config: {
      shape: [null, 8, 8, 3],
      dtype: "float32",
      keras_history: typeof source === "string" ? [source, 0, 0] : source,
    },
  }));
  return { args: [tensors.length === 1 ? tensors[0] : tensors], kwargs: {} };
}

/** An initializer as Keras 3 serializes it. */
export function keras3Initializer(className: string, config: Record<string, unknown> = {}) {
  return { module: "keras.initializers", class_name: className, config, registered_name: null };
}

/** Options of a Conv2D as Keras 3 writes them. */
export function keras3Conv(name: string, filters: number, more: Record<string, unknown> = {}) {
  return {
    name,
    filters,
    kernel_size: [3, 3],
    strides: [1, 1],
    padding: "same",
    data_format: "channels_last",
    dilation_rate: [1, 1],
    groups: 1,
    activation: "linear",
    use_bias: true,
    kernel_initializer: keras3Initializer("GlorotUniform", { seed: null }),
    bias_initializer: keras3Initializer("Zeros"),
    kernel_regularizer: null,
    bias_regularizer: null,
    activity_regularizer: null,
    kernel_constraint: null,
    bias_constraint: null,
    ...more,
  };
}
