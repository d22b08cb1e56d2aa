import {
  addActivation,
  addArithmetic,
  addClip,
  addUniformAffine,
  type Arithmetic,
  type Constant,
  countElements,
  findSwish,
  fromFront,
} from "../../import/mod.ts";
import type { NodeCall, Operator } from "../node_call.ts";
import type { Feature } from "../values.ts";

/** An operation of two inputs, of which the network computes at least one. */
function importArithmetic(arithmetic: Arithmetic): Operator {
  return (call) => {
    const [first, second] = call.inputs;
    if (first?.kind === "feature" && second?.kind === "feature") {
      return joinFeatures(call, arithmetic, call.feature(0), call.feature(1));
    }
    const index = first?.kind === "feature" ? 0 : 1;
    const value = call.feature(index);
    const constant = call.constant(1 - index);
    requirePerChannel(call, constant, value);
    return addArithmetic(call, value, arithmetic, call.perChannel(constant, value), index === 0);
  };
}

/** Refuses constants that differ between rows or columns, or have more axes than the tensor. */
function requirePerChannel(call: NodeCall, { shape, values }: Constant, value: Feature): void {
  const ahead = countElements(shape.slice(0, -1));
  if (values.length > 0 && ahead === 1 && shape.length <= value.shape.length + 1) return;
  throw call.refusal(
    `has a constant of shape [${shape.join(", ")}] for [N, ${value.shape.join(", ")}], ` +
      `wanted one number, or one for every channel`,
  );
}

function joinFeatures(
  call: NodeCall,
  arithmetic: Arithmetic,
  first: Feature,
  second: Feature,
): Feature {
  switch (arithmetic) {
    case "add":
      return addMerge(call, "Add", [first, second]);
    case "multiply": {
      const swish = findSwish(call, first, second);
      return swish
        ? addActivation(call, swish, "swish")
        : addMerge(call, "Multiply", [first, second]);
    }
    case "subtract": {
      call.joinShapes(first.shape, second.shape);
      const turned = addUniformAffine(call, second, -1, 0, { mayFold: true, suffix: "turned" });
      return { ...addMerge(call, "Add", [first, turned]), nonNegative: false };
    }
    case "divide":
      throw call.refusal(`divides by a tensor, which no layer does`);
  }
}

/** A layer that joins tensors value by value; an extent of one stands for any other. */
function addMerge(call: NodeCall, className: string, values: readonly Feature[]): Feature {
  const shape = values.map((value) => value.shape)
    .reduce((joined, other) => call.joinShapes(joined, other));
  const layer = call.addLayer(className, values, {});
  const nonNegative = values.every((value) => value.nonNegative);
  return call.result(layer, values[0], { shape, nonNegative });
}

/** Maximum and Minimum of two tensors, or of a tensor and a number. */
function importExtreme(call: NodeCall): Feature {
  const isMaximum = call.operator === "Maximum";
  const [first, second] = call.inputs;
  if (first?.kind === "feature" && second?.kind === "feature") {
    return addMerge(call, call.operator, [call.feature(0), call.feature(1)]);
  }
  const index = first?.kind === "feature" ? 0 : 1;
  const bound = call.constant(1 - index);
  if (bound.values.length !== 1) {
    throw call.refusal(`has a constant of shape [${bound.shape.join(", ")}], wanted one number`);
  }
  const [low, high] = isMaximum ? [bound.values[0], Infinity] : [-Infinity, bound.values[0]];
  return addClip(call, call.feature(index), low, high);
}

/** |x| = max(x, −x). */
function importMagnitude(call: NodeCall): Feature {
  const value = call.feature();
  const turned = addUniformAffine(call, value, -1, 0, { suffix: "turned" });
  return { ...addMerge(call, "Maximum", [value, turned]), nonNegative: true };
}

/** Sum of any number of tensors. */
function importSum(call: NodeCall): Feature {
  const values = call.inputs.map((_, index) => call.feature(index));
  return values.length === 1 ? values[0] : addMerge(call, "Add", values);
}

/** ConcatV2, the axis behind the tensors, and Concat, the axis ahead of them. */
function importConcat(call: NodeCall): Feature {
  const isOld = call.operator === "Concat";
  const count = call.inputs.length - 1;
  const given = call.constant(isOld ? 0 : count).values[0];
  const values = Array.from({ length: count }, (_, index) => call.feature(index + (isOld ? 1 : 0)));
  const rank = values[0].shape.length + 1;
  const axis = fromFront(given, rank);
  const isFitting = axis >= 1 && axis < rank &&
    values.every(({ shape }) =>
      shape.length === rank - 1 && shape[axis - 1] !== null &&
      shape.every((extent, place) => place === axis - 1 || extent === values[0].shape[place])
    );
  if (!isFitting) {
    const shapes = values.map(({ shape }) => `[N, ${shape.join(", ")}]`).join(" and ");
    throw call.refusal(`joins ${shapes} along axis ${given}, wanted tensors that fit`);
  }
  if (count === 1) return values[0];
  const extent = values.reduce((sum, { shape }) => sum + shape[axis - 1]!, 0);
  const nonNegative = values.every((value) => value.nonNegative);
  const shape = values[0].shape.with(axis - 1, extent);
  const layer = call.addLayer("Concatenate", values, { axis: axis === rank - 1 ? -1 : axis });
  return call.result(layer, values[0], { shape, nonNegative });
}

/** Arithmetic between tensors, and between a tensor and constants. */
export const arithmeticOperators: Readonly<Record<string, Operator>> = {
  Add: importArithmetic("add"),
  AddV2: importArithmetic("add"),
  BiasAdd: (call) => {
    call.requireChannelsLast();
    return importArithmetic("add")(call);
  },
  Sub: importArithmetic("subtract"),
  Mul: importArithmetic("multiply"),
  RealDiv: importArithmetic("divide"),
  Div: importArithmetic("divide"),
  Neg: (call) => addUniformAffine(call, call.feature(), -1, 0, { mayFold: true }),
  Abs: importMagnitude,
  Square: (call) => addMerge(call, "Multiply", [call.feature(), call.feature()]),
  AddN: importSum,
  Maximum: importExtreme,
  Minimum: importExtreme,
  Concat: importConcat,
  ConcatV2: importConcat,
};
