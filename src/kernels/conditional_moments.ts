import { factorWithRidge, factorWritten, type WrittenSystem } from "./cholesky.ts";
import { mirrorUpper, writeGram } from "./gram.ts";
import type { HeldOutTrial, SampleMoments, WrittenMoments, WrittenTrial } from "./held_out.ts";
import type { Kernels } from "./load.ts";
import type { LayerMoments, Moments } from "./moments.ts";
import { productOfSamples } from "./samples.ts";

const F64_BYTES = 8;

/** A layer of which some rows are looked at while the others are fitted anew. */
export interface ConditionedSystem {
  /** G, C and Σy² of the layer, about the means. */
  readonly moments: LayerMoments;
  /** W, d × n: the weights that the ridge pulls towards. */
  readonly weights: Float32Array;
  /** Ridge of the other rows, relative to the mean diagonal of G. */
  readonly ridge: number;
}

/**
 * Moments of some rows of X as they are when the weights of all other rows follow: with S some rows, O the others and W⁰ the
 * old weights, W_O = P − Q·W_S is what ridge regression makes of them,
 *
 *     Q = (G_OO + ρI)⁻¹ G_OS,     P = (G_OO + ρI)⁻¹ (C_O + ρW⁰_O),
 *
 * and the moments are those of X_S − X_O·Q and Y − X_O·P, so that what is asked about S is answered without the others.
 *
 * All sets of rows are read off one inverse, H = (G + ρI)⁻¹: with T = H_·S (H_SS)⁻¹, which is 1 at S and −Q at O, the new X
 * is XT, and the new Y is Y − XR with R = W* − T·W*_S.
 *
 * @param kernels The kernels.
 * @param system The layer.
 * @param parts The sets of rows, each ascending.
 * @returns Moments of each set, in the order of its rows; they have no halves, see {@link conditionTrial}.
 * @throws {RangeError} When G cannot be factored.
 */
export function conditionMoments(
  kernels: Kernels,
  { moments, weights, ridge }: ConditionedSystem,
  parts: readonly ArrayLike<number>[],
): Moments[] {
  const { d, n, count, cross, sumYY } = moments;
  const size = { size: d, outputs: n };
  const rows = Int32Array.from({ length: d }, (_, row) => row);
  const samples = { cross, writeGram: (target: Float64Array) => writeGram(moments, rows, target) };
  const following = solveParts(kernels, { ...size, ...samples, weights, ridge }, parts);
  return followSamples(kernels, size, samples, following).map((
    { gram, cross, explained },
    part,
  ) => ({
    d: parts[part].length,
    n,
    count,
    gram,
    cross,
    sumX: new Float64Array(parts[part].length),
    sumY: new Float64Array(n),
    sumYY: sumYY.map((square, o) => Math.max(0, square - explained[o])),
  }));
}

/**
 * The same of a trial: the others follow what is fitted to, and so they do in what it is tried out on, which nothing has
 * been fitted to then.
 *
 * @param kernels The kernels.
 * @param trial A trial of all rows of a layer.
 * @param ridge Ridge of the other rows, relative to the mean diagonal of the G that is fitted to.
 * @param parts The sets of rows, each ascending.
 * @returns A trial of each set.
 * @throws {RangeError} When G cannot be factored.
 */
export function conditionTrial(
  kernels: Kernels,
  trial: WrittenTrial,
  ridge: number,
  parts: readonly ArrayLike<number>[],
): HeldOutTrial[] {
  const { weights, size, outputs } = trial;
  const samplesOf = ({ writeGram, writeCross }: WrittenMoments) => {
    const cross = new Float64Array(size * outputs);
    writeCross(cross);
    return { writeGram, cross };
  };
  const system = { size, outputs, ...samplesOf(trial.train), weights, ridge };
  const following = solveParts(kernels, system, parts);
  const [train, test] = [trial.train, trial.test].map((written) =>
    followSamples(kernels, { size, outputs }, samplesOf(written), following).map(
      ({ gram, cross, explained }): SampleMoments => ({
        gram,
        cross,
        total: written.total - explained.reduce((sum, square) => sum + square, 0),
      }),
    )
  );
  return parts.map((rows, part) => ({
    train: train[part],
    test: test[part],
    weights: Float32Array.from(
      { length: rows.length * outputs },
      (_, at) => weights[rows[Math.floor(at / outputs)] * outputs + at % outputs],
    ),
    size: rows.length,
    outputs,
  }));
}

/** Rows of X and columns of Y. */
interface SampleSize {
  readonly size: number;
  readonly outputs: number;
}

/** How the other rows follow a set of rows. */
interface Following {
  /** Tᵀ, rows × d. */
  readonly follower: Float64Array;
  /** R, d × n, which Y is reduced by. */
  readonly residual: Float64Array;
}

