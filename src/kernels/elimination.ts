import { factorWithRidge, meanDiagonal, type RidgeEvidence } from "./cholesky.ts";
import type { Kernels } from "./load.ts";
import type { BackendMemory } from "./memory.ts";
import type { Moments } from "./moments.ts";

const F64_BYTES = 8;
const I32_BYTES = 4;
/** The heap's matrices are closed up when fewer than this share of their rows are left. */
const COMPACT_BELOW = 0.85;

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

/** Addresses of the state and the scratch of one elimination. */
interface Addresses {
  /** H, d × d, upper triangle. */
  inverse: number;
  /** W*, d × n. */
  fitted: number;
  /** Rows of the groups at hand, d i32. */
  rows: number;
  /** Where each group's rows begin, groups + 1 i32. */
  offsets: number;
  /** One f64 per group. */
  costs: number;
  workspace: number;
}

/**
 * Structured optimal brain surgeon on a layer's least-squares problem (Hassibi and Stork 1993, for groups of weights).
 *
 * With H = (G + ρI)⁻¹ over the rows that are left and W* = H(C + ρW) the best weights for them, dropping group a raises
 * the regularized squared error by exactly tr(W*_aᵀ (H_aa)⁻¹ W*_a). Dropping it down-dates both:
 *
 *     H ← H − H_·a (H_aa)⁻¹ H_a·,     W* ← W* − H_·a (H_aa)⁻¹ W*_a
 *
 * The state lives on the backend's heap; `dispose()` gives it back.
 */
