import type { LayerMoments, Moments, PackedMoments } from "./moments.ts";

/** Moments of layers by key. */
export interface MomentsByLayer {
  /**
   * The moments of one layer.
   *
   * @param key The layer, which must be among them.
   * @returns Raw moments; the caller may write over G, C and Σy².
   */
  get(key: string): LayerMoments;
}

/** Packs moments; the other arrays are shared. */
export function packMoments({ gram, half, ...rest }: Moments): PackedMoments {
  const { d } = rest;
  const triangle = new Float64Array(gram.length === 0 ? 0 : d * (d + 1) / 2);
  for (let row = 0, at = 0; at < triangle.length; at += d - row, row++) {
    triangle.set(gram.subarray(row * d + row, (row + 1) * d), at);
  }
  return { ...rest, triangle, ...(half && { half: packMoments(half) }) };
}

/** Unpacks moments into arrays that nobody else has; Σx and Σy are shared. */
export function unpackMoments({ triangle, half, ...rest }: PackedMoments): Moments {
  const { d, samples } = rest;
  const gram = new Float64Array(triangle.length === 0 ? 0 : d * d);
  for (let row = 0, at = 0; at < triangle.length; at += d - row, row++) {
    gram.set(triangle.subarray(at, at + d - row), row * d + row);
    for (let column = row + 1; column < d; column++) {
      gram[column * d + row] = triangle[at + column - row];
    }
  }
  const own = { gram, cross: rest.cross.slice(), sumYY: rest.sumYY.slice() };
  const copy = samples && { samples: { x: samples.x.slice(), y: samples.y.slice() } };
  return { ...rest, ...own, ...copy, ...(half && { half: unpackMoments(half) }) };
}

/** Sizes of a layer's moments. */
export interface MomentsSize {
  /** Inputs per sample. */
  readonly d: number;
  /** Outputs per sample. */
  readonly n: number;
  /** Samples. */
  readonly count: number;
  /** Samples of the first half of the images. */
  readonly half?: { readonly count: number };
  /** Whether there are samples in the place of G and C. */
  readonly isWide: boolean;
}

/**
 * Sizes of moments.
 *
 * @param moments The moments, packed or not.
 * @returns Their sizes.
 */
export function sizeOfMoments(
  { d, n, count, half, samples }: LayerMoments,
): MomentsSize {
  const isWide = samples !== undefined;
  return { d, n, count, isWide, ...(half && { half: { count: half.count } }) };
}

/** Names of the arrays of packed moments. */
export type MomentsPart = "triangle" | "cross" | "sumX" | "sumY" | "sumYY" | "x" | "y";

/** Shapes of the arrays of packed moments, or of their half. */
export function shapesOfParts(
  { d, n, count, isWide }: MomentsSize,
  isHalf = false,
): readonly (readonly [MomentsPart, readonly number[]])[] {
  const sums = [["sumX", [d]], ["sumY", [n]], ["sumYY", [n]]] as const;
  if (!isWide) return [["triangle", [d * (d + 1) / 2]], ["cross", [d, n]], ...sums];
  return isHalf ? sums : [...sums, ["x", [count, d]], ["y", [count, n]]];
}

/** One of the arrays of packed moments. */
export function partOf(moments: PackedMoments, part: MomentsPart): Float64Array {
  return part === "x" || part === "y" ? moments.samples![part] : moments[part];
}

/**
 * Puts packed moments together.
 *
 * @param size Their sizes.
 * @param read Gives the arrays, of the half too.
 * @returns The moments.
 */
export function assembleMoments(
  size: MomentsSize,
  read: (part: MomentsPart, isHalf: boolean) => Float64Array,
): PackedMoments {
  const { d, n, half, isWide } = size;
  const assemble = (count: number, isHalf: boolean): PackedMoments => {
    const parts = new Map(shapesOfParts(size, isHalf).map(([part]) => [part, read(part, isHalf)]));
    const get = (part: MomentsPart) => parts.get(part) ?? new Float64Array(0);
    return {
      d,
      n,
      count,
      triangle: get("triangle"),
      cross: get("cross"),
      sumX: get("sumX"),
      sumY: get("sumY"),
      sumYY: get("sumYY"),
      ...(isWide && !isHalf && { samples: { x: get("x"), y: get("y") } }),
    };
  };
  return { ...assemble(size.count, false), ...(half && { half: assemble(half.count, true) }) };
}

/**
 * Bytes of packed moments, with those of the half.
 *
 * @param moments Packed moments.
 * @returns The bytes.
 */
export function packedBytes(moments: PackedMoments): number {
  const size = sizeOfMoments(moments);
  const numbers = [false, ...(size.half ? [true] : [])].flatMap((isHalf) =>
    shapesOfParts(size, isHalf).map(([, shape]) => shape.reduce((a, b) => a * b, 1))
  );
  return numbers.reduce((sum, each) => sum + each * Float64Array.BYTES_PER_ELEMENT, 0);
}
