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
 * The option of every unit at which its price is read off: short of the whole, with the error that is positive and nearest
 * to 0.15 a reader.
 *
 * @param units The units.
 * @returns Their options, undefined where nothing is an error.
 */
export function probedOptions(units: readonly UnpricedUnit[]): (number | undefined)[] {
  return units.map(({ errors, readers }) => nearestOption(errors, readers * PROBED_ERROR));
}

/**
 * Puts the errors of all units into one currency, the loss. The same share of a layer's output is worth little in one
 * place, such as a branch beside a strong shortcut, and much in another, such as in front of the last layer. With e_u(k)
 * the relative error of unit u at count k and k′ that of its {@link probedOptions},
 *
 *     price_u = (rise of the loss when u alone is cut to k′) / e_u(k′),     error_u(k) = price_u · e_u(k).
 *
 * @param units The units.
 * @param rises The rise of each unit at its probed option, in any unit.
 * @returns The units with errors in that unit.
 */
export function priceErrors(
  units: readonly UnpricedUnit[],
  rises: readonly (number | undefined)[],
): BudgetUnit[] {
  const options = probedOptions(units);
  return units.map(({ name, counts, errors }, index) => {
    const option = options[index];
    if (option === undefined) return { name, counts, errors };
    const price = Math.max(rises[index] ?? 0, LEAST_RISE) / errors[option];
    return { name, counts, errors: Array.from(errors, (error) => price * error) };
  });
}

function nearestOption(errors: ArrayLike<number>, wanted: number): number | undefined {
  let best: number | undefined;
  for (let option = 0; option < errors.length - 1; option++) {
    if (!(errors[option] > 0)) continue;
    const isNearer = best === undefined ||
      Math.abs(errors[option] - wanted) < Math.abs(errors[best] - wanted);
    if (isNearer) best = option;
  }
  return best;
}