export class GroupElimination {
  /** The ridge used and how the first factorisation went. */
  readonly evidence: RidgeEvidence;
  readonly #kernels: Kernels;
  readonly #system: EliminationSystem;
  readonly #at: Addresses;
  readonly #rho: number;
  readonly #pivotFloor: number;
  /** Row of the heap's matrices → row of G, ascending. */
  #rowsOfGram: Int32Array;
  /** Row of G → row of the heap's matrices. */
  readonly #rowsOnHeap: Int32Array;
  /** Rows of G that have been dropped. */
  readonly #dropped: Uint8Array;
  #liveRows: number;
  /** Squared error plus ρ‖W* − W‖², the quantity that costs add to. */
  #objective: number;
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
    this.#rowsOfGram = Int32Array.from({ length: d }, (_, row) => row);
    this.#rowsOnHeap = this.#rowsOfGram.slice();
    this.#dropped = new Uint8Array(d);
    this.#liveRows = d;
    this.#at = reserve(kernels, system);
    try {
      this.evidence = this.#fitAllRows();
    } catch (error) {
      this.dispose();
      throw error;
    }
    const unit = meanDiagonal(gram, d);
    this.#rho = this.evidence.ridge * unit;
    // No eigenvalue of H is below 1 / trace(G + ρI), and so is no pivot of a diagonal block of H.
    this.#pivotFloor = 0.5 / (d * (unit + this.#rho));
    this.#objective = this.#minimumWithAllRows();
  }

  /** H = (G + ρI)⁻¹ and W* = H(C + ρW). */
  #fitAllRows(): RidgeEvidence {
    const { wasm, memory } = this.#kernels;
    const { moments: { d, n, gram, cross }, weights, ridge } = this.#system;
    const factor = this.#at.inverse;
    return memory.withScratch(
      { workspace: wasm.choleskyInvertWorkspaceBytes(d) },
      ({ workspace }) => {
        const evidence = factorWithRidge(this.#kernels, gram, d, ridge, factor, workspace);
        const rho = evidence.ridge * meanDiagonal(gram, d);
        const fitted = memory.f64(this.#at.fitted, d * n);
        for (let i = 0; i < fitted.length; i++) fitted[i] = cross[i] + rho * weights[i];
        wasm.choleskySolve(factor, d, d, this.#at.fitted, n, workspace);
        wasm.choleskyInvert(factor, d, workspace);
        return evidence;
      },
    );
  }

  /** Σy² + ρ‖W‖² − tr(W*ᵀ(C + ρW)). */
  #minimumWithAllRows(): number {
    const { moments: { d, n, cross, sumYY }, weights } = this.#system;
    const fitted = this.#kernels.memory.f64(this.#at.fitted, d * n);
    let minimum = sumYY.reduce((total, square) => total + square, 0);
    for (let i = 0; i < fitted.length; i++) {
      const pull = this.#rho * weights[i];
      minimum += pull * weights[i] - fitted[i] * (cross[i] + pull);
    }
    return minimum;
  }

  /**
   * What dropping each of some groups would add to the regularized squared error.
   *
   * @param groups Indices of groups that are still there.
   * @returns One cost per index given, in the units of Σy².
   * @throws {Error} When a pivot fails, which rounding alone can bring about.
   */
  costsOf(groups: readonly number[]): Float64Array {
    const { wasm, memory } = this.#kernels;
    const { d, n } = this.#system.moments;
    this.#writeRows(groups);
    memory.f64(this.#at.costs, groups.length).fill(0);
    const failed = wasm.eliminationCosts(
      this.#at.inverse,
      d,
      this.#at.fitted,
      n,
      this.#at.rows,
      this.#at.offsets,
      groups.length,
      this.#pivotFloor,
      this.#at.costs,
      this.#at.workspace,
    );
    if (failed !== 0) throw this.#pivotError(groups[failed - 1]);
    return memory.f64(this.#at.costs, groups.length).slice();
  }

  /** Lists the rows of groups as the kernels want them. */
  #writeRows(groups: readonly number[]): void {
    const { memory } = this.#kernels;
    const rows = memory.i32(this.#at.rows, this.#system.moments.d);
    const offsets = memory.i32(this.#at.offsets, groups.length + 1);
    let end = 0;
    groups.forEach((group, index) => {
      offsets[index] = end;
      for (const row of this.#system.groups[group]) {
        if (this.#dropped[row]) {
          throw new RangeError(`eliminate group ${group}: it has been dropped before`);
        }
        rows[end++] = this.#rowsOnHeap[row];
      }
    });
    offsets[groups.length] = end;
  }

  /**
   * Drops a group of rows.
   *
   * @param group Its index.
   * @throws {RangeError} When it has been dropped before.
   * @throws {Error} When a pivot fails, which rounding alone can bring about.
   */
  eliminate(group: number): void {
    const { d, n } = this.#system.moments;
    const rows = this.#system.groups[group];
    const [cost] = this.costsOf([group]);
    const failed = this.#kernels.wasm.eliminateGroup(
      this.#at.inverse,
      d,
      this.#rowsOfGram.length,
      this.#at.fitted,
      n,
      this.#at.rows,
      rows.length,
      this.#pivotFloor,
      this.#at.workspace,
    );
    if (failed !== 0) throw this.#pivotError(group);
    this.#objective += cost;
    for (const row of rows) this.#dropped[row] = 1;
    this.#liveRows -= rows.length;
    if (this.#liveRows < COMPACT_BELOW * this.#rowsOfGram.length) this.#compact();
  }

  /** Closes the gaps that dropped rows have left in H and W*. */
  #compact(): void {
    const { wasm, memory } = this.#kernels;
    const { d, n } = this.#system.moments;
    const kept = this.#rowsOfGram.filter((row) => this.#dropped[row] === 0);
    memory.i32(this.#at.rows, kept.length).set(kept.map((row) => this.#rowsOnHeap[row]));
    wasm.compactElimination(this.#at.inverse, d, this.#at.fitted, n, this.#at.rows, kept.length);
    this.#rowsOfGram = kept;
    kept.forEach((row, index) => this.#rowsOnHeap[row] = index);
  }

  /**
   * Squared error ‖Y − XW*‖² of the best weights for the groups that are left, without the ridge's part.
   *
   * @returns The error, in the units of Σy².
   */
  squaredError(): number {
    const { moments: { d, n }, weights } = this.#system;
    const fitted = this.#kernels.memory.f64(this.#at.fitted, d * n);
    let distance = 0;
    for (let row = 0; row < d; row++) {
      const from = this.#rowsOnHeap[row] * n;
      for (let o = 0; o < n; o++) {
        const value = this.#dropped[row] ? 0 : fitted[from + o];
        distance += (value - weights[row * n + o]) ** 2;
      }
    }
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
    release(this.#kernels.memory, this.#at);
  }
}

function reserve(kernels: Kernels, system: EliminationSystem): Addresses {
  const { wasm, memory } = kernels;
  const { d, n } = system.moments;
  const groups = system.groups.length;
  const groupRows = system.groups.reduce((most, rows) => Math.max(most, rows.length), 0);
  const at: Addresses = { inverse: 0, fitted: 0, rows: 0, offsets: 0, costs: 0, workspace: 0 };
  try {
    at.inverse = memory.malloc(d * d * F64_BYTES);
    at.fitted = memory.malloc(d * n * F64_BYTES);
    at.rows = memory.malloc(d * I32_BYTES);
    at.offsets = memory.malloc((groups + 1) * I32_BYTES);
    at.costs = memory.malloc(groups * F64_BYTES);
    at.workspace = memory.malloc(wasm.eliminationWorkspaceBytes(d, n, groupRows));
  } catch (error) {
    release(memory, at);
    throw error;
  }
  return at;
}

function release(memory: BackendMemory, at: Addresses): void {
  for (const pointer of Object.values(at)) memory.free(pointer);
}
