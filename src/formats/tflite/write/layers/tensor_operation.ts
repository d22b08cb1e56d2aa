import {
  type OperationConfig,
  type OperationConstant,
  operationShape,
} from "../../../../model/mod.ts";
import { fromFront } from "../../../import/mod.ts";
import type { LayerCall } from "../../../export/mod.ts";
import { type OperatorName, TENSOR_TYPES } from "../../model.ts";
import type { GraphWriter, NodeOptions, WrittenTensor } from "../graph_writer.ts";
import type { LayerWriter } from "./layer_writer.ts";

/** A node that does what an operation does. */
interface TensorNode {
  readonly operator: OperatorName;
  readonly inputs: readonly (WrittenTensor | number)[];
  readonly options?: NodeOptions;
}

/** An operation as its node is found. */
class OperationCall {
  readonly config: OperationConfig;
  readonly #graph: GraphWriter;
  readonly #call: LayerCall;
  readonly #inputs: readonly WrittenTensor[];

  constructor(graph: GraphWriter, call: LayerCall, inputs: readonly WrittenTensor[]) {
    this.config = call.config as OperationConfig;
    this.#graph = graph;
    this.#call = call;
    this.#inputs = inputs;
  }

  /** The tensor that is the operand at a place. */
  tensor(place: number): WrittenTensor {
    const operand = this.config.operands[place];
    if (typeof operand === "number") return this.#inputs[operand];
    throw this.refusal(`has a constant as operand ${place}, wanted a tensor`);
  }

  /** The constant at a place. */
  constant(place: number): OperationConstant {
    const operand = this.config.operands[place];
    if (typeof operand === "object") return operand;
    throw this.refusal(`computes operand ${place}, wanted a constant`);
  }

  /** Its numbers. */
  numbers(place: number): number[] {
    return this.constant(place).values.map(Number);
  }

  /** The operands as they are. */
  operands(): (WrittenTensor | number)[] {
    return this.config.operands.map((operand, place) =>
      typeof operand === "number" ? this.#inputs[operand] : this.#addConstant(place, operand)
    );
  }

  #addConstant(place: number, { shape, type, values }: OperationConstant): number {
    const role = `operand${place}`, numbers = values.map(Number);
    if (type === "int32") return this.list(role, numbers, shape);
    return this.#graph.addFloats(this.#call.name, role, shape, numbers);
  }

  list(role: string, values: readonly number[], shape?: readonly number[]): number {
    return this.#graph.addIntegers(this.#call.name, role, values, shape);
  }

  /** An axis among those of a tensor with its batch. */
  axis(place: number, given: number): number {
    return fromFront(given, this.tensor(place).shape.length + 1);
  }

  flag(name: string): boolean {
    return (this.config.attributes[name] as { b?: boolean } | undefined)?.b ?? false;
  }

  number(name: string): number {
    return Number((this.config.attributes[name] as { i?: unknown } | undefined)?.i ?? 0);
  }

  refusal(found: string) {
    return this.#graph.refusal(
      this.#call,
      `(${this.config.operator}) ${found}; write a graph model`,
    );
  }
}

type NodeOf = (operation: OperationCall) => TensorNode;

const write = (nodeOf: NodeOf): LayerWriter => (graph, call, inputs) => {
  const operation = new OperationCall(graph, call, inputs);
  const { operator, inputs: read, options } = nodeOf(operation);
  const type = TENSOR_TYPES[operation.config.type];
  const shape = operationShape(operation.config, inputs.map((input) => input.shape));
  return graph.add(call.name, operator, read, shape, options, 1, type);
};

/** The operation under another name, with its operands as they are. */
const same = (operator: OperatorName, optionsOf?: (operation: OperationCall) => NodeOptions) =>
  write((operation) => ({
    operator,
    inputs: operation.operands(),
    options: optionsOf?.(operation),
  }));

const reduction = (operator: OperatorName) =>
  same(operator, (operation) => ["ReducerOptions", { keepsAxes: operation.flag("keep_dims") }]);

const placeOf = (operator: OperatorName, table: "ArgMaxOptions" | "ArgMinOptions") =>
  write((operation) => ({
    operator,
    inputs: operation.operands(),
    options: [table, { outputType: TENSOR_TYPES.int32 }],
  }));

const resize = (
  operator: OperatorName,
  table: "ResizeBilinearOptions" | "ResizeNearestNeighborOptions",
) =>
  same(operator, (operation) => [table, {
    alignsCorners: operation.flag("align_corners"),
    isCentered: operation.flag("half_pixel_centers"),
  }]);

