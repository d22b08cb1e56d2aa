import type { Elimination, Kernels } from "../../kernels/mod.ts";
import { checkRidge, typicalRidge, WIDE } from "./folds.ts";
import {
  checkProblems,
  findDeadChannels,
  type Problem,
  rowsOfChannels,
  rowsOfKept,
  totalSquares,
} from "./problem.ts";
import { GuardedChannels } from "./guards.ts";
import { checkKeptCount, type Selection, type Selector } from "./selector.ts";
import { sketchOutputs, startElimination } from "./wide.ts";

/** Settings of {@link createObsSelector}. */
export interface ObsOptions {
  /** Ridge, relative to the mean diagonal of G. Default: chosen for each problem by halves of the images. */
  readonly ridge?: number;
  /** Sets of channels of which one at least stays, while more stay than there are sets. Default: none. */
  readonly guards?: readonly ArrayLike<number>[];
  /** Whether errors are wanted on images that the fit has not seen, which takes some fits. Default true. */
  readonly tryOut?: boolean;
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
  /** The ridge used for each problem, relative to its mean diagonal. */
  readonly ridges: readonly number[];
  /** The best `count` channels; see {@link Selector}. */
  keep(count: number): ObsSelection;
  /**
   * Relative squared error of the layers' outputs after reconstruction with the best `count` channels: residual over
   * total, the mean over problems, on images that the fit has not seen. It is looked at for some counts; between these
   * the error on the samples is raised by as much as it is there.
   *
   * @param count Channels kept.
   * @returns The error.
   * @throws {RangeError} When there are not that many channels.
   */
  errorAt(count: number): number;
}

/** In which order channels go, and what is lost then; plain data. */
export interface ObsRanking {
  /** Channels of the space. */
  readonly channels: number;
  /** Channels that carry no signal, ascending. */
  readonly dead: Int32Array;
  /** Channels in the order in which they go. */
  readonly removalOrder: Int32Array;
  /** Mean relative error, by the number of channels that are left. */
  readonly errors: Float64Array;
  /** The ridge used for each problem, relative to its mean diagonal. */
  readonly ridges: readonly number[];
}

/**
 * Ranks channels by structured optimal-brain-surgeon elimination (Hassibi and Stork 1993, for whole channels).
 *
 * Again and again the channel goes whose loss raises Σ_j E_j/s_j least, where E_j is the least-squares error of
 * consumer j with its other weights refitted at once, and s_j its Σy². Channels without signal go before all others;
 * among equals the lower index goes first.
 *
 * @param kernels The kernels.
 * @param wholeProblems The consumers of one space.
 * @param options Settings.
 * @returns The ranking.
 * @throws {TypeError} When the problems do not describe one space.
 */
export function rankByElimination(
  kernels: Kernels,
  wholeProblems: readonly Problem[],
  options: ObsOptions = {},
): ObsRanking {
  checkProblems(wholeProblems);
  const problems = wholeProblems.map(sketchOutputs);
  const { channels } = problems[0];
  const dead = findDeadChannels(problems);
  const ridges = problems.map((problem) => options.ridge ?? typicalRidge(kernels, problem));
  const path = eliminateAll(kernels, problems, dead, { ridges, guards: options.guards ?? [] });
  const errors = options.tryOut === false ? path.errors : unseenErrors(kernels, problems, path);
  return { channels, dead, ...path, errors };
}

/**
 * The selector of a ranking by elimination.
 *
 * @param ranking The ranking.
 * @returns The selector.
 */
export function obsSelectorOf(
  { channels, dead, removalOrder, errors, ridges }: ObsRanking,
): ObsSelector {
  const errorAt = (count: number): number => {
    checkKeptCount(count, channels);
    return errors[count];
  };
  return {
    method: "obs",
    channels,
    removalOrder,
    ridges,
    errorAt,
    keep(count: number): ObsSelection {
      const relativeError = errorAt(count);
      return {
        kept: removalOrder.slice(channels - count).sort(),
        dead,
        relativeError,
        ridges,
      };
    },
  };
}

