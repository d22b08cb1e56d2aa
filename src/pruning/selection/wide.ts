import {
  type Elimination,
  type EliminationSystem,
  gramOfSamples,
  GroupElimination,
  type Kernels,
  type LayerMoments,
  pickColumns,
  productOfSamples,
  SampleElimination,
  solveSampleGram,
} from "../../kernels/mod.ts";
import { createRandom } from "../../base/mod.ts";
import { type Problem, totalSquares } from "./problem.ts";

/** Outputs of a wide layer's sketch: sums of squares over them stray by about √(2/128), an eighth, where one output is all. */
const SKETCHED_OUTPUTS = 128;

const SKETCH_SEED = 1;

/**
 * A wide layer with fewer outputs, for what is decided by sums of squares over outputs: each of 128 is the sum of some of the
 * layer's, with random signs, so that the sum of squares of any combination of samples is right on average (Charikar et al.
 * 2002, the count sketch).
 *
 * @param problem A layer.
 * @returns The same over sums of outputs; the problem itself where it is not wide, or has few outputs.
 */
export function sketchOutputs(problem: Problem): Problem {
  const { moments, weights } = problem;
  const { n, d, count, samples } = moments;
  if (samples === undefined || n <= 2 * SKETCHED_OUTPUTS) return problem;
  const random = createRandom(SKETCH_SEED, n);
  const signs = Float64Array.from({ length: n }, () => random() < 0.5 ? -1 : 1);
  const sketch = (values: ArrayLike<number>, rows: number, target: Float64Array | Float32Array) => {
    for (let row = 0; row < rows; row++) {
      for (let o = 0; o < n; o++) {
        target[row * SKETCHED_OUTPUTS + o % SKETCHED_OUTPUTS] += signs[o] * values[row * n + o];
      }
    }
    return target;
  };
  const y = sketch(samples.y, count, new Float64Array(count * SKETCHED_OUTPUTS)) as Float64Array;
  const squares = (until: number) => {
    const sums = new Float64Array(SKETCHED_OUTPUTS);
    for (let at = 0; at < until * SKETCHED_OUTPUTS; at++) sums[at % SKETCHED_OUTPUTS] += y[at] ** 2;
    return sums;
  };
  const sketched = <Form extends LayerMoments>(own: Form): Form => ({
    ...own,
    n: SKETCHED_OUTPUTS,
    sumY: sketch(own.sumY, 1, new Float64Array(SKETCHED_OUTPUTS)) as Float64Array,
    sumYY: squares(own.count),
    ...(own.half && { half: sketched(own.half) }),
    ...(own.samples && { samples: { x: own.samples.x, y } }),
  });
  return {
    ...problem,
    moments: sketched(moments),
    weights: sketch(weights, d, new Float32Array(d * SKETCHED_OUTPUTS)) as Float32Array,
    outputScales: undefined,
  };
}

/** Starts the elimination that suits a layer's statistics. */
export function startElimination(kernels: Kernels, system: EliminationSystem): Elimination {
  return system.moments.samples
    ? new SampleElimination(kernels, system)
    : new GroupElimination(kernels, system);
}

/**
 * The error on unseen images of a layer with samples, which are fitted by halves of the images. With K = X_S X_Sᵀ about the means
 * of the half f that is fitted to, and R = Y − X_S W_S alike, the other half t is missed by
 *
 *     R_t − K_tf (K_ff + ρI)⁻¹ R_f
 *
 * @param kernels The kernels.
 * @param problem The layer.
 * @param half Its first half.
 * @param rows Inputs that stay.
 * @returns The error of a ridge, relative to Σy²; the ridge is relative to the mean diagonal of G of all samples.
 */
export function openSampleTrials(
  kernels: Kernels,
  problem: Problem,
  half: LayerMoments,
  rows: readonly number[],
): (ridge: number) => number {
  const sketched = sketchOutputs(problem);
  const { moments, weights } = sketched;
  const { n, count, samples } = moments;
  const size = rows.length;
  const x = pickColumns(moments, rows);
  const kept = new Float64Array(size * n);
  rows.forEach((row, i) => kept.set(weights.subarray(row * n, (row + 1) * n), i * n));
  const residual = productOfSamples(kernels, x, kept, { rows: count, depth: size, columns: n })
    .map((value, at) => samples!.y[at] - value);
  const gram = gramOfSamples(kernels, x, count);
  const all = { gram, residual, count, n };
  const trials = [true, false].map((isFirst) => splitSamples(all, half.count, isFirst));
  const total = totalSquares(sketched);
  return (ridge) =>
    trials.reduce((sum, trial) => sum + missed(kernels, trial, 2 * ridge / size), 0) / total;
}

/** Samples that are fitted to, and others that it is tried out on, about the means of the first. */
interface SampleTrial {
  readonly fitted: number;
  readonly tried: number;
  readonly n: number;
  /** K_ff, fitted × fitted. */
  readonly own: Float64Array;
  /** K_tf, tried × fitted. */
  readonly across: Float64Array;
  readonly residual: Float64Array;
  readonly target: Float64Array;
}

function splitSamples(
  { gram, residual, count, n }: {
    readonly gram: Float64Array;
    readonly residual: Float64Array;
    readonly count: number;
    readonly n: number;
  },
  middle: number,
  isFirst: boolean,
): SampleTrial {
  const [fitFrom, fitUntil] = isFirst ? [0, middle] : [middle, count];
  const [tryFrom, tryUntil] = isFirst ? [middle, count] : [0, middle];
  const fitted = fitUntil - fitFrom, tried = tryUntil - tryFrom;
  // Means of K's columns over the samples that are fitted to, and of those means.
  const means = new Float64Array(count);
  for (let sample = 0; sample < count; sample++) {
    for (let f = fitFrom; f < fitUntil; f++) means[sample] += gram[f * count + sample] / fitted;
  }
  let mean = 0;
  for (let f = fitFrom; f < fitUntil; f++) mean += means[f] / fitted;
  const block = (from: number, until: number) => {
    const values = new Float64Array((until - from) * fitted);
    for (let s = from; s < until; s++) {
      for (let f = fitFrom; f < fitUntil; f++) {
        const value = gram[s * count + f] - means[s] - means[f] + mean;
        values[(s - from) * fitted + f - fitFrom] = value;
      }
    }
    return values;
  };
  const level = new Float64Array(n);
  for (let f = fitFrom; f < fitUntil; f++) {
    for (let o = 0; o < n; o++) level[o] += residual[f * n + o] / fitted;
  }
  const part = (from: number, until: number) =>
    residual.slice(from * n, until * n).map((value, at) => value - level[at % n]);
  return {
    fitted,
    tried,
    n,
    own: block(fitFrom, fitUntil),
    across: block(tryFrom, tryUntil),
    residual: part(fitFrom, fitUntil),
    target: part(tryFrom, tryUntil),
  };
}

/** Squared error of a trial; the ridge is relative to the trace of K_ff. */
function missed(
  kernels: Kernels,
  { fitted, tried, n, own, across, residual, target }: SampleTrial,
  ridge: number,
): number {
  const system = { gram: own, residual, n, count: fitted, ridge: ridge * fitted };
  const { answer } = solveSampleGram(kernels, system);
  const moved = productOfSamples(kernels, across, answer, {
    rows: tried,
    depth: fitted,
    columns: n,
  });
  return target.reduce((sum, value, at) => sum + (value - moved[at]) ** 2, 0);
}
