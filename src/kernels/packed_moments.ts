import type { Moments } from "./moments.ts";

/** Moments whose G is its upper triangle, row by row: d(d + 1)/2 numbers. For layers that wait to be asked for. */
export interface PackedMoments extends Omit<Moments, "gram" | "half"> {
  /** The upper triangle of G. */
  readonly triangle: Float64Array;
  /** Those of every other image. */
  readonly half?: PackedMoments;
}

/** Moments of layers by key. */
export interface MomentsByLayer {
  /**
   * The moments of one layer.
   *
   * @param key The layer, which must be among them.
   * @returns Raw moments; the caller may write over G, C and Σy².
   */
  get(key: string): Moments;
}

/** Packs moments; the other arrays are shared. */
export function packMoments({ gram, half, ...rest }: Moments): PackedMoments {
  const { d } = rest;
  const triangle = new Float64Array(d * (d + 1) / 2);
  for (let row = 0, at = 0; row < d; at += d - row, row++) {
    triangle.set(gram.subarray(row * d + row, (row + 1) * d), at);
  }
  return { ...rest, triangle, ...(half && { half: packMoments(half) }) };
}

/** The same, when nobody needs the moments any more: the memory of G is given back at once. */
export function packAndRelease(moments: Moments): PackedMoments {
  const packed = packMoments(moments);
  const grams = [moments.gram, ...(moments.half ? [moments.half.gram] : [])];
  structuredClone(undefined, { transfer: grams.map(({ buffer }) => buffer as ArrayBuffer) });
  return packed;
}

/** Unpacks moments into arrays that nobody else has; Σx and Σy are shared. */
export function unpackMoments({ triangle, half, ...rest }: PackedMoments): Moments {
  const { d } = rest;
  const gram = new Float64Array(d * d);
  for (let row = 0, at = 0; row < d; at += d - row, row++) {
    gram.set(triangle.subarray(at, at + d - row), row * d + row);
    for (let column = row + 1; column < d; column++) {
      gram[column * d + row] = triangle[at + column - row];
    }
  }
  const own = { gram, cross: rest.cross.slice(), sumYY: rest.sumYY.slice() };
  return { ...rest, ...own, ...(half && { half: unpackMoments(half) }) };
}

/** Names of the arrays of packed moments. */
export const PACKED_PARTS = ["triangle", "cross", "sumX", "sumY", "sumYY"] as const;

/** The arrays of packed moments, without those of the half, by name. */
export type PackedParts<Value> = Record<typeof PACKED_PARTS[number], Value>;

/**
 * How many numbers every array of packed moments has.
 *
 * @param size Inputs and outputs.
 * @returns Lengths by name.
 */
export function packedLengths({ d, n }: Pick<Moments, "d" | "n">): PackedParts<number> {
  return { triangle: d * (d + 1) / 2, cross: d * n, sumX: d, sumY: n, sumYY: n };
}

/**
 * Bytes of packed moments, with those of the half.
 *
 * @param moments Packed moments.
 * @returns The bytes.
 */
export function packedBytes(moments: PackedMoments): number {
  const own = PACKED_PARTS.reduce((sum, part) => sum + moments[part].byteLength, 0);
  return own + (moments.half ? packedBytes(moments.half) : 0);
}
