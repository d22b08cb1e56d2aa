import { type Constant, fromFront, ImportCall, type ImportContext } from "../../import/mod.ts";
import { isTensor } from "../write/encode.ts";
import type { OnnxNode } from "../messages.ts";
import type { Layout } from "./find_layouts.ts";
import { readTensor } from "./tensors.ts";
import { axesInLayers, expandPieces, type Feature, shapeInLayers, type Value } from "../values.ts";

/** What is the same for all nodes of a graph. */
export interface GraphContext extends ImportContext {
  /** Version of the operations. */
  readonly opset: number;
  /** Whether an input declares a batch of one. */
  readonly isSingle: boolean;
  /** Where the readers of tensors want the channels, by their names; none where they do not say. */
  readonly layouts: ReadonlyMap<string, Layout>;
}

/** Operations whose layers take any number of axes, the last being the channels. */
export const ANY_RANK: ReadonlySet<string> = new Set([
  ...["Cast", "Concat", "Dropout", "Elu", "Gelu", "HardSigmoid", "HardSwish", "Identity"],
  ...[
    "LeakyRelu",
    "LogSoftmax",
    "MatMul",
    "Mish",
    "Relu",
    "Selu",
    "Sigmoid",
    "Softmax",
    "Softplus",
  ],
  ...["Softsign", "Swish", "Tanh", "ThresholdedRelu"],
]);

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

  /** C × H × W, or H × W × C where what the node reads first has its channels last. */
  override get channelAxis(): number {
    const first = this.inputs.find((input) => input?.kind === "feature");
    return first?.kind === "feature" && first.isLast ? -1 : 0;
  }

  /** How many channels a tensor has, wherever they are. */
  override channelsOf({ shape, isLast }: Feature): number {
    return shape.at(isLast ? -1 : 0)!;
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
   * @param mayBeGrouped Whether its channels may stand in groups, and it may have any number of axes.
   * @throws {InputError} When it is left out or constant, or has more axes than the node can have as a layer.
   */
  override feature(index = 0, mayBeGrouped = false): Feature {
    const value = super.feature(index);
    if (value.type !== undefined) throw this.refusal(`reads ${value.type}, wanted floats`);
    if (value.shape.length < 4 || mayBeGrouped) return value;
    if (value.isLast && ANY_RANK.has(this.operator)) return value;
    throw this.refusal(`reads [N, ${value.shape.join(", ")}], wanted three axes at most`);
  }

  /**
   * An input that the network computes, as maps, their channels first.
   *
   * @throws {InputError} When it has another number of axes.
   */
  maps(index = 0): Feature & { readonly shape: readonly [number, number | null, number | null] } {
    const value = this.anyMaps(index);
    const shape = value.shape as [number, number | null, number];
    if (!value.isLast) return { ...value, shape };
    const layer = this.addLayer("Permute", [value], { dims: [2, 3, 1] }, {}, "first");
    return { ...this.result(layer, value), shape, isLast: false, isTurned: false };
  }

  /** {@link maps}, their channels first or last. */
  anyMaps(index = 0): Feature {
    const value = this.feature(index);
    if (value.shape.length === 3) return this.unflatten(value);
    throw this.refusal(
      `reads a tensor of ${value.shape.length + 1} axes, wanted N × C × H × W; ` +
        `only networks for images are read`,
    );
  }

  /** The tensor with as many axes in the layers as in ONNX. */
  unflatten(value: Feature): Feature {
    if (!value.isFlat || value.shape.length < 2) return value;
    const config = { target_shape: shapeInLayers(value) };
    const layer = this.addLayer("Reshape", [value], config, {}, "maps");
    return { ...value, layer, isFlat: false };
  }

  /**
   * The axis of a tensor that an attribute means.
   *
   * @param value The tensor.
   * @param given The axis in ONNX, the batch being 0; from the end when it is negative.
   * @returns The axis in the layers, without the batch; −1 for the batch, or where there is none.
   */
  layerAxis({ shape, isLast }: Feature, given: number): number {
    return axesInLayers(shape.length, isLast).indexOf(fromFront(given, shape.length + 1));
  }

  /** Refuses a constant that differs between rows or columns when it is spread over a tensor as ONNX does it. */
  requirePerChannel({ shape, values }: Constant, value: Feature): void {
    const rank = value.shape.length + 1;
    const padded = [...new Array<number>(Math.max(0, rank - shape.length)).fill(1), ...shape];
    const wide = padded.flatMap((extent, axis) => extent === 1 ? [] : [axis]);
    const channels = value.isLast ? rank - 1 : 1;
    const isFitting = padded.length === rank && wide.every((axis) => axis === channels);
    if (isFitting && [1, this.channelsOf(value)].includes(values.length)) return;
    throw this.refusal(
      `has a constant of shape [${shape.join(", ")}], wanted one number, or one for every channel`,
    );
  }

  /**
   * Refuses a node that works as in training.
   *
   * @param isTraining What it says itself; before opset 7 `is_test` says it.
   */
  requireEvaluation(isTraining: boolean): void {
    const isOldTraining = this.context.opset < 7 && this.number("is_test", 0) === 0;
    if (!isTraining && !isOldTraining) return;
    throw this.refusal(`is in training mode; export the model in evaluation mode`);
  }

  /** Whether what reads the node's first output wants its channels first. */
  get wantsFirst(): boolean {
    return this.context.layouts.get(this.node.outputs[0]) === "first";
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
