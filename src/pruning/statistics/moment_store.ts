import type { MomentsSize, MomentsToWrite } from "../../execution/mod.ts";
import { ScratchFile } from "../../base/mod.ts";
import {
  PACKED_PARTS,
  packedBytes,
  packedLengths,
  type PackedMoments,
  type PackedParts,
} from "../../kernels/mod.ts";

/** Bytes of moments that stay in memory; those of small networks need no file. */
const IN_MEMORY = 64 * 2 ** 20;

/** Moments in the file: sizes, and where the arrays begin. */
interface StoredMoments extends MomentsSize {
  readonly places: PackedParts<number>;
  readonly half?: StoredMoments;
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
    const { d, n, count, half } = moments;
    this.sizes.set(key, { d, n, count, ...(half && { half: { count: half.count } }) });
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
  const { d, n, count, half } = moments;
  const [triangle, cross, sumX, sumY, sumYY] = PACKED_PARTS.map((part) =>
    file.append(moments[part])
  );
  const places = { triangle, cross, sumX, sumY, sumYY };
  return { d, n, count, places, ...(half && { half: append(file, half) }) };
}

function read(file: ScratchFile, { d, n, count, places, half }: StoredMoments): PackedMoments {
  const lengths = packedLengths({ d, n });
  const [triangle, cross, sumX, sumY, sumYY] = PACKED_PARTS.map((part) =>
    file.read(places[part], lengths[part])
  );
  const own = { d, n, count, triangle, cross, sumX, sumY, sumYY };
  return { ...own, ...(half && { half: read(file, half) }) };
}
