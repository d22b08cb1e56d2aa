import { addSelector, countElements, fromFront } from "../../import/mod.ts";
import type { NodeCall, Operator } from "../node_call.ts";
import type { Feature, Value } from "../values.ts";
import { reshapeTo } from "./reshape.ts";

function importReshape(call: NodeCall): Feature {
  const value = call.feature();
  const target = Array.from(call.constant(1).values);
  const [batch, ...rest] = target;
  const { shape } = value;
  const isOpen = (extent: number) => extent === -1 || Number.isNaN(extent);
  const count = shape.includes(null) ? NaN : countElements(shape as number[]);
  const known = countElements(rest.filter((extent) => !isOpen(extent)));
  const filled = rest.filter(isOpen).length === 1
    ? rest.map((extent) => isOpen(extent) ? count / known : extent)
    : rest;
  const isBatch = isOpen(batch) || call.context.batches.has(batch);
  if (isBatch && rest.length > 0 && countElements(filled) === count) {
    return reshapeTo(call, value, filled);
  }
  throw call.refusal(
    `turns [N, ${shape.join(", ")}] into [${
      target.map((extent) => Number.isNaN(extent) ? "N" : extent).join(", ")
    }], wanted the batch to stay as it is and maps of a known size`,
  );
}

/** Squeeze of axes of one, the batch excepted. */
function importSqueeze(call: NodeCall): Feature {
  const value = call.feature();
  const rank = value.shape.length + 1;
  const given = (call.numbers("squeeze_dims") ?? call.numbers("axis") ?? []).map((axis) =>
    fromFront(axis, rank)
  );
  const axes = given.length > 0
    ? given
    : value.shape.flatMap((extent, axis) => extent === 1 ? [axis + 1] : []);
  if (axes.includes(0) || axes.some((axis) => value.shape[axis - 1] !== 1) || axes.length >= rank) {
    throw call.refusal(
      `takes axes [${axes.join(", ")}] out of [N, ${value.shape.join(", ")}], ` +
        `wanted axes of 1 behind the batch`,
    );
  }
  return reshapeTo(call, value, value.shape.filter((_, axis) => !axes.includes(axis + 1)));
}

function importExpandDims(call: NodeCall): Feature {
  const value = call.feature();
  const given = call.constant(1).values[0];
  const axis = fromFront(given, value.shape.length + 2);
  if (!(axis >= 1 && axis <= value.shape.length + 1)) {
    throw call.refusal(`puts an axis at ${given}, wanted it behind the batch`);
  }
  return reshapeTo(call, value, value.shape.toSpliced(axis - 1, 0, 1));
}

/**
 * Transpose: nothing where only axes of one move; a selector where groups of channels and the channels of a group change
 * places (ShuffleNet); Permute otherwise, which is never cut.
 */
function importTranspose(call: NodeCall): Feature {
  const value = call.feature();
  const [batch, ...axes] = Array.from(call.constant(1).values, (axis) => axis - 1);
  const { shape } = value;
  const isOrder = batch === -1 &&
    [...axes].sort((a, b) => a - b).join() === [...shape.keys()].join();
  if (!isOrder) {
    throw call.refusal(
      `moves axes to [${[batch, ...axes].map((axis) => axis + 1).join(", ")}] of ` +
        `[N, ${shape.join(", ")}], wanted the batch to stay in front`,
    );
  }
  const moved = axes.map((axis) => shape[axis]);
  const isLong = (axis: number) => shape[axis] !== 1;
  const isStill = axes.filter(isLong).every((axis, place, all) =>
    place === 0 || axis > all[place - 1]
  );
  if (isStill) return reshapeTo(call, value, moved);
  return shuffleGroups(call, value, axes) ?? permute(call, value, axes, moved);
}

/** H × W × G × C/G to H × W × C/G × G, where that is H × W × C before and behind. */
function shuffleGroups(call: NodeCall, value: Feature, axes: number[]): Feature | undefined {
  const maps = value.origin;
  const isShuffle = axes.join() === "0,1,3,2" && maps?.shape.length === 3 &&
    maps.shape.slice(0, 2).join() === value.shape.slice(0, 2).join();
  if (!isShuffle) return undefined;
  const [rows, columns, groups, width] = value.shape as number[];
  const order = Array.from(
    { length: groups * width },
    (_, channel) => channel % groups * width + Math.floor(channel / groups),
  );
  const shuffled = addSelector(call, maps, order);
  return reshapeTo(call, shuffled, [rows, columns, width, groups], "groups");
}

function permute(
  call: NodeCall,
  value: Feature,
  axes: number[],
  shape: (number | null)[],
): Feature {
  const layer = call.addLayer("Permute", [value], { dims: axes.map((axis) => axis + 1) });
  return call.result(layer, value, { shape });
}

/** What passes its first input on. */
function importIdentity(call: NodeCall): Value {
  const [value] = call.inputs;
  return value?.kind === "feature" ? value : call.constant(0);
}

/** A cast to floats; one of floats to anything else rounds. */
function importCast(call: NodeCall): Feature {
  const value = call.feature(0, true);
  const type = call.type("DstT", "DT_FLOAT");
  if (value.type !== undefined) throw call.refusal(`reads ${value.type}, wanted floats`);
  if (type === "DT_FLOAT" || type === "DT_HALF") return { ...value, isInteger: false };
  if (value.isInteger) return value;
  throw call.refusal(`rounds to ${type}, wanted floats throughout`);
}

/** Operations on shapes, and those that do nothing. */
export const shapeOperators: Readonly<Record<string, Operator>> = {
  Reshape: importReshape,
  Squeeze: importSqueeze,
  ExpandDims: importExpandDims,
  Transpose: importTranspose,
  Cast: importCast,
  Identity: importIdentity,
  IdentityN: (call) =>
    call.inputs.map((value, index) => value?.kind === "feature" ? value : call.constant(index)),
  StopGradient: importIdentity,
  PreventGradient: importIdentity,
  Snapshot: importIdentity,
  CheckNumerics: importIdentity,
  PlaceholderWithDefault: importIdentity,
};
