import { InputError, withAction } from "../../../base/mod.ts";
import type { LayerCall } from "../../export/mod.ts";
import { fitsFloat16 } from "../../../model/mod.ts";
import {
  DATA_TYPES,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from "../messages.ts";
import { bytesOfIntegers, makeNode } from "./make_node.ts";
import { expandPieces, type FlatPiece } from "../values.ts";

/** A tensor of the graph that is written. */
export interface WrittenTensor {
  /** Its name. */
  readonly name: string;
  /** Shape in the layers, without the batch: H × W × C, P × C, or F. In ONNX it is C × H × W, P × C, or F. */
  readonly shape: readonly (number | null)[];
  /** Pieces of a flat tensor whose values stand in ONNX' order, not in that of the layers. */
  readonly pieces?: readonly FlatPiece[];
  /** Name of the N × C × 1 × 1 tensor that a flat tensor was made from. */
  readonly maps?: string;
}

/** Puts a graph together. */
export class GraphWriter {
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers = new Map<string, OnnxTensor>();
  /** Calls that constants in the order of a flat tensor are named after, by layer, role and order. */
  readonly #ordered = new Map<string, string>();
  /** Names of series as N × C × P, by those of the same as P × C. */
  readonly #turned = new Map<string, string>();
  readonly #path: string;
  readonly #layerNames: ReadonlySet<string>;

  /**
   * @param path Path of the model, for messages.
   * @param layerNames Names of the calls, which nothing else gets.
   */
  constructor(path: string, layerNames: ReadonlySet<string>) {
    this.#path = path;
    this.#layerNames = layerNames;
  }

  /** A name for a part of a layer, behind that of the layer itself. */
  partName(layer: string, part: string): string {
    const name = `${layer}/${part}`;
    return this.#layerNames.has(name) ? this.partName(name, "part") : name;
  }

  /** The refusal of a layer: what was found in it, what was wanted, and what to do. */
  refusal({ name, className }: LayerCall, found: string): InputError {
    return new InputError(
      withAction(
        `writing ${this.#path} as ONNX: ${className} layer "${name}" ${found}`,
        "keep this model in the format of TensorFlow.js",
      ),
    );
  }

  /**
   * Adds a node.
   *
   * @param name Its name, and that of the tensor it makes.
   * @param operator Its operation.
   * @param inputs Names of what it reads.
   * @param attributes Its attributes.
   * @param output Which of its outputs that tensor is, and how many it has.
   * @returns `name`.
   */
  add(
    name: string,
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    [place, count]: readonly [place: number, count: number] = [0, 1],
  ): string {
    this.#nodes.push({
      name,
      operator,
      domain: "",
      inputs: [...inputs],
      outputs: Array.from(
        { length: count },
        (_, output) => output === place ? name : this.partName(name, `output${output + 1}`),
      ),
      attributes: new Map(Object.entries(attributes)),
    });
    return name;
  }

  /** Adds an f32 constant of a layer, once for every layer and role. */
  addFloats(
    layer: string,
    role: string,
    shape: readonly number[],
    values: ArrayLike<number>,
  ): string {
    const name = this.partName(layer, role);
    if (!this.#initializers.has(name)) {
      const raw = new Uint8Array(Float32Array.from(values).buffer);
      this.#addTensor(name, shape, DATA_TYPES.float, raw);
    }
    return name;
  }

  /**
   * Adds an f32 constant of a layer whose numbers follow the order of what it reads, once for every layer, role and order:
   * calls that read one order share it.
   */
  addOrdered(
    call: LayerCall,
    role: string,
    { pieces }: WrittenTensor,
    shape: readonly number[],
    values: ArrayLike<number>,
  ): string {
    if (pieces === undefined) return this.addFloats(call.layer, role, shape, values);
    const key = JSON.stringify([call.layer, role, pieces]);
    const owner = this.#ordered.get(key) ?? call.name;
    this.#ordered.set(key, owner);
    return this.addFloats(owner, `ordered_${role}`, shape, values);
  }

  /** Adds an i64 list of a layer, once for every layer and role. */
  addIntegers(layer: string, role: string, values: ArrayLike<number>): string {
    const name = this.partName(layer, role);
    if (!this.#initializers.has(name)) {
      const raw = bytesOfIntegers(Array.from(values));
      this.#addTensor(name, [values.length], DATA_TYPES.int64, raw);
    }
    return name;
  }

  /** Adds a constant of some element type of a layer, once for every layer and role. */
  addConstant(
    layer: string,
    role: string,
    dataType: number,
    shape: readonly number[],
    values: readonly number[],
  ): string {
    const name = this.partName(layer, role);
    if (!this.#initializers.has(name)) {
      this.#addTensor(name, shape, dataType, encodeNumbers(dataType, values));
    }
    return name;
  }

  #addTensor(name: string, shape: readonly number[], dataType: number, raw: Uint8Array): void {
    this.#initializers.set(name, { name, shape: [...shape], dataType, raw, typed: [] });
  }

  /** Adds series P × C of what is N × C × P. */
  addSeries(name: string, first: string, shape: WrittenTensor["shape"]): WrittenTensor {
    this.add(name, "Transpose", [first], { perm: [0, 2, 1] });
    this.#turned.set(name, first);
    return { name, shape };
  }

  /** Series as N × C × P; the tensor has that name and those axes. */
  asChannelsFirst({ name, shape: [length, channels] }: WrittenTensor): WrittenTensor {
    const first = this.#turned.get(name) ??
      this.add(this.partName(name, "channels_first"), "Transpose", [name], { perm: [0, 2, 1] });
    this.#turned.set(name, first);
    return { name: first, shape: [channels, length] };
  }

  /** The tensor as N × C × H × W. */
  asMaps(tensor: WrittenTensor): WrittenTensor {
    if (tensor.shape.length !== 1) return tensor;
    const shape = [1, 1, tensor.shape[0]];
    if (tensor.maps !== undefined) return { name: tensor.maps, shape };
    const plain = this.inLayerOrder(tensor);
    const axes = this.addIntegers(tensor.name, "axes", [2, 3]);
    const name = this.partName(tensor.name, "maps");
    const isThere = this.#nodes.some((node) => node.name === name);
    return { name: isThere ? name : this.add(name, "Unsqueeze", [plain.name, axes]), shape };
  }

  /** The tensor with its axes and its values in the order of the layers, maps as N × H × W × C. */
  inOrder(tensor: WrittenTensor): WrittenTensor {
    if (tensor.shape.length !== 3) return this.inLayerOrder(tensor);
    const name = this.partName(tensor.name, "channels_last");
    const isThere = this.#nodes.some((node) => node.name === name);
    return {
      name: isThere ? name : this.add(name, "Transpose", [tensor.name], { perm: [0, 2, 3, 1] }),
      shape: tensor.shape,
    };
  }

  /** A flat tensor with its values in the order of the layers. */
  inLayerOrder(tensor: WrittenTensor): WrittenTensor {
    if (tensor.pieces === undefined) return tensor;
    const order = expandPieces(tensor.pieces);
    const indices = this.addIntegers(tensor.name, "order", order);
    const name = this.partName(tensor.name, "ordered");
    const isThere = this.#nodes.some((node) => node.name === name);
    return {
      name: isThere ? name : this.add(name, "Gather", [tensor.name, indices], { axis: 1 }),
      shape: tensor.shape,
    };
  }

  /**
   * The graph; nodes and constants that no output needs are left out.
   *
   * @param name Its name.
   * @param inputs What goes in.
   * @param outputs What comes out.
   * @param kernels What kernels are stored as, constants of two axes and more; float16 is widened by a node for each.
   */
  finish(
    name: string,
    inputs: readonly WrittenTensor[],
    outputs: readonly WrittenTensor[],
    kernels: "float32" | "float16" = "float32",
  ): OnnxGraph {
    const needed = new Set(outputs.map((output) => output.name));
    const nodes = this.#nodes.toReversed().filter((node) => {
      if (!node.outputs.some((output) => needed.has(output))) return false;
      for (const input of node.inputs) needed.add(input);
      return true;
    }).reverse();
    const constants = this.#initializers.values().filter((tensor) => needed.has(tensor.name))
      .toArray();
    const halved = kernels === "float16" ? constants.filter(isHalvable) : [];
    const names = new Map(halved.map((tensor) => [tensor, this.partName(tensor.name, "float16")]));
    return {
      name,
      nodes: [...halved.map((tensor) => widen(names.get(tensor)!, tensor.name)), ...nodes],
      initializers: constants.map((tensor) =>
        names.has(tensor) ? halve(tensor, names.get(tensor)!) : tensor
      ),
      inputs: inputs.map(describe),
      outputs: outputs.map(describe),
    };
  }
}