/** One of the parts along an axis, as a slice. */
function part(operation: OperationCall, from: number, sizes: readonly number[], given: number) {
  const { output } = operation.config;
  const tensor = operation.tensor(from);
  const axis = operation.axis(from, given);
  const extent = tensor.shape[axis - 1]!;
  const known = sizes.reduce((sum, size) => sum + Math.max(0, size), 0);
  const whole = sizes.map((size) => size === -1 ? extent - known : size);
  const start = whole.slice(0, output).reduce((sum, size) => sum + size, 0);
  const rank = tensor.shape.length + 1;
  const begin = new Array<number>(rank).fill(0).with(axis, start);
  const size = new Array<number>(rank).fill(-1).with(axis, whole[output]);
  return {
    operator: "SLICE",
    inputs: [tensor, operation.list("begin", begin), operation.list("size", size)],
  } as const;
}

const split: NodeOf = (operation) => {
  const [axis] = operation.numbers(0);
  const extent = operation.tensor(1).shape[operation.axis(1, axis) - 1]!;
  const count = operation.number("num_split");
  return part(operation, 1, new Array(count).fill(extent / count), axis);
};

const gather: NodeOf = (operation) => {
  const { values, shape } = operation.constant(1);
  const indices = operation.list("indices", values.map(Number), shape);
  const axis = operation.config.operands.length > 2 ? operation.numbers(2)[0] : 0;
  return {
    operator: "GATHER",
    inputs: [operation.tensor(0), indices],
    options: ["GatherOptions", { axis: operation.axis(0, axis), batchAxes: 0 }],
  };
};

const unpack: NodeOf = (operation) => {
  const axis = operation.axis(0, operation.number("axis"));
  return {
    operator: "GATHER",
    inputs: [operation.tensor(0), operation.list("place", [operation.config.output], [])],
    options: ["GatherOptions", { axis, batchAxes: 0 }],
  };
};

const strided: NodeOf = (operation) => {
  const mask = (name: string) => operation.number(`${name}_mask`);
  return {
    operator: "STRIDED_SLICE",
    inputs: operation.operands(),
    options: ["StridedSliceOptions", {
      beginMask: mask("begin"),
      endMask: mask("end"),
      ellipsisMask: mask("ellipsis"),
      newAxisMask: mask("new_axis"),
      shrinkAxisMask: mask("shrink_axis"),
    }],
  };
};

const mirrorPad: NodeOf = (operation) => {
  const text = (operation.config.attributes.mode as { s?: unknown } | undefined)?.s ?? "";
  const modes = ["REFLECT", "SYMMETRIC"];
  const mode = modes.indexOf(atob(String(text)));
  if (mode < 0) throw operation.refusal(`has mode ${text}, wanted ${modes.join(" or ")}`);
  return {
    operator: "MIRROR_PAD",
    inputs: operation.operands(),
    options: ["MirrorPadOptions", { mode }],
  };
};

/** The largest of the last axis, or their places. */
const writeTopK: LayerWriter = (graph, call, inputs) => {
  const operation = new OperationCall(graph, call, inputs);
  const { shape, output } = operation.config;
  const types = [TENSOR_TYPES.float32, TENSOR_TYPES.int32];
  return graph.addOneOf(call.name, "TOPK_V2", operation.operands(), shape, types, output);
};

/** Operations of tensors, by their names in TensorFlow. */
export const tensorOperations: Readonly<Record<string, LayerWriter>> = {
  ArgMax: placeOf("ARG_MAX", "ArgMaxOptions"),
  ArgMin: placeOf("ARG_MIN", "ArgMinOptions"),
  ...Object.fromEntries(["BatchMatMul", "BatchMatMulV2"].map((operator) => [
    operator,
    same("BATCH_MATMUL", (operation) => ["BatchMatMulOptions", {
      adjX: operation.flag("adj_x"),
      adjY: operation.flag("adj_y"),
    }]),
  ])),
  DepthToSpace: same("DEPTH_TO_SPACE", (operation) => ["DepthToSpaceOptions", {
    block: operation.number("block_size"),
  }]),
  Gather: write(gather),
  GatherV2: write(gather),
  Max: reduction("REDUCE_MAX"),
  Mean: reduction("MEAN"),
  Min: reduction("REDUCE_MIN"),
  MirrorPad: write(mirrorPad),
  Pack: same("PACK", (operation) => ["PackOptions", {
    count: operation.config.operands.length,
    axis: operation.number("axis"),
  }]),
  PadV2: same("PADV2"),
  Prod: reduction("REDUCE_PROD"),
  ResizeBilinear: resize("RESIZE_BILINEAR", "ResizeBilinearOptions"),
  ResizeNearestNeighbor: resize("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions"),
  Slice: same("SLICE"),
  Split: write(split),
  SplitV: write((operation) => part(operation, 0, operation.numbers(1), operation.numbers(2)[0])),
  StridedSlice: write(strided),
  Sum: reduction("SUM"),
  Tile: same("TILE"),
  TopKV2: writeTopK,
  Transpose: same("TRANSPOSE"),
  Unpack: write(unpack),
};
