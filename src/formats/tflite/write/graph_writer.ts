import { InputError, withAction } from "../../../base/mod.ts";
import type { LayerCall } from "../../export/mod.ts";
import {
  FUSED_ACTIVATIONS,
  LAST_BYTE_CODE,
  OPERATOR_CODES,
  type OperatorName,
  TENSOR_TYPES,
  type TfliteBuffer,
  type TfliteModel,
  type TfliteOperator,
  type TfliteOperatorCode,
  type TfliteOptions,
  type TfliteQuantization,
  type TfliteTensor,
} from "../model.ts";
import { OPTIONS_TYPES, type OptionsName } from "../schema.ts";
import { quantizeChannels } from "./quantize.ts";

/** What kernels are stored as. */
export type KernelType = "float32" | "float16" | "int8";

/** A tensor of the graph that is written. */
export interface WrittenTensor {
  /** Its place among the tensors. */
  readonly index: number;
  /** Its shape without the batch; null where it is open. */
  readonly shape: readonly (number | null)[];
}

/** Options of a node, with the name of their table. */
export type NodeOptions = readonly [table: OptionsName, options: TfliteOptions];

type Extents = readonly (number | null)[];

/** Puts a graph together. */
export class GraphWriter {
  readonly #path: string;
  readonly #kernels: KernelType;
  readonly #batch: number | null;
  readonly #tensors: TfliteTensor[] = [];
  readonly #operators: TfliteOperator[] = [];
  readonly #codes = new Map<string, TfliteOperatorCode>();
  readonly #buffers: TfliteBuffer[] = [{}];
  readonly #constants = new Map<string, number>();

  /**
   * @param path Path of the model, for messages.
   * @param kernels What kernels are stored as.
   * @param batch Images that go through at once; null when that is open.
   */
  constructor(path: string, kernels: KernelType, batch: number | null) {
    this.#path = path;
    this.#kernels = kernels;
    this.#batch = batch;
  }

  /** The refusal of a layer: what was found in it, what was wanted, and what to do. */
  refusal({ name, className }: LayerCall, found: string): InputError {
    return new InputError(
      withAction(
        `writing ${this.#path} as TensorFlow Lite: ${className} layer "${name}" ${found}`,
        "keep this model in the format of TensorFlow.js",
      ),
    );
  }

  /** The batch as a Reshape takes it. */
  get batch(): number {
    return this.#batch ?? -1;
  }

