import {
  type JsonObject,
  OPERATION_CLASS,
  type OperationConfig,
  type OperationReach,
  type WeightType,
} from "../../../../model/mod.ts";
import { type Constant, describeConstant, fromFront } from "../../../import/mod.ts";
import type { Feature } from "../../values.ts";
import type { NodeCall } from "../node_call.ts";
import { toPlain } from "../operators/mod.ts";

type Shape = readonly (number | null)[];

/** An operation of TensorFlow on tensors whose axes the layers have in the order of ONNX. */
export interface TensorStep {
  readonly operator: string;
  readonly attributes?: JsonObject;
  readonly operands: readonly (Feature | Constant)[];
  /** What it makes, without the batch. */
  readonly outputs: readonly { readonly shape: Shape; readonly type?: WeightType }[];
  readonly reach: OperationReach;
  readonly suffix?: string;
}

/** How a node becomes steps. */
export type TensorRule = (call: NodeCall) => Feature | Feature[];

/** Adds the layers of a step, one for every output. */
export function addSteps(call: NodeCall, step: TensorStep): Feature[] {
  const { operator, attributes = {}, reach, suffix } = step;
  const tensors = step.operands.filter((operand) => operand.kind === "feature");
  const layers = [...new Map(tensors.map((tensor) => [tensor.layer, tensor])).values()];
  const operands = step.operands.map((operand) =>
    operand.kind === "feature"
      ? layers.findIndex(({ layer }) => layer === operand.layer)
      : describeConstant(call, operand)
  );
  return step.outputs.map(({ shape, type = tensors[0].type ?? "float32" }, output) => {
    if (shape.length === 0 || shape.includes(null)) {
      throw call.refusal(
        `makes a tensor of shape [N, ${shape.map((extent) => extent ?? "?").join(", ")}], ` +
          `wanted known sizes behind the batch`,
      );
    }
    const config: OperationConfig = {
      ...{ operator, attributes, operands, output, reach, type },
      shape: [...shape],
      trainable: false,
    };
    const parts = [suffix, step.outputs.length > 1 ? `output${output + 1}` : undefined];
    const name = parts.filter((part) => part !== undefined).join("_") || undefined;
    const layer = call.addLayer(OPERATION_CLASS, layers, config, {}, name);
    return {
      ...call.result(layer, tensors[0], { shape, nonNegative: false }),
      isFlat: shape.length === 1,
      isLast: shape.length > 1,
      pieces: undefined,
      type: type === "float32" ? undefined : type,
    };
  });
}

/** {@link addSteps} of one output. */
export const addStep = (call: NodeCall, step: TensorStep): Feature => addSteps(call, step)[0];

/** An input with its axes in the order of ONNX, of any element type. */
export function plainInput(call: NodeCall, index: number): Feature {
  const value = call.inputs[index];
  return toPlain(call, value?.kind === "feature" ? value : call.feature(index));
}

/** {@link plainInput} of floats. */
export function plainFloats(call: NodeCall, index: number): Feature {
  return toPlain(call, call.feature(index, true));
}

/** The axes of a tensor that a node names, the batch being none of them. */
export function axesOf(call: NodeCall, given: Iterable<number>, { shape }: Feature): number[] {
  const axes = Array.from(given, (axis) => fromFront(axis, shape.length + 1));
  if (axes.every((axis) => axis >= 1 && axis <= shape.length)) return axes;
  throw call.refusal(
    `works along axes [${axes.join(", ")}] of [N, ${
      shape.join(", ")
    }], wanted others than the batch`,
  );
}

/** What values are made of where an operation works along axes. */
export const reachAlong = ({ shape }: Feature, axes: readonly number[]): OperationReach =>
  axes.includes(shape.length) ? "all" : "channel";
