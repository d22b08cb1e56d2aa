import { createRandom } from "../../../src/base/random.ts";
import {
  LAST_BYTE_CODE,
  OPERATOR_CODES,
  type OperatorName,
  TENSOR_TYPES,
  type TfliteModel,
  type TfliteOperator,
  type TfliteTensor,
} from "../../../src/formats/tflite/model.ts";
import { OPTIONS_TYPES, type OptionsName } from "../../../src/formats/tflite/schema.ts";
import { encodeTflite } from "../../../src/formats/tflite/write/encode.ts";

const { float32, int32, int8 } = TENSOR_TYPES;

/** A TensorFlow Lite file written by hand, node by node. */
export class TfliteSketch {
  readonly tensors: TfliteTensor[] = [];
  readonly operators: TfliteOperator[] = [];
  readonly codes: NonNullable<TfliteModel["operatorCodes"]>[number][] = [];
  readonly buffers: { data?: Uint8Array }[] = [{}];
  readonly #random = createRandom(7);

  tensor(shape: readonly number[], type: number = float32, more: TfliteTensor = {}): number {
    const name = `t${this.tensors.length}`;
    return this.tensors.push({ name, shape, type, hasRank: true, ...more }) - 1;
  }

  constant(values: Float32Array | Int32Array | Uint8Array, shape: readonly number[]): number {
    const data = new Uint8Array(values.buffer.slice(0));
    const type = values instanceof Float32Array ? float32 : int32;
    return this.tensor(shape, type, { buffer: this.buffers.push({ data }) - 1 });
  }

