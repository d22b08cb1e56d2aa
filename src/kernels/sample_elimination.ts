import { Elimination, type FittedSystem, type HeapGroup } from "./elimination_state.ts";
import type { EliminationSystem } from "./elimination_state.ts";
import type { Kernels } from "./load.ts";
import { fitSamples, meanSquareOf, pickColumns, productOfSamples } from "./samples.ts";

const F64_BYTES = 8;

/** Addresses of what an elimination by samples has beside the state that all have. */
interface Addresses {
  /** X, samples × d, columns of a group side by side. */
  x: number;
  /** P = (XXᵀ + ρI)⁻¹ over the columns that are left, samples × samples. */
  p: number;
  scratch: number;
}

/**
 * Elimination of a layer with fewer samples N than inputs d, for which H has no room. With P = (XXᵀ + ρI)⁻¹, N × N,
 *
 *     ρH = I − XᵀPX,     W* = W + XᵀP(Y − XW)
 *
 * (the identity of Woodbury), so that the rows of H that a dropped group needs are made when they are needed, and
 * dropping it brings P up to date: with U of (ρH)_aa = UᵀU and B = PX_a, P += BU⁻¹U⁻ᵀBᵀ. A group of k rows takes 2Nkd + 3kdn flops
 * instead of kd² + 3kdn. The answers are those of {@link GroupElimination}.
 */
export class SampleElimination extends Elimination {
  readonly #at: Addresses = { x: 0, p: 0, scratch: 0 };

  /**
   * @param kernels The kernels.
   * @param system The layer, whose moments have samples.
   * @throws {TypeError} When sizes do not fit.
   * @throws {RangeError} When XXᵀ cannot be factored.
   */
  constructor(kernels: Kernels, system: EliminationSystem) {
    super(kernels, system, 0);
    this.begin();
  }

  protected fitAllRows(order: Int32Array): FittedSystem {
    const { wasm, memory } = this.kernels;
    const { moments, weights, ridge } = this.system;
    const { d, n, count } = moments;
    const { at, groupRows } = this.heap;
    const scratchBytes = wasm.sampleEliminationWorkspaceBytes(count, groupRows) +
      groupRows * groupRows * F64_BYTES;
    const addresses = this.#at;
    addresses.x = memory.malloc(count * d * F64_BYTES);
    addresses.p = memory.malloc(count * count * F64_BYTES);
    addresses.scratch = memory.malloc(scratchBytes);

    this.writeOldWeights(order);
    const x = pickColumns(moments, order);
    const old = new Float64Array(d * n);
    order.forEach((row, to) => old.set(weights.subarray(row * n, (row + 1) * n), to * n));
    const meanSquare = meanSquareOf(x, d);
    const residual = moments.samples!.y.slice();
    productOfSamples(this.kernels, x, old, { rows: count, depth: d, columns: n })
      .forEach((value, index) => residual[index] -= value);
    const { inverse, answer, evidence } = fitSamples(this.kernels, {
      x,
      residual,
      d,
      n,
      count,
      ridge,
      wantsInverse: true,
    });
    const rho = evidence.ridge * meanSquare;
    memory.f64(addresses.x, x.length).set(x);
    memory.f64(addresses.p, count * count).set(inverse!);
    const moved = productOfSamples(this.kernels, x, answer, {
      rows: d,
      depth: count,
      columns: n,
      isTransposed: true,
    });
    const fitted = memory.f64(at.fitted, d * n);
    for (let index = 0; index < fitted.length; index++) fitted[index] = old[index] + moved[index];
    let objective = 0;
    for (let index = 0; index < residual.length; index++) {
      objective += rho * residual[index] * answer[index];
    }
    this.writeTable();
    wasm.sampleBlocks(
      addresses.x,
      d,
      addresses.p,
      count,
      at.table,
      this.left.length,
      at.blocks,
      addresses.scratch,
      addresses.scratch + (count * groupRows) * F64_BYTES,
    );
    // Eigenvalues of ρH are ρ / (ρ + those of G), and no eigenvalue of G is above its trace.
    const pivotFloor = 0.5 * rho / (rho + d * meanSquare);
    return { evidence, rho, objective, unit: rho, pivotFloor };
  }

  protected dropRows(group: HeapGroup): number {
    const { d, n, count } = this.system.moments;
    const { at, capacity, groupRows } = this.heap;
    const failed = this.kernels.wasm.eliminateSampleGroup(
      this.#at.x,
      d,
      this.#at.p,
      count,
      at.fitted,
      n,
      group.first,
      group.rows,
      at.blocks + group.block * F64_BYTES,
      this.pivotFloor,
      at.pending,
      capacity,
      groupRows,
      at.workspace,
      this.#at.scratch,
    );
    return failed === 0 ? 0 : -1;
  }

  protected override releaseMore(): void {
    for (const pointer of Object.values(this.#at)) this.kernels.memory.free(pointer);
  }
}
