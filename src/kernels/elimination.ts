import { factorWithRidge, meanDiagonal, type RidgeEvidence } from "./cholesky.ts";
import { EliminationMemory } from "./elimination_memory.ts";
import type { Kernels } from "./load.ts";
import type { Moments } from "./moments.ts";

/** The heap's matrices are closed up when fewer than this share of their rows are left. */
const COMPACT_BELOW = 0.9;

/** What a {@link GroupElimination} starts from. */
export interface EliminationSystem {
  /** G, C and Σy² of the layer. */
  readonly moments: Moments;
  /** W, d × n: the weights that the ridge pulls towards. */
  readonly weights: Float32Array;
  /** Rows of each group, disjoint; a group may be empty, a row may belong to none. */
  readonly groups: readonly (readonly number[])[];
  /** Ridge to begin with, relative to the mean diagonal of G. */
  readonly ridge: number;
}

/** A group on the heap, where its rows are adjacent. */
interface HeapGroup {
  /** Its index; beyond those of the groups for a row that belongs to none. */
  readonly index: number;
  readonly rows: number;
  /** Where H_gg begins among the blocks. */
  readonly block: number;
  /** Its first row on the heap. */
  first: number;
}

/**
 * Structured optimal brain surgeon on a layer's least-squares problem (Hassibi and Stork 1993, for groups of weights).
 *
 * With H = (G + ρI)⁻¹ over the rows that are left and W* = H(C + ρW) the best weights for them, dropping group a raises
 * the regularized squared error by exactly tr(W*_aᵀ (H_aa)⁻¹ W*_a). Dropping it down-dates both:
 *
 *     H ← H − H_·a (H_aa)⁻¹ H_a·,     W* ← W* − H_·a (H_aa)⁻¹ W*_a
 *
 * What the next choice needs, W* and the diagonal blocks of H, is brought up to date at once. The rest of H waits until some
 * hundred rows are dropped, and then takes them all by one matrix product.
 *
 * The state lives on the backend's heap; `dispose()` gives it back.
 */
export class GroupElimination {
  /** The ridge used and how the first factorisation went. */
  readonly evidence: RidgeEvidence;
  readonly #kernels: Kernels;
  readonly #system: EliminationSystem;
  readonly #heap: EliminationMemory;
  readonly #rho: number;
  readonly #pivotFloor: number;
  /** Groups that are left, and rows that belong to none, as they lie on the heap. */
  #left: HeapGroup[];
  /** Rows of the heap's matrices, gaps included. */
  #span: number;
  #liveRows: number;
  /** Rows of V that wait to be taken from H. */
  #waiting = 0;
  /** Squared error plus ρ‖W* − W‖², the quantity that costs add to. */
  #objective: number;
  /** ‖W‖² of the rows that have been dropped. */
  #droppedSquares = 0;
  #disposed = false;

  /**
   * Inverts G + ρI and fits the weights with every group present.
   *
   * @param kernels The kernels.
   * @param system The layer.
   * @throws {TypeError} When sizes do not fit.
   * @throws {RangeError} When G cannot be factored.
   */
  constructor(kernels: Kernels, system: EliminationSystem) {
    const { d, n, gram } = system.moments;
    if (system.weights.length !== d * n) {
      throw new TypeError(`eliminate groups: ${system.weights.length} weights, wanted ${d}×${n}`);
    }
    this.#kernels = kernels;
    this.#system = system;
    this.#left = layOut(system);
    this.#span = d;
    this.#liveRows = d;
    this.#heap = new EliminationMemory(kernels, { d, n, groups: this.#left });
    try {
      const order = orderOfRows(system);
      this.evidence = this.#fitAllRows(order);
      const unit = meanDiagonal(gram, d);
      this.#rho = this.evidence.ridge * unit;
      // No eigenvalue of H is below 1 / trace(G + ρI), and so is no pivot of a diagonal block of H.
      this.#pivotFloor = 0.5 / (d * (unit + this.#rho));
      this.#objective = this.#minimumWithAllRows(order);
      this.#copyBlocks();
      this.#updateGroups(0);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** H = (G + ρI)⁻¹ and W* = H(C + ρW), rows of a group side by side. */
  #fitAllRows(order: Int32Array): RidgeEvidence {
    const { wasm, memory } = this.#kernels;
    const { moments: { d, n, gram, cross }, weights, ridge } = this.#system;
    const { inverse, fitted, old } = this.#heap.at;
    return memory.withScratch(
      { workspace: wasm.choleskyInvertWorkspaceBytes(d) },
      ({ workspace }) => {
        const evidence = factorWithRidge(this.#kernels, gram, d, ridge, inverse, workspace, order);
        const rho = evidence.ridge * meanDiagonal(gram, d);
        const target = memory.f64(fitted, d * n), oldWeights = memory.f32(old, d * n);
        order.forEach((row, at) => {
          oldWeights.set(weights.subarray(row * n, (row + 1) * n), at * n);
          for (let o = 0; o < n; o++) {
            target[at * n + o] = cross[row * n + o] + rho * weights[row * n + o];
          }
        });
        wasm.choleskySolve(inverse, d, d, fitted, n, workspace);
        wasm.choleskyInvert(inverse, d, workspace);
        return evidence;
      },
    );
  }

  /** Σy² + ρ‖W‖² − tr(W*ᵀ(C + ρW)). */
  #minimumWithAllRows(order: Int32Array): number {
    const { moments: { d, n, cross, sumYY }, weights } = this.#system;
    const fitted = this.#kernels.memory.f64(this.#heap.at.fitted, d * n);
    let minimum = sumYY.reduce((total, square) => total + square, 0);
    order.forEach((row, at) => {
      for (let o = 0; o < n; o++) {
        const pull = this.#rho * weights[row * n + o];
        minimum += pull * weights[row * n + o] - fitted[at * n + o] * (cross[row * n + o] + pull);
      }
    });
    return minimum;
  }

  /** Sets the diagonal blocks of H aside. */
  #copyBlocks(): void {
    const { memory } = this.#kernels;
    const { d } = this.#system.moments;
    const { inverse, blocks } = this.#heap.at;
    const h = memory.f64(inverse, d * d);
    for (const { first, rows, block } of this.#left) {
      const target = memory.f64(blocks, block + rows * rows).subarray(block);
      for (let row = 0; row < rows; row++) {
        const from = (first + row) * d + first;
        target.set(h.subarray(from, from + rows), row * rows);
      }
    }
  }

