import {
  conditionTrial,
  gramOf,
  heldOutError,
  type HeldOutTrial,
  type Kernels,
  type LayerMoments,
  rowStarts,
  type SampleMoments,
  type WrittenMoments,
  type WrittenTrial,
} from "../../kernels/mod.ts";
import { magnitudeScores } from "./magnitude.ts";
import { openSampleTrials } from "./wide.ts";
import { type Problem, rowsOfKept, totalSquares } from "./problem.ts";

/** Factor between ridges that are tried, as long as the error falls. */
const STEP = 8;

/** Ridges beyond these are none, or leave the old weights alone. */
const LEAST_RIDGE = 1e-8, MOST_RIDGE = 1e4;

/** Rows from which on a layer is wide: its factorizations take seconds, so fewer are made. */
export const WIDE = 1024;

/** A ridge, and what it is worth on images that the fit has not seen. */
export interface CheckedRidge {
  /** The ridge for all samples, relative to the mean diagonal of G. */
  readonly ridge: number;
  /** Squared error over Σy², either half of the images by the fit to the other; undefined where there are no halves. */
  readonly relativeError?: number;
}

/**
 * Chooses the ridge of a layer: the one with which what is fitted to half of the images does best on the other half.
 * Samples of one image resemble each other, so these are halves of the images, not of the samples.
 *
 * The best ridge is about the same sum for N samples as for N/2, so relative to the mean diagonal it is half of it.
 *
 * @param kernels The kernels.
 * @param problem The layer.
 * @param rows Rows of G that are fitted, ascending.
 * @returns The ridge with its error; a guess from the numbers of samples and rows where a half is empty.
 */
export function chooseRidge(
  kernels: Kernels,
  problem: Problem,
  rows: readonly number[],
): CheckedRidge {
  const guess = guessRidge(rows.length, problem.moments.count);
  const errorOf = openTrials(kernels, problem, rows);
  if (errorOf === undefined) return { ridge: guess };
  const check = (ridge: number) => ({ ridge, relativeError: errorOf(ridge) });
  let best = check(guess);
  for (const step of [STEP, 1 / STEP]) {
    const start = best;
    best = walk(best, check, step);
    if (best !== start) break;
  }
  if (rows.length >= WIDE) return best;
  const beside = [Math.sqrt(STEP), 1 / Math.sqrt(STEP)].map((step) => check(best.ridge * step));
  return [best, ...beside].reduce((a, b) => b.relativeError < a.relativeError ? b : a);
}

type Checked = Required<CheckedRidge>;

/** Goes on as long as the error falls. */
function walk(best: Checked, check: (ridge: number) => Checked, step: number): Checked {
  const next = best.ridge * step;
  if (next < LEAST_RIDGE || next > MOST_RIDGE) return best;
  const found = check(next);
  return found.relativeError < best.relativeError ? walk(found, check, step) : best;
}

/**
 * Tries a ridge out: fits to either half of the images and looks at the other.
 *
 * @param kernels The kernels.
 * @param problem The layer.
 * @param rows Rows of G that are fitted, ascending.
 * @param ridge The ridge for all samples, relative to the mean diagonal of G.
 * @returns The ridge with its error.
 */
export function checkRidge(
  kernels: Kernels,
  problem: Problem,
  rows: readonly number[],
  ridge: number,
): CheckedRidge {
  return { ridge, relativeError: openTrials(kernels, problem, rows)?.(ridge) };
}

/**
 * The ridge that suits a layer with half of its channels, those with the largest weights: with all of them, a layer that
 * reads the original network needs none.
 *
 * @param kernels The kernels.
 * @param problem The layer.
 * @returns The ridge, relative to the mean diagonal of G.
 */
export function typicalRidge(kernels: Kernels, problem: Problem): number {
  const scores = magnitudeScores([problem]);
  const ranking = [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b);
  const kept = ranking.slice(0, Math.ceil(ranking.length / 2));
  return chooseRidge(kernels, problem, rowsOfKept(problem, kept)).ridge;
}

/** A tenth of the unknowns per sample, and never more than weighs as much as the data. */
function guessRidge(rows: number, samples: number): number {
  return Math.min(1, 0.1 * rows / samples);
}

/** The error of a ridge on unseen images; undefined where a half is empty. */
function openTrials(
  kernels: Kernels,
  problem: Problem,
  rows: readonly number[],
): ((ridge: number) => number) | undefined {
  const { half, samples, count } = problem.moments;
  if (samples && half && half.count > 0 && half.count < count) {
    return openSampleTrials(kernels, problem, half, rows);
  }
  const trials = problem.trials?.map((trial) => pickTrial(trial, rows)) ??
    halvesOf(problem, rows);
  const total = totalSquares(problem);
  return trials &&
    ((ridge) =>
      trials.reduce((sum, trial) => sum + heldOutError(kernels, trial, HALF * ridge), 0) / total);
}

