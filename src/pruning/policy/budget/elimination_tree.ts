import type { CostTerm } from "../../../cost/mod.ts";
import type { BudgetProblem } from "./budget_problem.ts";

/**
 * A step of variable elimination: one unit, and the units that it is tied to when its turn comes. Its table has a row
 * for every assignment of those and a column for every option of the unit:
 *
 *                    option of the unit →
 *     scope row ↓    entry = row · width + option
 */
export interface Clique {
  /** The unit, or none in the last clique, which joins what is left. */
  readonly unit: number | undefined;
  /** The units it is tied to. */
  readonly scope: readonly number[];
  /** Assignments of the scope, the last unit's options running fastest. */
  readonly rows: number;
  /** Options of the unit. */
  readonly width: number;
  /** Cost of the terms that belong here, by entry. */
  readonly costs: Float64Array;
  /** Error of the unit, by option. */
  readonly errors: ArrayLike<number>;
  /** Cliques whose scope lies within this one, with the row of theirs at every entry. */
  readonly children: readonly { readonly clique: number; readonly rowOf: Int32Array }[];
}

/** Cliques in the order of elimination: children before parents, the one without a unit last. */
export type EliminationTree = readonly Clique[];

interface Step {
  readonly unit: number;
  readonly scope: readonly number[];
}

/**
 * Lays out the elimination of all units, the one that is tied to the fewest others first (min-degree).
 *
 * @param problem Units and terms.
 * @param limit The most table entries.
 * @returns The tree, or nothing when its tables would have more entries.
 */
export function layOutElimination(
  problem: BudgetProblem,
  limit: number,
): EliminationTree | undefined {
  const sizes = problem.units.map(({ counts }) => counts.length);
  const steps = orderUnits(problem, sizes);
  const entries = steps.reduce(
    (sum, { unit, scope }) => sum + tableSize([...scope, unit], sizes),
    0,
  );
  return entries > limit ? undefined : fillCliques(problem, sizes, steps);
}

/** The sum of this is small exactly when all tables are. */
function tableSize(units: readonly number[], sizes: readonly number[]): number {
  return units.reduce((product, unit) => product * sizes[unit], 1);
}

function orderUnits({ units, terms }: BudgetProblem, sizes: readonly number[]): Step[] {
  const ties = units.map(() => new Set<number>());
  for (const { units: scope } of terms) tie(ties, scope);
  const left = new Set(units.keys());
  const steps: Step[] = [];
  while (left.size > 0) {
    const [unit] = [...left].sort((a, b) =>
      ties[a].size - ties[b].size || sizes[a] - sizes[b] || a - b
    );
    const scope = [...ties[unit]].sort((a, b) => a - b);
    left.delete(unit);
    for (const other of scope) ties[other].delete(unit);
    tie(ties, scope);
    steps.push({ unit, scope });
  }
  return steps;
}

function tie(ties: Set<number>[], units: readonly number[]): void {
  for (const first of units) {
    for (const second of units) if (first !== second) ties[first].add(second);
  }
}

function fillCliques(
  problem: BudgetProblem,
  sizes: readonly number[],
  steps: readonly Step[],
): EliminationTree {
  const stepOf = new Map(steps.map(({ unit }, step) => [unit, step]));
  const home = (units: readonly number[]) =>
    Math.min(steps.length, ...units.map((unit) => stepOf.get(unit)!));
  const all: { unit?: number; scope: readonly number[] }[] = [...steps, { scope: [] }];
  return all.map(({ unit, scope }, step): Clique => {
    const members = unit === undefined ? [] : [...scope, unit];
    const terms = problem.terms.filter(({ units }) => home(units) === step);
    const children = steps.flatMap((child, clique) =>
      clique < step && home(child.scope) === step
        ? [{ clique, rowOf: projectRows(members, child.scope, sizes) }]
        : []
    );
    const width = unit === undefined ? 1 : sizes[unit];
    return {
      unit,
      scope,
      rows: tableSize(scope, sizes),
      width,
      costs: addTerms(problem, terms, members, sizes),
      errors: unit === undefined ? [0] : problem.units[unit].errors,
      children,
    };
  });
}

/** For every assignment of some units, the row of the same assignment in a table over fewer of them. */
function projectRows(
  members: readonly number[],
  onto: readonly number[],
  sizes: readonly number[],
): Int32Array {
  const rows = new Int32Array(tableSize(members, sizes));
  const digits = new Int32Array(members.length);
  let stride = 1;
  const strides = new Int32Array(members.length);
  for (const unit of onto.toReversed()) {
    strides[members.indexOf(unit)] = stride;
    stride *= sizes[unit];
  }
  let row = 0;
  for (let entry = 0; entry < rows.length; entry++) {
    rows[entry] = row;
    for (let place = members.length - 1; place >= 0; place--) {
      row += strides[place];
      if (++digits[place] < sizes[members[place]]) break;
      row -= strides[place] * digits[place];
      digits[place] = 0;
    }
  }
  return rows;
}

function addTerms(
  problem: BudgetProblem,
  terms: readonly CostTerm[],
  members: readonly number[],
  sizes: readonly number[],
): Float64Array {
  const sums = new Float64Array(tableSize(members, sizes));
  for (const term of terms) {
    const table = tabulate(problem, term, sizes);
    const rowOf = projectRows(members, term.units, sizes);
    for (let entry = 0; entry < sums.length; entry++) sums[entry] += table[rowOf[entry]];
  }
  return sums;
}

function tabulate(
  { units }: BudgetProblem,
  { units: scope, cost }: CostTerm,
  sizes: readonly number[],
): Float64Array {
  const table = new Float64Array(tableSize(scope, sizes));
  const counts = new Array<number>(scope.length);
  for (let row = 0; row < table.length; row++) {
    let rest = row;
    for (let place = scope.length - 1; place >= 0; place--) {
      const unit = scope[place];
      counts[place] = units[unit].counts[rest % sizes[unit]];
      rest = Math.floor(rest / sizes[unit]);
    }
    table[row] = cost(...counts);
    if (!(table[row] >= 0 && table[row] < Infinity)) {
      const at = scope.map((unit, place) => `${units[unit].name} at ${counts[place]}`);
      throw new TypeError(
        `choose channel counts: a term costs ${table[row]} with ${at.join(" and ")}, ` +
          `wanted 0 or more`,
      );
    }
  }
  return table;
}
