import { withAction } from "../../../base/mod.ts";
import { NodeRefusal } from "../../import/mod.ts";
import type { JsonObject, Weight } from "../../../model/mod.ts";
import type { GraphNode, NodeOutput } from "../../graph_model/mod.ts";
import type { TfliteOperator, TfliteOptions, TfliteTensor } from "../model.ts";

/** What a node of the translated graph reads. */
export type Source = NodeOutput;

/** A node of the file, and the graph of TensorFlow's operations that grows from it. */
export class Translation {
  /** Nodes by name. */
  readonly nodes: Map<string, GraphNode>;
  /** Constants by the name of their node. */
  readonly weights: Map<string, Weight>;
  /** Its operation. */
  readonly operator: string;
  /** Its name: that of what it makes. */
  readonly name: string;
  /** The shape of what it makes, as the file says; −1 where it is open. */
  readonly shape: readonly number[];
  /** The element type of what it makes, of `TENSOR_TYPES`. */
  readonly type: number;
  /** Its options. */
  readonly options: TfliteOptions;
  /** Its options where it is not built in. */
  readonly customOptions: Uint8Array;
  readonly #path: string;
  readonly #inputs: readonly (Source | undefined)[];

  constructor(
    graph: Pick<Translation, "nodes" | "weights">,
    node: {
      readonly operator: string;
      readonly name: string;
      readonly output: TfliteTensor;
      readonly inputs: readonly (Source | undefined)[];
      readonly options: TfliteOperator["options"];
      readonly customOptions: TfliteOperator["customOptions"];
      readonly path: string;
    },
  ) {
    this.nodes = graph.nodes;
    this.weights = graph.weights;
    this.operator = node.operator;
    this.name = node.name;
    this.shape = node.output.signature ?? node.output.shape ?? [];
    this.type = node.output.type ?? 0;
    this.options = node.options ?? {};
    this.customOptions = node.customOptions ?? new Uint8Array();
    this.#path = node.path;
    this.#inputs = node.inputs;
  }

  /** The refusal of the node: what was found in it and what was wanted, and what to do. */
  refusal(found: string): NodeRefusal {
    return new NodeRefusal(
      `reading ${this.#path}: ${
        withAction(
          `node "${this.name}" (${this.operator}) ${found}`,
          "change it where the model was made, or cut the model off ahead of it, and export it again",
        )
      }`,
    );
  }

  /** What it reads at a place; undefined where that is left out. */
  optional(index: number): Source | undefined {
    return this.#inputs[index];
  }

  /** What it reads at a place. */
  input(index: number): Source {
    const source = this.#inputs[index];
    if (source !== undefined) return source;
    throw this.refusal(`lacks input ${index}, wanted a tensor`);
  }

  /** All that it reads. */
  get inputs(): Source[] {
    return this.#inputs.map((_, index) => this.input(index));
  }

  /** The constant that a tensor is; undefined where the network computes it. */
  constantOf(source: Source | undefined): Weight | undefined {
    return source && this.weights.get(source.node);
  }

  /** The constant at a place. */
  constant(index: number): Weight {
    const weight = this.constantOf(this.input(index));
    if (weight !== undefined) return weight;
    throw this.refusal(`reads what the network computes as input ${index}, wanted a constant`);
  }

  /** A number among the options. */
  number(name: string, fallback = 0): number {
    const value = this.options[name];
    return typeof value === "number" ? value : fallback;
  }

  /** Yes or no among the options. */
  flag(name: string): boolean {
    return this.options[name] === true;
  }

  /** Adds a node; its name is that of the file's node with something behind it, or that alone for the last. */
  add(
    operator: string,
    inputs: readonly Source[],
    attributes: JsonObject = {},
    suffix = "",
  ): Source {
    const name = suffix === "" ? this.name : `${this.name}/${suffix}`;
    return this.addNode({ name, operator, inputs, controls: [], attributes });
  }

  /** Adds a constant. */
  addConstant(
    suffix: string,
    shape: readonly number[],
    values: Float32Array | Int32Array,
  ): Source {
    const name = `${this.name}/${suffix}`;
    const dtype = values instanceof Float32Array ? "float32" : "int32";
    const node = this.addNode({
      name,
      operator: "Const",
      inputs: [],
      controls: [],
      attributes: {},
    });
    this.weights.set(node.node, { name: node.node, shape: [...shape], dtype, values });
    return node;
  }

  /** Adds a list of integers. */
  addList(suffix: string, values: readonly number[]): Source {
    return this.addConstant(suffix, [values.length], Int32Array.from(values));
  }

  /** Adds a node under its name, or the next that is free. */
  addNode(node: GraphNode): Source {
    let name = node.name;
    for (let suffix = 2; this.nodes.has(name); suffix++) name = `${node.name}_${suffix}`;
    this.nodes.set(name, { ...node, name });
    return { node: name, index: 0 };
  }
}
