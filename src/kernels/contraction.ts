import { mirrorUpper, writeGram } from "./gram.ts";
import type { Kernels } from "./load.ts";
import type { LayerMoments } from "./moments.ts";

const F64_BYTES = 8;

/** A quadratic problem over input positions, ½βᵀAβ − bᵀβ. */
export interface PositionProblem {
  /** A, positions × positions, symmetric. */
  readonly quadratic: Float64Array;
  /** b, one per position. */
  readonly linear: Float64Array;
}

/**
 * Contracts a layer's moments with its weights: how well scaling input position p by β_p reproduces Y (He et al. 2017,
 * eq. 1, for all samples at once).
 *
 * With rows r = tap·positions + position of G, C and W,
 *
 *     A[p, q] = Σ G[r, s] (WWᵀ)[r, s] over rows r of p and s of q,     b[p] = Σ_r Σ_o W[r, o] C[r, o]
 *
 * so that ‖Y − Σ_p β_p X_p W_p‖² = Σy² − 2bᵀβ + βᵀAβ.
 *
 * @param kernels The kernels.
 * @param moments G and C, with d = taps·positions.
 * @param weights W, d × n.
 * @param positions Input positions per tap.
 * @returns A and b.
 * @throws {TypeError} When sizes do not fit.
 */
export function contractMoments(
  kernels: Kernels,
  moments: LayerMoments,
  weights: Float32Array,
  positions: number,
): PositionProblem {
  const { d, n } = moments;
  if (weights.length !== d * n || d % positions !== 0) {
    throw new TypeError(
      `contract moments: ${weights.length} weights and ${positions} positions, ` +
        `wanted ${d}×${n} weights and a divisor of ${d}`,
    );
  }
  const { wasm, memory } = kernels;
  const quadratic = memory.withScratch({
    gram: d * d * F64_BYTES,
    weights: d * n * F64_BYTES,
    contracted: positions * positions * F64_BYTES,
    workspace: wasm.contractWorkspaceBytes(d),
  }, (at) => {
    const gram = memory.f64(at.gram, d * d);
    writeGram(moments, Int32Array.from({ length: d }, (_, row) => row), gram);
    mirrorUpper(gram, d);
    const transposed = memory.f64(at.weights, d * n);
    for (let r = 0; r < d; r++) {
      for (let o = 0; o < n; o++) transposed[o * d + r] = weights[r * n + o];
    }
    memory.f64(at.contracted, positions * positions).fill(0);
    wasm.contractGram(at.gram, at.weights, d, n, positions, at.contracted, at.workspace);
    return memory.f64(at.contracted, positions * positions).slice();
  });
  symmetrise(quadratic, positions);

  const linear = new Float64Array(positions);
  for (let r = 0; r < d; r++) {
    let sum = 0;
    for (let o = 0; o < n; o++) sum += weights[r * n + o] * moments.cross[r * n + o];
    linear[r % positions] += sum;
  }
  return { quadratic, linear };
}

/** Makes both triangles equal to the last bit: their sums ran in different orders. */
function symmetrise(matrix: Float64Array, size: number): void {
  for (let p = 0; p < size; p++) {
    for (let q = 0; q < p; q++) {
      const mean = (matrix[p * size + q] + matrix[q * size + p]) / 2;
      matrix[p * size + q] = mean;
      matrix[q * size + p] = mean;
    }
  }
}
