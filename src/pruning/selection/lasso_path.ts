import { type Kernels, type LassoEvent, type LassoWalk, walkLassoPath } from "../../kernels/mod.ts";

/** min ½βᵀAβ − bᵀβ + λ‖β‖₁ over β. */
export interface LassoProblem {
  /** A, size × size, symmetric positive semi-definite. */
  readonly quadratic: Float64Array;
  /** b. */
  readonly linear: Float64Array;
}

/** A value of λ at which the active set changes. */
export interface LassoKnot extends LassoEvent {
  /** Active variables just below this λ. */
  readonly activeCount: number;
}

/** The solutions of a {@link LassoProblem} for every λ: linear between neighboring knots. */
export interface LassoPath extends Omit<LassoWalk, "events"> {
  /** Variables. */
  readonly size: number;
  /** The knots, from large λ to small. */
  readonly knots: readonly LassoKnot[];
}

/**
 * Follows the whole regularization path by LARS with the Lasso modification (Efron et al. 2004, section 3.1).
 *
 * @param kernels The kernels.
 * @param problem A and b.
 * @returns The path.
 * @throws {TypeError} When sizes do not fit.
 * @throws {RangeError} When A or b holds NaN or Infinity.
 */
export function followLassoPath(
  kernels: Kernels,
  { quadratic, linear }: LassoProblem,
): LassoPath {
  const { events, ...end } = walkLassoPath(kernels, quadratic, linear);
  let activeCount = 0;
  const knots = events.map((event) => {
    activeCount += event.change === "enter" ? 1 : -1;
    return { ...event, activeCount };
  });
  return { size: linear.length, knots, ...end };
}

/** The active set at one point of a path. */
export interface ActiveSet {
  /** Its variables, ascending. */
  readonly variables: Int32Array;
  /** The λ below which it is active; Infinity for the empty set above the first knot. */
  readonly lambda: number;
  /** Index of the knot that completes it, −1 for the empty set above the first knot. */
  readonly knot: number;
  /** Whether it has exactly as many variables as were asked for; otherwise it is the largest smaller set there is. */
  readonly reached: boolean;
}

/**
 * The first active set on the way down with exactly `count` variables. Since one variable comes or goes per knot, every
 * count up to the largest occurs.
 *
 * @param path A path.
 * @param count Variables wanted.
 * @returns The set, or the largest one when the path never has that many.
 */
export function activeSetOf(path: LassoPath, count: number): ActiveSet {
  const largest = path.knots.reduce((most, { activeCount }) => Math.max(most, activeCount), 0);
  const wanted = Math.min(count, largest);
  const knot = wanted === 0
    ? -1
    : path.knots.findIndex(({ activeCount }) => activeCount === wanted);
  const active = new Set<number>();
  for (const { variable, change } of path.knots.slice(0, knot + 1)) {
    if (change === "enter") active.add(variable);
    else active.delete(variable);
  }
  return {
    variables: Int32Array.from(active).sort(),
    lambda: knot < 0 ? Infinity : path.knots[knot].lambda,
    knot,
    reached: wanted === count,
  };
}
