import { ImportCall, type ImportContext, NodeRefusal, type Pair } from "../import/mod.ts";
import { readFlag, readNumber, readNumbers, readText, readTexts, readType } from "./attributes.ts";
import type { GraphNode } from "./graph_def.ts";
import type { Feature, Value } from "./values.ts";

const CALLS = /^(Stateful)?PartitionedCall(_\d+)?$/;

/** What is the same for all nodes of a graph. */
export interface GraphContext extends ImportContext {
  /** Whether the graph takes one image at a time. */
  readonly isSingle: boolean;
}

/** A node of the graph with what it reads: the view that operators have of it. */
export class NodeCall extends ImportCall<Feature, GraphContext> {
  /** The node. */
  readonly node: GraphNode;

  constructor(
    context: GraphContext,
    node: GraphNode,
    inputs: readonly (Value | undefined)[],
  ) {
    super(context, inputs);
    this.node = node;
  }

  /** Name of the node. */
  override get name(): string {
    return this.node.name;
  }

  /** Its name without the scopes that say nothing but that a SavedModel called a function. */
  override get layerName(): string {
    const scopes = this.name.split("/").filter((scope) => !CALLS.test(scope));
    return scopes.length > 0 ? scopes.join("/") : this.name;
  }

  /** Its operation. */
  override get operator(): string {
    return this.node.operator;
  }

  /** H × W × C. */
  override get channelAxis(): number {
    return -1;
  }

  /** What to do where an input had to be known before the network runs. */
  override get constantAdvice(): string {
    return "freeze the model with tensorflowjs_converter";
  }

  /** Whether the layer's tensor has one axis only. */
  override isVector(value: Feature): boolean {
    return value.shape.length === 1;
  }

  /** The refusal of the node, without the path: all of them are gathered before the model is refused. */
  override refusal(found: string): NodeRefusal {
    return new NodeRefusal(this.complaint(found));
  }

  /**
   * The input that the network computes.
   *
   * @param index Which input.
   * @param mayBeInteger Whether it may hold integers.
   * @throws {InputError} When it is left out or constant.
   */
  override feature(index = 0, mayBeInteger = false): Feature {
    const value = super.feature(index);
    if (value.isSingle) throw this.refusal("reads a tensor without a batch, wanted one with it");
    if (!value.isInteger || mayBeInteger) return value;
    throw this.refusal(`reads integers, wanted floats; cast the input of the model to float32`);
  }

  /**
   * An input that the network computes, as maps: rows, columns, channels.
   *
   * @throws {InputError} When it has another number of axes, or the node wants its channels first.
   */
  maps(index = 0): Feature {
    const value = this.feature(index);
    this.requireChannelsLast();
    if (value.shape.length === 3) return value;
    throw this.refusal(
      `reads a tensor of ${value.shape.length + 1} axes, wanted N × H × W × C; ` +
        `only networks for images are read`,
    );
  }

  /** Refuses a node that wants its channels ahead of rows and columns. */
  requireChannelsLast(): void {
    const format = this.text("data_format", "NHWC");
    if (format === "NHWC") return;
    throw this.refusal(
      `has data_format ${format}, wanted NHWC; export the model with channels last`,
    );
  }

  /** A number among the attributes. */
  number(name: string, fallback: number): number {
    const number = this.#read(name, "number", readNumber) ?? fallback;
    this.requireFinite([number], name);
    return number;
  }

  /** Yes or no among the attributes. */
  flag(name: string): boolean {
    return this.#read(name, "boolean", readFlag) ?? false;
  }

  /** A text among the attributes. */
  text(name: string, fallback: string): string {
    return this.#read(name, "text", readText) ?? fallback;
  }

  /** An element type among the attributes, such as `DT_FLOAT`. */
  type(name: string, fallback: string): string {
    return this.#read(name, "type", readType) ?? fallback;
  }

  /** A list of numbers among the attributes. */
  numbers(name: string): readonly number[] | undefined {
    return this.#read(name, "list of numbers", readNumbers);
  }

  /** A list of texts among the attributes. */
  texts(name: string): readonly string[] | undefined {
    return this.#read(name, "list of texts", readTexts);
  }

  #read<Content>(
    name: string,
    wanted: string,
    read: (attribute: unknown) => Content | undefined,
  ): Content | undefined {
    const attribute = this.node.attributes[name];
    if (attribute === undefined) return undefined;
    const content = read(attribute);
    if (content !== undefined) return content;
    throw this.refusal(`has attribute ${name} ${JSON.stringify(attribute)}, wanted a ${wanted}`);
  }

  /** Numbers for rows and columns among the attributes, where batch and channels have 1. */
  pair(name: string): Pair {
    const list = this.numbers(name) ?? [1, 1, 1, 1];
    const isUsable = list.length === 4 && list[0] === 1 && list[3] === 1 &&
      list.every((number) => Number.isSafeInteger(number) && number >= 1);
    if (isUsable) return [list[1], list[2]];
    throw this.refusal(
      `has ${name} [${list.join(", ")}], wanted one number for rows and one for columns`,
    );
  }

  /** What comes out of the node, checked for its size. */
  override result(
    layer: string,
    like: Feature,
    change: Partial<Omit<Feature, "kind" | "layer">> = {},
  ): Feature {
    return super.result(layer, { ...like, origin: undefined }, change);
  }
}

/** How an operation becomes layers; a list where it makes several tensors. */
export type Operator = (call: NodeCall) => Value | readonly Value[];
