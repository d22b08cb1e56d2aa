import type { JsonObject, Weight } from "../../model/mod.ts";
import { type Constant, fromFront, transposeConstant } from "../import/mod.ts";
import { readFlag, readNumber, readShape } from "./attributes.ts";
import type { GraphNode, NodeOutput } from "./graph_def.ts";

/** Axes of N × C × H × W in the order of N × H × W × C, and the other way around. */
const TO_LAST = [0, 2, 3, 1], TO_FIRST = [0, 3, 1, 2];

/** Operations on single values, whatever the order of the axes. */
const VALUE_BY_VALUE = new RegExp(
  "^(Abs|Add(N|V2)?|ClipByValue|Elu|Erf|Exp|Identity|LeakyRelu|Log|Maximum|Minimum|Mul|Neg|RealDiv|" +
    "Relu6?|Rsqrt|Selu|Sigmoid|Softplus|Softsign|Sqrt|Square|SquaredDifference|Sub|Tanh)$",
);

/** Operations that make maps, whatever they read. */
const OF_MAPS =
  /^(_FusedConv2D|Conv2D(BackpropInput)?|(Fused)?DepthwiseConv2dNative|(Max|Avg)Pool|Resize.*)$/;

const REDUCTIONS = /^(Max|Mean|Min|Sum)$/;

/** A list that has an entry for every axis, in the other order. */
const turnEntries = ({ shape, values }: Constant): Constant => {
  const width = values.length / TO_LAST.length;
  const turned = TO_LAST.flatMap((axis) => [
    ...values.subarray(axis * width, (axis + 1) * width),
  ]);
  return { kind: "constant", shape, values: Float64Array.from(turned) };
};

/** Axes by number, in the other order. */
const turnAxes = ({ shape, values }: Constant): Constant => ({
  kind: "constant",
  shape,
  values: values.map((axis) => TO_LAST.indexOf(fromFront(axis, TO_LAST.length))),
});

/** A constant that is spread over maps. */
const turnOperand = (constant: Constant): Constant => {
  const { shape, values } = constant;
  if (values.length === 1) return constant;
  const whole = [...new Array<number>(TO_LAST.length - shape.length).fill(1), ...shape];
  return transposeConstant({ ...constant, shape: whole }, TO_LAST);
};

const keep = (constant: Constant) => constant;

/** What becomes of the constants that a node reads, by place; maps are what it reads elsewhere. */
type ConstantTurns = ReadonlyMap<number, (constant: Constant) => Constant>;

/** A graph with its nodes in order, and its constants. */
export interface OrderedGraph {
  /** The nodes, each behind what it reads. */
  readonly nodes: readonly GraphNode[];
  /** Constants by the name of their node. */
  readonly weights: ReadonlyMap<string, Weight>;
}

/**
 * Takes Transposes out of graphs whose maps have their channels first between convolutions that want them last, as
 * converters from PyTorch write them:
 *
 *     Transpose → Conv2D → Transpose → LeakyRelu → Pad → Transpose → Conv2D
 *
 * What stands between two of them works on N × H × W × C instead, where its operation allows that.
 *
 * @param graph The graph.
 * @param constantOf The constant that a tensor is, if it is one.
 * @returns A graph with the same tensors under the same names, and further nodes; not all are needed any more.
 */
export function turnMaps(
  graph: OrderedGraph,
  constantOf: (tensor: NodeOutput) => Constant | undefined,
): OrderedGraph {
  return new MapTurner(graph, constantOf).turn();
}

class MapTurner {
  readonly #nodes: ReadonlyMap<string, GraphNode>;
  readonly #constantOf: (tensor: NodeOutput) => Constant | undefined;
  readonly #made: GraphNode[] = [];
  readonly #weights: Map<string, Weight>;
  readonly #names: Set<string>;
  /** Nodes that make four axes. */
  readonly #maps = new Set<string>();
  /** Nodes whose maps have their channels first because a Transpose ahead of them has put them there. */
  readonly #first = new Set<string>();
  /** Nodes that are wanted with channels last. */
  readonly #wanted = new Set<string>();
  /** Nodes with channels last, by those that they stand for. */
  readonly #twins = new Map<string, string>();
  /** Tensors with channels last that come from a Transpose, by those ahead of it. */
  readonly #transposed = new Map<string, NodeOutput>();

