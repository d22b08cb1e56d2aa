import { GroupElimination, type Kernels } from "../../kernels/mod.ts";
import {
  checkProblems,
  checkSampleCount,
  findDeadChannels,
  type Problem,
  rowsOfChannels,
  totalSquares,
} from "./problem.ts";
import { GuardedChannels } from "./guards.ts";
import { checkKeptCount, type Selection, type Selector } from "./selector.ts";

/** Settings of {@link createObsSelector}. */
export interface ObsOptions {
  /** Ridge, relative to the mean diagonal of G; 1e-4 by default. */
  readonly ridge?: number;
  /** Sets of channels of which one at least stays, while more stay than there are sets. Default: none. */
  readonly guards?: readonly ArrayLike<number>[];
}

/** Channels kept by elimination. */
export interface ObsSelection extends Selection {
  /** What `errorAt` says of this count. */
  readonly relativeError: number;
  /** The ridge used for each problem, relative to its mean diagonal. */
  readonly ridges: readonly number[];
}

/** A selector that knows the error of every count. */
export interface ObsSelector extends Selector {
  /** Channels in the order in which they go. */
  readonly removalOrder: Int32Array;
  /** The best `count` channels; see {@link Selector}. */
  keep(count: number): ObsSelection;
  /**
   * Relative squared error of the layers' outputs after reconstruction with the best `count` channels: residual over
   * total, the mean over problems.
   *
   * @param count Channels kept.
   * @returns The error.
   * @throws {RangeError} When there are not that many channels.
   */
  errorAt(count: number): number;
}

/**
 * Ranks channels by structured optimal-brain-surgeon elimination (Hassibi and Stork 1993, for whole channels).
 *
 * Again and again the channel goes whose loss raises Σ_j E_j/s_j least, where E_j is the least-squares error of
 * consumer j with its other weights refitted at once, and s_j its Σy². Channels without signal go before all others;
 * among equals the lower index goes first.
 *
 * @param kernels The kernels.
 * @param problems The consumers of one space.
 * @param options Settings.
 * @returns The selector.
 * @throws {InputError} When there are fewer samples than inputs.
 * @throws {TypeError} When the problems do not describe one space.
 */
export function createObsSelector(
  kernels: Kernels,
  problems: readonly Problem[],
  options: ObsOptions = {},
): ObsSelector {
  checkProblems(problems);
  problems.forEach(checkSampleCount);
  const { channels } = problems[0];
  const dead = findDeadChannels(problems);
  const { removalOrder, errors, ridges } = eliminateAll(
    kernels,
    problems,
    dead,
    { ridge: 1e-4, guards: [], ...options },
  );
  const errorAt = (count: number): number => {
    checkKeptCount(count, channels);
    return errors[count];
  };
  return {
    method: "obs",
    channels,
    removalOrder,
    errorAt,
    keep(count: number): ObsSelection {
      const relativeError = errorAt(count);
      return { kept: removalOrder.slice(channels - count).sort(), dead, relativeError, ridges };
    },
  };
}

interface EliminationPath {
  removalOrder: Int32Array;
  /** Mean relative error, by the number of channels that are left. */
  errors: Float64Array;
  ridges: number[];
}

function eliminateAll(
  kernels: Kernels,
  problems: readonly Problem[],
  dead: Int32Array,
  { ridge, guards }: Required<ObsOptions>,
): EliminationPath {
  const { channels } = problems[0];
  const shares = problems.map((problem) => 1 / totalSquares(problem));
  const watched = new GuardedChannels(guards);
  const silent = new Set(dead);
  const eliminations: GroupElimination[] = [];
  try {
    for (const problem of problems) {
      const { moments, weights } = problem;
      const groups = rowsOfChannels(problem);
      eliminations.push(new GroupElimination(kernels, { moments, weights, groups, ridge }));
    }
    const removalOrder = new Int32Array(channels);
    const errors = new Float64Array(channels + 1);
    const left = Array.from({ length: channels }, (_, channel) => channel);
    for (let removed = 0; removed < channels; removed++) {
      errors[left.length] = meanRelativeError(eliminations, shares);
      const free = watched.free(left);
      const channel = free.find((each) => silent.has(each)) ??
        free[cheapest(eliminations, shares, free)];
      left.splice(left.indexOf(channel), 1);
      watched.remove(channel);
      removalOrder[removed] = channel;
      for (const elimination of eliminations) elimination.eliminate(channel);
    }
    errors[0] = meanRelativeError(eliminations, shares);
    return { removalOrder, errors, ridges: eliminations.map(({ evidence }) => evidence.ridge) };
  } finally {
    for (const elimination of eliminations) elimination.dispose();
  }
}

function meanRelativeError(eliminations: GroupElimination[], shares: number[]): number {
  let sum = 0;
  eliminations.forEach((elimination, j) => sum += elimination.squaredError() * shares[j]);
  return Math.max(0, sum / eliminations.length);
}

/** Index into `left` of the channel whose loss costs least. */
function cheapest(
  eliminations: GroupElimination[],
  shares: number[],
  left: readonly number[],
): number {
  const costs = new Float64Array(left.length);
  eliminations.forEach((elimination, j) => {
    elimination.costsOf(left).forEach((cost, index) => costs[index] += cost * shares[j]);
  });
  let best = 0;
  for (let index = 1; index < costs.length; index++) {
    if (costs[index] < costs[best]) best = index;
  }
  return best;
}
