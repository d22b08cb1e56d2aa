import type { MomentsToWrite } from "../../execution/mod.ts";
import { ScratchFile } from "../../base/mod.ts";
import {
  assembleMoments,
  copyMoments,
  type MomentsPart,
  type MomentsSize,
  packedBytes,
  type PackedMoments,
  partOf,
  shapesOfParts,
  sizeOfMoments,
} from "../../kernels/mod.ts";

/** Bytes of moments that stay in memory; those of small networks need no file. */
const IN_MEMORY = 64 * 2 ** 20;

/** Moments in the file: sizes, and where the arrays begin, of the half too. */
interface StoredMoments {
  readonly size: MomentsSize;
  readonly whole: ReadonlyMap<MomentsPart, number>;
  readonly half: ReadonlyMap<MomentsPart, number>;
}

/**
 * Moments of layers that wait to be asked for: some in memory, the others in a file that nothing is left of, so that memory
 * does not grow with the number of layers. Where no file can be written all are in memory.
 */
export class MomentStore implements MomentsToWrite {
  /** Sizes of the moments that are here, by key of the layer. */
  readonly sizes = new Map<string, MomentsSize>();
  readonly #folder?: string;
  readonly #inMemory = new Map<string, PackedMoments>();
  readonly #inFile = new Map<string, StoredMoments>();
  #room: number;
  /** Undefined until it is needed, null where there can be none. */
  #file: ScratchFile | null | undefined;

  /**
   * @param folder Where the file is tried before the system's folder for temporary files.
   * @param room Bytes that stay in memory. Default 64 MiB.
   */
  constructor(folder?: string, room = IN_MEMORY) {
    this.#folder = folder;
    this.#room = room;
  }

  /** Bytes of the file. */
  get fileBytes(): number {
    return this.#file?.length ?? 0;
  }

  /**
   * Puts moments of a layer here.
   *
   * @param key The layer.
   * @param moments Its moments; they belong to the store.
   */
  put(key: string, moments: PackedMoments): void {
    this.sizes.set(key, sizeOfMoments(moments));
    const bytes = packedBytes(moments);
    const stored = bytes > this.#room ? this.#write(moments) : undefined;
    if (stored) {
      this.#inFile.set(key, stored);
    } else {
      this.#inMemory.set(key, moments);
      this.#room -= bytes;
    }
  }

  /** Undefined where there is no file, or no room on its disk. */
  #write(moments: PackedMoments): StoredMoments | undefined {
    this.#file ??= ScratchFile.open(this.#folder) ?? null;
    if (this.#file === null) return undefined;
    try {
      return append(this.#file, moments);
    } catch {
      return undefined;
    }
  }

  /**
   * Moments of a layer.
   *
   * @param key The layer, which must be here.
   * @returns Its moments, not to be written over.
   */
  readonly packed = (key: string): PackedMoments =>
    this.#inMemory.get(key) ?? read(this.#file!, this.#inFile.get(key)!);

  /**
   * The same in arrays of the caller's own.
   *
   * @param key The layer, which must be here.
   * @returns Its moments; the caller may write over G, C and Σy².
   */
  moments(key: string): PackedMoments {
    const moments = this.packed(key);
    return this.#inMemory.has(key) ? copyMoments(moments) : moments;
  }

  /** Gives memory and file back. */
  close(): void {
    this.sizes.clear();
    this.#inMemory.clear();
    this.#inFile.clear();
    this.#file?.close();
    this.#file = null;
  }
}

function append(file: ScratchFile, moments: PackedMoments): StoredMoments {
  const size = sizeOfMoments(moments);
  const write = (own: PackedMoments, isHalf: boolean) =>
    new Map(shapesOfParts(size, isHalf).map(([part]) => [part, file.append(partOf(own, part))]));
  return {
    size,
    whole: write(moments, false),
    half: moments.half ? write(moments.half, true) : new Map(),
  };
}

function read(file: ScratchFile, { size, whole, half }: StoredMoments): PackedMoments {
  const lengths = [false, true].map((isHalf) =>
    new Map(
      shapesOfParts(size, isHalf).map(([part, shape]) => [part, shape.reduce((a, b) => a * b, 1)]),
    )
  );
  return assembleMoments(size, (part, isHalf) => {
    const start = (isHalf ? half : whole).get(part)!;
    return file.read(start, lengths[Number(isHalf)].get(part)!);
  });
}