  constructor(
    { nodes, weights }: OrderedGraph,
    constantOf: (tensor: NodeOutput) => Constant | undefined,
  ) {
    this.#nodes = new Map(nodes.map((node) => [node.name, node]));
    this.#constantOf = constantOf;
    this.#weights = new Map(weights);
    this.#names = new Set(this.#nodes.keys());
  }

  turn(): OrderedGraph {
    const nodes = [...this.#nodes.values()];
    for (const node of nodes) this.#look(node);
    for (const node of nodes.toReversed()) this.#ask(node);
    if (this.#wanted.size === 0) return { nodes, weights: this.#weights };
    for (const node of nodes) this.#remake(node);
    return { nodes: this.#made, weights: this.#weights };
  }

  /** Notes which nodes make maps. */
  #look(node: GraphNode): void {
    const { name, operator, inputs, attributes } = node;
    const axes = this.#transposeOf(node);
    const turns = this.#turnsOf(node);
    const isReshape = operator === "Reshape" && inputs.length === 2 &&
      this.#constantOf(inputs[1])?.values.length === TO_LAST.length;
    const isInput = readShape((attributes.shape as JsonObject | undefined)?.shape)?.length ===
      TO_LAST.length;
    if (axes || turns || isReshape || isInput || OF_MAPS.test(operator)) this.#maps.add(name);
    const isFirst = axes
      ? axes === TO_FIRST.join()
      : turns && inputs.some((input) => this.#first.has(input.node));
    if (isFirst) this.#first.add(name);
  }

  /** Asks for channels last where these are read, from what reads them upward. */
  #ask(node: GraphNode): void {
    const { name, inputs } = node;
    if (this.#isSink(node)) this.#wanted.add(inputs[0].node);
    const turns = this.#wanted.has(name) ? this.#turnsOf(node) : undefined;
    if (turns === undefined) return;
    const maps = inputs.filter((_, place) => !turns.has(place));
    if (maps.length > 1 && !this.#first.has(name)) this.#wanted.delete(name);
    else for (const tensor of maps) this.#wanted.add(tensor.node);
  }

  /** Whether a node reads channels last of what has them first: it puts them there, or rows and columns become one. */
  #isSink(node: GraphNode): boolean {
    if (this.#transposeOf(node) === TO_LAST.join()) return true;
    const { operator, inputs: [maps, axes], attributes } = node;
    if (!REDUCTIONS.test(operator) || readFlag(attributes.keep_dims)) return false;
    const given = axes && this.#constantOf(axes)?.values;
    return this.#first.has(maps.node) && given !== undefined &&
      [...given].map((axis) => fromFront(axis, TO_LAST.length)).sort().join() === "2,3";
  }

  /** The axes of a Transpose of maps. */
  #transposeOf({ operator, inputs }: GraphNode): string | undefined {
    if (operator !== "Transpose" || inputs.length !== 2) return undefined;
    const axes = this.#constantOf(inputs[1])?.values;
    return axes?.length === TO_LAST.length ? axes.join() : undefined;
  }

  /** What becomes of a node's constants where it works on channels last; undefined where it cannot. */
  #turnsOf({ operator, inputs, attributes }: GraphNode): ConstantTurns | undefined {
    const rank = TO_LAST.length;
    const constants = inputs.map((input) => this.#constantOf(input));
    const isMaps = (place: number) =>
      constants[place] === undefined && this.#maps.has(inputs[place].node);
    const places = [...inputs.keys()];
    const withLists = (lists: ConstantTurns) => {
      const isUsable = places.every((place) =>
        lists.has(place) ? constants[place] !== undefined : isMaps(place)
      );
      return isUsable && inputs.length > lists.size ? lists : undefined;
    };
    const lists = (first: number, entries: number) => {
      const some = places.slice(first);
      const isFitting = some.every((place) => constants[place]?.values.length === entries);
      return isFitting ? withLists(new Map(some.map((place) => [place, turnEntries]))) : undefined;
    };
    if (VALUE_BY_VALUE.test(operator)) {
      const fixed = places.filter((place) => constants[place] !== undefined);
      const isFitting = fixed.every((place) => constants[place]!.shape.length <= rank);
      return isFitting ? withLists(new Map(fixed.map((place) => [place, turnOperand]))) : undefined;
    }
    switch (operator) {
      case "Pad":
      case "MirrorPad":
        return lists(1, 2 * rank);
      case "PadV2":
        return withLists(new Map([[1, turnEntries], [2, keep]]));
      case "ConcatV2":
        return withLists(new Map([[inputs.length - 1, turnAxes]]));
      case "Slice":
        return lists(1, rank);
      case "Split":
        return withLists(new Map([[0, turnAxes]]));
      case "SplitV":
        return withLists(new Map([[1, keep], [2, turnAxes]]));
      case "StridedSlice": {
        const masks = ["begin", "end", "ellipsis", "new_axis", "shrink_axis"];
        const isPlain = masks.every((mask) => !readNumber(attributes[`${mask}_mask`]));
        return isPlain ? lists(1, rank) : undefined;
      }
    }
    if (!REDUCTIONS.test(operator) || !readFlag(attributes.keep_dims)) return undefined;
    return withLists(new Map([[1, turnAxes]]));
  }

  #remake(node: GraphNode): void {
    const { name, operator, inputs, attributes } = node;
    if (this.#isSink(node) && this.#wanted.has(inputs[0].node)) {
      const [maps, axes] = inputs;
      const isTranspose = operator === "Transpose";
      const read = isTranspose ? [] : [this.#turnConstant(axes, turnAxes)];
      this.#made.push({
        ...node,
        operator: isTranspose ? "Identity" : operator,
        inputs: [this.#lastOf(maps), ...read],
      });
      return;
    }
    const turns = this.#wanted.has(name) ? this.#turnsOf(node) : undefined;
    if (turns === undefined) {
      this.#made.push(node);
      return;
    }
    const read = inputs.map((input, place) => {
      const turn = turns.get(place);
      return turn ? this.#turnConstant(input, turn) : this.#lastOf(input);
    });
    const twin = this.#freeName(`${name}/channels_last`);
    this.#made.push({ name: twin, operator, inputs: read, controls: [], attributes });
    this.#twins.set(name, twin);
    // Nodes with several outputs stay beside their twins: a name of theirs stands for all of these.
    const isSplit = operator.startsWith("Split");
    this.#made.push(isSplit ? node : this.#transpose(name, { node: twin, index: 0 }, TO_FIRST));
  }

  /** A tensor with its channels last. */
  #lastOf(tensor: NodeOutput): NodeOutput {
    const twin = this.#twins.get(tensor.node);
    if (twin !== undefined) return { ...tensor, node: twin };
    const source = this.#nodes.get(tensor.node)!;
    if (this.#transposeOf(source) === TO_FIRST.join()) return source.inputs[0];
    const key = `${tensor.index}:${tensor.node}`;
    const known = this.#transposed.get(key);
    if (known !== undefined) return known;
    const name = this.#freeName(`${tensor.node}/channels_last`);
    this.#made.push(this.#transpose(name, tensor, TO_LAST));
    const made = { node: name, index: 0 };
    this.#transposed.set(key, made);
    return made;
  }

  #transpose(name: string, tensor: NodeOutput, axes: readonly number[]): GraphNode {
    const values = Float64Array.from(axes);
    const order = this.#addConstant(`${name}/axes`, {
      kind: "constant",
      shape: [axes.length],
      values,
    });
    return {
      name,
      operator: "Transpose",
      inputs: [tensor, order],
      controls: [],
      attributes: {},
    };
  }

  #turnConstant(tensor: NodeOutput, turn: (constant: Constant) => Constant): NodeOutput {
    const constant = this.#constantOf(tensor)!;
    const turned = turn(constant);
    if (turned === constant) return tensor;
    const key = `${turn.name}:${tensor.node}`;
    const known = this.#transposed.get(key);
    if (known !== undefined) return known;
    const made = this.#addConstant(`${tensor.node}/channels_last`, turned);
    this.#transposed.set(key, made);
    return made;
  }

  #addConstant(wanted: string, { shape, values }: Constant): NodeOutput {
    const name = this.#freeName(wanted);
    this.#made.push({ name, operator: "Const", inputs: [], controls: [], attributes: {} });
    const weight = values instanceof Float32Array
      ? { dtype: "float32", values } as const
      : { dtype: "int32", values: Int32Array.from(values) } as const;
    this.#weights.set(name, { name, shape: [...shape], ...weight });
    return { node: name, index: 0 };
  }

  #freeName(wanted: string): string {
    let name = wanted;
    for (let suffix = 2; this.#names.has(name); suffix++) name = `${wanted}_${suffix}`;
    this.#names.add(name);
    return name;
  }
}