  weight(shape: readonly number[]): number {
    const count = shape.reduce((product, extent) => product * extent, 1);
    return this.constant(Float32Array.from({ length: count }, () => this.#random() - 0.5), shape);
  }

  integers(...values: number[]): number {
    return this.constant(Int32Array.from(values), [values.length]);
  }

  node(
    operator: OperatorName | `custom ${string}`,
    inputs: readonly number[],
    outputs: readonly number[],
    options?: readonly [OptionsName, TfliteOperator["options"]],
    more: Partial<TfliteOperator> = {},
  ): number {
    const isCustom = operator.startsWith("custom ");
    const code = OPERATOR_CODES[isCustom ? "CUSTOM" : operator as OperatorName];
    this.operators.push({
      code: this.codes.push({
        ...{ deprecatedCode: Math.min(code, LAST_BYTE_CODE), code, version: 1 },
        ...(isCustom && { customCode: operator.slice("custom ".length) }),
      }) - 1,
      inputs,
      outputs,
      ...(options && { optionsType: OPTIONS_TYPES.get(options[0])!, options: options[1] }),
      ...more,
    });
    return outputs[0];
  }

  /** A convolution of 3 × 3, `same`, with ReLU where it is asked for. */
  conv(x: number, filters: number, activation = 0): number {
    const { shape = [] } = this.tensors[x];
    const operands = [x, this.weight([filters, 3, 3, shape[3]]), this.weight([filters])];
    const windows = { padding: 0, strideWidth: 1, strideHeight: 1, activation };
    const made = this.tensor([...shape.slice(0, 3), filters]);
    const dilations = { dilationWidth: 1, dilationHeight: 1 };
    return this.node("CONV_2D", operands, [made], ["Conv2DOptions", { ...windows, ...dilations }]);
  }

  encode(inputs: readonly number[], outputs: readonly number[]): Uint8Array {
    const name = (index: number) => this.tensors[index].name;
    return encodeTflite({
      version: 3,
      operatorCodes: this.codes,
      subgraphs: [{ tensors: this.tensors, inputs, outputs, operators: this.operators }],
      buffers: this.buffers,
      signatures: [{
        inputs: inputs.map((tensor) => ({ name: `in_${name(tensor)}`, tensor })),
        outputs: outputs.map((tensor) => ({ name: `out_${name(tensor)}`, tensor })),
        key: "serving_default",
      }],
    });
  }
}

/** Files whose networks end in operations that no layer can stand for. */
export const tails: Readonly<Record<string, () => Uint8Array>> = {
  "places of the largest scores, and what they are": () => {
    const g = new TfliteSketch();
    const x = g.tensor([1, 8, 8, 3]);
    const maps = g.conv(g.conv(x, 8, 1), 4);
    const best = g.tensor([1, 8, 8], int32);
    g.node("ARG_MAX", [maps, g.constant(Int32Array.of(3), [])], [best], ["ArgMaxOptions", {
      outputType: int32,
    }]);
    const places = g.tensor([64, 4], int32);
    g.node(
      "WHERE",
      [g.node("GREATER", [maps, g.constant(Float32Array.of(0.2), [])], [
        g.tensor([1, 8, 8, 4], TENSOR_TYPES.bool),
      ], ["GreaterOptions", {}])],
      [places],
      ["WhereOptions", {}],
    );
    return g.encode([x], [maps, best]);
  },
  "rows that are gathered by their places": () => {
    const g = new TfliteSketch();
    const x = g.tensor([1, 8, 8, 3]);
    const maps = g.conv(g.conv(x, 8, 1), 4);
    const rows = g.node("RESHAPE", [maps, g.integers(64, 4)], [g.tensor([64, 4])], [
      "ReshapeOptions",
      { shape: [64, 4] },
    ]);
    const places = g.constant(Int32Array.of(5, 0, 63, 2), [2, 2]);
    const picked = g.node("GATHER_ND", [rows, places], [g.tensor([2])], ["GatherNdOptions", {}]);
    return g.encode([x], [picked]);
  },
  "bytes that are cast ahead of the network": () => {
    const g = new TfliteSketch();
    const x = g.tensor([1, 8, 8, 3], int32);
    const floats = g.node("CAST", [x], [g.tensor([1, 8, 8, 3])], ["CastOptions", {
      from: int32,
      to: float32,
    }]);
    const maps = g.conv(g.conv(floats, 8, 1), 4);
    return g.encode([x], [maps]);
  },
  "a tail of integers that stand for floats": () => {
    const g = new TfliteSketch();
    const x = g.tensor([1, 8, 8, 3]);
    const maps = g.conv(g.conv(x, 8, 1), 4);
    const quantization = { scale: [0.05], zeroPoint: [3] };
    const rounded = g.node("QUANTIZE", [maps], [g.tensor([1, 8, 8, 4], int8, { quantization })], [
      "QuantizeOptions",
      {},
    ]);
    const best = g.tensor([1, 8, 8], int32);
    g.node("ARG_MAX", [rounded, g.constant(Int32Array.of(3), [])], [best], ["ArgMaxOptions", {
      outputType: int32,
    }]);
    return g.encode([x], [best]);
  },
};

/** A detector that ends in a custom operation, and a branch with graphs of its own. */
export function sketchDetector(): TfliteSketch & {
  readonly ends: number[];
  readonly image: number;
} {
  const g = new TfliteSketch();
  const image = g.tensor([1, 8, 8, 3]);
  const maps = g.conv(g.conv(image, 8, 1), 4);
  const scores = g.conv(maps, 3);
  const reshape = (x: number, width: number) =>
    g.node("RESHAPE", [x, g.integers(1, 64, width)], [g.tensor([1, 64, width])], [
      "ReshapeOptions",
      { shape: [1, 64, width] },
    ]);
  const ends = [[1, 10, 4], [1, 10], [1, 10], [1]].map((shape) => g.tensor(shape));
  g.node(
    "custom TFLite_Detection_PostProcess",
    [reshape(maps, 4), reshape(scores, 3), g.weight([64, 4])],
    ends,
    undefined,
    {
      customOptions: Uint8Array.of(1, 2, 3, 4, 5),
    },
  );
  return Object.assign(g, { ends, image });
}
