import { createRandom } from "../../../src/base/random.ts";

/** A value of an attribute; an object is taken as it is. */
export type Attribute =
  | boolean
  | number
  | string
  | readonly number[]
  | readonly string[]
  | { readonly [member: string]: unknown };

type Storage = "uint8" | "uint16" | "float16";

interface ManifestEntry {
  name: string;
  shape: number[];
  dtype: "float32" | "int32";
  quantization?: { dtype: Storage; scale?: number; min?: number };
}

/** A float among the attributes, which JSON cannot tell from an integer. */
export function float(value: number): Attribute {
  return { f: value };
}

function encodeAttribute(value: Attribute): unknown {
  if (typeof value === "boolean") return { b: value };
  if (typeof value === "number") return { i: String(value) };
  if (typeof value === "string") return { s: btoa(value) };
  if (!Array.isArray(value)) return value;
  const isText = typeof value[0] === "string";
  return { list: isText ? { s: value.map(btoa) } : { i: value.map(String) } };
}

/** A model.json of a graph model and its shard, written node by node as `tensorflowjs_converter` writes them. */
export class GraphSketch {
  readonly nodes: { name: string; op: string; input: string[]; attr: Record<string, unknown> }[] =
    [];
  readonly entries: ManifestEntry[] = [];
  readonly #bytes: Uint8Array[] = [];
  readonly #inputs: Record<string, unknown> = {};
  readonly #random = createRandom(11);

  constructor(input: readonly number[] = [-1, 8, 8, 3]) {
    this.input("x", input);
  }

  /** Adds an input; −1 stands for an open extent. */
  input(name: string, extents: readonly number[], dtype = "DT_FLOAT"): string {
    const shape = { dim: extents.map((size) => ({ size: String(size) })) };
    this.node("Placeholder", [], { dtype: { type: dtype }, shape: { shape } }, name);
    this.#inputs[name] = { name: `${name}:0`, dtype, tensorShape: shape };
    return name;
  }

  /** Adds a node; gives its name. */
  node(
    op: string,
    input: readonly string[],
    attributes: Record<string, Attribute> = {},
    name = `${op}_${this.nodes.length}`,
  ): string {
    const attr = Object.entries(attributes).map(([key, value]) => [key, encodeAttribute(value)]);
    this.nodes.push({ name, op, input: [...input], attr: Object.fromEntries(attr) });
    return name;
  }

  /** Adds random numbers between shift − scale and shift + scale. */
  weight(shape: readonly number[], scale = 1, shift = 0, storage?: Storage): string {
    const count = shape.reduce((product, extent) => product * extent, 1);
    const values = Float32Array.from(
      { length: count },
      () => scale * (2 * this.#random() - 1) + shift,
    );
    if (storage === undefined) return this.floats(values, shape);
    if (storage === "float16") {
      const bytes = new Uint8Array(Float16Array.from(values).buffer);
      return this.#constant(shape, "float32", bytes, { dtype: storage });
    }
    const most = storage === "uint8" ? 255 : 65535;
    const min = shift - scale, step = 2 * scale / most;
    const steps = values.map((value) => Math.round((value - min) / step));
    const stored = storage === "uint8" ? Uint8Array.from(steps) : Uint16Array.from(steps);
    const bytes = new Uint8Array(stored.buffer);
    return this.#constant(shape, "float32", bytes, { dtype: storage, scale: step, min });
  }

  /** Adds floats. */
  floats(values: ArrayLike<number>, shape: readonly number[] = [values.length]): string {
    return this.#constant(shape, "float32", new Uint8Array(Float32Array.from(values).buffer));
  }

  /** Adds one float. */
  scalar(value: number): string {
    return this.floats([value], []);
  }

  /** Adds integers. */
  integers(values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.#constant(shape, "int32", new Uint8Array(Int32Array.from(values).buffer));
  }

  #constant(
    shape: readonly number[],
    dtype: "float32" | "int32",
    bytes: Uint8Array,
    quantization?: ManifestEntry["quantization"],
  ): string {
    const type = { type: dtype === "int32" ? "DT_INT32" : "DT_FLOAT" };
    const tensorShape = { dim: shape.map((size) => ({ size: String(size) })) };
    const value = { tensor: { dtype: type.type, tensorShape } };
    const name = this.node("Const", [], { dtype: type, value }, `const_${this.nodes.length}`);
    this.entries.push({ name, shape: [...shape], dtype, ...(quantization && { quantization }) });
    this.#bytes.push(bytes);
    return name;
  }

