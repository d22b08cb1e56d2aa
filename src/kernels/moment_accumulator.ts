import type * as tf from "@tensorflow/tfjs";
import { KERNEL_TILE, type Kernels } from "./load.ts";
import type { PackedMoments } from "./moments.ts";

/** The micro-tile also shapes the sums. */
const [TILE_ROWS, TILE_COLUMNS] = KERNEL_TILE;
const TILE_SIZE = TILE_ROWS * TILE_COLUMNS;
const F64_BYTES = 8;

/** Length of a vector of sums as the kernel keeps it: whole column panels. */
function paddedLength(columns: number): number {
  return Math.ceil(columns / TILE_COLUMNS) * TILE_COLUMNS;
}

/**
 * Adds up the {@link Moments} of a layer's samples, batch by batch, on the backend's heap.
 *
 * Memory depends on the layer alone, not on the number of samples. Products are summed in f32 over 256 samples and in
 * f64 from there on. `dispose()` gives the memory back.
 */
export class MomentAccumulator {
  readonly #kernels: Kernels;
  readonly #inputs: number;
  readonly #outputs: number;
  readonly #gramBytes: number;
  readonly #crossBytes: number;
  readonly #sums: number;
  readonly #workspace: number;
  #count = 0;
  #disposed = false;

  /**
   * Reserves the sums, all zero.
   *
   * @param kernels The kernels.
   * @param inputs Columns of X.
   * @param outputs Columns of Y.
   * @throws {RangeError} When a size is not a positive integer.
   */
  constructor(kernels: Kernels, inputs: number, outputs: number) {
    for (const size of [inputs, outputs]) {
      if (!Number.isInteger(size) || size < 1) {
        throw new RangeError(
          `accumulate moments: ${inputs} inputs and ${outputs} outputs, wanted positive integers`,
        );
      }
    }
    const { wasm, memory } = kernels;
    this.#kernels = kernels;
    this.#inputs = inputs;
    this.#outputs = outputs;
    this.#gramBytes = wasm.gramTileBytes(inputs);
    this.#crossBytes = wasm.crossTileBytes(inputs, outputs);
    this.#sums = memory.malloc(this.#sumBytes());
    try {
      this.#workspace = memory.malloc(wasm.momentWorkspaceBytes(inputs, outputs));
    } catch (error) {
      memory.free(this.#sums);
      throw error;
    }
    memory.f64(this.#sums, this.#sumBytes() / F64_BYTES).fill(0);
  }

  /** Addresses of the sums in their one piece of memory: `| G tiles | C tiles | Σx | Σy | Σy² |`. */
  #addresses(): { gram: number; cross: number; sumX: number; sumY: number; sumYY: number } {
    const gram = this.#sums;
    const cross = gram + this.#gramBytes;
    const sumX = cross + this.#crossBytes;
    const sumY = sumX + paddedLength(this.#inputs) * F64_BYTES;
    return { gram, cross, sumX, sumY, sumYY: sumY + paddedLength(this.#outputs) * F64_BYTES };
  }

  #sumBytes(): number {
    return this.#gramBytes + this.#crossBytes +
      (paddedLength(this.#inputs) + 2 * paddedLength(this.#outputs)) * F64_BYTES;
  }

  /**
   * Adds a batch: G += XᵀX, C += XᵀY and the column sums, read from the tensors in place.
   *
   * @param x Inputs, P × d.
   * @param y Outputs, P × n.
   * @throws {TypeError} When shapes or types do not fit.
   * @throws {Error} When the accumulator has been disposed.
   */
  accumulate(x: tf.Tensor2D, y: tf.Tensor2D): void {
    this.#checkLive();
    const [rows, inputs] = x.shape;
    const [rowsY, outputs] = y.shape;
    if (rows !== rowsY || inputs !== this.#inputs || outputs !== this.#outputs) {
      throw new TypeError(
        `accumulate moments: X is ${x.shape.join("×")} and Y is ${y.shape.join("×")}, ` +
          `wanted P×${this.#inputs} and P×${this.#outputs}`,
      );
    }
    if (x.dtype !== "float32" || y.dtype !== "float32") {
      throw new TypeError(`accumulate moments: ${x.dtype} and ${y.dtype}, wanted float32`);
    }
    const { wasm, memory } = this.#kernels;
    const { gram, cross, sumX, sumY, sumYY } = this.#addresses();
    wasm.accumulateMoments(
      memory.tensorPointer(x),
      memory.tensorPointer(y),
      rows,
      inputs,
      outputs,
      gram,
      cross,
      sumX,
      sumY,
      sumYY,
      this.#workspace,
    );
    this.#count += rows;
  }

  /**
   * Copies the sums out, of G its upper triangle; accumulation may go on.
   *
   * @returns The moments so far.
   * @throws {Error} When the accumulator has been disposed.
   */
  read(): PackedMoments {
    this.#checkLive();
    const { memory } = this.#kernels;
    const d = this.#inputs, n = this.#outputs;
    const at = this.#addresses();
    return {
      d,
      n,
      count: this.#count,
      triangle: readTriangle(memory.f64(at.gram, this.#gramBytes / F64_BYTES), d),
      cross: unpackCross(memory.f64(at.cross, this.#crossBytes / F64_BYTES), d, n),
      sumX: memory.f64(at.sumX, d).slice(),
      sumY: memory.f64(at.sumY, n).slice(),
      sumYY: memory.f64(at.sumYY, n).slice(),
    };
  }

  /** Gives the memory back; calling it again does nothing. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#kernels.memory.free(this.#sums);
    this.#kernels.memory.free(this.#workspace);
  }

  #checkLive(): void {
    if (this.#disposed) throw new Error("accumulate moments: the accumulator has been disposed");
  }
}

/** The upper triangle of G, row by row, from its tiles (layout in `assembly/moments.ts`). */
function readTriangle(tiles: Float64Array, d: number): Float64Array {
  const triangle = new Float64Array(d * (d + 1) / 2);
  const rowStart = (r: number) => r * d - r * (r + 1) / 2;
  let tile = 0;
  for (let top = 0; top < d; top += TILE_ROWS) {
    const bottom = Math.min(d, top + TILE_ROWS);
    for (let left = top - top % TILE_COLUMNS; left < d; left += TILE_COLUMNS, tile += TILE_SIZE) {
      const right = Math.min(d, left + TILE_COLUMNS);
      for (let r = top; r < bottom; r++) {
        const from = tile + (r - top) * TILE_COLUMNS - left, to = rowStart(r);
        for (let s = Math.max(r, left); s < right; s++) triangle[to + s] = tiles[from + s];
      }
    }
  }
  return triangle;
}

/** C from its tiles. */
function unpackCross(tiles: Float64Array, d: number, n: number): Float64Array {
  const cross = new Float64Array(d * n);
  let tile = 0;
  for (let top = 0; top < d; top += TILE_ROWS) {
    const bottom = Math.min(d, top + TILE_ROWS);
    for (let left = 0; left < n; left += TILE_COLUMNS, tile += TILE_SIZE) {
      const right = Math.min(n, left + TILE_COLUMNS);
      for (let r = top; r < bottom; r++) {
        for (let o = left; o < right; o++) {
          cross[r * n + o] = tiles[tile + (r - top) * TILE_COLUMNS + o - left];
        }
      }
    }
  }
  return cross;
}
