import { listIndices } from "../import/mod.ts";
import type { NodeCall } from "./node_call.ts";

/** What is taken of one axis. */
export interface AxisSlice {
  /** First index; counted from the end when negative, the end itself when left out. */
  readonly begin?: number;
  /** The index behind the last. */
  readonly end?: number;
  /** Step; negative ones go backwards. */
  readonly step: number;
  /** Whether the axis is gone afterwards. */
  readonly isDropped?: boolean;
}

/** Slices of the axes of a tensor, and where axes of one come in. */
export interface SlicePlan {
  readonly slices: readonly AxisSlice[];
  /** Places in the result, in order, in which an axis of one is put. */
  readonly added: readonly number[];
}

const WHOLE: AxisSlice = { step: 1 };

/**
 * Reads what Slice and StridedSlice take.
 *
 * @param call The node.
 * @param rank Axes of the tensor that is cut.
 * @returns A slice for every axis.
 * @throws {InputError} When the numbers are not known, or do not fit the tensor.
 */
export function readSlices(call: NodeCall, rank: number): SlicePlan {
  const { slices, added } = call.operator === "Slice"
    ? { slices: readPlainSlices(call), added: [] }
    : readStridedSlices(call, rank);
  const isUsable = slices.length <= rank &&
    slices.every(({ begin = 0, end = 0, step }) =>
      Number.isSafeInteger(begin) && Number.isSafeInteger(end) && Number.isSafeInteger(step) &&
      step !== 0
    );
  if (!isUsable) {
    throw call.refusal(
      `takes ${slices.length} slices of ${rank} axes, wanted known numbers for each`,
    );
  }
  return { slices: [...slices, ...new Array(rank - slices.length).fill(WHOLE)], added };
}

function readPlainSlices(call: NodeCall): AxisSlice[] {
  const sizes = call.constant(2).values;
  return Array.from(
    call.constant(1).values,
    (begin, axis) =>
      sizes[axis] === -1 ? { begin, step: 1 } : { begin, end: begin + sizes[axis], step: 1 },
  );
}

function readStridedSlices(call: NodeCall, rank: number): SlicePlan {
  const [begins, ends, steps] = [1, 2, 3].map((index) => call.constant(index).values);
  const [opensBegin, opensEnd, isEllipsis, isNew, isDropped] = [
    ...["begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"],
  ].map((name) => {
    const mask = call.number(name, 0);
    return (place: number) => (mask >> place & 1) === 1;
  });
  const slices: AxisSlice[] = [];
  const added: number[] = [];
  const places = [...begins.keys()];
  const explicit = places.filter((place) => !isEllipsis(place) && !isNew(place)).length;
  let made = 0;
  for (const place of places) {
    const begin = begins[place];
    if (isEllipsis(place)) {
      const skipped = Math.max(0, rank - explicit);
      slices.push(...new Array(skipped).fill(WHOLE));
      made += skipped;
    } else if (isNew(place)) added.push(made++);
    else if (isDropped(place)) {
      slices.push({ begin, end: begin === -1 ? undefined : begin + 1, step: 1, isDropped: true });
    } else {
      slices.push({
        begin: opensBegin(place) ? undefined : begin,
        end: opensEnd(place) ? undefined : ends[place],
        step: steps[place],
      });
      made++;
    }
  }
  return { slices, added };
}

/** The indices that a slice takes of an axis. */
export function indicesOf({ begin, end, step }: AxisSlice, extent: number): number[] {
  const isForward = step > 0;
  const from = begin ?? (isForward ? 0 : extent - 1);
  const to = end ?? (isForward ? extent : -extent - 1);
  return listIndices(extent, from, to, step);
}

/** Whether a slice takes an axis as it is. */
export function isWhole(slice: AxisSlice, extent: number | null): boolean {
  const { begin = 0, end = extent ?? Infinity, step, isDropped } = slice;
  if (isDropped || step !== 1 || begin !== 0) return false;
  return extent === null ? slice.end === undefined : end >= extent;
}

/** A shape without the axes that are dropped, and with those that come in. */
export function reshapeSliced<Extent>(
  { slices, added }: SlicePlan,
  shape: readonly Extent[],
  one: Extent,
): Extent[] {
  const kept = shape.filter((_, axis) => !slices[axis].isDropped);
  return added.reduce((extents, place) => extents.toSpliced(place, 0, one), kept);
}
