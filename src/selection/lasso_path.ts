import { ActiveCholesky } from "./active_cholesky.ts";

/** min ½βᵀAβ − bᵀβ + λ‖β‖₁ over β. */
export interface LassoProblem {
  /** A, size × size, symmetric positive semi-definite. */
  readonly quadratic: Float64Array;
  /** b. */
  readonly linear: Float64Array;
}

/** A value of λ at which the active set changes. */
export interface LassoKnot {
  /** The λ. */
  readonly lambda: number;
  /** The variable that comes or goes. */
  readonly variable: number;
  /** Which of the two. */
  readonly change: "enter" | "drop";
  /** Active variables just below this λ. */
  readonly activeCount: number;
  /** β at this λ. */
  readonly coefficients: Float64Array;
}

/** The solutions of a {@link LassoProblem} for every λ: linear between neighbouring knots. */
export interface LassoPath {
  /** Variables. */
  readonly size: number;
  /** The knots, from large λ to small. */
  readonly knots: readonly LassoKnot[];
  /** λ where the path ends; below it nothing is known. */
  readonly finalLambda: number;
  /** β there. */
  readonly finalCoefficients: Float64Array;
  /** Variables left out because they depend linearly on active ones, ascending. */
  readonly collinear: Int32Array;
  /** `complete` when λ came down to rounding, `step-limit` when drops and entries went on for too long. */
  readonly status: "complete" | "step-limit";
}

/** λ below this share of the largest |b| is rounding. */
const SMALLEST_LAMBDA_SHARE = 1e-10;
/** A correlation that falls as fast as λ never meets it. */
const PARALLEL = 1e-12;
const ON_BOUND = 1e-9;
const STEPS_PER_VARIABLE = 8;

/** Where the path goes next. */
interface Step {
  /** How far λ falls. */
  length: number;
  /** The variable that will enter or drop; −1 when λ reaches 0 first. */
  variable: number;
  change: "enter" | "drop";
  sign: number;
}

/**
 * Follows the whole regularisation path by LARS with the Lasso modification (Efron et al. 2004, section 3.1).
 *
 * At every λ the active variables have b − Aβ = λ·sign(β), the others |b − Aβ| ≤ λ. With S the active set, β_S moves
 * along A_SS⁻¹ sign(β_S) as λ falls, until another variable's correlation reaches λ (it enters) or a coefficient
 * reaches 0 (it drops).
 *
 * @param problem A and b.
 * @returns The path.
 * @throws {TypeError} When sizes do not fit.
 */
export function followLassoPath(problem: LassoProblem): LassoPath {
  const { quadratic, linear } = problem;
  const size = linear.length;
  if (quadratic.length !== size * size) {
    throw new TypeError(
      `follow the Lasso path: ${quadratic.length} elements in A and ${size} in b, wanted ${size}×${size}`,
    );
  }
  return new PathFollower(problem).follow();
}

/** State of one walk down the path. */
class PathFollower {
  readonly #quadratic: Float64Array;
  readonly #linear: Float64Array;
  readonly #size: number;
  readonly #factor: ActiveCholesky;
  readonly #coefficients: Float64Array;
  /** Active variables, in the order of the factor's rows. */
  readonly #active: number[] = [];
  /** Sign of each active variable, 0 for the others. */
  readonly #signs: Float64Array;
  readonly #collinear = new Set<number>();
  readonly #knots: LassoKnot[] = [];
  #lambda: number;

