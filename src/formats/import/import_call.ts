import { InputError, withAction } from "../../base/mod.ts";
import type { LayerConfig } from "../../model/mod.ts";
import { type Constant, countElements, mainSource } from "./constants.ts";
import type { LayerBuilder, LayerWeight } from "./layer_builder.ts";

/** Values of one image that a tensor, and numbers that a weight made up here, may have at most. */
export const MOST_VALUES = 2 ** 25;

/** Elements that a constant made up of others may have. */
const MOST_FOLDED = 2 ** 16;

/** Classes of which several layers may be one that is called several times. */
const SHARABLE = new Set([
  "BatchNormalization",
  "Conv2D",
  "Conv2DTranspose",
  "Dense",
  "DepthwiseConv2D",
  "PReLU",
]);

/** Why a node, or a tensor that nodes read, cannot become layers; the file may be well all the same. */
export class NodeRefusal extends InputError {}

/** A tensor that the network computes. */
export interface Feature {
  readonly kind: "feature";
  /** Name of the layer that makes it. */
  readonly layer: string;
  /** Its shape in the file without the batch; null where it is open. */
  readonly shape: readonly (number | null)[];
  /** Whether no value can be below zero. */
  readonly nonNegative: boolean;
  /** Whether more than one node reads it, under whichever name. */
  readonly isShared: boolean;
}

/** What is the same for all nodes of a graph. */
export interface ImportContext {
  /** The layers made so far. */
  readonly layers: LayerBuilder;
  /** Path of the file, for messages. */
  readonly path: string;
  /** Batch sizes that a shape may name: one, and those that the inputs declare. */
  readonly batches: ReadonlySet<number>;
}

/** A node of a graph with what it reads, as operators see it, in whatever format it stands. */
export abstract class ImportCall<
  Tensor extends Feature,
  Context extends ImportContext = ImportContext,
> {
  /** What is the same for all nodes. */
  readonly context: Context;
  /** What it reads; undefined where an input is left out. */
  readonly inputs: readonly (Constant | Tensor | undefined)[];

  /**
   * @param context What is the same for all nodes.
   * @param inputs What it reads.
   */
  constructor(context: Context, inputs: readonly (Constant | Tensor | undefined)[]) {
    this.context = context;
    this.inputs = inputs;
  }

  /** Name of the node. */
  abstract get name(): string;
  /** What the layers it becomes are named after. */
  get layerName(): string {
    return this.name;
  }
  /** Its operation. */
  abstract get operator(): string;
  /** Which axis of a shape without the batch has the channels. */
  abstract get channelAxis(): number;
  /** What to do where an input had to be known before the network runs. */
  abstract get constantAdvice(): string;
  /** Whether the layer's tensor has one axis only. */
  abstract isVector(value: Tensor): boolean;

  /** The refusal of the node: what was found in it and what was wanted, and what to do. */
  refusal(found: string): NodeRefusal {
    const { path } = this.context;
    return new NodeRefusal(`reading ${path}: ${this.complaint(found)}`);
  }

  /** The node and what was found in it, with what to do at the end. */
  protected complaint(found: string): string {
    return withAction(
      `node "${this.name}" (${this.operator}) ${found}`,
      "change it where the model was made, or cut the model off ahead of it, and export it again",
    );
  }

  /**
   * An input that the network computes.
   *
   * @throws {InputError} When it is left out or constant.
   */
  feature(index = 0): Tensor {
    const value = this.inputs[index];
    if (value?.kind === "feature") return value;
    const found = value === undefined ? "nothing" : "a constant";
    throw this.refusal(`reads ${found} as input ${index}, wanted a tensor of the network`);
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
      `reads what layer ${value.layer} makes as input ${index}, wanted a constant; ${this.constantAdvice}`,
    );
  }

  /** How many channels a tensor has. */
  channelsOf(value: Tensor): number {
    return value.shape.at(this.channelAxis)!;
  }

  /** Refuses NaN and infinity where a layer would carry them on. */
  requireFinite(numbers: Iterable<number>, what: string): void {
    for (const number of numbers) {
      if (!Number.isFinite(number)) {
        throw this.refusal(`has ${what} ${number}, wanted a finite number`);
      }
    }
  }

  /** Refuses numbers that a small file could claim to need. */
  requireModest(count: number, what: string): void {
    if (count <= MOST_VALUES) return;
    throw this.refusal(`makes ${what} of ${count} numbers, wanted ${MOST_VALUES} at most`);
  }

  /**
   * The shape of what joins two tensors value by value; an extent of one stands for any other.
   *
   * @throws {InputError} When they do not fit.
   */
  joinShapes(
    first: readonly (number | null)[],
    second: readonly (number | null)[],
  ): (number | null)[] {
    const isFitting = first.length === second.length &&
      first.every((extent, axis) => extent === second[axis] || extent === 1 || second[axis] === 1);
    if (isFitting) return first.map((extent, axis) => extent === 1 ? second[axis] : extent);
    throw this.refusal(
      `joins tensors of shape [N, ${first.join(", ")}] and [N, ${second.join(", ")}], ` +
        `wanted the same shape, or extents of 1`,
    );
  }

  /** Elements that a constant may have which is computed ahead: as many as the longest that the node reads, or some more. */
  get mostFolded(): number {
    const given = this.inputs.map((input) => input?.kind === "constant" ? input.values.length : 0);
    return given.reduce((long, length) => Math.max(long, length), MOST_FOLDED);
  }

  /** Refuses constants made up of others that a small file could claim to need. */
  requireFoldable(count: number): void {
    if (count <= this.mostFolded) return;
    throw this.refusal(`makes ${count} numbers, wanted ${this.mostFolded} at most`);
  }

  /** The stored constant that most of what the node reads is made of; undefined where there is none. */
  mainSource(): string | undefined {
    return mainSource(this.inputs.filter((input) => input?.kind === "constant"));
  }

  /** Adds a layer named after the node. */
  addLayer(
    className: string,
    inputs: readonly Tensor[],
    config: LayerConfig,
    weights: Readonly<Record<string, LayerWeight>> = {},
    suffix?: string,
  ): string {
    const isSharable = SHARABLE.has(className) && config.trainable !== false;
    const source = isSharable ? this.mainSource() : undefined;
    return this.context.layers.add({
      name: suffix === undefined ? this.layerName : `${this.layerName}_${suffix}`,
      className,
      inputs: inputs.map(({ layer }) => layer),
      config,
      weights,
      ...(source !== undefined && { origin: JSON.stringify([source, suffix ?? ""]) }),
    });
  }

  /**
   * The numbers of a constant, one for every channel of a tensor.
   *
   * @param constant One number, or as many as there are channels.
   * @param value The tensor.
   * @throws {InputError} When there are more or fewer.
   */
  perChannel(constant: Constant, value: Tensor): Float32Array<ArrayBuffer> {
    const channels = this.channelsOf(value);
    const { shape, values } = constant;
    if (values.length === 1) return new Float32Array(channels).fill(values[0]);
    if (values.length === channels) return Float32Array.from(values);
    throw this.refusal(
      `has ${values.length} numbers of shape [${shape.join(", ")}] for ${channels} channels`,
    );
  }

  /** What comes out of the node, checked for its size. */
  result(
    layer: string,
    like: Tensor,
    change: Partial<Omit<Feature, "kind" | "layer">> = {},
  ): Tensor {
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
