import {
  addArithmetic,
  addClip,
  addSelector,
  addUniformAffine,
  type Arithmetic,
  type Constant,
  findSwish,
  fromFront,
  padColumns,
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
  const constant = placeOperand(call, call.constant(1 - index), value);
  call.requirePerChannel(constant, value);
  const numbers = call.perChannel(constant, value);
  return addArithmetic(call, value, ARITHMETIC[call.operator], numbers, index === 0);
}

/** The constant with its axes where they belong: before opset 7 they may start at an axis that the node states. */
function placeOperand(call: NodeCall, constant: Constant, value: Feature): Constant {
  const axis = call.number("axis", -1);
  if (axis < 0) return constant;
  const behind = Math.max(0, value.shape.length + 1 - axis - constant.shape.length);
  return { ...constant, shape: [...constant.shape, ...new Array<number>(behind).fill(1)] };
}

const ARITHMETIC: Readonly<Record<string, Arithmetic>> = {
  Add: "add",
  Sub: "subtract",
  Mul: "multiply",
  Div: "divide",
};

function joinFeatures(call: NodeCall, first: Feature, second: Feature): Feature {
  const { operator } = call.node;
  if (operator === "Div") throw call.refusal(`divides by a tensor, which no layer does`);
  const shape = joinShapes(call, [first, second]);
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

/**
 * The shape of what joins tensors value by value.
 *
 * @throws {InputError} When they do not fit; when some have their channels first and some last.
 */
function joinShapes(call: NodeCall, values: readonly Feature[]): readonly (number | null)[] {
  requireOneLayout(call, values);
  return values.map(({ shape }) => shape).reduce((joined, shape) => call.joinShapes(joined, shape));
}

/** Refuses tensors of which some have their channels first and some last. */
function requireOneLayout(call: NodeCall, values: readonly Feature[]): void {
  const layouts = values.filter(({ shape }) => shape.length > 1)
    .map(({ isLast = false }) => isLast);
  if (new Set(layouts).size < 2) return;
  const shapes = values.map(({ shape }) => `[N, ${shape.join(", ")}]`).join(" and ");
  throw call.refusal(
    `joins ${shapes}, some with their channels first and some last; transpose them alike`,
  );
}

/** Tensors with as many axes in the layers, if one of them has more than the other. */
function alignForms(call: NodeCall, values: readonly Feature[]): Feature[] {
  const areAlike = values.every(({ isFlat }) => isFlat === values[0].isFlat);
  return areAlike ? [...values] : values.map((value) => call.unflatten(value));
}

/** Max or Min of a tensor and numbers. */
function importBound(call: NodeCall): Feature {
  const constants = call.inputs.filter((input) => input?.kind === "constant");
  const index = call.inputs.findIndex((input) => input?.kind === "feature");
  const bounds = constants.flatMap(({ values }) => [...values]);
  if (
    constants.length !== call.inputs.length - 1 ||
    constants.some(({ values }) => values.length !== 1)
  ) {
    throw call.refusal(`compares tensors with constants, wanted one tensor and single numbers`);
  }
  const value = call.feature(index);
  for (const constant of constants) call.requirePerChannel(constant, value);
  return call.operator === "Max"
    ? addClip(call, value, Math.max(...bounds), Infinity)
    : addClip(call, value, -Infinity, Math.min(...bounds));
}

/** Sum, Max, Min and Mean of several tensors. */
function importMerge(call: NodeCall): Feature {
  const isBound = call.operator === "Max" || call.operator === "Min";
  if (isBound && call.inputs.some((input) => input?.kind === "constant")) return importBound(call);
  const values = call.inputs.map((_, index) => call.feature(index));
  if (values.length === 1) return values[0];
  const className = MERGES[call.node.operator];
  const shape = joinShapes(call, values);
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

/** Concat of maps and of constants of zeros along channels: a selector that adds channels; undefined for any other. */
function joinZeros(call: NodeCall): Feature | undefined {
  const place = call.inputs.findIndex((input) => input?.kind === "feature");
  const constants = call.inputs.filter((input) => input?.kind === "constant");
  const value = call.inputs[place];
  const isOne = constants.length > 0 && constants.length === call.inputs.length - 1;
  if (!isOne || value?.kind !== "feature" || value.shape.length !== 3) return undefined;
  const given = call.number("axis", 1);
  const axis = fromFront(given, 4);
  const isOfZeros = constants.every(({ shape, values }) =>
    values.every((number) => number === 0) && shape.length === 4 &&
    value.shape.every((extent, at) => at + 1 === axis || extent === shape[at + 1])
  );
  if (!isOfZeros || call.layerAxis(value, given) !== 2) return undefined;
  const count = (inputs: NodeCall["inputs"]) =>
    inputs.reduce((sum, input) => sum + input!.shape[axis]!, 0);
  const [ahead, behind] = [call.inputs.slice(0, place), call.inputs.slice(place + 1)].map(count);
  return addSelector(
    call,
    call.anyMaps(place),
    padColumns(call, call.channelsOf(value), ahead, behind),
  );
}

/** Concat of channels, rows or columns. */
function importConcat(call: NodeCall): Feature {
  const padded = joinZeros(call);
  if (padded) return padded;
  const values = call.inputs.map((_, index) => call.feature(index));
  requireOneLayout(call, values);
  const [{ shape: extents }] = values;
  const given = call.number("axis", 1);
  const place = fromFront(given, extents.length + 1) - 1;
  const isFitting = place >= 0 && place < extents.length &&
    values.every(({ shape }) =>
      shape.length === extents.length &&
      shape.every((extent, axis) => axis === place ? extent !== null : extent === extents[axis])
    );
  if (!isFitting) {
    const shapes = values.map(({ shape }) => `[N, ${shape.join(", ")}]`).join(" and ");
    throw call.refusal(
      `joins ${shapes} along axis ${given}, wanted one size but for that axis, and not the batch`,
    );
  }
  if (values.length === 1) return values[0];
  const layerAxis = call.layerAxis(values[0], given);
  const isOfChannels = layerAxis === extents.length - 1;
  const parts = isOfChannels
    ? alignForms(call, values)
    : values.map((value) => call.unflatten(value));
  const total = parts.reduce((sum, { shape }) => sum + shape[place]!, 0);
  const isPlain = parts.every(({ pieces }) => pieces === undefined);
  const pieces = isPlain
    ? undefined
    : parts.flatMap((part) => part.pieces ?? [{ channels: part.shape[0]!, positions: 1 }]);
  const nonNegative = parts.every((value) => value.nonNegative);
  const shape = extents.with(place, total);
  const axis = isOfChannels ? -1 : layerAxis + 1;
  const layer = call.addLayer("Concatenate", parts, { axis });
  return call.result(layer, parts[0], { shape, nonNegative, pieces });
}

/** Neg: −x. */
function importNegation(call: NodeCall): Feature {
  return {
    ...addUniformAffine(call, call.feature(), -1, 0, { mayFold: true }),
    nonNegative: false,
  };
}

/** Abs: the larger of x and −x. */
function importMagnitude(call: NodeCall): Feature {
  const value = call.feature();
  const turned = addUniformAffine(call, value, -1, 0, { suffix: "turned" });
  return { ...addMerge(call, "Maximum", value, turned, value.shape), nonNegative: true };
}

/** Pow with a whole exponent: x multiplied by itself. */
function importPower(call: NodeCall): Feature {
  const value = call.feature(), { values } = call.constant(1);
  const [exponent] = values;
  if (values.length !== 1 || !Number.isSafeInteger(exponent) || exponent < 1 || exponent > 4) {
    throw call.refusal(`has an exponent of ${[...values].slice(0, 8)}, wanted 1, 2, 3 or 4`);
  }
  const factors = new Array<Feature>(exponent).fill(value);
  if (exponent === 1) return value;
  const nonNegative = value.nonNegative || exponent % 2 === 0;
  return call.result(call.addLayer("Multiply", factors, {}), value, { nonNegative });
}

/** Arithmetic between tensors, and between a tensor and constants. */
export const arithmeticOperators: Readonly<Record<string, Operator>> = {
  Add: importBinary,
  Sub: importBinary,
  Mul: importBinary,
  Div: importBinary,
  Neg: importNegation,
  Abs: importMagnitude,
  Pow: importPower,
  Sum: importMerge,
  Max: importMerge,
  Min: importMerge,
  Mean: importMerge,
  Concat: importConcat,
};