  constructor({ quadratic, linear }: LassoProblem) {
    this.#quadratic = quadratic;
    this.#linear = linear;
    this.#size = linear.length;
    this.#factor = new ActiveCholesky(this.#size);
    this.#coefficients = new Float64Array(this.#size);
    this.#signs = new Float64Array(this.#size);
    this.#lambda = linear.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  }

  follow(): LassoPath {
    const smallest = this.#lambda * SMALLEST_LAMBDA_SHARE;
    let lastDropped = -1, lastSign = 0;
    let status: LassoPath["status"] = "step-limit";
    for (let left = STEPS_PER_VARIABLE * this.#size + 1; left > 0; left--) {
      if (this.#lambda <= smallest) {
        status = "complete";
        break;
      }
      const direction = this.#direction();
      const step = this.#nextStep(direction, lastDropped, lastSign);
      this.#move(direction, step.length);
      lastDropped = -1;
      if (step.variable < 0) continue;
      if (step.change === "enter") {
        this.#enter(step.variable, step.sign);
      } else {
        lastDropped = step.variable;
        lastSign = this.#signs[step.variable];
        this.#drop(step.variable);
      }
    }
    return {
      size: this.#size,
      knots: this.#knots,
      finalLambda: this.#lambda,
      finalCoefficients: this.#coefficients,
      collinear: Int32Array.from(this.#collinear).sort(),
      status,
    };
  }

  /** A_SS⁻¹ sign(β_S): how β_S grows while λ falls by one. */
  #direction(): Float64Array {
    return this.#factor.solve(Float64Array.from(this.#active, (variable) => this.#signs[variable]));
  }

  /** b − Aβ, afresh at every knot so that rounding does not pile up, and A times the direction. */
  #correlations(direction: Float64Array): { current: Float64Array; slopes: Float64Array } {
    const current = this.#linear.slice();
    const slopes = new Float64Array(this.#size);
    this.#active.forEach((variable, index) => {
      const value = this.#coefficients[variable], growth = direction[index];
      const row = variable * this.#size;
      for (let j = 0; j < this.#size; j++) {
        current[j] -= this.#quadratic[row + j] * value;
        slopes[j] += this.#quadratic[row + j] * growth;
      }
    });
    return { current, slopes };
  }

  /** The first event as λ falls; of simultaneous ones that of the lowest variable, entries before drops. */
  #nextStep(direction: Float64Array, lastDropped: number, lastSign: number): Step {
    const step: Step = { length: this.#lambda, variable: -1, change: "enter", sign: 0 };
    const { current, slopes } = this.#correlations(direction);
    for (let variable = 0; variable < this.#size; variable++) {
      if (this.#signs[variable] !== 0 || this.#collinear.has(variable)) continue;
      for (const sign of [1, -1]) {
        // A variable that has just dropped still sits on the bound that it leaves.
        if (variable === lastDropped && sign === lastSign) continue;
        const gap = this.#lambda - sign * current[variable];
        const closing = 1 - sign * slopes[variable];
        // On the bound and moving along it: the factor decides whether it is a variable of its own.
        const isCarriedAlong = closing <= PARALLEL && gap <= ON_BOUND * this.#lambda;
        if (closing <= PARALLEL && !isCarriedAlong) continue;
        const length = isCarriedAlong ? 0 : Math.max(0, gap / closing);
        if (length < step.length) Object.assign(step, { length, variable, change: "enter", sign });
      }
    }
    this.#active.forEach((variable, index) => {
      if (direction[index] * this.#signs[variable] >= 0) return;
      const length = Math.max(0, -this.#coefficients[variable] / direction[index]);
      if (length < step.length) Object.assign(step, { length, variable, change: "drop", sign: 0 });
    });
    return step;
  }

  #move(direction: Float64Array, length: number): void {
    this.#active.forEach((variable, index) => {
      this.#coefficients[variable] += length * direction[index];
    });
    this.#lambda -= length;
  }

  #enter(variable: number, sign: number): void {
    const row = variable * this.#size;
    const products = Float64Array.from(this.#active, (other) => this.#quadratic[row + other]);
    if (!this.#factor.append(products, this.#quadratic[row + variable])) {
      this.#collinear.add(variable);
      return;
    }
    this.#active.push(variable);
    this.#signs[variable] = sign;
    this.#record(variable, "enter");
  }

  #drop(variable: number): void {
    const index = this.#active.indexOf(variable);
    this.#factor.remove(index);
    this.#active.splice(index, 1);
    this.#signs[variable] = 0;
    this.#coefficients[variable] = 0;
    // What depended on this variable may now be independent of the rest.
    this.#collinear.clear();
    this.#record(variable, "drop");
  }

  #record(variable: number, change: LassoKnot["change"]): void {
    this.#knots.push({
      lambda: this.#lambda,
      variable,
      change,
      activeCount: this.#active.length,
      coefficients: this.#coefficients.slice(),
    });
  }
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