function solveParts(
  kernels: Kernels,
  { size: d, outputs: n, writeGram, cross, weights, ridge }: WrittenSystem,
  parts: readonly ArrayLike<number>[],
): Following[] {
  const { wasm, memory } = kernels;
  return memory.withScratch({
    inverse: d * d * F64_BYTES,
    fitted: d * n * F64_BYTES,
    workspace: wasm.choleskyInvertWorkspaceBytes(d),
  }, ({ inverse, fitted, workspace }) => {
    const at = { factor: inverse, workspace };
    const evidence = factorWritten(kernels, writeGram, d, ridge, at);
    const rho = evidence.ridge * evidence.unit;
    memory.f64(fitted, d * n).set(cross.map((value, at) => value + rho * weights[at]));
    wasm.choleskySolve(inverse, d, d, fitted, n, workspace);
    wasm.choleskyInvert(inverse, d, workspace);
    const best = memory.f64(fitted, d * n).slice();
    return parts.map((rows) => {
      const inverseRows = pickRows(memory.f64(inverse, d * d), d, rows);
      const follower = solveFollower(kernels, inverseRows, d, rows);
      const own = new Float64Array(rows.length * n);
      for (let i = 0; i < rows.length; i++) {
        own.set(best.subarray(rows[i] * n, (rows[i] + 1) * n), i * n);
      }
      const size = { rows: d, depth: rows.length, columns: n, isTransposed: true };
      const moved = productOfSamples(kernels, follower, own, size);
      return { follower, residual: best.map((value, at) => value - moved[at]) };
    });
  });
}

/** Rows of a symmetric matrix of which the upper triangle is given. */
function pickRows(matrix: Float64Array, d: number, rows: ArrayLike<number>): Float64Array {
  const picked = new Float64Array(rows.length * d);
  for (let i = 0; i < rows.length; i++) {
    for (let column = 0; column < d; column++) {
      const [above, beside] = [Math.min(rows[i], column), Math.max(rows[i], column)];
      picked[i * d + column] = matrix[above * d + beside];
    }
  }
  return picked;
}

/** (H_SS)⁻¹ H_S·. */
function solveFollower(
  kernels: Kernels,
  inverseRows: Float64Array,
  d: number,
  rows: ArrayLike<number>,
): Float64Array {
  const { wasm, memory } = kernels;
  const size = rows.length;
  const block = Float64Array.from(
    { length: size * size },
    (_, at) => inverseRows[Math.floor(at / size) * d + rows[at % size]],
  );
  return memory.withScratch({
    factor: size * size * F64_BYTES,
    solution: size * d * F64_BYTES,
    workspace: wasm.choleskyWorkspaceBytes(),
  }, ({ factor, solution, workspace }) => {
    factorWithRidge(kernels, block, size, 0, factor, workspace);
    memory.f64(solution, size * d).set(inverseRows);
    wasm.choleskySolve(factor, size, size, solution, d, workspace);
    return memory.f64(solution, size * d).slice();
  });
}

/** G and C of XT and Y − XR, and what of Σy² goes with XR. */
interface FollowedSamples {
  readonly gram: Float64Array;
  readonly cross: Float64Array;
  readonly explained: Float64Array;
}

function followSamples(
  kernels: Kernels,
  { size: d, outputs: n }: SampleSize,
  { writeGram, cross }: Pick<WrittenSystem, "writeGram" | "cross">,
  followings: readonly Following[],
): FollowedSamples[] {
  const { wasm, memory } = kernels;
  const widest = Math.max(0, ...followings.map(({ follower }) => follower.length / d)) + n;
  return memory.withScratch({
    gram: d * d * F64_BYTES,
    factors: d * widest * F64_BYTES,
    negated: d * widest * F64_BYTES,
    joined: widest * widest * F64_BYTES,
    workspace: wasm.choleskyWorkspaceBytes(),
    multiplying: wasm.multiplyF64WorkspaceBytes(),
  }, (at) => {
    const gram = memory.f64(at.gram, d * d);
    writeGram(gram);
    mirrorUpper(gram, d);
    return followings.map(({ follower, residual }) => {
      const size = follower.length / d, width = size + n;
      const factors = memory.f64(at.factors, d * width);
      for (let row = 0; row < d; row++) {
        for (let i = 0; i < size; i++) factors[row * width + i] = follower[i * d + row];
        factors.set(residual.subarray(row * n, (row + 1) * n), row * width + size);
      }
      const negated = memory.f64(at.negated, d * width).fill(0);
      wasm.subtractProduct(at.negated, at.gram, d, at.factors, width, at.workspace);
      const explained = new Float64Array(n);
      for (let row = 0; row < d; row++) {
        for (let o = 0; o < n; o++) {
          const at = row * n + o, place = row * width + size + o;
          negated[place] += cross[at];
          explained[o] += residual[at] * (cross[at] + negated[place]);
        }
      }
      memory.f64(at.factors, size * d).set(follower);
      const { joined, factors: left, negated: right, multiplying } = at;
      wasm.multiplyF64(joined, size, width, d, left, d, true, right, width, multiplying);
      return { ...partJoined(memory.f64(joined, size * width), size, n), explained };
    });
  });
}

/** G′ = TᵀGT and C′ = Tᵀ(C − GR) from Tᵀ·[−GT, C − GR]; G′ is made symmetric to the last bit. */
function partJoined(
  joined: Float64Array,
  size: number,
  n: number,
): Pick<FollowedSamples, "gram" | "cross"> {
  const width = size + n;
  const gram = new Float64Array(size * size), cross = new Float64Array(size * n);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      gram[i * size + j] = -(joined[i * width + j] + joined[j * width + i]) / 2;
    }
    cross.set(joined.subarray(i * width + size, (i + 1) * width), i * n);
  }
  return { gram, cross };
}