/** Whether a constant is a kernel whose numbers float16 can hold. */
function isHalvable({ shape, dataType, raw }: OnnxTensor): boolean {
  return dataType === DATA_TYPES.float && shape.length > 1 && fitsFloat16(floatsOf(raw!));
}

function halve({ shape, raw }: OnnxTensor, name: string): OnnxTensor {
  const values = Float16Array.from(floatsOf(raw!));
  return {
    name,
    shape,
    dataType: DATA_TYPES.float16,
    raw: new Uint8Array(values.buffer),
    typed: [],
  };
}

/** The node that makes floats of halves. */
function widen(halves: string, name: string): OnnxNode {
  return makeNode("Cast", [halves], name, { to: DATA_TYPES.float });
}

/** The floats of a constant that was written here. */
function floatsOf(raw: Uint8Array): Float32Array {
  return new Float32Array(raw.slice().buffer);
}

function encodeNumbers(dataType: number, values: readonly number[]): Uint8Array {
  if (dataType === DATA_TYPES.bool) return Uint8Array.from(values);
  const isFloat = dataType === DATA_TYPES.float;
  return new Uint8Array((isFloat ? Float32Array : Int32Array).from(values).buffer);
}

function describe({ name, shape }: WrittenTensor): OnnxValueInfo {
  const [height, width, channels] = shape;
  const extents = shape.length === 3
    ? [channels, height ?? "H", width ?? "W"]
    : shape.map((extent) => extent ?? "P");
  return { name, dataType: DATA_TYPES.float, shape: ["N", ...extents] };
}

/** The numbers of a constant that stand for the channels of a tensor, in ONNX' order. */
export function inOnnxOrder(tensor: WrittenTensor, values: ArrayLike<number>): Float32Array {
  const ordered = Float32Array.from(values);
  if (tensor.pieces === undefined || values.length === 1) return ordered;
  expandPieces(tensor.pieces).forEach((position, index) => ordered[position] = values[index]);
  return ordered;
}
