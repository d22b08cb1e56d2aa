import type { Kernels } from "./load.ts";

const F64_BYTES = 8;
const I32_BYTES = 4;
const EVENT_BYTES = 16;
const EVENTS_FULL = 1;
const STEP_LIMIT = 2;

/** A change of the active set on the Lasso's path. */
export interface LassoEvent {
  /** The λ at which it happens. */
  readonly lambda: number;
  /** The variable that comes or goes. */
  readonly variable: number;
  /** Which of the two. */
  readonly change: "enter" | "drop";
  /** β at this λ. */
  readonly coefficients: Float64Array;
}

/** A whole walk down the Lasso's path. */
export interface LassoWalk {
  /** The changes of the active set, from large λ to small. */
  readonly events: readonly LassoEvent[];
  /** λ where the walk ended. */
  readonly finalLambda: number;
  /** β there. */
  readonly finalCoefficients: Float64Array;
  /** Variables left out because they depend linearly on active ones, ascending. */
  readonly collinear: Int32Array;
  /** `complete` when λ came down to rounding, `step-limit` when drops and entries went on for too long. */
  readonly status: "complete" | "step-limit";
}

/**
 * Follows min ½βᵀAβ − bᵀβ + λ‖β‖₁ from the largest λ to none by LARS with the Lasso modification (Efron et al. 2004,
 * section 3.1).
 *
 * @param kernels The kernels.
 * @param quadratic A, size × size, symmetric positive semi-definite.
 * @param linear b, its length is the size.
 * @returns Every change of the active set and where the walk ended.
 * @throws {TypeError} When sizes do not fit.
 * @throws {RangeError} When A or b holds NaN or Infinity,.
 */
export function walkLassoPath(
  kernels: Kernels,
  quadratic: Float64Array,
  linear: Float64Array,
): LassoWalk {
  checkProblem(quadratic, linear);
  const { wasm, memory } = kernels;
  const size = linear.length;
  return memory.withScratch({
    quadratic: quadratic.byteLength,
    linear: linear.byteLength,
    beta: linear.byteLength,
    collinear: size * I32_BYTES,
    events: size * EVENT_BYTES,
    coefficients: size * size * F64_BYTES,
    workspace: wasm.lassoPathWorkspaceBytes(size),
  }, (at) => {
    memory.f64(at.quadratic, size * size).set(quadratic);
    memory.f64(at.linear, size).set(linear);
    wasm.startLassoPath(at.quadratic, at.linear, size, at.beta, at.collinear, at.workspace);
    const events: LassoEvent[] = [];
    let status = EVENTS_FULL;
    while (status === EVENTS_FULL) {
      status = wasm.followLassoPath(at.workspace, at.events, at.coefficients, size);
      const count = wasm.lassoPathEventCount(at.workspace);
      events.push(...readEvents(kernels, at.events, at.coefficients, count, size));
    }
    const collinear = memory.i32(at.collinear, size);
    return {
      events,
      finalLambda: wasm.lassoPathLambda(at.workspace),
      finalCoefficients: memory.f64(at.beta, size).slice(),
      collinear: Int32Array.from([...collinear.keys()].filter((variable) => collinear[variable])),
      status: status === STEP_LIMIT ? "step-limit" : "complete",
    };
  });
}

function checkProblem(quadratic: Float64Array, linear: Float64Array): void {
  const size = linear.length;
  if (quadratic.length !== size * size) {
    throw new TypeError(
      `follow the Lasso path: ${quadratic.length} elements in A and ${size} in b, wanted ${size}×${size}`,
    );
  }
  for (const [name, values] of Object.entries({ A: quadratic, b: linear })) {
    const index = values.findIndex((value) => !Number.isFinite(value));
    if (index >= 0) {
      throw new RangeError(
        `follow the Lasso path: element ${index} of ${name} is ${
          values[index]
        }, wanted finite numbers`,
      );
    }
  }
}

/** Copies events out of the kernel's lists; layout in `assembly/lasso_path.ts`. */
function readEvents(
  { memory }: Kernels,
  events: number,
  coefficients: number,
  count: number,
  size: number,
): LassoEvent[] {
  const lambdas = memory.f64(events, 2 * count);
  const changes = memory.i32(events, 4 * count);
  const betas = memory.f64(coefficients, count * size);
  return Array.from({ length: count }, (_, index) => ({
    lambda: lambdas[2 * index],
    variable: changes[4 * index + 2],
    change: changes[4 * index + 3] === 1 ? "enter" : "drop",
    coefficients: betas.slice(index * size, (index + 1) * size),
  }));
}
