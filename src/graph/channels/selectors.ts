import type { Weight } from "../../model/mod.ts";
import type { LayerNode } from "../layer_graph.ts";
import { activationOf, tupleOf } from "../options.ts";

/** Position of a selector's output that is zero and passes nothing on. */
export const NOTHING = -1;

/**
 * What a frozen 1×1 convolution with a one-hot kernel passes on: an index map, as pruning puts in front of convolutions
 * and as grouped convolutions of ONNX become.
 *
 * @param node A layer.
 * @returns The input position of every output, {@link NOTHING} for zeros; undefined when the layer is none of these.
 */
export function selectedPositions(node: LayerNode): Int32Array | undefined {
  const { className, config, weights } = node;
  const kernel = weights.get("kernel");
  const isCandidate = (className === "Conv1D" || className === "Conv2D") && kernel !== undefined &&
    config.trainable === false && !weights.has("bias") && activationOf(node) === "linear" &&
    kernel.shape.slice(0, -2).every((size) => size === 1) && Number(config.groups ?? 1) === 1;
  return isCandidate ? oneHotPositions(kernel) : undefined;
}

function oneHotPositions({ shape, values }: Weight): Int32Array | undefined {
  const outputs = shape.at(-1)!;
  const positions = new Int32Array(outputs).fill(NOTHING);
  for (const [element, value] of values.entries()) {
    if (value === 0) continue;
    const output = element % outputs;
    if (value !== 1 || positions[output] !== NOTHING) return undefined;
    positions[output] = Math.floor(element / outputs);
  }
  return positions;
}

/** What a selector is made from. */
export interface SelectorOptions {
  /** Its name. */
  readonly name: string;
  /** The tensor it reads. */
  readonly input: string;
  /** Shape of that tensor, without the batch. */
  readonly inputShape: readonly (number | null)[];
  /** Positions of its last axis that pass, {@link NOTHING} for zeros. */
  readonly kept: Int32Array;
  /** Its strides, one for every spatial axis. */
  readonly strides: readonly number[];
  /** Size of its output, where it is smaller than its input. */
  readonly outputSize?: readonly (number | null)[];
}

/**
 * The frozen 1×1 convolution whose one-hot kernel passes the kept positions on.
 *
 * @param options What it reads and keeps.
 * @returns The layer.
 */
export function selectorNode(
  { name, input, inputShape, kept, strides, outputSize }: SelectorOptions,
): LayerNode {
  const width = inputShape.at(-1)!;
  const axes = strides.map(() => 1);
  const values = new Float32Array(width * kept.length);
  kept.forEach((position, index) => {
    if (position !== NOTHING) values[position * kept.length + index] = 1;
  });
  const kernel: Weight = {
    name: `${name}/kernel`,
    shape: [...axes, width, kept.length],
    dtype: "float32",
    values,
  };
  return {
    key: name,
    name,
    className: `Conv${axes.length}D`,
    config: {
      name,
      trainable: false,
      filters: kept.length,
      kernel_size: axes,
      strides,
      padding: "valid",
      data_format: "channels_last",
      dilation_rate: axes,
      activation: "linear",
      use_bias: false,
    },
    inputs: [input],
    callArguments: [{}],
    weights: new Map([["kernel", kernel]]),
    outputShape: [...outputSize ?? inputShape.slice(0, -1), kept.length],
    calls: 1,
  };
}

/**
 * In front of a strided 1×1 convolution a selector takes over the stride: what that one would skip need not be
 * selected.
 */
export function selectorStrides({ className, config, outputShape }: LayerNode): number[] {
  const axes = outputShape.length - 1;
  const isPoint = tupleOf(config.kernel_size, axes, 1).every((size) => size === 1) &&
    className !== "Conv2DTranspose";
  return isPoint ? tupleOf(config.strides, axes, 1) : tupleOf(1, axes, 1);
}

/** Whether a step is larger than one position. */
export function isStrided(strides: readonly number[]): boolean {
  return strides.some((stride) => stride > 1);
}
