import { keepGuarded } from "./guards.ts";
import { checkProblems, findDeadChannels, type Problem, rowsOfChannels } from "./problem.ts";
import { checkKeptCount, type Selection, type Selector } from "./selector.ts";

/**
 * Ranks channels by the squared size of the weights that read them, each consumer's weights scaled to one in total:
 *
 *     score_a = Σ_j ‖W_j,a‖² / ‖W_j‖²
 *
 * Inputs are brought to one scale before (`standardize`), so this is the size of what a channel adds to the outputs.
 * Channels without signal rank last whatever their weights; equal scores keep the lower index.
 *
 * @param problems The consumers of one space.
 * @param guards Sets of channels of which one at least stays. Default: none.
 * @returns The selector.
 * @throws {TypeError} When the problems do not describe one space.
 */
export function createMagnitudeSelector(
  problems: readonly Problem[],
  guards: readonly ArrayLike<number>[] = [],
): Selector {
  checkProblems(problems);
  const { channels } = problems[0];
  const dead = findDeadChannels(problems);
  const scores = magnitudeScores(problems);
  for (const channel of dead) scores[channel] = -1;
  const ranking = [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b);
  return {
    method: "magnitude",
    channels,
    keep(count: number): Selection {
      checkKeptCount(count, channels);
      return { kept: keepGuarded(ranking, count, guards), dead };
    },
  };
}

/**
 * The size of the weights that read each channel.
 *
 * @param problems The consumers of one space.
 * @returns A score for every channel: the sum over consumers of ‖W_a‖² / ‖W‖².
 */
export function magnitudeScores(problems: readonly Problem[]): Float64Array {
  const scores = new Float64Array(problems[0].channels);
  for (const problem of problems) {
    const { weights, moments: { n } } = problem;
    const total = weights.reduce((sum, weight) => sum + weight * weight, 0) || 1;
    rowsOfChannels(problem).forEach((rows, channel) => {
      let squares = 0;
      for (const row of rows) {
        for (let o = 0; o < n; o++) squares += weights[row * n + o] ** 2;
      }
      scores[channel] += squares / total;
    });
  }
  return scores;
}
