import {
  type OperationConfig,
  type OperationConstant,
  operationShape,
} from "../../../../model/mod.ts";
import type { LayerCall } from "../../../export/mod.ts";
import { fromFront } from "../../../import/mod.ts";
import { DATA_TYPES, type OnnxAttribute } from "../../messages.ts";
import type { GraphWriter, WrittenTensor } from "../graph_writer.ts";
import type { LayerWriter } from "./options.ts";

type Attributes = Readonly<Record<string, OnnxAttribute>>;

/** A node of ONNX that does what an operation does, on tensors whose axes ONNX has in the order of the layers. */
interface TensorNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly attributes?: Attributes;
  /** Which of its outputs is wanted, and how many it has. */
  readonly output?: readonly [place: number, count: number];
  /** Whether it makes integers of 64 bits, which are to have 32. */
  readonly isLong?: boolean;
}

/** An operation as its node is found. */
class OperationCall {
  readonly graph: GraphWriter;
  readonly call: LayerCall;
  readonly config: OperationConfig;
  /** The tensors, their axes in the order of the layers. */
  readonly tensors: readonly WrittenTensor[];

  constructor(graph: GraphWriter, call: LayerCall, inputs: readonly WrittenTensor[]) {
    this.graph = graph;
    this.call = call;
    this.config = call.config as OperationConfig;
    this.tensors = inputs.map((input) => graph.inOrder(input));
  }

  /** The tensor that is the operand at a place. */
  tensor(place: number): WrittenTensor {
    const operand = this.config.operands[place];
    if (typeof operand === "number") return this.tensors[operand];
    throw this.graph.refusal(
      this.call,
      `has a constant as operand ${place} of ${this.config.operator}, wanted a tensor; ` +
        `write a graph model`,
    );
  }

  /** The numbers of the constant at a place. */
  numbers(place: number): number[] {
    const operand = this.config.operands[place];
    if (typeof operand === "object") return operand.values.map(Number);
    throw this.graph.refusal(
      this.call,
      `computes operand ${place} of ${this.config.operator}, wanted a constant; write a graph model`,
    );
  }

  /** How many axes a tensor has with the batch. */
  rank(place: number): number {
    return this.tensor(place).shape.length + 1;
  }

  flag(name: string): boolean {
    return (this.config.attributes[name] as { b?: boolean } | undefined)?.b ?? false;
  }

  number(name: string): number {
    return Number((this.config.attributes[name] as { i?: unknown } | undefined)?.i ?? 0);
  }

  list(role: string, values: readonly number[]): string {
    return this.graph.addIntegers(this.call.name, role, values);
  }
}

/** How an operation becomes a node. */
type NodeOf = (operation: OperationCall) => TensorNode;

/** Writes the node, and puts its axes where ONNX has them. */
function write(nodeOf: NodeOf): LayerWriter {
  return (graph, call, inputs) => {
    const operation = new OperationCall(graph, call, inputs);
    const { operator, inputs: read, attributes = {}, output, isLong } = nodeOf(operation);
    const shape = operationShape(operation.config, inputs.map((input) => input.shape));
    const steps: [operator: string, attributes: Attributes][] = [
      ...(isLong ? [["Cast", { to: DATA_TYPES.int32 }] as [string, Attributes]] : []),
      ...(shape.length === 3
        ? [["Transpose", { perm: [0, 3, 1, 2] }] as [string, Attributes]]
        : []),
    ];
    const part = (left: number) =>
      left === 0 ? call.name : graph.partName(call.name, `step${left}`);
    let name = graph.add(part(steps.length), operator, read, attributes, output);
    steps.forEach(([step, options], done) => {
      name = graph.add(part(steps.length - done - 1), step, [name], options);
    });
    return { name, shape };
  };
}

function reduction(operator: string): LayerWriter {
  return write((operation) => {
    const axes = operation.numbers(1);
    const attributes = { keepdims: operation.flag("keep_dims") ? 1 : 0 };
    const { name } = operation.tensor(0);
    // ReduceSum alone takes its axes as an input before opset 18.
    if (operator === "ReduceSum") {
      return { operator, inputs: [name, operation.list("axes", axes)], attributes };
    }
    return { operator, inputs: [name], attributes: { ...attributes, axes } };
  });
}

function placeOf(operator: string): LayerWriter {
  return write((operation) => ({
    operator,
    inputs: [operation.tensor(0).name],
    attributes: { axis: operation.numbers(1)[0], keepdims: 0 },
    isLong: true,
  }));
}

