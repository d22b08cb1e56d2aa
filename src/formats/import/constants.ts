/**
 * Numbers that a network reads, known before it runs.
 *
 * @module
 */

/** Numbers known before the network runs; NaN stands for an extent that is open, such as the batch. */
export interface Constant {
  readonly kind: "constant";
  /** Extent of every axis; empty for a scalar. */
  readonly shape: readonly number[];
  /** Elements in row-major order: f64 for integers, f32 for everything else. */
  readonly values: Float32Array | Float64Array;
  /** Name of the stored constant that it is, or is made of for the most part; undefined where there is none. */
  readonly source?: string;
}

/** The source of the longest of some constants, the first of several. */
export function mainSource(constants: readonly Constant[]): string | undefined {
  const most = Math.max(...constants.map(({ values }) => values.length));
  return constants.find(({ values }) => values.length === most)?.source;
}

/** Product of extents. */
export function countElements(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** An index, or an axis, that counts from the end when it is negative, counted from the front. */
export function fromFront(given: number, extent: number): number {
  return given < 0 ? given + extent : given;
}

/** Indices of an axis from `start` up to `end`, which count from its end when they are negative. */
export function listIndices(extent: number, start: number, end: number, step: number): number[] {
  const low = step > 0 ? 0 : -1, high = step > 0 ? extent : extent - 1;
  const clamp = (index: number) => Math.min(high, Math.max(low, fromFront(index, extent)));
  const [from, to] = [clamp(start), clamp(end)];
  const count = Math.max(0, Math.ceil((to - from) / step));
  return Array.from({ length: step === 0 ? 0 : count }, (_, index) => from + index * step);
}

/** A constant of integers. */
export function integers(values: readonly number[], shape?: readonly number[]): Constant {
  return { kind: "constant", shape: shape ?? [values.length], values: Float64Array.from(values) };
}

/** A constant of floats. */
export function floats(values: readonly number[], shape?: readonly number[]): Constant {
  return { kind: "constant", shape: shape ?? [values.length], values: Float32Array.from(values) };
}

/** Whether a constant holds integers. */
export function holdsIntegers({ values }: Constant): boolean {
  return values instanceof Float64Array;
}

/** Numbers of the same kind as those of other constants: integers where all are. */
export function alike(
  sources: readonly Constant[],
  values: readonly number[],
  shape?: readonly number[],
): Constant {
  return (sources.every(holdsIntegers) ? integers : floats)(values, shape);
}

/** Picks entries along one axis; one that is not there is NaN. */
export function takeAlong(
  constant: Constant,
  axis: number,
  indices: readonly number[],
): Constant {
  const { shape, values } = constant;
  const inner = countElements(shape.slice(axis + 1));
  const outer = countElements(shape.slice(0, axis));
  const taken = Array.from({ length: outer }, (_, block) =>
    indices.flatMap((index) =>
      Array.from(
        { length: inner },
        (_, offset) => values[(block * shape[axis] + index) * inner + offset] ?? NaN,
      )
    )).flat();
  return alike([constant], taken, shape.with(axis, indices.length));
}

/** A constant with its axes in another order: axis i of the result is axis `axes[i]`. */
export function transposeConstant(constant: Constant, axes: readonly number[]): Constant {
  const { shape, values } = constant;
  const steps = shape.map((_, axis) => countElements(shape.slice(axis + 1)));
  const turnedShape = axes.map((axis) => shape[axis]);
  const turned = values.map((_, index) => {
    let place = 0;
    for (let axis = axes.length - 1, rest = index; axis >= 0; axis--) {
      const at = rest % turnedShape[axis];
      rest = (rest - at) / turnedShape[axis];
      place += at * steps[axes[axis]];
    }
    return values[place];
  });
  return { kind: "constant", shape: turnedShape, values: turned };
}

/** Turns rows into columns. */
export function transposeMatrix({ values, shape }: Constant): Constant {
  const [rows, columns] = shape;
  const turned = values.map((_, index) =>
    values[index % rows * columns + Math.floor(index / rows)]
  );
  return { kind: "constant", shape: [columns, rows], values: turned };
}

/**
 * Shape of what comes of two shapes, an extent of one standing for any other.
 *
 * @param first Extents.
 * @param second Extents, their last beside the last of the first.
 * @returns The extents, as many as the longer has; undefined where they do not fit.
 */
export function broadcastShapes(
  first: readonly number[],
  second: readonly number[],
): number[] | undefined {
  const rank = Math.max(first.length, second.length);
  const [left, right] = [first, second].map((shape) => padShape(shape, rank));
  const isFitting = left.every((extent, axis) =>
    extent === right[axis] || extent === 1 || right[axis] === 1
  );
  return isFitting ? left.map((extent, axis) => extent === 1 ? right[axis] : extent) : undefined;
}

function padShape(shape: readonly number[], rank: number): number[] {
  return [...new Array<number>(rank - shape.length).fill(1), ...shape];
}

/**
 * Computes something of every pair of numbers of two constants; integers where both hold integers.
 *
 * @param first A constant.
 * @param second Another one.
 * @param shape What {@link broadcastShapes} makes of their shapes.
 * @param compute What to compute; a fraction of integers is cut.
 * @returns The results.
 */
export function combineConstants(
  first: Constant,
  second: Constant,
  shape: readonly number[],
  compute: (first: number, second: number) => number,
): Constant {
  const steps = [first, second].map((constant) => stepsOf(constant.shape, shape));
  const areIntegers = holdsIntegers(first) && holdsIntegers(second);
  const values = new (areIntegers ? Float64Array : Float32Array)(countElements(shape));
  for (let index = 0; index < values.length; index++) {
    const places = [0, 0];
    for (let axis = shape.length - 1, rest = index; axis >= 0; axis--) {
      const at = rest % shape[axis];
      rest = (rest - at) / shape[axis];
      places[0] += at * steps[0][axis];
      places[1] += at * steps[1][axis];
    }
    const result = compute(first.values[places[0]], second.values[places[1]]);
    values[index] = areIntegers ? Math.trunc(result) : result;
  }
  return { kind: "constant", shape, values };
}

/** How far apart neighbors of an axis lie in a constant; 0 where its only one stands for all. */
function stepsOf(shape: readonly number[], wanted: readonly number[]): number[] {
  const padded = padShape(shape, wanted.length);
  return padded.map((extent, axis) => extent === 1 ? 0 : countElements(padded.slice(axis + 1)));
}
