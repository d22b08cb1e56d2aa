import type * as tf from "@tensorflow/tfjs";
import { ScratchFile } from "../base/mod.ts";
import type { BackendMemory } from "./memory.ts";

/** Where a tensor is in a file. */
export interface TensorPlace {
  /** Its shape. */
  readonly shape: readonly number[];
  /** Where its values begin. */
  readonly start: number;
  /** How many bytes they are. */
  readonly bytes: number;
}

/** Some rows of a matrix in a file. */
export interface RowsPlace {
  /** The matrix. */
  readonly place: TensorPlace;
  /** The first of the rows. */
  readonly from: number;
  /** How many. */
  readonly rows: number;
}

/** Rows that follow each other are one part. */
function joinRows(parts: readonly RowsPlace[]): RowsPlace[] {
  const joined: RowsPlace[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (last?.place === part.place && last.from + last.rows === part.from) {
      joined[joined.length - 1] = { ...last, rows: last.rows + part.rows };
    } else {
      joined.push(part);
    }
  }
  return joined;
}

/**
 * Tensors that wait in a file, from which nothing is left, because the backend's heap has no room for them. Values go from
 * the heap to the file and back without a copy in between.
 */
export class TensorFile {
  readonly #memory: BackendMemory;
  readonly #folder?: string;
  /** Undefined until it is needed, null where there can be none. */
  #file: ScratchFile | null | undefined;

  /**
   * @param memory The backend's heap.
   * @param folder Where the file is tried before the system's folder for temporary files.
   */
  constructor(memory: BackendMemory, folder?: string) {
    this.#memory = memory;
    this.#folder = folder;
  }

  /** Whether there is a file, as far as is known; it is opened by this question. */
  get isThere(): boolean {
    this.#file = this.#file === undefined ? ScratchFile.open(this.#folder) ?? null : this.#file;
    return this.#file !== null;
  }

  /**
   * Writes a tensor.
   *
   * @param tensor A float32 tensor, which stays.
   * @returns Where it is; undefined where there is no file, or no room on its disk, and for other types.
   */
  write(tensor: tf.Tensor): TensorPlace | undefined {
    if (!this.isThere || tensor.dtype !== "float32") return undefined;
    const { shape, size } = tensor;
    try {
      const start = this.#file!.write(this.#bytesAt(this.#memory.tensorPointer(tensor), size));
      return { shape, start, bytes: size * Float32Array.BYTES_PER_ELEMENT };
    } catch {
      return undefined;
    }
  }

  /**
   * Reads a tensor; it stays in the file.
   *
   * @param place Where it is.
   * @returns A new tensor, which the caller disposes.
   */
  read({ shape, start, bytes }: TensorPlace): tf.Tensor {
    const { tensor, pointer } = this.#memory.makeTensor(shape.slice());
    this.#file!.readInto(start, this.#bytesAt(pointer, bytes / Float32Array.BYTES_PER_ELEMENT));
    return tensor;
  }

  /**
   * Reads rows of matrices one below the other; they stay in the file.
   *
   * @param parts Which rows of which: from where on, and how many. All have as many columns.
   * @returns A new matrix, which the caller disposes.
   */
  readRows(parts: readonly RowsPlace[]): tf.Tensor2D {
    const [{ place: { shape: [, columns] } }] = parts;
    const count = parts.reduce((sum, { rows }) => sum + rows, 0);
    const { tensor, pointer } = this.#memory.makeTensor([count, columns]);
    const bytes = this.#bytesAt(pointer, count * columns);
    let at = 0;
    for (const { place, from, rows } of joinRows(parts)) {
      const rowBytes = columns * Float32Array.BYTES_PER_ELEMENT, length = rows * rowBytes;
      this.#file!.readInto(place.start + from * rowBytes, bytes.subarray(at, at + length));
      at += length;
    }
    return tensor as tf.Tensor2D;
  }

  /** Gives the room of a tensor to others. */
  free({ start, bytes }: TensorPlace): void {
    this.#file!.free(start, bytes);
  }

  /** Ends the file; nothing is left of it. */
  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  #bytesAt(pointer: number, size: number): Uint8Array {
    const { buffer, byteOffset, byteLength } = this.#memory.f32(pointer, size);
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
}
