import type { LayerConfig, WeightType } from "./model_file.ts";
import type { JsonObject } from "./json_object.ts";

/** Class of the layers that run one operation of TensorFlow.js which has no layer of its own. */
export const OPERATION_CLASS = "Operation";

/** A tensor that an operation reads and that is the same for all images. */
export interface OperationConstant {
  /** Element type. */
  readonly type: WeightType;
  /** Extent of every axis; empty for a scalar. */
  readonly shape: readonly number[];
  /** Elements in row-major order; what JSON has no number for as a text, such as `-Infinity`. */
  readonly values: readonly (number | string)[];
}

/**
 * What a value of the output is made of:
 *
 * - `value`: of the values at the same place, where an extent of one stands for any other;
 * - `channel`: of values of the same channel;
 * - `all`: of any values.
 */
export type OperationReach = "value" | "channel" | "all";

/** Options of an `Operation` layer: a node of TensorFlow with all that it needs to be run and to be written. */
export interface OperationConfig extends LayerConfig {
  /** Operation of TensorFlow, such as `Exp`. */
  operator: string;
  /** Its attributes (`AttrValue`). */
  attributes: JsonObject;
  /** What it reads in order: which input of the layer, or a constant. */
  operands: (number | OperationConstant)[];
  /** Which of its outputs the layer gives. */
  output: number;
  /** What a value of the output is made of. */
  reach: OperationReach;
  /** Shape of the output without the batch, null where it is open. */
  shape: (number | null)[];
  /** Element type of the output. */
  type: WeightType;
}

type Shape = readonly (number | null)[];

/**
 * Shape of what an operation makes.
 *
 * @param config The operation.
 * @param inputs Shapes of what the layer reads, without the batch.
 * @returns The shape without the batch; channels and open sizes follow the inputs where they can.
 */
export function operationShape(config: OperationConfig, inputs: readonly Shape[]): Shape {
  const { reach, shape, operands } = config;
  if (reach === "all") return shape;
  if (reach === "channel") return shape.with(-1, inputs[0].at(-1)!);
  const read = operands.map((operand) =>
    typeof operand === "number" ? inputs[operand] : alignTo(operand.shape, shape.length)
  );
  return shape.map((_, axis) => {
    const extents = read.map((one) => one[axis]);
    return extents.find((extent) => extent !== 1 && extent !== null) ??
      (extents.includes(null) ? null : 1);
  });
}

/** Extents of a constant at the axes behind the batch. */
function alignTo(shape: readonly number[], rank: number): number[] {
  return [...new Array(Math.max(0, rank - shape.length)).fill(1), ...shape].slice(-rank);
}

/**
 * The same operation on some of the channels.
 *
 * @param config An operation that lets channels through.
 * @param kept The channels that stay.
 * @returns Its options; constants that have a number for every channel have those that stay.
 */
export function sliceOperation(config: OperationConfig, kept: Int32Array): OperationConfig {
  const operands = config.reach === "value"
    ? config.operands.map((operand) => {
      const width = typeof operand === "number" ? 1 : operand.shape.at(-1) ?? 1;
      return typeof operand === "number" || width === 1 ? operand : takeColumns(operand, kept);
    })
    : config.operands;
  return { ...config, operands, shape: config.shape.with(-1, kept.length) };
}

function takeColumns({ shape, values, type }: OperationConstant, kept: Int32Array) {
  const width = shape.at(-1)!;
  const rows = values.length / width;
  const taken = Array.from(
    { length: rows },
    (_, row) => Array.from(kept, (channel) => values[row * width + channel]),
  );
  return { type, shape: shape.with(-1, kept.length), values: taken.flat() };
}
