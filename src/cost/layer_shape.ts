import { InputError, option } from "../base/mod.ts";
import type { SymbolicLayer } from "./symbolic_layers.ts";
import type { Extent } from "./extent.ts";

/** A layer at certain widths: all that its time depends on. */
export interface LayerShape {
  /** Class of the layer. */
  readonly className: string;
  /** Its configuration, without names and what matters to training alone. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Shapes of its inputs, without the batch. */
  readonly inputShapes: readonly (readonly number[])[];
  /** Images of a batch. */
  readonly batchSize: number;
}

/** A width that a layer's time depends on. */
export interface WidthAxis {
  /** The width. */
  readonly extent: Extent;
  /** Its full value. */
  readonly full: number;
  /**
   * Channels that the kernels of tfjs-wasm (XNNPACK) compute together: the time rises in such steps, in between it is
   * that of the next one. 1 where it rises with every channel.
   */
  readonly tile: number;
}

const OUTPUT_TILE = 8;
const DEPTHWISE_TILE = 4;

/**
 * The widths that a layer's time depends on, at most two.
 *
 * @param layer The layer.
 * @returns Input and output for layers that mix channels, one width for others, none for those that nothing changes.
 */
export function widthAxes({ node, rule, inputs, inputShapes, output }: SymbolicLayer): WidthAxis[] {
  const full = node.outputShape.at(-1)!;
  const input = { extent: inputs[0], full: inputShapes[0]?.at(-1) ?? 0, tile: 1 };
  switch (rule.kind) {
    case "convolution":
    case "dense":
    case "select":
      return [input, { extent: output, full, tile: OUTPUT_TILE }];
    case "depthwise":
      return [{ ...input, tile: DEPTHWISE_TILE }];
    case "flatten":
      return [input];
    case "carry":
    case "concatenate":
    case "unflatten":
      return [{ extent: output, full, tile: 1 }];
    default:
      return [];
  }
}

const FOR_TRAINING =
  /^(name|trainable|dtype|batch_input_shape|momentum|.*_(initializer|regularizer|constraint))$/;

/**
 * A layer at certain widths.
 *
 * @param layer The layer.
 * @param widths A width for every axis of {@link widthAxes}.
 * @param batchSize Images of a batch.
 * @returns The shape.
 * @throws {InputError} When the model leaves a size open.
 */
export function shapeOfLayer(
  { node, rule, inputShapes }: SymbolicLayer,
  widths: readonly number[],
  batchSize: number,
): LayerShape {
  const config = Object.fromEntries(
    Object.entries(node.config).filter(([option]) => !FOR_TRAINING.test(option)).sort(),
  );
  const shapes = inputShapes.map((shape) => shape.map((size) => fixedSize(size, node.name)));
  const full = node.outputShape.at(-1)!;
  const resize = (width: number) => shapes.map((shape) => shape.with(-1, width));
  const retarget = (width: number) => {
    const target = config.target_shape as number[] | undefined;
    return { ...config, ...target && { target_shape: target.with(-1, width) } };
  };
  const base = { className: node.className, config, inputShapes: shapes, batchSize };
  const [first] = widths;
  switch (rule.kind) {
    case "convolution":
    case "select":
      return { ...base, config: { ...config, filters: widths[1] }, inputShapes: resize(first) };
    case "dense":
      return { ...base, config: { ...config, units: widths[1] }, inputShapes: resize(first) };
    case "depthwise":
      return { ...base, inputShapes: resize(first) };
    case "flatten": {
      const repeats = full / shapes[0].at(-1)!;
      return { ...base, config: retarget(repeats * first), inputShapes: resize(first) };
    }
    case "unflatten": {
      const repeats = shapes[0].at(-1)! / full;
      return { ...base, config: retarget(first), inputShapes: resize(repeats * first) };
    }
    case "concatenate":
      return { ...base, inputShapes: shareWidth(shapes, first) };
    case "carry": {
      const wide = shapes.map((shape) => shape.at(-1) === full ? shape.with(-1, first) : shape);
      return { ...base, config: retarget(first), inputShapes: wide };
    }
    default:
      return base;
  }
}

/** Shares a concatenation's width out to its inputs, in proportion to what they have. */
function shareWidth(shapes: readonly number[][], width: number): number[][] {
  const full = shapes.reduce((sum, shape) => sum + shape.at(-1)!, 0);
  let [before, given] = [0, 0];
  return shapes.map((shape) => {
    before += shape.at(-1)!;
    const share = Math.round(before / full * width) - given;
    given += share;
    return shape.with(-1, share);
  }).filter((shape) => shape.at(-1)! > 0);
}

function fixedSize(size: number | null, layer: string): number {
  if (size !== null) return size;
  throw new InputError([
    `timing layer "${layer}": its input has no fixed size, wanted one; give `,
    option("inputSize"),
  ]);
}

/** A shape as text: equal shapes, equal texts. */
export function shapeKey({ className, config, inputShapes, batchSize }: LayerShape): string {
  const inputs = inputShapes.map((shape) => shape.join("x")).join(" ");
  return `${className} ${inputs} batch ${batchSize} ${JSON.stringify(config)}`;
}
