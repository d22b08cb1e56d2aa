import { InputError, withAction } from "../../../base/mod.ts";
import type {
  GraphTailNode,
  JsonObject,
  OperationConstant,
  Weight,
  WeightType,
} from "../../../model/mod.ts";
import type { LayerCall } from "../../export/mod.ts";
import { typeAttribute } from "../attributes.ts";

/** A tensor of the graph that is written. */
export interface WrittenTensor {
  /** Name of its node, with a colon and a number behind it for the node's further outputs. */
  readonly name: string;
  /** Its shape without the batch; null where it is open. */
  readonly shape: readonly (number | null)[];
}

type Shape = readonly (number | null)[];

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

const FLOATS = { T: typeAttribute("DT_FLOAT") };

/** Puts a graph of TensorFlow's operations together. */
export class GraphWriter {
  readonly #nodes = new Map<string, GraphTailNode>();
  readonly #weights = new Map<string, Weight>();
  /** Names of constants by what they are for. */
  readonly #constants = new Map<string, string>();
  /** Nodes that steps became, by what they compute. */
  readonly #steps = new Map<string, string>();
  /** Constants of steps, by what they hold. */
  readonly #operands = new Map<string, string>();
  readonly #kernels = new Set<string>();
  readonly #reserved: ReadonlySet<string>;
  readonly #path: string;

  /**
   * @param path Path of the model, for messages.
   * @param reserved Names that nodes of the layers must not get.
   */
  constructor(path: string, reserved: ReadonlySet<string>) {
    this.#path = path;
    this.#reserved = reserved;
  }

  /** The refusal of a layer: what was found in it, what was wanted, and what to do. */
  refusal({ name, className }: LayerCall, found: string): InputError {
    return new InputError(
      withAction(
        `writing ${this.#path} as a graph model: ${className} layer "${name}" ${found}`,
        "keep this model as a layers model",
      ),
    );
  }

  /** The nodes in the order in which they were added. */
  get nodes(): readonly GraphTailNode[] {
    return [...this.#nodes.values()];
  }

  /** What the constants hold, by name. */
  get weights(): ReadonlyMap<string, Weight> {
    return this.#weights;
  }

  /** Names of the constants that are kernels of layers. */
  get kernels(): ReadonlySet<string> {
    return this.#kernels;
  }

  /**
   * Adds a node that computes with floats.
   *
   * @param name Wanted name; a number goes behind it where it is taken.
   * @param operator Its operation.
   * @param inputs What it reads: tensors, or names of constants.
   * @param shape Shape of what it makes, without the batch.
   * @param attributes Its attributes.
   * @returns What it makes.
   */
  add(
    name: string,
    operator: string,
    inputs: readonly (WrittenTensor | string)[],
    shape: Shape,
    attributes: JsonObject = {},
  ): WrittenTensor {
    return { name: this.addNode(name, operator, inputs, { ...FLOATS, ...attributes }), shape };
  }

  /** Adds a node under its name, or the next that is free; gives the name. */
  addNode(
    wanted: string,
    operator: string,
    inputs: readonly (WrittenTensor | string)[],
    attributes: JsonObject,
  ): string {
    const name = this.#freeName(wanted);
    const read = inputs.map((input) => typeof input === "string" ? input : input.name);
    this.#nodes.set(name, { name, operator, inputs: read, attributes });
    return name;
  }

  /** Adds a node unless there is one that computes the same; gives the name of the one that does. */
  addOnce(
    wanted: string,
    operator: string,
    inputs: readonly string[],
    attributes: JsonObject,
  ): string {
    const key = JSON.stringify([operator, inputs, attributes]);
    const name = this.#steps.get(key) ?? this.addNode(wanted, operator, inputs, attributes);
    this.#steps.set(key, name);
    return name;
  }

  /** Adds a constant of a step unless there is one that holds the same; gives the name of the one that does. */
  addOperand(wanted: string, constant: OperationConstant): string {
    const key = JSON.stringify(constant);
    const name = this.#operands.get(key) ?? this.#freeName(wanted);
    if (this.#operands.has(key)) return name;
    this.#operands.set(key, name);
    const { type: dtype, shape, values: numbers } = constant;
    const values = ARRAYS[dtype].from(numbers.map(Number));
    this.addConstant({ name, dtype, shape: [...shape], values });
    return name;
  }

  /** Adds a node of a name that was kept free for it. */
  addReserved(node: GraphTailNode): void {
    this.#nodes.set(node.name, node);
  }

  #freeName(wanted: string): string {
    const isTaken = (name: string) => this.#nodes.has(name) || this.#reserved.has(name);
    let name = wanted;
    for (let suffix = 2; isTaken(name); suffix++) name = `${wanted}_${suffix}`;
    return name;
  }

  /** Adds a constant of floats of a layer, once for every layer and role. */
  addFloats(
    layer: string,
    role: string,
    shape: readonly number[],
    values: ArrayLike<number>,
  ): string {
    const name = `${layer}/${role}`;
    const numbers = values instanceof Float32Array ? values : Float32Array.from(values);
    const added = this.#addConstant(name, "float32", shape, numbers);
    if (/kernel$/.test(role)) this.#kernels.add(added);
    return added;
  }

  /** Adds a list of integers of a layer, or one integer, once for every layer and role. */
  addIntegers(
    layer: string,
    role: string,
    values: readonly number[],
    shape: readonly number[] = [values.length],
  ): string {
    return this.#addConstant(`${layer}/${role}`, "int32", shape, Int32Array.from(values));
  }

  #addConstant(
    name: string,
    dtype: WeightType,
    shape: readonly number[],
    values: Weight["values"],
  ): string {
    const known = this.#constants.get(name);
    if (known !== undefined) return known;
    const free = this.#freeName(name);
    this.#constants.set(name, free);
    this.addConstant({ name: free, dtype, shape: [...shape], values });
    return free;
  }