  /** Brings W*, the diagonal blocks and the costs up to date after `dropped` rows, the last of those that wait. */
  #updateGroups(dropped: number): void {
    const { wasm, memory } = this.#kernels;
    const { at, capacity, groupRows } = this.#heap;
    const table = memory.i32(at.table, 4 * this.#left.length);
    this.#left.forEach(({ index, first, rows, block }, position) => {
      table.set([index, first, rows, block], 4 * position);
    });
    wasm.updateGroups(
      at.fitted,
      at.old,
      this.#system.moments.n,
      at.table,
      this.#left.length,
      at.blocks,
      this.#pivotFloor,
      at.costs,
      at.distances,
      at.pending,
      capacity,
      this.#waiting,
      dropped,
      groupRows,
      at.workspace,
    );
    this.#waiting += dropped;
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
    const all = this.#kernels.memory.f64(this.#heap.at.costs, this.#heap.groupCount);
    return Float64Array.from(groups, (group) => {
      const cost = all[group];
      if (Number.isFinite(cost)) return cost;
      this.#groupOnHeap(group);
      throw this.#pivotError(group);
    });
  }

  #groupOnHeap(index: number): HeapGroup {
    const group = this.#left.find((each) => each.index === index);
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
    const { wasm, memory } = this.#kernels;
    const { moments: { d, n } } = this.#system;
    const { at, capacity, groupRows, groupCount } = this.#heap;
    const group = this.#groupOnHeap(index);
    const [cost] = this.costsOf([index]);
    if (this.#waiting + group.rows > capacity) this.#applyWaiting();
    const failed = wasm.eliminateGroup(
      at.inverse,
      d,
      this.#span,
      at.fitted,
      n,
      group.first,
      group.rows,
      at.blocks + group.block * Float64Array.BYTES_PER_ELEMENT,
      this.#pivotFloor,
      at.pending,
      capacity,
      this.#waiting,
      groupRows,
      at.workspace,
    );
    if (failed !== 0) throw this.#pivotError(index);
    const old = memory.f32(at.old, d * n).subarray(group.first * n, (group.first + group.rows) * n);
    this.#droppedSquares += old.reduce((sum, weight) => sum + weight * weight, 0);
    this.#objective += cost;
    this.#left = this.#left.filter((each) => each !== group);
    this.#liveRows -= group.rows;
    memory.f64(at.costs, groupCount)[index] = NaN;
    this.#updateGroups(group.rows);
  }

  /** Takes from H what waits, and closes the gaps that dropped rows have left where there are many. */
  #applyWaiting(): void {
    const { wasm, memory } = this.#kernels;
    const { d, n } = this.#system.moments;
    const { at, capacity } = this.#heap;
    memory.withScratch({ workspace: wasm.applyEliminationWorkspaceBytes() }, ({ workspace }) => {
      wasm.applyElimination(
        at.inverse,
        d,
        this.#span,
        at.pending,
        capacity,
        this.#waiting,
        workspace,
      );
    });
    this.#waiting = 0;
    if (this.#liveRows >= COMPACT_BELOW * this.#span) return;
    const kept = memory.i32(at.rows, this.#liveRows);
    let row = 0;
    for (const group of this.#left) {
      for (let own = 0; own < group.rows; own++) kept[row + own] = group.first + own;
      group.first = row;
      row += group.rows;
    }
    wasm.compactElimination(at.inverse, d, at.fitted, at.old, n, at.rows, this.#liveRows);
    this.#span = this.#liveRows;
  }

  /**
   * Squared error ‖Y − XW*‖² of the best weights for the groups that are left, without the ridge's part.
   *
   * @returns The error, in the units of Σy².
   */
  squaredError(): number {
    const { at, groupCount } = this.#heap;
    const distances = this.#kernels.memory.f64(at.distances, groupCount);
    const distance = this.#left.reduce(
      (sum, { index }) => sum + distances[index],
      this.#droppedSquares,
    );
    return this.#objective - this.#rho * distance;
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
    this.#heap.dispose();
  }
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