  /** A convolution; `kernel` is rows × columns × inputs × outputs, `more` overrides its attributes. */
  conv(x: string, kernel: readonly number[], more: Record<string, Attribute> = {}, op = "Conv2D") {
    const [rows, columns, inputs] = kernel;
    const scale = 2 / Math.sqrt(rows * columns * (op.includes("Depthwise") ? 1 : inputs));
    return this.node(op, [x, this.weight(kernel, scale)], { ...CONVOLUTION, ...more });
  }

  /** A depthwise convolution. */
  depthwise(x: string, kernel: readonly number[], more: Record<string, Attribute> = {}): string {
    return this.conv(x, kernel, more, "DepthwiseConv2dNative");
  }

  /** A convolution with what the converter fuses to it; further constants after the bias. */
  fused(
    x: string,
    kernel: readonly number[],
    operations: readonly string[],
    { op = "_FusedConv2D", args = [], ...more }:
      & { op?: string; args?: readonly string[] }
      & Record<string, Attribute | undefined> = {},
  ): string {
    const outputs = op.includes("Depthwise") ? kernel[2] * kernel[3] : kernel[3];
    const [rows, columns, inputs] = kernel;
    const scale = 2 / Math.sqrt(rows * columns * (op.includes("Depthwise") ? 1 : inputs));
    const bias = operations[0] === "BiasAdd" ? [this.weight([outputs], 0.3)] : [];
    const constants = [this.weight(kernel, scale), ...bias, ...args];
    return this.node(op, [x, ...constants], {
      ...CONVOLUTION,
      fused_ops: operations,
      num_args: constants.length - 1,
      ...more as Record<string, Attribute>,
    });
  }

  /** A bias. */
  bias(x: string, channels: number): string {
    return this.node("BiasAdd", [x, this.weight([channels], 0.3)], { data_format: "NHWC" });
  }

  /** A FusedBatchNormV3 with statistics of its own. */
  norm(x: string, channels: number, op = "FusedBatchNormV3"): string {
    const weights = [[0.5, 1], [0.3, 0], [0.3, 0], [0.5, 1]].map(([scale, shift]) =>
      this.weight([channels], scale, shift)
    );
    const more = { epsilon: float(1e-3), is_training: false, data_format: "NHWC" };
    return this.node(op, [x, ...weights], more);
  }

  /** A pooling. */
  pool(x: string, op: string, size: number, stride: number, padding = "SAME"): string {
    const more = { ksize: [1, size, size, 1], strides: [1, stride, stride, 1], padding };
    return this.node(op, [x], { ...more, data_format: "NHWC" });
  }

  /** A mean or maximum over rows and columns. */
  global(x: string, keep_dims = false, op = "Mean"): string {
    return this.node(op, [x, this.integers([1, 2])], { keep_dims });
  }

  /** A matrix product with a bias. */
  dense(x: string, inputs: number, outputs: number): string {
    const matrix = this.weight([inputs, outputs], 2 / Math.sqrt(inputs));
    const more = { transpose_a: false, transpose_b: false };
    return this.bias(this.node("MatMul", [x, matrix], more), outputs);
  }

  /** model.json with these tensors as outputs; none for a file without signature. */
  json(...outputs: string[]): Record<string, unknown> {
    const made = outputs.map((name) => [name, { name: name.includes(":") ? name : `${name}:0` }]);
    const signature = { inputs: this.#inputs, outputs: Object.fromEntries(made) };
    return {
      format: "graph-model",
      generatedBy: "2.4.0",
      convertedBy: "TensorFlow.js Converter v3",
      ...(outputs.length > 0 && { signature }),
      modelTopology: { node: this.nodes, library: {}, versions: { producer: 440 } },
      weightsManifest: [{ paths: ["group1-shard1of1.bin"], weights: this.entries }],
    };
  }

  /** The bytes of the shard. */
  shard(): Uint8Array {
    const joined = new Uint8Array(this.#bytes.reduce((sum, { length }) => sum + length, 0));
    let end = 0;
    for (const bytes of this.#bytes) joined.set(bytes, (end += bytes.length) - bytes.length);
    return joined;
  }

  /** Writes both to a folder. */
  async write(folder: string, ...outputs: string[]): Promise<void> {
    await Deno.writeTextFile(`${folder}/model.json`, JSON.stringify(this.json(...outputs)));
    await Deno.writeFile(`${folder}/group1-shard1of1.bin`, this.shard());
  }
}

const CONVOLUTION = {
  strides: [1, 1, 1, 1],
  dilations: [1, 1, 1, 1],
  padding: "SAME",
  data_format: "NHWC",
};

/** Strides for rows and columns. */
export function strides(rows: number, columns = rows): { strides: readonly number[] } {
  return { strides: [1, rows, columns, 1] };
}