  /** Adds a constant under its own name. */
  addConstant(weight: Weight): void {
    const { name, dtype, shape } = weight;
    const type = { float32: "DT_FLOAT", int32: "DT_INT32", bool: "DT_BOOL" }[dtype];
    const tensorShape = { dim: shape.map((size) => ({ size: String(size) })) };
    const value = { tensor: { dtype: type, tensorShape } };
    this.#weights.set(name, weight);
    this.#nodes.set(name, {
      name,
      operator: "Const",
      inputs: [],
      attributes: { dtype: typeAttribute(type), value },
    });
  }

  /** A tensor of the shape with the batch that a tensor has ahead of it. */
  addBatchShape(name: string, tensor: WrittenTensor, shape: readonly number[]): string {
    const all = this.addNode(`${name}/shape`, "Shape", [tensor], FLOATS);
    const ends = [0, 1].map((end) => this.addIntegers("batch", String(end), [end]));
    const batch = this.addNode(`${name}/batch`, "StridedSlice", [
      ...[all, ...ends, this.addIntegers("batch", "step", [1])],
    ], { shrink_axis_mask: { i: "1" }, T: typeAttribute("DT_INT32") });
    const extents = shape.map((extent) => this.addIntegers("extent", String(extent), [extent], []));
    return this.addNode(`${name}/extents`, "Pack", [batch, ...extents], {
      N: { i: String(shape.length + 1) },
      axis: { i: "0" },
      T: typeAttribute("DT_INT32"),
    });
  }

  /** The tensor in another shape with the same values in the same order. */
  addReshape(name: string, tensor: WrittenTensor, shape: readonly number[]): WrittenTensor {
    const target = this.addIntegers(name, "target", [-1, ...shape]);
    return this.add(name, "Reshape", [tensor, target], shape);
  }

  /** A vector as maps of one value, anything else as it is. */
  asMaps(name: string, tensor: WrittenTensor): WrittenTensor {
    if (tensor.shape.length !== 1) return tensor;
    return this.addReshape(name, tensor, [1, 1, tensor.shape[0]!]);
  }
}
