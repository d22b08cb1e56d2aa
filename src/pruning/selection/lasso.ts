import { InputError, option } from "../../base/mod.ts";
import {
  contractMoments,
  type Kernels,
  type LayerMoments,
  momentsOfSamples,
} from "../../kernels/mod.ts";
import { activeSetOf, followLassoPath, type LassoPath, type LassoProblem } from "./lasso_path.ts";
import {
  checkProblems,
  describeProblem,
  findDeadChannels,
  type Problem,
  totalSquares,
} from "./problem.ts";
import { keepGuarded } from "./guards.ts";
import { checkKeptCount, type Selection, type Selector } from "./selector.ts";

/** Channels kept by the Lasso. */
export interface LassoSelection extends Selection {
  /** The λ just below which the active set has this many channels. */
  readonly lambda: number;
  /** Index of the knot of the path at which that happens. */
  readonly knot: number;
  /** False when the path never has this many active channels. */
  readonly reached: boolean;
  /** Channels that were added by correlation because the path never has this many, ascending. */
  readonly filled: Int32Array;
}

/** A selector that reads counts off the Lasso's path. */
export interface LassoSelector extends Selector {
  /** The path over channels. */
  readonly path: LassoPath;
  /** The first active set with `count` channels; see {@link Selector}. */
  keep(count: number): LassoSelection;
}

/**
 * The Lasso over channels whose squared error is Σ_j ‖Y_j − Σ_a β_a X_j,a W_j,a‖² / s_j, with s_j the Σy² of consumer j
 * (He et al. 2017, eq. 2, for all samples and all consumers of a space).
 *
 * @param kernels The kernels.
 * @param problems The consumers of one space.
 * @returns A = Σ_j A_j/s_j and b = Σ_j b_j/s_j.
 */
export function buildLassoProblem(kernels: Kernels, problems: readonly Problem[]): LassoProblem {
  const { channels } = problems[0];
  const quadratic = new Float64Array(channels * channels);
  const linear = new Float64Array(channels);
  for (const problem of problems) {
    const { moments, weights, positions, channelOf } = problem;
    const share = 1 / totalSquares(problem);
    const sums = moments.samples ? wholeMoments(kernels, problem) : moments;
    const contracted = contractMoments(kernels, sums, weights, positions);
    for (let p = 0; p < positions; p++) {
      const row = channelOf[p] * channels;
      linear[channelOf[p]] += share * contracted.linear[p];
      for (let q = 0; q < positions; q++) {
        quadratic[row + channelOf[q]] += share * contracted.quadratic[p * positions + q];
      }
    }
  }
  return { quadratic, linear };
}

/** Inputs from which on G has no room. */
const MOST_INPUTS = 10_000;

/** The Lasso asks for products of all pairs of inputs. */
function wholeMoments(kernels: Kernels, problem: Problem): LayerMoments {
  const { moments } = problem;
  if (moments.d <= MOST_INPUTS) return momentsOfSamples(kernels, moments);
  throw new InputError([
    `choosing channels of ${describeProblem(problem)} by the Lasso: found ${moments.d} inputs, ` +
    `wanted at most ${MOST_INPUTS}; choose by elimination or magnitude, or let the layer stay whole with `,
    option("skip"),
  ]);
}

/**
 * Ranks channels by the Lasso (He et al. 2017, eq. 2): the count asked for is a knot on the path, found without any
 * bisection on λ.
 *
 * When the path has too few active channels (some are dead, or depend linearly on others), the rest is filled by
 * |b_a|/√A_aa, the correlation of a channel's contribution with the output; channels without signal come last.
 *
 * @param kernels The kernels.
 * @param problems The consumers of one space.
 * @param guards Sets of channels of which one at least stays. Default: none.
 * @returns The selector.
 * @throws {TypeError} When the problems do not describe one space.
 */
export function createLassoSelector(
  kernels: Kernels,
  problems: readonly Problem[],
  guards: readonly ArrayLike<number>[] = [],
): LassoSelector {
  checkProblems(problems);
  const { channels } = problems[0];
  const dead = findDeadChannels(problems);
  const lasso = buildLassoProblem(kernels, problems);
  const path = followLassoPath(kernels, lasso);
  const byCorrelation = rankByCorrelation(lasso, dead);
  return {
    method: "lasso",
    channels,
    path,
    keep(count: number): LassoSelection {
      checkKeptCount(count, channels);
      const { variables, lambda, knot, reached } = activeSetOf(path, count);
      const active = new Set(variables);
      const filled = byCorrelation.filter((channel) => !active.has(channel))
        .slice(0, count - variables.length);
      const chosen = new Set([...variables, ...filled]);
      const others = byCorrelation.filter((channel) => !chosen.has(channel));
      const best = byCorrelation.filter((channel) => chosen.has(channel));
      const kept = keepGuarded([...best, ...others], count, guards);
      return { kept, dead, lambda, knot, reached, filled: Int32Array.from(filled).sort() };
    },
  };
}

/** All channels, the most correlated first. */
function rankByCorrelation({ quadratic, linear }: LassoProblem, dead: Int32Array): number[] {
  const channels = linear.length;
  const scores = linear.map((value, channel) => {
    const square = quadratic[channel * (channels + 1)];
    return square > 0 ? Math.abs(value) / Math.sqrt(square) : 0;
  });
  for (const channel of dead) scores[channel] = -1;
  return [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b);
}
