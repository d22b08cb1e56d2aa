import { drawNormal, type Random } from "../../../base/mod.ts";
import type { Environment, Walk } from "./environment.ts";

/** Halvings of the interval in which the common shift lies. */
const HALVINGS = 16;

/**
 * Walks near counts that are known: every ratio is drawn from a normal distribution around the known one, again until it
 * lies within the unit's bounds. Where walks are bounded all actions then move together, so that the budget is met and
 * spent; otherwise the last units would pay for what the first ones drew.
 *
 * @param environment The network.
 * @param start Where to look around.
 * @param sigma Standard deviation of the ratios.
 * @param random Source of randomness.
 * @returns The walk.
 */
export function exploreAround(
  environment: Environment,
  start: Walk,
  sigma: number,
  random: Random,
): Walk {
  const drawn = start.actions.map((center, index) => {
    const deviation = sigma / (1 - environment.lowerRatio(environment.decided[index]));
    return drawAction(center, deviation, random);
  });
  const actions = environment.isBounded ? spendBudget(environment, drawn) : drawn;
  let index = 0;
  return environment.walk(() => actions[index++]);
}

/** A normal number within [0, 1]. */
function drawAction(center: number, deviation: number, random: Random): number {
  for (;;) {
    const action = center + deviation * drawNormal(random);
    if (action >= 0 && action <= 1) return action;
  }
}

/** The actions, moved by the largest common shift found at which they meet the budget. */
function spendBudget(environment: Environment, actions: Float64Array): Float64Array {
  let [low, high] = [-1, 1];
  const shifted = actions.slice();
  const shiftBy = (shift: number) => {
    for (let index = 0; index < actions.length; index++) {
      shifted[index] = Math.min(1, Math.max(0, actions[index] + shift));
    }
  };
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2;
    shiftBy(middle);
    if (environment.costOf(shifted) <= environment.budget.budget) low = middle;
    else high = middle;
  }
  shiftBy(low);
  return shifted;
}
