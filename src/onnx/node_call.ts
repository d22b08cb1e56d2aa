import { InputError } from "../errors.ts";
import type { LayerConfig } from "../model/mod.ts";
import { isTensor } from "./encode.ts";
import type { LayerBuilder, LayerWeight } from "./layer_builder.ts";
import type { OnnxNode } from "./messages.ts";
import { readTensor } from "./tensors.ts";
import { type Constant, countElements, expandPieces, type Feature, type Value } from "./values.ts";

/** Values of one image that a tensor, and numbers that a weight made up here, may have at most. */
export const MOST_VALUES = 2 ** 25;

/** What is the same for all nodes of a graph. */
export interface GraphContext {
  /** The layers made so far. */
  readonly layers: LayerBuilder;
  /** Version of the operations. */
  readonly opset: number;
  /** Path of the file, for messages. */
  readonly path: string;
  /** Batch sizes that a Reshape may name: one, and those that the inputs declare. */
  readonly batches: ReadonlySet<number>;
}

/** A node of the graph with what it reads: the view that operators have of it. */
export class NodeCall {
  /** What is the same for all nodes. */
  readonly context: GraphContext;
  /** The node. */
  readonly node: OnnxNode;
  /** What it reads; undefined where an input is left out. */
  readonly inputs: readonly (Value | undefined)[];

  constructor(context: GraphContext, node: OnnxNode, inputs: readonly (Value | undefined)[]) {
    this.context = context;
    this.node = node;
    this.inputs = inputs;
  }

  /** Name of the node, or of what it makes when it has none. */
  get name(): string {
    return nameOfNode(this.node);
  }

  /** The refusal of the node: what was found in it and what was wanted, and what to do. */
  refusal(found: string): InputError {
    const { path } = this.context;
    return new InputError(`reading ${path}: node "${this.name}" (${this.node.operator}) ${found}`);
  }

  /**
   * The input that the network computes.
   *
   * @param index Which input.
   * @param mayBeGrouped Whether its channels may stand in groups.
   * @throws {InputError} When it is left out or constant.
   */
  feature(index = 0, mayBeGrouped = false): Feature {
    const value = this.inputs[index];
    if (value?.kind === "feature" && value.shape.length === 4 && !mayBeGrouped) {
      throw this.refusal(
        `reads [N, ${
          value.shape.join(", ")
        }], channels in groups, which only Transpose and Reshape may`,
      );
    }
    if (value?.kind === "feature") return value;
    const found = value === undefined ? "nothing" : "a constant";
    throw this.refusal(`reads ${found} as input ${index}, wanted a tensor of the network`);
  }

  /**
   * An input that the network computes, as maps: rows, columns, channels.
   *
   * @throws {InputError} When it has another number of axes.
   */
  maps(index = 0): Feature & { readonly shape: readonly [number, number | null, number | null] } {
    const value = this.feature(index);
    if (value.shape.length !== 3) {
      throw this.refusal(
        `reads a tensor of ${value.shape.length + 1} axes, wanted N × C × H × W; ` +
          `only networks for images are read`,
      );
    }
    return { ...this.unflatten(value), shape: value.shape as [number, number | null, number] };
  }

  /** The tensor with three axes in the layers too. */
  unflatten(value: Feature): Feature {
    if (!value.isFlat || value.shape.length !== 3) return value;
    const target_shape = [1, 1, value.shape[0]];
    const layer = this.addLayer("Reshape", [value], { target_shape }, {}, "maps");
    return { ...value, layer, isFlat: false };
  }

  /**
   * An input that is known before the network runs.
   *
   * @throws {InputError} When the network computes it; when it is left out.
   */
  constant(index: number): Constant {
    const value = this.optionalConstant(index);
    if (value === undefined) throw this.refusal(`lacks input ${index}, wanted a constant`);
    return value;
  }

  /** {@link constant}, or undefined where it is left out. */
  optionalConstant(index: number): Constant | undefined {
    const value = this.inputs[index];
    if (value?.kind !== "feature") return value;
    throw this.refusal(
      `reads what layer ${value.layer} makes as input ${index}, wanted a constant; ` +
        `export the model in evaluation mode, with its weights as initializers`,
    );
  }

  /** A number among the attributes. */
  number(name: string, fallback: number): number {
    const value = this.node.attributes.get(name);
    if (value === undefined) return fallback;
    if (typeof value === "number") return value;
    throw this.refusal(`has no number in attribute ${name}`);
  }

  /** A text among the attributes. */
  text(name: string, fallback: string): string {
    const value = this.node.attributes.get(name);
    if (value === undefined) return fallback;
    if (typeof value === "string") return value;
    throw this.refusal(`has no text in attribute ${name}`);
  }

  /** A list among the attributes. */
  list(name: string): readonly number[] | undefined {
    const value = this.node.attributes.get(name);
    if (value === undefined) return undefined;
    if (Array.isArray(value)) return value;
    throw this.refusal(`has no list in attribute ${name}`);
  }

  /** A tensor among the attributes. */
  tensor(name: string): Constant | undefined {
    const value = this.node.attributes.get(name);
    return isTensor(value) ? readTensor(value, new Map(), this.context.path) : undefined;
  }

  /** Refuses numbers that a small file could claim to need. */
  requireModest(count: number, what: string): void {
    if (count <= MOST_VALUES) return;
    throw this.refusal(`makes ${what} of ${count} numbers, wanted ${MOST_VALUES} at most`);
  }

  /** Adds a layer named after the node. */
  addLayer(
    className: string,
    inputs: readonly Feature[],
    config: LayerConfig,
    weights: Readonly<Record<string, LayerWeight>> = {},
    suffix?: string,
  ): string {
    return this.context.layers.add({
      name: suffix === undefined ? this.name : `${this.name}_${suffix}`,
      className,
      inputs: inputs.map(({ layer }) => layer),
      config,
      weights,
    });
  }

  /**
   * The numbers of a constant, one for every channel of a tensor in the order of the layers.
   *
   * @param constant One number, or as many as there are channels.
   * @param value The tensor.
   * @throws {InputError} When there are more or fewer.
   */
  perChannel(constant: Constant, value: Feature): Float32Array<ArrayBuffer> {
    const channels = value.shape[0]!;
    const { values } = constant;
    if (values.length === 1) return new Float32Array(channels).fill(values[0]);
    if (values.length !== channels) {
      throw this.refusal(
        `has ${values.length} numbers of shape [${
          constant.shape.join(", ")
        }] for ${channels} channels`,
      );
    }
    if (value.pieces === undefined) return Float32Array.from(values);
    return Float32Array.from(expandPieces(value.pieces), (position) => values[position]);
  }

  /** What comes out of the node, checked for its size. */
  result(
    layer: string,
    like: Feature,
    change: Partial<Omit<Feature, "kind" | "layer">> = {},
  ): Feature {
    const value = { ...like, isShared: false, ...change, layer };
    const known = value.shape.filter((extent) => extent !== null);
    this.requireModest(countElements(known), "a tensor");
    if (known.some((extent) => !(extent >= 1))) {
      throw this.refusal(
        `makes a tensor of shape [${value.shape.join(", ")}], wanted no empty one`,
      );
    }
    return value;
  }
}

/** Name of a node, or of what it makes when it has none. */
export function nameOfNode(node: OnnxNode): string {
  return node.name !== "" ? node.name : node.outputs[0] ?? node.operator;
}

/** How an operation becomes layers; a list where it makes several tensors. */
export type Operator = (call: NodeCall) => Value | readonly Value[];
