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

/** Unpacks moments of many layers. */
export function unpackAll(packed: ReadonlyMap<string, PackedMoments>): Map<string, Moments> {
  return new Map([...packed].map(([key, moments]) => [key, unpackMoments(moments)]));
}
