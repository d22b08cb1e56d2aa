import type { BudgetUnit } from "./budget_problem.ts";

/** A decision whose errors are still those of the layers that read it. */
export interface UnpricedUnit extends BudgetUnit {
  /** How many layers' relative errors are added up in each error. */
  readonly readers: number;
}

/** Mean relative error of the readers at which a unit's price is read off. */
const PROBED_ERROR = 0.15;

/** The least that the loss is taken to rise by: a cut that seems to help is not free. */
const LEAST_RISE = 1e-4;

/**
 * Puts the errors of all units into one currency, the loss. The same share of a layer's output is worth little in one
 * place, such as a branch beside a strong shortcut, and much in another, such as in front of the last layer. With e_u(k)
 * the relative error of unit u at count k,
 *
 *     price_u = (L(u alone is cut to k′) − L(whole)) / e_u(k′),     error_u(k) = price_u · e_u(k),
 *
 * k′ the count at which e_u is nearest to 0.15 a reader. That is the first-order term of the loss in the errors; it takes
 * one evaluation for every unit and one of the whole network.
 *
 * @param units The units.
 * @param lossOf Mean loss of the network with these counts, whatever its unit.
 * @returns The units with errors in that unit.
 */
export async function priceErrors(
  units: readonly UnpricedUnit[],
  lossOf: (counts: readonly number[]) => Promise<number>,
): Promise<BudgetUnit[]> {
  const whole = units.map(({ counts }) => counts[counts.length - 1]);
  const lossWhole = await lossOf(whole);
  const priced: BudgetUnit[] = [];
  for (const [index, { name, counts, errors, readers }] of units.entries()) {
    const option = probedOption(errors, readers * PROBED_ERROR);
    if (option === undefined) {
      priced.push({ name, counts, errors });
      continue;
    }
    const rise = await lossOf(whole.with(index, counts[option])) - lossWhole;
    const price = Math.max(rise, LEAST_RISE) / errors[option];
    priced.push({ name, counts, errors: Array.from(errors, (error) => price * error) });
  }
  return priced;
}

/** The option, short of the whole, whose error is positive and nearest to a wanted one. */
function probedOption(errors: ArrayLike<number>, wanted: number): number | undefined {
  let best: number | undefined;
  for (let option = 0; option < errors.length - 1; option++) {
    if (!(errors[option] > 0)) continue;
    const isNearer = best === undefined ||
      Math.abs(errors[option] - wanted) < Math.abs(errors[best] - wanted);
    if (isNearer) best = option;
  }
  return best;
}
