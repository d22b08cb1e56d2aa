/** Disjoint sets of integers with path halving; the smaller root wins, so that numbering follows the graph. */
export class DisjointSets {
  readonly #parents: number[] = [];

  /** Adds sets of one element each. */
  add(count: number): Int32Array {
    const first = this.#parents.length;
    for (let index = 0; index < count; index++) this.#parents.push(first + index);
    return Int32Array.from({ length: count }, (_, index) => first + index);
  }

  /** The smallest element of an element's set. */
  find(element: number): number {
    const parents = this.#parents;
    while (parents[element] !== element) {
      parents[element] = parents[parents[element]];
      element = parents[element];
    }
    return element;
  }

  /** Makes one set of two. */
  join(first: number, second: number): void {
    const [low, high] = [this.find(first), this.find(second)].sort((a, b) => a - b);
    this.#parents[high] = low;
  }
}
