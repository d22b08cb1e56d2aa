import { factorWritten } from "./cholesky.ts";
import {
  Elimination,
  type EliminationSystem,
  type FittedSystem,
  type HeapGroup,
} from "./elimination_state.ts";
import { writeGram } from "./gram.ts";
import type { Kernels } from "./load.ts";

/** The heap's matrices are closed up when fewer than this share of their rows are left. */
const COMPACT_BELOW = 0.9;
/** Rows that may wait to be taken from H; as many as the micro-kernel takes at a time. */
const MOST_WAITING = 128;
/** Share of a small H's rows that may wait: bringing a row up to date costs as much as the rows that wait. */
const WAITING_SHARE = 1 / 8;

/**
 * Elimination with H itself, d × d. The rows that are dropped wait until there are some hundred, and H takes them all by one
 * matrix product.
 */
export class GroupElimination extends Elimination {
  /** Rows of the heap's matrices, gaps included. */
  #span: number;
  /** Rows of V that wait to be taken from H. */
  #waiting = 0;

  /**
   * Inverts G + ρI and fits the weights with every group present.
   *
   * @param kernels The kernels.
   * @param system The layer.
   * @throws {TypeError} When sizes do not fit.
   * @throws {RangeError} When G cannot be factored.
   */
  constructor(kernels: Kernels, system: EliminationSystem) {
    const { d } = system.moments;
    super(kernels, system, Math.min(MOST_WAITING, Math.ceil(WAITING_SHARE * d)));
    this.#span = d;
    this.begin();
  }

  /** H = (G + ρI)⁻¹ and W* = H(C + ρW), rows of a group side by side. */
  protected fitAllRows(order: Int32Array): FittedSystem {
    const { wasm, memory } = this.kernels;
    const { moments, weights, ridge } = this.system;
    const { d, n, cross } = moments;
    const { inverse, fitted } = this.heap.at;
    this.writeOldWeights(order);
    const { unit, ...evidence } = memory.withScratch(
      { workspace: wasm.choleskyInvertWorkspaceBytes(d) },
      ({ workspace }) => {
        const write = (target: Float64Array) => writeGram(moments, order, target);
        const at = { factor: inverse, workspace };
        const evidence = factorWritten(this.kernels, write, d, ridge, at);
        const rho = evidence.ridge * evidence.unit;
        const target = memory.f64(fitted, d * n);
        order.forEach((row, at) => {
          for (let o = 0; o < n; o++) {
            target[at * n + o] = cross[row * n + o] + rho * weights[row * n + o];
          }
        });
        wasm.choleskySolve(inverse, d, d, fitted, n, workspace);
        wasm.choleskyInvert(inverse, d, workspace);
        return evidence;
      },
    );
    this.#copyBlocks();
    const rho = evidence.ridge * unit;
    return {
      evidence,
      rho,
      objective: this.#minimumWithAllRows(order, rho),
      unit: 1,
      // No eigenvalue of H is below 1 / trace(G + ρI), and so is no pivot of a diagonal block of H.
      pivotFloor: 0.5 / (d * (unit + rho)),
    };
  }

  /** Σy² + ρ‖W‖² − tr(W*ᵀ(C + ρW)). */
  #minimumWithAllRows(order: Int32Array, rho: number): number {
    const { moments: { d, n, cross, sumYY }, weights } = this.system;
    const fitted = this.kernels.memory.f64(this.heap.at.fitted, d * n);
    let minimum = sumYY.reduce((total, square) => total + square, 0);
    order.forEach((row, at) => {
      for (let o = 0; o < n; o++) {
        const pull = rho * weights[row * n + o];
        minimum += pull * weights[row * n + o] - fitted[at * n + o] * (cross[row * n + o] + pull);
      }
    });
    return minimum;
  }

  /** Sets the diagonal blocks of H aside. */
  #copyBlocks(): void {
    const { memory } = this.kernels;
    const { d } = this.system.moments;
    const { inverse, blocks } = this.heap.at;
    const h = memory.f64(inverse, d * d);
    for (const { first, rows, block } of this.left) {
      const target = memory.f64(blocks, block + rows * rows).subarray(block);
      for (let row = 0; row < rows; row++) {
        const from = (first + row) * d + first;
        target.set(h.subarray(from, from + rows), row * rows);
      }
    }
  }

  protected dropRows(group: HeapGroup): number {
    const { d, n } = this.system.moments;
    const { at, capacity, groupRows } = this.heap;
    if (this.#waiting + group.rows > capacity) this.#applyWaiting();
    const failed = this.kernels.wasm.eliminateGroup(
      at.inverse,
      d,
      this.#span,
      at.fitted,
      n,
      group.first,
      group.rows,
      at.blocks + group.block * Float64Array.BYTES_PER_ELEMENT,
      this.pivotFloor,
      at.pending,
      capacity,
      this.#waiting,
      groupRows,
      at.workspace,
    );
    if (failed !== 0) return -1;
    this.#waiting += group.rows;
    return this.#waiting - group.rows;
  }

  /** Takes from H what waits, and closes the gaps that dropped rows have left where there are many. */
  #applyWaiting(): void {
    const { wasm, memory } = this.kernels;
    const { d, n } = this.system.moments;
    const { at, capacity } = this.heap;
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
    const live = this.left.reduce((sum, { rows }) => sum + rows, 0);
    if (live >= COMPACT_BELOW * this.#span) return;
    const kept = memory.i32(at.rows, live);
    let row = 0;
    for (const group of this.left) {
      for (let own = 0; own < group.rows; own++) kept[row + own] = group.first + own;
      group.first = row;
      row += group.rows;
    }
    wasm.compactElimination(at.inverse, d, at.fitted, at.old, n, at.rows, live);
    this.#span = live;
  }
}
