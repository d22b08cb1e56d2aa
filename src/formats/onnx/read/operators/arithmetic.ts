import {
  addArithmetic,
  addUniformAffine,
  type Arithmetic,
  type Constant,
  findSwish,
  fromFront,
} from "../../../import/mod.ts";
import type { NodeCall, Operator } from "../node_call.ts";
import type { Feature } from "../../values.ts";

/** An operation of two inputs, of which the network computes at least one. */
function importBinary(call: NodeCall): Feature {
  const [first, second] = call.inputs;
  if (first?.kind === "feature" && second?.kind === "feature") {
    return joinFeatures(call, call.feature(0), call.feature(1));
  }
  const index = first?.kind === "feature" ? 0 : 1;
  const value = call.feature(index);
  const constant = call.constant(1 - index);
  requirePerChannel(call, constant, value);
  const numbers = call.perChannel(constant, value);
  return addArithmetic(call, value, ARITHMETIC[call.operator], numbers, index === 0);
}

const ARITHMETIC: Readonly<Record<string, Arithmetic>> = {
  Add: "add",
  Sub: "subtract",
  Mul: "multiply",
  Div: "divide",
};

/** Refuses constants that differ between rows or columns. */
function requirePerChannel(call: NodeCall, { shape, values }: Constant, value: Feature): void {
  if (values.length === 1) return;
  const rank = value.shape.length + 1;
  const padded = [...Array.from({ length: rank - shape.length }, () => 1), ...shape];
  const channelAxis = padded.findIndex((extent) => extent !== 1);
  if (padded.length === rank && channelAxis === 1 && padded[1] === values.length) return;
  throw call.refusal(
    `has a constant of shape [${shape.join(", ")}], wanted one number, or one for every channel`,
  );
}

function joinFeatures(call: NodeCall, first: Feature, second: Feature): Feature {
  const { operator } = call.node;
  if (operator === "Div") throw call.refusal(`divides by a tensor, which no layer does`);
  const shape = call.joinShapes(first.shape, second.shape);
  if (operator === "Sub") {
    const turned = addUniformAffine(call, second, -1, 0, { mayFold: true, suffix: "turned" });
    return { ...addMerge(call, "Add", first, turned, shape), nonNegative: false };
  }
  const activation = operator === "Mul" && findSwish(call, first, second);
  if (activation) {
    const layer = call.addLayer("Activation", [activation], { activation: "swish" });
    return call.result(layer, activation, { nonNegative: false });
  }
  return addMerge(call, operator === "Mul" ? "Multiply" : CLASSES[operator], first, second, shape);
}

const CLASSES: Readonly<Record<string, string>> = { Add: "Add", Max: "Maximum", Min: "Minimum" };

function addMerge(
  call: NodeCall,
  className: string,
  first: Feature,
  second: Feature,
  shape: readonly (number | null)[],
): Feature {
  const pair = alignForms(call, [first, second]);
  if (JSON.stringify(pair[0].pieces) !== JSON.stringify(pair[1].pieces)) {
    throw call.refusal(
      `joins tensors that were flattened from different maps; join the maps before flattening them`,
    );
  }
  const layer = call.addLayer(className, pair, {});
  const nonNegative = pair.every((value) => value.nonNegative);
  return call.result(layer, pair[0], { shape, nonNegative });
}

/** Tensors with as many axes in the layers, if one of them has more than the other. */
function alignForms(call: NodeCall, values: readonly Feature[]): Feature[] {
  const areAlike = values.every(({ isFlat }) => isFlat === values[0].isFlat);
  return areAlike ? [...values] : values.map((value) => call.unflatten(value));
}

/** Sum, Max, Min and Mean of several tensors. */
function importMerge(call: NodeCall): Feature {
  const values = call.inputs.map((_, index) => call.feature(index));
  if (values.length === 1) return values[0];
  const className = MERGES[call.node.operator];
  const shape = values.map((value) => value.shape)
    .reduce((joined, other) => call.joinShapes(joined, other));
  const parts = alignForms(call, values);
  if (parts.some(({ pieces }) => pieces !== undefined)) {
    throw call.refusal(`joins flattened maps; join the maps before flattening them`);
  }
  const nonNegative = parts.every((value) => value.nonNegative);
  return call.result(call.addLayer(className, parts, {}), parts[0], { shape, nonNegative });
}

const MERGES: Readonly<Record<string, string>> = {
  Sum: "Add",
  Max: "Maximum",
  Min: "Minimum",
  Mean: "Average",
};

/** Concat of channels. */
function importConcat(call: NodeCall): Feature {
  const values = call.inputs.map((_, index) => call.feature(index));
  const rank = values[0].shape.length + 1;
  const given = call.number("axis", 1);
  const axis = fromFront(given, rank);
  const isFitting = axis === 1 && values.every(({ shape }) =>
    shape.length === rank - 1 &&
    shape.every((extent, place) => place === 0 || extent === values[0].shape[place])
  );
  if (!isFitting) {
    const shapes = values.map(({ shape }) => `[N, ${shape.join(", ")}]`).join(" and ");
    throw call.refusal(
      `joins ${shapes} along axis ${given}, wanted channels of maps of one size, axis 1`,
    );
  }
  if (values.length === 1) return values[0];
  const parts = alignForms(call, values);
  const channels = parts.reduce((sum, { shape }) => sum + shape[0]!, 0);
  const isPlain = parts.every(({ pieces }) => pieces === undefined);
  const pieces = isPlain
    ? undefined
    : parts.flatMap((part) => part.pieces ?? [{ channels: part.shape[0]!, positions: 1 }]);
  const nonNegative = parts.every((value) => value.nonNegative);
  const shape = values[0].shape.with(0, channels);
  const layer = call.addLayer("Concatenate", parts, { axis: -1 });
  return call.result(layer, parts[0], { shape, nonNegative, pieces });
}

/** Neg: −x. */
function importNegation(call: NodeCall): Feature {
  return {
    ...addUniformAffine(call, call.feature(), -1, 0, { mayFold: true }),
    nonNegative: false,
  };
}

/** Arithmetic between tensors, and between a tensor and constants. */
export const arithmeticOperators: Readonly<Record<string, Operator>> = {
  Add: importBinary,
  Sub: importBinary,
  Mul: importBinary,
  Div: importBinary,
  Neg: importNegation,
  Sum: importMerge,
  Max: importMerge,
  Min: importMerge,
  Mean: importMerge,
  Concat: importConcat,
};