/** The best ridge is the same sum for a half of the samples, so relative to the mean diagonal it is twice as large. */
const HALF = 2;

/** The halves of a layer's images, each fitted to and tried out on the other; undefined where one is empty. */
function halvesOf(problem: Problem, rows: readonly number[]): WrittenTrial[] | undefined {
  const { half, count, samples } = problem.moments;
  if (samples || half === undefined || half.count === 0 || half.count === count) return undefined;
  return [true, false].map((isFirst) => trialOf(problem, half, rows, isFirst));
}

/**
 * The halves of a layer as trials of some of its rows, while the weights of all other rows follow them. In either half they
 * follow what is fitted to.
 *
 * @param kernels The kernels.
 * @param problem The layer.
 * @param ridge Ridge of the others for all samples, relative to the mean diagonal of G.
 * @param parts The sets of rows, each ascending.
 * @returns The trials of each set; undefined where a half is empty.
 */
export function conditionHalves(
  kernels: Kernels,
  problem: Problem,
  ridge: number,
  parts: readonly ArrayLike<number>[],
): HeldOutTrial[][] | undefined {
  const rows = Array.from({ length: problem.moments.d }, (_, row) => row);
  const halves = halvesOf(problem, rows)?.map((trial) =>
    conditionTrial(kernels, trial, HALF * ridge, parts)
  );
  return halves && parts.map((_, part) => halves.map((trials) => trials[part]));
}

/** A trial of some rows. */
function pickTrial(
  { train, test, weights, size, outputs }: HeldOutTrial,
  rows: readonly number[],
): WrittenTrial {
  const pick = <Values extends Float32Array | Float64Array>(values: Values): Values => {
    const picked = values.slice(0, rows.length * outputs) as Values;
    rows.forEach((row, i) =>
      picked.set(values.subarray(row * outputs, (row + 1) * outputs), i * outputs)
    );
    return picked;
  };
  const pickSamples = ({ gram, cross, total }: SampleMoments): WrittenMoments => ({
    writeGram(target) {
      rows.forEach((row, i) =>
        rows.forEach((column, j) => target[i * rows.length + j] = gram[row * size + column])
      );
    },
    writeCross: (target) => target.set(pick(cross)),
    total,
  });
  return {
    train: pickSamples(train),
    test: pickSamples(test),
    weights: pick(weights),
    size: rows.length,
    outputs,
  };
}

/**
 * One half to fit to, the other to try it out on. With A, N samples and m the half that is fitted to and its means, and
 * B, M samples, the other, both about the means of all, whose sums cancel:
 *
 *     fitted to: A − N·mmᵀ,     tried on, about m: B + (2N + M)·mmᵀ
 */
function trialOf(
  { moments, weights }: Problem,
  half: LayerMoments,
  rows: readonly number[],
  isFirst: boolean,
): WrittenTrial {
  const { n } = moments;
  const size = rows.length;
  const counts = { fitted: half.count, tried: moments.count - half.count };
  if (!isFirst) [counts.fitted, counts.tried] = [counts.tried, counts.fitted];
  const sign = isFirst ? 1 : -1;
  const meanX = Float64Array.from(rows, (row) => sign * half.sumX[row] / counts.fitted);
  const meanY = half.sumY.map((sum) => sign * sum / counts.fitted);
  const starts = rowStarts(moments), wholeGram = gramOf(moments), halfGram = gramOf(half);
  const samplesOf = (isHalf: boolean, shift: number): WrittenMoments => {
    const about = (whole: number, first: number, product: number) =>
      (isHalf ? first : whole - first) + shift * product;
    const writeCross = (target: Float64Array) => {
      for (let i = 0; i < size; i++) {
        for (let o = 0; o < n; o++) {
          const at = rows[i] * n + o;
          target[i * n + o] = about(moments.cross[at], half.cross[at], meanX[i] * meanY[o]);
        }
      }
    };
    let total = 0;
    for (let o = 0; o < n; o++) total += about(moments.sumYY[o], half.sumYY[o], meanY[o] ** 2);
    const writeGram = (target: Float64Array) => {
      for (let i = 0; i < size; i++) {
        const from = starts[rows[i]], to = i * size;
        for (let j = i; j < size; j++) {
          const at = from + rows[j];
          target[to + j] = about(wholeGram[at], halfGram[at], meanX[i] * meanX[j]);
        }
      }
    };
    return { writeGram, writeCross, total };
  };
  const train = samplesOf(isFirst, -counts.fitted);
  const test = samplesOf(!isFirst, 2 * counts.fitted + counts.tried);
  const picked = new Float32Array(size * n);
  rows.forEach((row, i) => picked.set(weights.subarray(row * n, (row + 1) * n), i * n));
  return { train, test, weights: picked, size, outputs: n };
}
