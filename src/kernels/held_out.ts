import { factorWritten } from "./cholesky.ts";
import { mirrorUpper } from "./gram.ts";
import type { Kernels } from "./load.ts";

const F64_BYTES = 8;

/** Second moments of some samples about the means of others. */
export interface SampleMoments {
  /** G, size × size. */
  readonly gram: Float64Array;
  /** C, size × outputs. */
  readonly cross: Float64Array;
  /** Σy² over outputs. */
  readonly total: number;
}

/** A ridge regression that is fitted to some samples and tried out on others. */
export interface HeldOutTrial {
  /** What is fitted to, about its own means. */
  readonly train: SampleMoments;
  /** What it is tried out on, about the means of `train`, so that the intercept takes part. */
  readonly test: SampleMoments;
  /** W, size × outputs: the weights that the ridge pulls towards. */
  readonly weights: Float32Array;
  /** Rows of G. */
  readonly size: number;
  /** Columns of C. */
  readonly outputs: number;
}

/** Second moments that nobody holds: they are as large as a layer's own. */
export interface WrittenMoments extends Pick<SampleMoments, "total"> {
  /** Writes G, size × size, its upper triangle at least. */
  readonly writeGram: (target: Float64Array) => void;
  /** Writes C, size × outputs. */
  readonly writeCross: (target: Float64Array) => void;
}

/** A {@link HeldOutTrial} whose matrices are written when they are needed. */
export interface WrittenTrial extends Omit<HeldOutTrial, "train" | "test"> {
  /** What is fitted to. */
  readonly train: WrittenMoments;
  /** What it is tried out on. */
  readonly test: WrittenMoments;
}

/**
 * Squared error of a ridge regression on samples that it has not seen: with W' = (G + ρI)⁻¹(C + ρW) of the samples it is
 * fitted to, and s, C and G of the others,
 *
 *     s − 2 tr(W'ᵀC) + tr(W'ᵀGW')
 *
 * @param kernels The kernels.
 * @param trial The two sets of samples.
 * @param ridge Ridge, relative to the mean diagonal of the G that is fitted to.
 * @returns The error, in the units of Σy².
 * @throws {RangeError} When no ridge makes G positive definite.
 */
export function heldOutError(
  kernels: Kernels,
  { train, test, weights, size, outputs }: WrittenTrial,
  ridge: number,
): number {
  const { wasm, memory } = kernels;
  return memory.withScratch({
    matrix: size * size * F64_BYTES,
    solution: size * outputs * F64_BYTES,
    rest: size * outputs * F64_BYTES,
    workspace: wasm.choleskyWorkspaceBytes(),
  }, (at) => {
    const { matrix: factor, workspace } = at;
    const written = factorWritten(kernels, train.writeGram, size, ridge, { factor, workspace });
    const rho = written.ridge * written.unit;
    const solution = memory.f64(at.solution, size * outputs);
    train.writeCross(solution);
    for (let i = 0; i < solution.length; i++) solution[i] += rho * weights[i];
    wasm.choleskySolve(at.matrix, size, size, at.solution, outputs, at.workspace);

    const gram = memory.f64(at.matrix, size * size);
    test.writeGram(gram);
    mirrorUpper(gram, size);
    const rest = memory.f64(at.rest, size * outputs);
    test.writeCross(rest);
    for (let i = 0; i < rest.length; i++) rest[i] *= 2;
    wasm.subtractProduct(at.rest, at.matrix, size, at.solution, outputs, at.workspace);
    let error = test.total;
    for (let i = 0; i < solution.length; i++) error -= solution[i] * rest[i];
    return Math.max(0, error);
  });
}
