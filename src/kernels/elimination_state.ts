import type { RidgeEvidence } from "./cholesky.ts";
import { EliminationMemory } from "./elimination_memory.ts";
import type { Kernels } from "./load.ts";
import type { LayerMoments } from "./moments.ts";

/** What an elimination starts from. */
export interface EliminationSystem {
  /** G, C and Σy² of the layer, or its samples. */
  readonly moments: LayerMoments;
  /** W, d × n: the weights that the ridge pulls towards. */
  readonly weights: Float32Array;
  /** Rows of each group, disjoint; a group may be empty, a row may belong to none. */
  readonly groups: readonly (readonly number[])[];
  /** Ridge to begin with, relative to the mean diagonal of G. */
  readonly ridge: number;
}

/** A group on the heap, where its rows are adjacent. */
export interface HeapGroup {
  /** Its index; beyond those of the groups for a row that belongs to none. */
  readonly index: number;
  readonly rows: number;
  /** Where H_gg begins among the blocks. */
  readonly block: number;
  /** Its first row on the heap. */
  first: number;
}

/** What there is once all groups are fitted. */
export interface FittedSystem {
  /** The ridge used and how the first factorisation went. */
  readonly evidence: RidgeEvidence;
  /** The pull towards the old weights. */
  readonly rho: number;
  /** Squared error plus ρ‖W* − W‖². */
  readonly objective: number;
  /** What H on the heap is to be divided by: costs are multiplied by it. */
  readonly unit: number;
  /** No pivot of a diagonal block of H on the heap is below twice this. */
  readonly pivotFloor: number;
}

/**
 * Structured optimal brain surgeon on a layer's least-squares problem (Hassibi and Stork 1993, for groups of weights).
 *
 * With H = (G + ρI)⁻¹ over the rows that are left and W* = H(C + ρW) the best weights for them, dropping group a raises
 * the regularized squared error by exactly tr(W*_aᵀ (H_aa)⁻¹ W*_a). Dropping it down-dates both:
 *
 *     H ← H − H_·a (H_aa)⁻¹ H_a·,     W* ← W* − H_·a (H_aa)⁻¹ W*_a
 *
 * What the next choice needs, W* and the diagonal blocks of H, is brought up to date at once. How the rest of H is known is up
 * to the kinds of elimination.
 *
 * The state lives on the backend's heap; `dispose()` gives it back.
 */
export abstract class Elimination {
  /** The kernels. */
  protected readonly kernels: Kernels;
  /** The layer. */
  protected readonly system: EliminationSystem;
  /** The state. */
  protected readonly heap: EliminationMemory;
  /** Groups that are left, and rows that belong to none, as they lie on the heap. */
  protected left: HeapGroup[];
  #fitted!: FittedSystem;
  /** Squared error plus ρ‖W* − W‖², the quantity that costs add to. */
  #objective = 0;
  /** ‖W‖² of the rows that have been dropped. */
  #droppedSquares = 0;
  #disposed = false;

  /**
   * @param kernels The kernels.
   * @param system The layer.
   * @param waiting Rows of V that may wait, at least; 0 where H itself is not kept.
   * @throws {TypeError} When sizes do not fit.
   */
  constructor(kernels: Kernels, system: EliminationSystem, waiting: number) {
    const { d, n } = system.moments;
    if (system.weights.length !== d * n) {
      throw new TypeError(`eliminate groups: ${system.weights.length} weights, wanted ${d}×${n}`);
    }
    this.kernels = kernels;
    this.system = system;
    this.left = layOut(system);
    this.heap = new EliminationMemory(kernels, {
      d,
      n,
      groups: this.left,
      waiting,
      hasInverse: waiting > 0,
    });
  }

