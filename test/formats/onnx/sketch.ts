import { encodeOnnx } from "../../../src/formats/onnx/write/encode.ts";
import {
  DATA_TYPES,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxTensor,
} from "../../../src/formats/onnx/messages.ts";
import { createRandom } from "../../../src/base/random.ts";

type Extent = number | string | null;

/** An ONNX graph written by hand, node by node, as PyTorch would export it. */
export class Sketch {
  readonly model: OnnxModel;
  readonly #random = createRandom(11);

  constructor(input: readonly Extent[] = ["N", 3, 8, 8], opset = 17) {
    this.model = {
      irVersion: 8,
      producer: "test",
      opset,
      metadata: new Map(),
      graph: { name: "sketch", nodes: [], initializers: [], inputs: [], outputs: [] },
    };
    this.input("x", input);
  }

  /** Adds an input. */
  input(name: string, shape: readonly Extent[], dataType: number = DATA_TYPES.float): void {
    this.model.graph.inputs.push({ name, dataType, shape: [...shape] });
  }

  /** Adds a node; gives the name of what it makes. */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: Record<string, OnnxAttribute> = {},
    output = `${operator}_${this.model.graph.nodes.length}`,
  ): string {
    this.model.graph.nodes.push({
      name: `/${output}`,
      operator,
      domain: "",
      inputs: [...inputs],
      outputs: [output],
      attributes: new Map(Object.entries(attributes)),
    });
    return output;
  }

  /** Adds a node that makes several tensors. */
  nodes(
    operator: string,
    inputs: readonly string[],
    attributes: Record<string, OnnxAttribute>,
    count: number,
  ): string[] {
    const first = this.node(operator, inputs, attributes);
    const { outputs } = this.model.graph.nodes.at(-1)!;
    while (outputs.length < count) outputs.push(`${first}_${outputs.length}`);
    return outputs;
  }

  /** Adds random numbers as an initializer, between −scale and scale. */
  weight(shape: readonly number[], scale = 1, shift = 0): string {
    const count = shape.reduce((product, extent) => product * extent, 1);
    return this.floats(
      Float32Array.from({ length: count }, () => scale * (2 * this.#random() - 1) + shift),
      shape,
    );
  }

  /** Adds numbers as an initializer. */
  floats(values: ArrayLike<number>, shape: readonly number[] = [values.length]): string {
    return this.#tensor(shape, DATA_TYPES.float, new Uint8Array(Float32Array.from(values).buffer));
  }

  /** Adds integers as an initializer. */
  integers(values: readonly number[], shape: readonly number[] = [values.length]): string {
    const raw = new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);
    return this.#tensor(shape, DATA_TYPES.int64, raw);
  }

  #tensor(shape: readonly number[], dataType: number, raw: Uint8Array): string {
    const name = `w${this.model.graph.initializers.length}`;
    this.initializer({ name, shape: [...shape], dataType, raw, typed: [] });
    return name;
  }

  /** Adds an initializer as it is. */
  initializer(tensor: OnnxTensor): void {
    this.model.graph.initializers.push(tensor);
  }

  /** A convolution with bias; `kernel` is outputs × inputs per group × rows × columns. */
  conv(x: string, kernel: readonly number[], attributes: Record<string, OnnxAttribute> = {}) {
    const scale = 1 / Math.sqrt(kernel[1] * kernel[2] * kernel[3]);
    const operands = [x, this.weight(kernel, 2 * scale), this.weight([kernel[0]], 0.3)];
    return this.node("Conv", operands, { kernel_shape: kernel.slice(2), ...attributes });
  }

  /** A BatchNormalization with statistics of its own. */
  norm(x: string, channels: number): string {
    const weights = [[0.5, 1], [0.3, 0], [0.3, 0], [0.5, 1]].map(([scale, shift]) =>
      this.weight([channels], scale, shift)
    );
    return this.node("BatchNormalization", [x, ...weights], { epsilon: 1e-5 });
  }

  /** A linear layer as PyTorch writes it. */
  linear(x: string, inputs: number, outputs: number): string {
    const scale = 1 / Math.sqrt(inputs);
    const weights = [this.weight([outputs, inputs], 2 * scale), this.weight([outputs], 0.3)];
    return this.node("Gemm", [x, ...weights], { transB: 1 });
  }

  /** The file, with these tensors as outputs. */
  encode(...outputs: string[]): Uint8Array {
    this.model.graph.outputs = outputs.map((name) => ({ name, dataType: DATA_TYPES.float }));
    return encodeOnnx(this.model);
  }
}