  /** Adds a tensor that the network computes, or is given. */
  addTensor(name: string, shape: Extents, type: number = TENSOR_TYPES.float32): WrittenTensor {
    const whole = [this.#batch, ...shape];
    return { index: this.#declare(name, whole, type), shape };
  }

  #declare(name: string, shape: Extents, type: number): number {
    const isOpen = shape.includes(null);
    return this.#tensors.push({
      name,
      shape: shape.map((extent) => extent ?? 1),
      type,
      hasRank: true,
      ...(isOpen && { signature: shape.map((extent) => extent ?? -1) }),
    }) - 1;
  }

  /**
   * Adds a node.
   *
   * @param name Name of the tensor that it makes.
   * @param operator Its operation.
   * @param inputs What it reads: tensors, or places of constants.
   * @param shape Shape of what it makes, without the batch.
   * @param options Its options, if it has any.
   * @param version Version of the operation.
   * @param type Type of what it makes.
   * @returns What it makes.
   */
  add(
    name: string,
    operator: OperatorName,
    inputs: readonly (WrittenTensor | number)[],
    shape: Extents,
    options?: NodeOptions,
    version = 1,
    type: number = TENSOR_TYPES.float32,
  ): WrittenTensor {
    const made = this.addTensor(name, shape, type);
    this.#addNode(operator, inputs, made.index, options, version);
    return made;
  }

  /**
   * Adds a node that makes several tensors of one shape, and gives one of them.
   *
   * @param name Name of the tensor that is wanted.
   * @param operator The node's operation.
   * @param inputs What it reads.
   * @param shape Shape of what it makes, without the batch.
   * @param types Types of what it makes.
   * @param place Which of these is wanted.
   */
  addOneOf(
    name: string,
    operator: OperatorName,
    inputs: readonly (WrittenTensor | number)[],
    shape: Extents,
    types: readonly number[],
    place: number,
  ): WrittenTensor {
    const made = types.map((type, index) =>
      this.addTensor(index === place ? name : `${name}/output${index + 1}`, shape, type)
    );
    this.#addNode(operator, inputs, made.map(({ index }) => index));
    return made[place];
  }

  /** Adds a node that makes a list of integers, such as a shape. */
  addList(
    name: string,
    operator: OperatorName,
    inputs: readonly (WrittenTensor | number)[],
    length: number,
    options?: NodeOptions,
  ): number {
    const made = this.#declare(name, [length], TENSOR_TYPES.int32);
    this.#addNode(operator, inputs, made, options);
    return made;
  }

  /** Ones where a tensor is larger than a constant, zeros elsewhere. */
  addMask(name: string, tensor: WrittenTensor, bound: number): WrittenTensor {
    const larger = this.addTensor(`${name}/larger`, tensor.shape, TENSOR_TYPES.bool);
    this.#addNode("GREATER", [tensor, bound], larger.index);
    const { bool, float32 } = TENSOR_TYPES;
    return this.add(name, "CAST", [larger], tensor.shape, ["CastOptions", {
      from: bool,
      to: float32,
    }]);
  }

  /** A shape with the batch that a tensor has ahead of it: a constant, or computed where the batch is open. */
  addBatchShape(name: string, tensor: WrittenTensor, shape: readonly number[]): number {
    if (this.#batch !== null) return this.addIntegers(name, "shape", [this.#batch, ...shape]);
    const whole = this.addList(`${name}/input_shape`, "SHAPE", [tensor], shape.length + 1);
    const bounds = [["begin", 0], ["end", 1], ["step", 1]] as const;
    const operands = bounds.map(([role, value]) => this.addIntegers(name, role, [value]));
    const batch = this.addList(`${name}/batch`, "STRIDED_SLICE", [whole, ...operands], 1, [
      "StridedSliceOptions",
      {},
    ]);
    const rest = this.addIntegers(name, "size", shape);
    return this.addList(`${name}/shape`, "CONCATENATION", [batch, rest], shape.length + 1, [
      "ConcatenationOptions",
      { axis: 0 },
    ]);
  }

  #addNode(
    operator: OperatorName,
    inputs: readonly (WrittenTensor | number)[],
    output: number | readonly number[],
    options?: NodeOptions,
    version = 1,
  ): void {
    const key = `${operator} ${version}`;
    const code = OPERATOR_CODES[operator];
    if (!this.#codes.has(key)) {
      this.#codes.set(key, { deprecatedCode: Math.min(code, LAST_BYTE_CODE), version, code });
    }
    this.#operators.push({
      code: [...this.#codes.keys()].indexOf(key),
      inputs: inputs.map((input) => typeof input === "number" ? input : input.index),
      outputs: [output].flat(),
      ...(options && { optionsType: OPTIONS_TYPES.get(options[0])!, options: options[1] }),
    });
  }

  /** Adds an f32 constant of a layer, once for every layer and role. */
  addFloats(
    layer: string,
    role: string,
    shape: readonly number[],
    values: ArrayLike<number>,
  ): number {
    const make = () => bytesOf(Float32Array.from(values));
    return this.#addConstant(`${layer}/${role}`, shape, TENSOR_TYPES.float32, make);
  }

  /** Adds an i32 list of a layer, once for every layer and role. */
  addIntegers(
    layer: string,
    role: string,
    values: readonly number[],
    shape: readonly number[] = [values.length],
  ): number {
    const make = () => bytesOf(Int32Array.from(values));
    return this.#addConstant(`${layer}/${role}`, shape, TENSOR_TYPES.int32, make);
  }

  /**
   * Adds a kernel, stored as kernels are to be.
   *
   * @param layer The layer.
   * @param role Its role in it.
   * @param shape Its shape.
   * @param values Its numbers.
   * @param axis Which axis counts the output's channels; left out where the operation takes no integers.
   * @returns Its place, and whether it is integers.
   */
  addKernel(
    layer: string,
    role: string,
    shape: readonly number[],
    values: Float32Array,
    axis?: number,
  ): { index: number; isInteger: boolean } {
    const name = `${layer}/${role}`;
    if (this.#kernels === "float16") {
      return { index: this.#addHalves(name, shape, values), isInteger: false };
    }
    if (this.#kernels === "float32" || axis === undefined) {
      return { index: this.addFloats(layer, role, shape, values), isInteger: false };
    }
    const known = this.#constants.get(name);
    if (known !== undefined) return { index: known, isInteger: true };
    const { integers, scale } = quantizeChannels(values, shape, axis);
    const quantization = { scale, zeroPoint: scale.map(() => 0), axis };
    const index = this.#addConstant(
      name,
      shape,
      TENSOR_TYPES.int8,
      () => bytesOf(integers),
      quantization,
    );
    return { index, isInteger: true };
  }

  /** Halves, and the node that widens them. */
  #addHalves(name: string, shape: readonly number[], values: Float32Array): number {
    const known = this.#constants.get(name);
    if (known !== undefined) return known;
    const make = () => bytesOf(Float16Array.from(values));
    const halves = this.#addConstant(`${name}/float16`, shape, TENSOR_TYPES.float16, make);
    const index = this.#declare(name, shape, TENSOR_TYPES.float32);
    this.#addNode("DEQUANTIZE", [halves], index, undefined, 3);
    this.#constants.set(name, index);
    return index;
  }

  #addConstant(
    name: string,
    shape: readonly number[],
    type: number,
    make: () => Uint8Array,
    quantization?: TfliteQuantization,
  ): number {
    const known = this.#constants.get(name);
    if (known !== undefined) return known;
    const buffer = this.#addBuffer(make());
    const tensor = { name, shape, type, buffer, hasRank: true };
    const index = this.#tensors.push({ ...tensor, ...(quantization && { quantization }) }) - 1;
    this.#constants.set(name, index);
    return index;
  }

  #addBuffer(data: Uint8Array): number {
    return this.#buffers.push({ data }) - 1;
  }

  /** The tensor with three axes: a vector becomes maps of one value. */
  asMaps(tensor: WrittenTensor, name: string): WrittenTensor {
    return tensor.shape.length === 1
      ? this.addReshape(name, tensor, [1, 1, tensor.shape[0]!])
      : tensor;
  }

  /** A tensor in another shape. */
  addReshape(name: string, tensor: WrittenTensor, shape: readonly number[]): WrittenTensor {
    const target = [this.batch, ...shape];
    const operand = this.addIntegers(name, "shape", target);
    return this.add(name, "RESHAPE", [tensor, operand], shape, [
      "ReshapeOptions",
      { shape: target },
    ]);
  }

  /**
   * The file.
   *
   * @param name Name of the model.
   * @param producer Who wrote it.
   * @param inputs What goes in, by name.
   * @param outputs What comes out, by name.
   * @param metadata Texts and flatbuffers by name.
   */
  finish(
    { name, producer, inputs, outputs, metadata }: {
      name: string;
      producer: string;
      inputs: ReadonlyMap<string, WrittenTensor>;
      outputs: ReadonlyMap<string, WrittenTensor>;
      metadata: ReadonlyMap<string, string | Uint8Array>;
    },
  ): TfliteModel {
    const entries = [...metadata].map(([key, content]) => ({
      name: key,
      buffer: this.#addBuffer(
        typeof content === "string" ? new TextEncoder().encode(content) : content,
      ),
    }));
    const places = (tensors: ReadonlyMap<string, WrittenTensor>) =>
      [...tensors.values()].map(({ index }) => index);
    const maps = (tensors: ReadonlyMap<string, WrittenTensor>) =>
      [...tensors].map(([key, { index }]) => ({ name: key, tensor: index }));
    return {
      version: 3,
      operatorCodes: [...this.#codes.values()],
      subgraphs: [{
        tensors: this.#tensors,
        inputs: places(inputs),
        outputs: places(outputs),
        operators: this.#operators,
        name,
      }],
      description: producer,
      buffers: this.#buffers,
      metadata: entries,
      signatures: [{ inputs: maps(inputs), outputs: maps(outputs), key: "serving_default" }],
    };
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBuffer>): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The number of an activation that an operation can do on the way; undefined where it cannot. */
export function fusedNumber(activation: string): number | undefined {
  const number = (FUSED_ACTIVATIONS as readonly string[]).indexOf(activation);
  return number < 0 || activation === "tanh" ? undefined : number;
}