const slice: NodeOf = (operation) => {
  const { shape } = operation.tensor(0);
  const [begin, end, strides] = [1, 2, 3].map((place) => operation.numbers(place));
  const masks = ["ellipsis_mask", "new_axis_mask", "shrink_axis_mask"];
  if (masks.some((mask) => operation.number(mask) !== 0)) {
    throw operation.graph.refusal(
      operation.call,
      `takes axes away or adds some (StridedSlice), wanted slices alone; write a graph model`,
    );
  }
  const isSet = (mask: number, axis: number) => Math.floor(mask / 2 ** axis) % 2 === 1;
  const [beginMask, endMask] = ["begin_mask", "end_mask"].map((mask) => operation.number(mask));
  const axes = begin.map((_, axis) => axis).filter((axis) =>
    strides[axis] !== 1 || !isSet(beginMask, axis) || !isSet(endMask, axis)
  );
  const far = 2 ** 31 - 1;
  const starts = axes.map((axis) => {
    if (!isSet(beginMask, axis)) return begin[axis];
    return strides[axis] > 0 ? 0 : shape[axis - 1]! - 1;
  });
  const ends = axes.map((axis) => {
    if (!isSet(endMask, axis)) return end[axis];
    return strides[axis] > 0 ? far : -far;
  });
  return {
    operator: "Slice",
    inputs: [
      operation.tensor(0).name,
      operation.list("starts", starts),
      operation.list("ends", ends),
      operation.list("axes", axes),
      operation.list("steps", axes.map((axis) => strides[axis])),
    ],
  };
};

/** Slice of a stated size, −1 for all that is left. */
const sizedSlice: NodeOf = (operation) => {
  const begin = operation.numbers(1), size = operation.numbers(2);
  const axes = begin.map((_, axis) => axis).slice(1);
  const ends = axes.map((axis) => size[axis] === -1 ? 2 ** 31 - 1 : begin[axis] + size[axis]);
  return {
    operator: "Slice",
    inputs: [
      operation.tensor(0).name,
      operation.list("starts", begin.slice(1)),
      operation.list("ends", ends),
      operation.list("axes", axes),
    ],
  };
};

/** One of the parts along an axis, as a slice. */
function part(operation: OperationCall, from: number, sizes: readonly number[], given: number) {
  const axis = fromFront(given, operation.rank(from));
  const { output } = operation.config;
  const extent = operation.tensor(from).shape[axis - 1]!;
  const known = sizes.reduce((sum, size) => sum + Math.max(0, size), 0);
  const whole = sizes.map((size) => size === -1 ? extent - known : size);
  const start = whole.slice(0, output).reduce((sum, size) => sum + size, 0);
  return {
    operator: "Slice",
    inputs: [
      operation.tensor(from).name,
      operation.list("starts", [start]),
      operation.list("ends", [start + whole[output]]),
      operation.list("axes", [axis]),
    ],
  };
}

const split: NodeOf = (operation) => {
  const count = operation.number("num_split");
  const [axis] = operation.numbers(0);
  const extent = operation.tensor(1).shape[fromFront(axis, operation.rank(1)) - 1]!;
  return part(operation, 1, new Array(count).fill(extent / count), axis);
};

const sizedSplit: NodeOf = (operation) =>
  part(operation, 0, operation.numbers(1), operation.numbers(2)[0]);

const unpack: NodeOf = (operation) => ({
  operator: "Gather",
  inputs: [
    operation.tensor(0).name,
    operation.graph.addConstant(operation.call.name, "place", DATA_TYPES.int32, [], [
      operation.config.output,
    ]),
  ],
  attributes: { axis: fromFront(operation.number("axis"), operation.rank(0)) },
});

const gather: NodeOf = (operation) => {
  const indices = operation.config.operands[1];
  const values = operation.numbers(1);
  const { shape } = indices as { readonly shape: readonly number[] };
  const name = operation.graph.addConstant(
    operation.call.name,
    "indices",
    DATA_TYPES.int32,
    shape,
    values,
  );
  const axis = operation.config.operands.length > 2 ? operation.numbers(2)[0] : 0;
  return {
    operator: "Gather",
    inputs: [operation.tensor(0).name, name],
    attributes: { axis: fromFront(axis, operation.rank(0)) },
  };
};

const matrixProduct: NodeOf = (operation) => {
  const names = ["adj_x", "adj_y"].map((side, place) => {
    const { name, shape } = operation.tensor(place);
    if (!operation.flag(side)) return name;
    const rank = shape.length + 1;
    const perm = Array.from({ length: rank }, (_, axis) => axis);
    [perm[rank - 2], perm[rank - 1]] = [rank - 1, rank - 2];
    const { graph, call } = operation;
    return graph.add(graph.partName(call.name, side), "Transpose", [name], { perm });
  });
  return { operator: "MatMul", inputs: names };
};

const topK: NodeOf = (operation) => ({
  operator: "TopK",
  inputs: [operation.tensor(0).name, operation.list("count", operation.numbers(1))],
  attributes: { axis: -1, largest: 1, sorted: 1 },
  output: [operation.config.output, 2],
  isLong: operation.config.output === 1,
});

const tile: NodeOf = (operation) => ({
  operator: "Tile",
  inputs: [operation.tensor(0).name, operation.list("counts", operation.numbers(1))],
});

