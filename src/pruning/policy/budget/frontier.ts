/** Partial choices of which none is both cheaper and better than another, by ascending cost. */
export interface Frontier {
  /** Cost of each. */
  readonly costs: Float64Array;
  /** Error of each, descending. */
  readonly errors: Float64Array;
  /** How far the Lagrangian of each is above the least there is. */
  readonly excesses: Float64Array;
  /** What each is made of, in a {@link ChoiceLog}. */
  readonly nodes: Int32Array;
}

/** The frontier of no unit at all. */
export const NOTHING_CHOSEN: Frontier = {
  costs: Float64Array.of(0),
  errors: Float64Array.of(0),
  excesses: Float64Array.of(0),
  nodes: Int32Array.of(0),
};

function widen<T extends Float64Array | Int32Array>(column: T): T {
  const wider = new (column.constructor as new (length: number) => T)(2 * column.length);
  wider.set(column);
  return wider;
}

const JOIN = -1;

/** Remembers what partial choices are made of: an option of a unit and a rest, or two parts. */
export class ChoiceLog {
  #units = new Int32Array(1024);
  #first = new Int32Array(1024);
  #second = new Int32Array(1024);
  #length = 1;

  /** Enters a unit's option on top of a partial choice; 0 is the empty one. */
  choose(unit: number, option: number, rest: number): number {
    return this.#push(unit, option, rest);
  }

  /** Enters two partial choices of different units as one. */
  join(first: number, second: number): number {
    if (first === 0) return second;
    return second === 0 ? first : this.#push(JOIN, first, second);
  }

  /** Writes the options that a partial choice is made of. */
  read(node: number, options: Int32Array): void {
    const stack = [node];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (next === 0) continue;
      const unit = this.#units[next];
      if (unit === JOIN) stack.push(this.#first[next]);
      else options[unit] = this.#first[next];
      stack.push(this.#second[next]);
    }
  }

  #push(unit: number, first: number, second: number): number {
    if (this.#length === this.#units.length) {
      this.#units = widen(this.#units);
      this.#first = widen(this.#first);
      this.#second = widen(this.#second);
    }
    this.#units[this.#length] = unit;
    this.#first[this.#length] = first;
    this.#second[this.#length] = second;
    return this.#length++;
  }
}

/** Buckets of cost: 0 to `count` · `width`; a count of 0 means none. */
export interface Buckets {
  readonly count: number;
  readonly width: number;
}

/**
 * Partial choices before the dominated ones are dropped; `first` and `second` are the caller's.
 *
 * With buckets, of all that cost between two neighboring multiples of the width the one with the least error stands for
 * all: its own cost is exact, and less than the width above that of any it stands for.
 */
export class Candidates {
  readonly #buckets: Buckets;
  /** With buckets, 1 + the place of the candidate in each. */
  readonly #places: Int32Array;
  #costs = new Float64Array(1024);
  #errors = new Float64Array(1024);
  #excesses = new Float64Array(1024);
  #first = new Int32Array(1024);
  #second = new Int32Array(1024);
  #length = 0;
  #isThinned = false;

  constructor(buckets: Buckets) {
    this.#buckets = buckets;
    this.#places = new Int32Array(buckets.count + 1);
  }

  /** Adds one; with buckets, no cost may be above all of them. */
  push(cost: number, error: number, excess: number, first: number, second: number): void {
    const at = this.#buckets.count === 0 ? this.#length++ : this.#placeInBucket(cost, error);
    if (at < 0) return;
    if (at === this.#costs.length) this.#widen();
    this.#costs[at] = cost;
    this.#errors[at] = error;
    this.#excesses[at] = excess;
    this.#first[at] = first;
    this.#second[at] = second;
  }

  /**
   * Drops what is dominated and forgets the rest. Of equals one stays.
   *
   * @param enter Gives the node of one that stays.
   * @returns What stays, and whether a bucket may have dropped an undominated one.
   */
  drain(
    enter: (first: number, second: number) => number,
  ): { frontier: Frontier; isThinned: boolean } {
    const order = this.#buckets.count === 0 ? this.#sorted() : this.#sortedByBucket();
    let [kept, least] = [0, Infinity];
    for (const index of order) {
      if (this.#errors[index] >= least) continue;
      least = this.#errors[index];
      order[kept++] = index;
    }
    const stays = order.slice(0, kept);
    const frontier = {
      costs: Float64Array.from(stays, (index) => this.#costs[index]),
      errors: Float64Array.from(stays, (index) => this.#errors[index]),
      excesses: Float64Array.from(stays, (index) => this.#excesses[index]),
      nodes: stays.map((index) => enter(this.#first[index], this.#second[index])),
    };
    const isThinned = this.#isThinned;
    this.#length = 0;
    this.#isThinned = false;
    return { frontier, isThinned };
  }

  /** Where a candidate goes, or −1 when its bucket holds a better one. */
  #placeInBucket(cost: number, error: number): number {
    const bucket = Math.min(Math.floor(cost / this.#buckets.width), this.#buckets.count);
    const at = this.#places[bucket] - 1;
    if (at < 0) {
      this.#places[bucket] = this.#length + 1;
      return this.#length++;
    }
    const [otherCost, otherError] = [this.#costs[at], this.#errors[at]];
    if ((cost < otherCost && error > otherError) || (cost > otherCost && error < otherError)) {
      this.#isThinned = true;
    }
    return error < otherError || (error === otherError && cost < otherCost) ? at : -1;
  }

  #sorted(): Int32Array {
    const [costs, errors] = [this.#costs, this.#errors];
    return Int32Array.from({ length: this.#length }, (_, index) => index)
      .sort((a, b) => costs[a] - costs[b] || errors[a] - errors[b]);
  }

  #sortedByBucket(): Int32Array {
    const order = new Int32Array(this.#length);
    let found = 0;
    for (let bucket = 0; found < order.length; bucket++) {
      if (this.#places[bucket] === 0) continue;
      order[found++] = this.#places[bucket] - 1;
      this.#places[bucket] = 0;
    }
    return order;
  }

  #widen(): void {
    this.#costs = widen(this.#costs);
    this.#errors = widen(this.#errors);
    this.#excesses = widen(this.#excesses);
    this.#first = widen(this.#first);
    this.#second = widen(this.#second);
  }
}
