import type { FixtureArray } from "./hdf5_fixture.ts";
import { encodeKeras, keras3Call, keras3Conv, keras3Layer, randomArray } from "./keras_files.ts";

/** Extents of the attention. */
export const POSITIONS = 12, CHANNELS = 4, HEADS = 2, KEYS = 3, VALUES = 5, OUTPUTS = 6;

/** Its options in Keras. */
export const OPTIONS = {
  name: "attention",
  num_heads: HEADS,
  key_dim: KEYS,
  value_dim: VALUES,
  dropout: 0.1,
  use_bias: true,
  output_shape: OUTPUTS,
  attention_axes: null,
};

/** Its weights as Keras shapes them, in its order. */
export const WEIGHTS: Record<string, [kernel: FixtureArray, bias: FixtureArray]> = {
  query: [randomArray([CHANNELS, HEADS, KEYS], 1), randomArray([HEADS, KEYS], 2)],
  key: [randomArray([CHANNELS, HEADS, KEYS], 3), randomArray([HEADS, KEYS], 4)],
  value: [randomArray([CHANNELS, HEADS, VALUES], 5), randomArray([HEADS, VALUES], 6)],
  output: [randomArray([HEADS, VALUES, OUTPUTS], 7), randomArray([OUTPUTS], 8)],
};

/** A model of Keras 3 that attends to its second input with its first, or to itself. */
export function modelOf(shape: number[], call: Record<string, unknown>) {
  const batched = [null, ...shape];
  const shapes_dict = { query_shape: batched, value_shape: batched };
  const input = (name: string) => keras3Layer("InputLayer", { name, batch_shape: batched }, []);
  const attention = {
    ...keras3Layer("MultiHeadAttention", OPTIONS, [call]),
    build_config: { shapes_dict },
  };
  return {
    module: "keras",
    class_name: "Functional",
    config: {
      name: "net",
      layers: [input("first"), input("second"), attention],
      input_layers: [["first", 0, 0], ["second", 0, 0]],
      output_layers: [["attention", 0, 0]],
    },
  };
}

/** The groups of its weights in a `.keras` file, which Keras has named with and without a line in front. */
export const groupsOf = (prefix: string) =>
  Object.fromEntries(
    Object.entries(WEIGHTS).map(([each, arrays]) => [
      `layers/multi_head_attention/${prefix}${each}_dense`,
      arrays,
    ]),
  );

/** A tensor among the arguments of a call. */
export const tensor = (name: string) => keras3Call(name).args[0];

/** Convolutions, attention of every position to every other beside them, and convolutions behind. */
export function encodeAround(): Uint8Array {
  const call = keras3Call;
  const batched = [null, 3, 4, CHANNELS];
  const config = {
    name: "net",
    layers: [
      keras3Layer("InputLayer", { name: "image", batch_shape: [null, 3, 4, 3] }, []),
      keras3Layer("Conv2D", keras3Conv("before", 8), [call("image")]),
      keras3Layer("Conv2D", keras3Conv("inner", CHANNELS), [call("before")]),
      {
        ...keras3Layer("MultiHeadAttention", { ...OPTIONS, output_shape: null }, [
          { args: [tensor("inner"), tensor("inner")], kwargs: {} },
        ]),
        build_config: { shapes_dict: { query_shape: batched, value_shape: batched } },
      },
      keras3Layer("Add", { name: "sum" }, [call("inner", "attention")]),
      keras3Layer("Conv2D", keras3Conv("behind", 7), [call("sum")]),
      keras3Layer("Conv2D", keras3Conv("last", 3), [call("behind")]),
    ],
    input_layers: [["image", 0, 0]],
    output_layers: [["last", 0, 0]],
  };
  const kernels = [[3, 8], [8, CHANNELS], [CHANNELS, 7], [7, 3]];
  const convs = kernels.map(([inputs, outputs], at): [string, FixtureArray[]] => [
    `layers/conv2d${at > 0 ? `_${at}` : ""}`,
    [randomArray([3, 3, inputs, outputs], 30 + at), randomArray([outputs], 40 + at)],
  ]);
  const output = [randomArray([HEADS, VALUES, CHANNELS], 50), randomArray([CHANNELS], 51)];
  const attention = { ...groupsOf(""), "layers/multi_head_attention/output_dense": output };
  const model = { module: "keras", class_name: "Functional", config };
  return encodeKeras(model, { ...Object.fromEntries(convs), ...attention });
}