/** Ahead of all axes, then behind them. */
function padsOf(operation: OperationCall): string {
  const pads = operation.numbers(1);
  const ends = [0, 1].map((side) => pads.filter((_, place) => place % 2 === side));
  return operation.list("pads", ends.flat());
}

const pad: NodeOf = (operation) => ({
  operator: "Pad",
  inputs: [
    operation.tensor(0).name,
    padsOf(operation),
    operation.graph.addFloats(operation.call.name, "fill", [], operation.numbers(2)),
  ],
});

const mirrorPad: NodeOf = (operation) => {
  const mode = atob(String((operation.config.attributes.mode as { s?: unknown })?.s ?? ""));
  if (mode !== "REFLECT") {
    throw operation.graph.refusal(
      operation.call,
      `mirrors with ${mode}, wanted REFLECT; write a graph model`,
    );
  }
  const inputs = [operation.tensor(0).name, padsOf(operation)];
  return { operator: "Pad", inputs, attributes: { mode: "reflect" } };
};

const pack: NodeOf = (operation) => {
  const { graph, call, config } = operation;
  const rank = operation.rank(0) + 1;
  const axis = fromFront(operation.number("axis"), rank);
  const axes = operation.list("axes", [axis]);
  const names = config.operands.map((_, place) =>
    graph.add(graph.partName(call.name, `entry${place + 1}`), "Unsqueeze", [
      operation.tensor(place).name,
      axes,
    ])
  );
  return { operator: "Concat", inputs: names, attributes: { axis } };
};

/** Channels that become rows and columns: ONNX has them where the layers' maps have them. */
const writeDepthToSpace: LayerWriter = (graph, call, [input]) => {
  const config = call.config as OperationConfig;
  const blocksize = Number((config.attributes.block_size as { i?: unknown }).i);
  graph.add(call.name, "DepthToSpace", [input.name], { blocksize, mode: "DCR" });
  return { name: call.name, shape: operationShape(config, [input.shape]) };
};

/** Maps of another size. */
const writeResize = (mode: "linear" | "nearest"): LayerWriter => (graph, call, [input]) => {
  const config = call.config as OperationConfig;
  const [rows, columns] = (config.operands[1] as OperationConstant).values.map(Number);
  const isSet = (name: string) => (config.attributes[name] as { b?: boolean } | undefined)?.b;
  const isAligned = isSet("align_corners"), isCentered = isSet("half_pixel_centers");
  if (mode === "nearest" && isAligned) {
    throw graph.refusal(call, "aligns corners of nearest values; write a graph model");
  }
  const coordinates = isAligned ? "align_corners" : isCentered ? "half_pixel" : "asymmetric";
  const whole = graph.add(graph.partName(call.name, "shape"), "Shape", [input.name]);
  const [start, end] = [["start", 0] as const, ["end", 2] as const].map(([role, place]) =>
    graph.addIntegers(call.name, role, [place])
  );
  const ahead = graph.add(graph.partName(call.name, "channels"), "Slice", [whole, start, end]);
  const size = graph.addIntegers(call.name, "size", [rows, columns]);
  const sizes = graph.add(graph.partName(call.name, "sizes"), "Concat", [ahead, size], { axis: 0 });
  graph.add(call.name, "Resize", [input.name, "", "", sizes], {
    mode,
    coordinate_transformation_mode: coordinates,
    ...(mode === "nearest" && { nearest_mode: isCentered ? "round_prefer_ceil" : "floor" }),
  });
  return { name: call.name, shape: operationShape(config, [input.shape]) };
};

/** Operations of tensors, by their names in TensorFlow. */
export const tensorOperations: Readonly<Record<string, LayerWriter>> = {
  ArgMax: placeOf("ArgMax"),
  ArgMin: placeOf("ArgMin"),
  BatchMatMul: write(matrixProduct),
  BatchMatMulV2: write(matrixProduct),
  DepthToSpace: writeDepthToSpace,
  Gather: write(gather),
  GatherV2: write(gather),
  Max: reduction("ReduceMax"),
  Mean: reduction("ReduceMean"),
  Min: reduction("ReduceMin"),
  MirrorPad: write(mirrorPad),
  Pack: write(pack),
  PadV2: write(pad),
  Prod: reduction("ReduceProd"),
  ResizeBilinear: writeResize("linear"),
  ResizeNearestNeighbor: writeResize("nearest"),
  Slice: write(sizedSlice),
  Split: write(split),
  SplitV: write(sizedSplit),
  StridedSlice: write(slice),
  Sum: reduction("ReduceSum"),
  Tile: write(tile),
  TopKV2: write(topK),
  Transpose: write((operation) => ({
    operator: "Transpose",
    inputs: [operation.tensor(0).name],
    attributes: { perm: operation.numbers(1) },
  })),
  Unpack: write(unpack),
};
