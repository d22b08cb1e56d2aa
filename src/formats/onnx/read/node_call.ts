import { type Constant, ImportCall, type ImportContext } from "../../import/mod.ts";
import { isTensor } from "../write/encode.ts";
import type { OnnxNode } from "../messages.ts";
import { readTensor } from "./tensors.ts";
import { expandPieces, type Feature, type Value } from "../values.ts";

/** What is the same for all nodes of a graph. */
export interface GraphContext extends ImportContext {
  /** Version of the operations. */
  readonly opset: number;
}

/** A node of the graph with what it reads: the view that operators have of it. */
export class NodeCall extends ImportCall<Feature, GraphContext> {
  /** The node. */
  readonly node: OnnxNode;

  constructor(context: GraphContext, node: OnnxNode, inputs: readonly (Value | undefined)[]) {
    super(context, inputs);
    this.node = node;
  }

  /** Name of the node, or of what it makes when it has none. */
  override get name(): string {
    return nameOfNode(this.node);
  }

  /** Its operation. */
  override get operator(): string {
    return this.node.operator;
  }

  /** C × H × W. */
  override get channelAxis(): number {
    return 0;
  }

  /** What to do where an input had to be known before the network runs. */
  override get constantAdvice(): string {
    return "export the model in evaluation mode, with its weights as initializers";
  }

  /** Whether the layer's tensor has one axis only. */
  override isVector(value: Feature): boolean {
    return value.isFlat;
  }

  /**
   * The input that the network computes.
   *
   * @param index Which input.
   * @param mayBeGrouped Whether its channels may stand in groups.
   * @throws {InputError} When it is left out or constant.
   */
  override feature(index = 0, mayBeGrouped = false): Feature {
    const value = super.feature(index);
    if (value.shape.length !== 4 || mayBeGrouped) return value;
    throw this.refusal(
      `reads [N, ${
        value.shape.join(", ")
      }], channels in groups, which only Transpose and Reshape may`,
    );
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

  /** The numbers of a constant, one for every channel of a tensor in the order of the layers. */
  override perChannel(constant: Constant, value: Feature): Float32Array<ArrayBuffer> {
    const numbers = super.perChannel(constant, value);
    if (value.pieces === undefined) return numbers;
    return Float32Array.from(expandPieces(value.pieces), (position) => numbers[position]);
  }

  /** What comes out of the node, checked for its size. */
  override result(
    layer: string,
    like: Feature,
    change: Partial<Omit<Feature, "kind" | "layer">> = {},
  ): Feature {
    return super.result(layer, like, change);
  }
}

/** Name of a node, or of what it makes when it has none. */
export function nameOfNode(node: OnnxNode): string {
  return node.name !== "" ? node.name : node.outputs[0] ?? node.operator;
}

/** How an operation becomes layers; a list where it makes several tensors. */
export type Operator = (call: NodeCall) => Value | readonly Value[];
