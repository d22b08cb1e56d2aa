import {
  DATA_TYPES,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
} from "../messages.ts";
import { bytesOfIntegers, FreeNames, makeNode } from "./make_node.ts";

/** Axes of N × C × H × W in the order of N × H × W × C, and the other way around. */
const TO_LAST = [0, 2, 3, 1], TO_FIRST = [0, 3, 1, 2];

/** Operations whose axes became an input in opset 18. */
const REDUCTION = /^Reduce(L1|L2|LogSum|LogSumExp|Max|Mean|Min|Prod|SumSquare)$/;

/** Operations whose list was an attribute before opset 13, by its name. */
const LISTS: Readonly<Record<string, string>> = {
  ReduceSum: "axes",
  Split: "split",
  Squeeze: "axes",
  Unsqueeze: "axes",
};

/**
 * Gives nodes that were written in opset 17 the form that they have in another one.
 *
 * @param graph The nodes and their constants.
 * @param opset The version of the operations, 11 and newer.
 * @returns The same in that version.
 */
export function fitOpset(graph: OnnxGraph, opset: number): OnnxGraph {
  return new OpsetFitter(graph, opset).fit();
}

class OpsetFitter {
  readonly #graph: OnnxGraph;
  readonly #opset: number;
  readonly #constants: Map<string, OnnxTensor>;
  readonly #names: FreeNames;

  constructor(graph: OnnxGraph, opset: number) {
    const { nodes, initializers, inputs } = graph;
    this.#graph = graph;
    this.#opset = opset;
    this.#constants = new Map(initializers.map((tensor) => [tensor.name, tensor]));
    this.#names = new FreeNames([
      ...nodes.flatMap(({ outputs }) => outputs),
      ...[...initializers, ...inputs].map(({ name }) => name),
    ]);
  }

  fit(): OnnxGraph {
    const nodes = this.#graph.nodes.flatMap((node) => this.#fitNode(node));
    const read = new Set(nodes.flatMap(({ inputs }) => inputs));
    const initializers = this.#constants.values().filter(({ name }) => read.has(name)).toArray();
    return { ...this.#graph, nodes, initializers };
  }

  #fitNode(node: OnnxNode): OnnxNode[] {
    const { operator, attributes } = node;
    const opset = this.#opset;
    if (opset >= 18 && REDUCTION.test(operator)) return [this.#takeAxesAsInput(node)];
    if (opset < 17 && operator === "LayerNormalization") return this.#normalizeByParts(node);
    if (opset >= 13) return [node];
    if (Object.hasOwn(LISTS, operator)) return [this.#takeListAsAttribute(node)];
    if (operator === "Resize") return [this.#nameAllInputs(node)];
    if (/^(Log)?Softmax$/.test(operator) && attributes.get("axis") === 1) {
      return this.#turnToLast(node);
    }
    const isBoth = opset < 12 && /^(Less|Greater)OrEqual$/.test(operator);
    return isBoth ? this.#compareTwice(node) : [node];
  }

  #takeAxesAsInput(node: OnnxNode): OnnxNode {
    const axes = node.attributes.get("axes");
    if (!Array.isArray(axes)) return node;
    const raw = bytesOfIntegers(axes);
    const list = this.#addConstant(`${node.name}/axes`, [axes.length], DATA_TYPES.int64, raw);
    return { ...node, inputs: [...node.inputs, list], attributes: without(node, "axes") };
  }

  #takeListAsAttribute(node: OnnxNode): OnnxNode {
    const { raw } = this.#constants.get(node.inputs[1]) ?? {};
    if (raw === undefined) return node;
    const list = Array.from(new BigInt64Array(raw.slice().buffer), Number);
    const attributes = new Map([...node.attributes, [LISTS[node.operator], list]]);
    return { ...node, inputs: node.inputs.slice(0, 1), attributes };
  }

  /** Before opset 13 an input of Resize that is left out was an empty list. */
  #nameAllInputs(node: OnnxNode): OnnxNode {
    const inputs = node.inputs.map((name, place) =>
      name !== "" ? name : this.#addConstant(
        `${node.name}/no_${["maps", "region", "scales"][place]}`,
        [0],
        DATA_TYPES.float,
        new Uint8Array(),
      )
    );
    return { ...node, inputs };
  }

  /** Before opset 13 Softmax ran over all axes from one on: channels have to be the last. */
  #turnToLast({ operator, inputs, outputs: [made] }: OnnxNode): OnnxNode[] {
    const [last, normed] = ["last", "normed"].map((part) => this.#names.take(`${made}/${part}`));
    return [
      makeNode("Transpose", inputs, last, { perm: TO_LAST }),
      makeNode(operator, [last], normed, { axis: TO_LAST.length - 1 }),
      makeNode("Transpose", [normed], made, { perm: TO_FIRST }),
    ];
  }

  #compareTwice({ operator, inputs, outputs: [made] }: OnnxNode): OnnxNode[] {
    const parts = [operator.replace("OrEqual", ""), "Equal"];
    const names = parts.map((part) => this.#names.take(`${made}/${part.toLowerCase()}`));
    return [
      ...parts.map((part, index) => makeNode(part, inputs, names[index])),
      makeNode("Or", names, made),
    ];
  }

  /** γ · (x − mean) / √(variance + ε) + β over the last axis. */
  #normalizeByParts({ inputs, attributes, outputs: [made] }: OnnxNode): OnnxNode[] {
    const [tensor, gamma, beta] = inputs;
    const nodes: OnnxNode[] = [];
    const add = (
      part: string,
      operator: string,
      read: readonly string[],
      options?: Readonly<Record<string, OnnxAttribute>>,
    ) => {
      const name = part === "" ? made : this.#names.take(`${made}/${part}`);
      nodes.push(makeNode(operator, read, name, options));
      return name;
    };
    const mean = (part: string, read: string) => add(part, "ReduceMean", [read], { axes: [-1] });
    const floats = Float32Array.of(Number(attributes.get("epsilon")));
    const epsilon = this.#addConstant(
      `${made}/epsilon`,
      [],
      DATA_TYPES.float,
      new Uint8Array(floats.buffer),
    );
    const centered = add("centered", "Sub", [tensor, mean("mean", tensor)]);
    const variance = mean("variance", add("squared", "Mul", [centered, centered]));
    const deviation = add("deviation", "Sqrt", [add("shifted", "Add", [variance, epsilon])]);
    const normed = add("normed", "Div", [centered, deviation]);
    add("", "Add", [add("scaled", "Mul", [normed, gamma]), beta]);
    return nodes;
  }

  #addConstant(
    wanted: string,
    shape: number[],
    dataType: number,
    raw: Uint8Array,
  ): string {
    const name = this.#names.take(wanted);
    this.#constants.set(name, { name, shape, dataType, raw, typed: [] });
    return name;
  }
}

function without({ attributes }: OnnxNode, name: string): OnnxNode["attributes"] {
  return new Map([...attributes].filter(([other]) => other !== name));
}