/**
 * {@link rankByElimination}, as a selector.
 *
 * @param kernels The kernels.
 * @param problems The consumers of one space.
 * @param options Settings.
 * @returns The selector.
 * @throws {TypeError} When the problems do not describe one space.
 */
export function createObsSelector(
  kernels: Kernels,
  problems: readonly Problem[],
  options: ObsOptions = {},
): ObsSelector {
  return obsSelectorOf(rankByElimination(kernels, problems, options));
}

type EliminationPath = Pick<ObsRanking, "removalOrder" | "errors" | "ridges">;

function eliminateAll(
  kernels: Kernels,
  problems: readonly Problem[],
  dead: Int32Array,
  { ridges, guards }: {
    readonly ridges: readonly number[];
    readonly guards: readonly ArrayLike<number>[];
  },
): EliminationPath {
  const { channels } = problems[0];
  const shares = problems.map((problem) => 1 / totalSquares(problem));
  const watched = new GuardedChannels(guards);
  const silent = new Set(dead);
  const eliminations: Elimination[] = [];
  try {
    for (const [index, problem] of problems.entries()) {
      const { moments, weights } = problem;
      const ridge = ridges[index];
      const groups = rowsOfChannels(problem);
      eliminations.push(startElimination(kernels, { moments, weights, groups, ridge }));
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

/** Mean over problems of the error that fits have on images that they have not seen; undefined where there are no halves. */
function unseenError(
  kernels: Kernels,
  problems: readonly Problem[],
  kept: Int32Array,
  ridges: readonly number[],
): number | undefined {
  let sum = 0;
  for (const [index, problem] of problems.entries()) {
    const rows = rowsOfKept(problem, kept);
    const { relativeError } = checkRidge(kernels, problem, rows, ridges[index]);
    if (relativeError === undefined) return undefined;
    sum += relativeError;
  }
  return sum / problems.length;
}

/** Into how many parts the counts are cut at which errors on unseen images are looked at, and those of a wide layer. */
const PARTS = 8, PARTS_OF_WIDE = 4;

/**
 * Errors by count on images that fits have not seen: those on the samples, each times the ratio of the two, which is
 * looked at for some counts and linear between them. A function of its own, so that no selector holds the moments.
 */
function unseenErrors(
  kernels: Kernels,
  problems: readonly Problem[],
  { removalOrder, errors, ridges }: EliminationPath,
): Float64Array {
  const channels = removalOrder.length;
  const ratios = [{ count: 0, ratio: 1 }];
  const isWide = problems.some(({ moments }) => moments.d >= WIDE);
  const parts = isWide ? PARTS_OF_WIDE : PARTS;
  for (let part = 1; part < parts; part++) {
    const count = Math.round(part * channels / parts);
    if (count === ratios.at(-1)!.count || count === channels || !(errors[count] > 0)) continue;
    const unseen = unseenError(kernels, problems, removalOrder.subarray(channels - count), ridges);
    if (unseen === undefined) return errors;
    ratios.push({ count, ratio: unseen / errors[count] });
  }
  return errors.map((error, count) => {
    const next = ratios.find((each) => each.count >= count) ?? ratios.at(-1)!;
    const last = ratios.findLast((each) => each.count <= count)!;
    const share = next.count > last.count ? (count - last.count) / (next.count - last.count) : 0;
    return error * (last.ratio + share * (next.ratio - last.ratio));
  });
}

function meanRelativeError(eliminations: Elimination[], shares: number[]): number {
  let sum = 0;
  eliminations.forEach((elimination, j) => sum += elimination.squaredError() * shares[j]);
  return Math.max(0, sum / eliminations.length);
}

/** Index into `left` of the channel whose loss costs least. */
function cheapest(
  eliminations: Elimination[],
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