  /**
   * Fits the weights with every group present; the constructor of every kind ends with it.
   *
   * @throws {RangeError} When nothing can be factored; the memory has been given back then.
   */
  protected begin(): void {
    try {
      this.#fitted = this.fitAllRows(orderOfRows(this.system));
      this.#objective = this.#fitted.objective;
      this.updateGroups(0, 0);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** The ridge used and how the first factorisation went. */
  get evidence(): RidgeEvidence {
    return this.#fitted.evidence;
  }

  /** No pivot of a diagonal block of H may be below this. */
  protected get pivotFloor(): number {
    return this.#fitted.pivotFloor;
  }

  /** Puts W*, the old weights and the diagonal blocks of H on the heap. */
  protected abstract fitAllRows(order: Int32Array): FittedSystem;

  /**
   * Drops a group as far as its own rows of H and W* go, and leaves V and Z.
   *
   * @returns The row of V from which the group's begin; −1 when a pivot fails.
   */
  protected abstract dropRows(group: HeapGroup): number;

  /** Lists the groups that are left for the kernels. */
  protected writeTable(): void {
    const table = this.kernels.memory.i32(this.heap.at.table, 4 * this.left.length);
    this.left.forEach(({ index, first, rows, block }, position) => {
      table.set([index, first, rows, block], 4 * position);
    });
  }

  /** Brings W*, the diagonal blocks and the costs up to date after `dropped` rows, those of V from `from`. */
  protected updateGroups(from: number, dropped: number): void {
    const { at, capacity, groupRows } = this.heap;
    this.writeTable();
    this.kernels.wasm.updateGroups(
      at.fitted,
      at.old,
      this.system.moments.n,
      at.table,
      this.left.length,
      at.blocks,
      this.pivotFloor,
      at.costs,
      at.distances,
      at.pending,
      capacity,
      from,
      dropped,
      groupRows,
      at.workspace,
    );
  }

  /** Writes the old weights, rows of a group side by side. */
  protected writeOldWeights(order: Int32Array): void {
    const { moments: { d, n }, weights } = this.system;
    const old = this.kernels.memory.f32(this.heap.at.old, d * n);
    order.forEach((row, at) => old.set(weights.subarray(row * n, (row + 1) * n), at * n));
  }

  /**
   * What dropping each of some groups would add to the regularized squared error.
   *
   * @param groups Indices of groups that are still there.
   * @returns One cost per index given, in the units of Σy².
   * @throws {RangeError} When one has been dropped before.
   * @throws {Error} When a pivot fails, which rounding alone can bring about.
   */
  costsOf(groups: readonly number[]): Float64Array {
    const all = this.kernels.memory.f64(this.heap.at.costs, this.heap.groupCount);
    return Float64Array.from(groups, (group) => {
      const cost = all[group];
      if (Number.isFinite(cost)) return cost * this.#fitted.unit;
      this.#groupOnHeap(group);
      throw this.#pivotError(group);
    });
  }

  #groupOnHeap(index: number): HeapGroup {
    const group = this.left.find((each) => each.index === index);
    if (group) return group;
    throw new RangeError(`eliminate group ${index}: it has been dropped before`);
  }

  /**
   * Drops a group of rows.
   *
   * @param index Its index.
   * @throws {RangeError} When it has been dropped before.
   * @throws {Error} When a pivot fails, which rounding alone can bring about.
   */
  eliminate(index: number): void {
    const { memory } = this.kernels;
    const { moments: { d, n } } = this.system;
    const { at, groupCount } = this.heap;
    const group = this.#groupOnHeap(index);
    const [cost] = this.costsOf([index]);
    const from = this.dropRows(group);
    if (from < 0) throw this.#pivotError(index);
    const old = memory.f32(at.old, d * n).subarray(group.first * n, (group.first + group.rows) * n);
    this.#droppedSquares += old.reduce((sum, weight) => sum + weight * weight, 0);
    this.#objective += cost;
    this.left = this.left.filter((each) => each !== group);
    memory.f64(at.costs, groupCount)[index] = NaN;
    this.updateGroups(from, group.rows);
  }

  /**
   * Squared error ‖Y − XW*‖² of the best weights for the groups that are left, without the ridge's part.
   *
   * @returns The error, in the units of Σy².
   */
  squaredError(): number {
    const { at, groupCount } = this.heap;
    const distances = this.kernels.memory.f64(at.distances, groupCount);
    const distance = this.left.reduce(
      (sum, { index }) => sum + distances[index],
      this.#droppedSquares,
    );
    return this.#objective - this.#fitted.rho * distance;
  }

  #pivotError(group: number): Error {
    return new Error(
      `eliminate group ${group}: its block of (G + ρI)⁻¹ is not positive definite at a ridge of ` +
        `${this.evidence.ridge}; begin again with a larger ridge`,
    );
  }

  /** Gives the memory back; calling it again does nothing. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.releaseMore();
    this.heap.dispose();
  }

  /** Gives back what a kind of elimination has reserved beside the state that all have. */
  protected releaseMore(): void {}
}

/** Rows of G in the order in which they lie on the heap: group by group, then those that belong to none. */
function orderOfRows({ moments: { d }, groups }: EliminationSystem): Int32Array {
  const grouped = groups.flat();
  const isGrouped = new Uint8Array(d);
  for (const row of grouped) isGrouped[row] = 1;
  const others = [...isGrouped.keys()].filter((row) => isGrouped[row] === 0);
  return Int32Array.from([...grouped, ...others]);
}

/** The groups as they lie on the heap at first, and one more for every row that belongs to none. */
function layOut({ moments: { d }, groups }: EliminationSystem): HeapGroup[] {
  const layout: HeapGroup[] = [];
  let first = 0, block = 0;
  const add = (rows: number) => {
    layout.push({ index: layout.length, rows, block, first });
    first += rows;
    block += rows * rows;
  };
  for (const rows of groups) add(rows.length);
  while (first < d) add(1);
  return layout;
}
