import type { FrameForm, FrameInput, ModelFrame } from "../../../model/mod.ts";
import {
  DATA_TYPES,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from "../messages.ts";
import { typeOfName } from "../read/element_types.ts";
import { fitOpset } from "./fit_opset.ts";
import { bytesOfIntegers, FreeNames, makeNode } from "./make_node.ts";

/** Axes of N × C × H × W in the order of N × H × W × C, the other way around, and of N × C × P as N × P × C. */
const TO_LAST = [0, 2, 3, 1], TO_FIRST = [0, 3, 1, 2], SWAPPED = [0, 2, 1];

/**
 * Puts around the layers what the file that they came from has there: names, types and shapes of inputs and outputs, and the
 * tail, whose nodes stay as they are. Tensors of the layers get other names where theirs are taken, and operations the form
 * that they have in the version of the tail's.
 *
 * @param model The layers as a file.
 * @param frame What is around them.
 * @param tail The tail as a file, if there is one.
 * @returns The whole.
 */
export function addFrame(model: OnnxModel, frame: ModelFrame, tail?: OnnxModel): OnnxModel {
  const opset = tail?.opset ?? model.opset;
  const body = new FramedGraph(fitOpset(model.graph, opset), {
    tensors: namesOf(frame, tail),
    nodes: tail?.graph.nodes.map(({ name }) => name) ?? [],
  });
  const passed = new Map(tail?.graph.inputs.map((input) => [input.name, input]));
  const inputs = frame.inputs.map((input) =>
    input.place === undefined ? passed.get(input.name) ?? describe(input) : body.addInput(input)
  );
  const ends = new Map(
    [...frame.outputs, ...frame.tail?.inputs ?? []].map((end) => [end.name, end]),
  );
  for (const { name, place, form } of ends.values()) {
    if (place !== undefined) body.addEnd(name, place, form);
  }
  const made = new Map(tail?.graph.outputs.map((output) => [output.name, output]));
  return {
    ...model,
    irVersion: Math.max(model.irVersion, tail?.irVersion ?? 0),
    opset,
    imports: tail?.imports,
    functions: tail?.functions,
    graph: {
      name: model.graph.name,
      nodes: [...body.nodes, ...tail?.graph.nodes ?? []],
      initializers: [...body.initializers, ...tail?.graph.initializers ?? []],
      inputs,
      outputs: frame.outputs.map((output) =>
        made.get(output.name) ?? describe({ name: output.name, ...output.form! })
      ),
      valueInfos: tail?.graph.valueInfos,
    },
  };
}

/** Names that tensors of the layers must not have. */
function namesOf({ inputs, outputs, tail: described }: ModelFrame, tail?: OnnxModel): Set<string> {
  const named = [...inputs, ...outputs, ...described?.inputs ?? []].map(({ name }) => name);
  const { nodes = [], initializers = [] } = tail?.graph ?? {};
  return new Set([
    ...named,
    ...initializers.map(({ name }) => name),
    ...nodes.flatMap((node) => [...node.outputs, ...node.subgraphs?.makes ?? []]),
  ]);
}

function describe({ name, type, shape }: Pick<FrameInput, "name"> & FrameForm): OnnxValueInfo {
  return { name, dataType: typeOfName(type), ...(shape && { shape: [...shape] }) };
}

/** The layers as a graph, and what leads to them and away. */
class FramedGraph {
  readonly initializers: OnnxTensor[];
  readonly #graph: OnnxGraph;
  readonly #names: FreeNames;
  readonly #nodeNames: FreeNames;
  readonly #ahead: OnnxNode[] = [];
  readonly #behind: OnnxNode[] = [];

  /**
   * @param graph The layers.
   * @param reserved Names that their tensors and nodes must not have.
   */
  constructor(graph: OnnxGraph, reserved: Readonly<Record<"tensors" | "nodes", Iterable<string>>>) {
    this.#names = new FreeNames(reserved.tensors);
    this.#nodeNames = new FreeNames(reserved.nodes);
    this.#graph = this.#rename(graph);
    this.initializers = [...this.#graph.initializers];
  }

  /** The graph with other names where they are taken. */
  #rename({ name, nodes, ...tensors }: OnnxGraph): OnnxGraph {
    const { initializers, inputs, outputs } = tensors;
    const made = nodes.flatMap((node) => node.outputs);
    const own = [...made, ...[...initializers, ...inputs].map((tensor) => tensor.name)];
    const names = new Map(
      own.filter((tensor) => tensor !== "").map((tensor) => [tensor, this.#names.take(tensor)]),
    );
    const find = (tensor: string) => names.get(tensor) ?? tensor;
    const renamed = <Named extends { name: string }>(all: readonly Named[]) =>
      all.map((tensor) => ({ ...tensor, name: find(tensor.name) }));
    return {
      name,
      nodes: nodes.map((node) => ({
        ...node,
        name: this.#nodeNames.take(node.name),
        inputs: node.inputs.map(find),
        outputs: node.outputs.map(find),
      })),
      initializers: renamed(initializers),
      inputs: renamed(inputs),
      outputs: renamed(outputs),
    };
  }

  #addList(wanted: string, values: readonly number[]): string {
    const name = this.#names.take(wanted);
    const raw = bytesOfIntegers(values);
    const tensor = { name, shape: [values.length], dataType: DATA_TYPES.int64, raw, typed: [] };
    this.initializers.push(tensor);
    return name;
  }

  get nodes(): OnnxNode[] {
    return [...this.#ahead, ...this.#graph.nodes, ...this.#behind];
  }

  /** An input of the file; gives its description. */
  addInput(input: FrameInput): OnnxValueInfo {
    const { name, shape, place, isChannelsFirst = false } = input;
    const given = this.#graph.inputs[place!];
    const axes = shape.length === 4 && !isChannelsFirst
      ? TO_FIRST
      : shape.length === 3 && isChannelsFirst
      ? SWAPPED
      : undefined;
    const described = describe(input);
    this.#lead(this.#ahead, name, given.name, [
      ...described.dataType === DATA_TYPES.float ? [] : [castTo(DATA_TYPES.float)],
      ...axes ? [["Transpose", { perm: axes }] as const] : [],
    ]);
    return described;
  }

  /** A tensor of the layers as the file has it. */
  addEnd(
    name: string,
    place: number,
    { type, shape = [], isChannelsFirst = false }: FrameForm = { type: "float" },
  ): void {
    const made = this.#graph.outputs[place];
    const rank = made.shape!.length, dataType = typeOfName(type);
    const extents = shape.slice(1).map(Number);
    const steps: Step[] = [];
    if (rank === 2 && shape.length > 2) steps.push(["Reshape", {}, [-1, ...extents]]);
    else if (rank === 4 && !isChannelsFirst) steps.push(["Transpose", { perm: TO_LAST }]);
    else if (rank === 3 && isChannelsFirst) steps.push(["Transpose", { perm: SWAPPED }]);
    if (dataType !== DATA_TYPES.float) steps.push(castTo(dataType));
    this.#lead(this.#behind, made.name, name, steps);
  }

  /** Leads from one name to another, by some nodes or by one that changes nothing. */
  #lead(nodes: OnnxNode[], from: string, to: string, steps: readonly Step[]): void {
    const all: readonly Step[] = steps.length > 0 ? steps : [["Identity", {}]];
    let read = from;
    all.forEach(([operator, attributes, list], index) => {
      const name = index === all.length - 1 ? to : this.#names.take(`${from}/${operator}`);
      const operands = list ? [this.#addList(`${name}/shape`, list)] : [];
      const node = makeNode(operator, [read, ...operands], name, attributes);
      nodes.push({ ...node, name: this.#nodeNames.take(name) });
      read = name;
    });
  }
}

/** A node by its operation, its attributes, and a list that it reads. */
type Step = readonly [
  operator: string,
  attributes: Readonly<Record<string, OnnxAttribute>>,
  list?: readonly number[],
];

function castTo(dataType: number): Step {
  return ["Cast", { to: dataType }];
}
