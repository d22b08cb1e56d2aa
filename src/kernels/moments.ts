import { changeGram, gramOf, rowStarts } from "./gram.ts";

/** The samples of a layer with more inputs than G has room for, or than half as many samples would need. */
export interface Samples {
  /** X, samples × d; those of the first half of the images first. */
  readonly x: Float64Array;
  /** Y, samples × n. */
  readonly y: Float64Array;
}

/**
 * Second moments of a layer's samples: everything that selection and reconstruction ask about the data.
 *
 * Sums, not means, so that those of several shards add up. Plain data: it survives structured cloning.
 */
export interface Moments {
  /** Inputs per sample, the columns of X. */
  readonly d: number;
  /** Outputs per sample, the columns of Y. */
  readonly n: number;
  /** Samples, the rows of X and Y. */
  readonly count: number;
  /** G = XᵀX, d × d, both triangles. */
  readonly gram: Float64Array;
  /** C = XᵀY, d × n. */
  readonly cross: Float64Array;
  /** Column sums of X, d. */
  readonly sumX: Float64Array;
  /** Column sums of Y, n. */
  readonly sumY: Float64Array;
  /** Column sums of Y ∘ Y, n. */
  readonly sumYY: Float64Array;
  /**
   * The same of every other image: what is fitted to one half of the images can be tried out on the other, which are
   * these sums less those of the half. Samples of one image are never in both.
   */
  readonly half?: Moments;
  /** The samples themselves, in the place of G and C, which are empty then; a half has none of its own. */
  readonly samples?: Samples;
}

/** Moments whose G is its upper triangle, row by row: d(d + 1)/2 numbers. For layers that wait to be asked for. */
export interface PackedMoments extends Omit<Moments, "gram" | "half"> {
  /** The upper triangle of G. */
  readonly triangle: Float64Array;
  /** Those of every other image. */
  readonly half?: PackedMoments;
}

/** Moments of a layer in either form. */
export type LayerMoments = Moments | PackedMoments;

/**
 * Variance below this share of the mean square is rounding: that of a network's f32 values, about 2⁻²² of them, squared.
 * The sums bear it, for products are taken about a number near the mean.
 */
const CONSTANT_COLUMN_SHARE = 2 ** -40;

/**
 * Adds up the moments of shards, in the order given, so that the same shards give the same bits.
 *
 * @param shards Moments of one layer, at least one.
 * @returns Their sums, as new arrays.
 * @throws {TypeError} When there are none or their sizes differ.
 */
export function mergeMoments(shards: readonly Moments[]): Moments {
  if (shards.length === 0) throw new TypeError("merge moments: none given, wanted at least one");
  const [first, ...others] = shards;
  return others.reduce(addMoments, copyMoments(first));
}

/**
 * Adds the moments of a shard to the arrays of others.
 *
 * @param sum Moments, which become part of the answer.
 * @param shard Those that are added.
 * @returns Their sums.
 * @throws {TypeError} When their sizes differ.
 */
export function addMoments<Form extends LayerMoments>(sum: Form, shard: Form): Form {
  if (shard.d !== sum.d || shard.n !== sum.n) {
    throw new TypeError(
      `merge moments: sizes ${shard.d}×${shard.n} and ${sum.d}×${sum.n}, wanted equal ones`,
    );
  }
  if ((sum.samples === undefined) !== (shard.samples === undefined)) {
    throw new TypeError(
      "merge moments: found some with samples and some without, wanted all alike",
    );
  }
  const samples = sum.samples && joinSamples(sum, shard);
  addTo(gramOf(sum), gramOf(shard));
  addTo(sum.cross, shard.cross);
  addTo(sum.sumX, shard.sumX);
  addTo(sum.sumY, shard.sumY);
  addTo(sum.sumYY, shard.sumYY);
  if ((sum.half === undefined) !== (shard.half === undefined)) {
    throw new TypeError("merge moments: found some with a half and some without, wanted all alike");
  }
  const half = sum.half && addMoments(sum.half, shard.half!);
  const count = sum.count + shard.count;
  return { ...sum, count, ...(samples && { samples }), ...(half && { half }) };
}

/** What one of several threads has of a layer's moments: those of either half of the images, where it has seen any of it. */
export interface MomentParts {
  /** Those of the first half. */
  readonly first?: PackedMoments;
  /** Those of the other. */
  readonly second?: PackedMoments;
}

/**
 * Adds up what threads have, in their order.
 *
 * @param parts What each of them has, at least one of them anything; all are used up.
 * @returns The moments of all, with those of the first half.
 * @throws {TypeError} When their sizes differ.
 */
export function joinParts(parts: readonly MomentParts[]): PackedMoments {
  const [first, second] = (["first", "second"] as const).map((half) => {
    const [sum, ...others] = parts.flatMap((part) => part[half] ?? []);
    return others.reduce<PackedMoments | undefined>((whole, part) => {
      const larger = addMoments(whole!, part);
      releaseMoments(part);
      return larger;
    }, sum);
  });
  if (first && second) return joinHalves(first, second);
  const whole = (first ?? second)!;
  return { ...whole, half: first ? copyMoments(first) : emptyMoments(whole) };
}

/** Moments of no samples. */
function emptyMoments({ d, n, triangle, cross }: PackedMoments): PackedMoments {
  return {
    d,
    n,
    count: 0,
    triangle: new Float64Array(triangle.length),
    cross: new Float64Array(cross.length),
    sumX: new Float64Array(d),
    sumY: new Float64Array(n),
    sumYY: new Float64Array(n),
  };
}

/** Samples of both, those of the first halves of the images first. */
function joinSamples<Form extends LayerMoments>(
  a: Form,
  b: Form,
  firstOf = ({ half }: Form) => half?.count ?? 0,
): Samples {
  const join = (name: "x" | "y", width: number) => {
    const joined = new Float64Array((a.count + b.count) * width);
    let end = 0;
    for (const isFirst of [true, false]) {
      for (const moments of [a, b]) {
        const values = moments.samples![name], middle = firstOf(moments) * width;
        const part = isFirst ? values.subarray(0, middle) : values.subarray(middle);
        joined.set(part, end);
        end += part.length;
      }
    }
    return joined;
  };
  return { x: join("x", a.d), y: join("y", a.n) };
}

/**
 * Σx² of every input.
 *
 * @param moments Moments or samples.
 * @returns d numbers: the diagonal of G.
 */
export function inputSquares(moments: LayerMoments): Float64Array {
  const { d, samples } = moments;
  if (samples === undefined) {
    const gram = gramOf(moments);
    return Float64Array.from(rowStarts(moments), (start, row) => gram[start + row]);
  }
  const squares = new Float64Array(d);
  samples.x.forEach((value, at) => squares[at % d] += value * value);
  return squares;
}

/**
 * The sums of two halves of the images, with the first of them beside.
 *
 * @param first Moments of one half; they become part of the answer.
 * @param second Those of the other half, which are used up.
 * @returns Their sums.
 * @throws {TypeError} When their sizes differ.
 */
export function joinHalves<Form extends LayerMoments>(first: Form, second: Form): Form {
  const { samples, ...half } = first;
  if (samples === undefined) return { ...addMoments(second, first), half: first };
  const sum = (name: "sumX" | "sumY" | "sumYY") =>
    first[name].map((value, at) => value + second[name][at]);
  return {
    ...first,
    count: first.count + second.count,
    sumX: sum("sumX"),
    sumY: sum("sumY"),
    sumYY: sum("sumYY"),
    samples: joinSamples(first, second, (each) => each === first ? first.count : 0),
    half,
  };
}

/**
 * Gives the memory of G and C back at once, which the garbage collector does when it likes.
 *
 * @param moments Moments that nobody needs any more.
 */
export function releaseMoments(moments: LayerMoments): void {
  giveBack(largeArrays(moments));
}

/**
 * The arrays of moments that take memory: sums of products, those of half of the images, and samples.
 *
 * @param moments The moments.
 * @returns The arrays.
 */
export function largeArrays(moments: LayerMoments): Float64Array[] {
  const { cross, half, samples } = moments;
  return [
    ...(half ? largeArrays(half) : []),
    gramOf(moments),
    cross,
    ...(samples ? [samples.x, samples.y] : []),
  ];
}

/**
 * Gives back the memory of arrays, which nobody can use afterwards.
 *
 * @param arrays The arrays; what is empty has no memory, and may be in several places.
 */
export function giveBack(arrays: readonly ArrayBufferView[]): void {
  for (const buffer of buffersOf(arrays)) discard(buffer);
}

/**
 * The memory of arrays, each piece once.
 *
 * @param arrays The arrays; what is empty has no memory, and may be in several places.
 * @returns The memory.
 */
export function buffersOf(arrays: readonly ArrayBufferView[]): ArrayBuffer[] {
  const used = arrays.filter(({ byteLength }) => byteLength > 0);
  return [...new Set(used.map(({ buffer }) => buffer as ArrayBuffer))];
}

/** Node 20 knows no `transfer`; the collector has to find the memory there. */
function discard(buffer: ArrayBuffer & { readonly transfer?: (length: number) => unknown }): void {
  if (buffer.transfer) buffer.transfer(0);
  else structuredClone(undefined, { transfer: [buffer] });
}

/** The same in arrays that nobody else has. */
export function copyMoments<Form extends LayerMoments>(moments: Form): Form {
  const { cross, sumX, sumY, sumYY, half, samples } = moments;
  const gram = gramOf(moments).slice();
  return {
    ...moments,
    ...(half && { half: copyMoments(half) }),
    ...(samples && { samples: { x: samples.x.slice(), y: samples.y.slice() } }),
    ...("gram" in moments ? { gram } : { triangle: gram }),
    cross: cross.slice(),
    sumX: sumX.slice(),
    sumY: sumY.slice(),
    sumYY: sumYY.slice(),
  };
}

function addTo(sums: Float64Array, values: Float64Array): void {
  for (let i = 0; i < sums.length; i++) sums[i] += values[i];
}

/**
 * Moments about the means, which fit an intercept for free: with N samples,
 *
 *     G − ΣxΣxᵀ/N,   C − ΣxΣyᵀ/N,   Σy² − (Σy)²/N,   sums 0
 *
 * A column of X whose variance drowns in the rounding of its f32 values counts as constant: its row and column of G
 * and its row of C become exactly 0, so that nobody fits noise.
 *
 * The half is brought about the same means, those of all samples: its sums say how far its own ones are from them.
 *
 * @param moments Raw moments.
 * @returns New moments with zero sums and the same count.
 */
export function centerMoments(moments: Moments): Moments {
  return centerInPlace(copyMoments(moments));
}

/**
 * As {@link centerMoments}, in the memory of what is given.
 *
 * @param moments Raw moments; G, C and Σy² are overwritten, Σx and Σy stay, those of the half too.
 * @returns The moments about the means.
 */
export function centerInPlace<Form extends LayerMoments>(moments: Form): Form {
  if (moments.samples) return centerSamples(moments, moments.samples);
  const { d, n, count, cross, sumX, sumY, sumYY } = moments;
  const means = { x: sumX.map((sum) => sum / count), y: sumY.map((sum) => sum / count) };
  const varies = inputSquares(moments).map((square, row) =>
    Number(square - sumX[row] * sumX[row] / count > CONSTANT_COLUMN_SHARE * square)
  );
  changeGram(
    moments,
    (value, r, s) => varies[r] && varies[s] ? value - sumX[r] * sumX[s] / count : 0,
  );
  for (let r = 0; r < d; r++) {
    for (let o = 0; o < n; o++) {
      cross[r * n + o] = varies[r] ? cross[r * n + o] - means.x[r] * sumY[o] : 0;
    }
  }
  for (let o = 0; o < n; o++) sumYY[o] = Math.max(0, sumYY[o] - sumY[o] * sumY[o] / count);
  const half = moments.half && moveHalf(moments.half, means, varies);
  const sums = { sumX: new Float64Array(d), sumY: new Float64Array(n) };
  return { ...moments, ...sums, ...(half && { half }) };
}

/** The same with samples: they are lessened by the means of all. */
function centerSamples<Form extends LayerMoments>(moments: Form, samples: Samples): Form {
  const { d, n, count, sumX, sumY, half } = moments;
  const squares = inputSquares(moments);
  const varies = squares.map((square, row) =>
    Number(square - sumX[row] * sumX[row] / count > CONSTANT_COLUMN_SHARE * square)
  );
  const { x, y } = samples;
  for (let at = 0; at < x.length; at++) {
    x[at] = varies[at % d] ? x[at] - sumX[at % d] / count : 0;
  }
  for (let at = 0; at < y.length; at++) y[at] -= sumY[at % n] / count;
  const sums = (values: Float64Array, width: number, until: number, power: 1 | 2) => {
    const total = new Float64Array(width);
    for (let at = 0; at < until * width; at++) total[at % width] += values[at] ** power;
    return total;
  };
  const centered = half && {
    ...half,
    sumX: sums(x, d, half.count, 1),
    sumY: sums(y, n, half.count, 1),
    sumYY: sums(y, n, half.count, 2),
  };
  return {
    ...moments,
    sumX: new Float64Array(d),
    sumY: new Float64Array(n),
    sumYY: sums(y, n, count, 2),
    ...(centered && { half: centered }),
  };
}

/** Moments about means that are not their own: with m of X and k of Y, G − mΣxᵀ − Σxmᵀ + N·mmᵀ, and C and Σy² alike. */
function moveHalf<Form extends LayerMoments>(
  moments: Form,
  { x, y }: { readonly x: Float64Array; readonly y: Float64Array },
  varies: Float64Array,
): Form {
  const { d, n, count, cross, sumX, sumY, sumYY } = moments;
  const movedX = sumX.map((sum, r) => varies[r] ? sum - count * x[r] : 0);
  const movedY = sumY.map((sum, o) => sum - count * y[o]);
  changeGram(
    moments,
    (value, r, s) =>
      varies[r] && varies[s]
        ? value - (x[r] * sumX[s] + x[s] * sumX[r]) + count * (x[r] * x[s])
        : 0,
  );
  for (let r = 0; r < d; r++) {
    for (let o = 0; o < n; o++) {
      const at = r * n + o;
      cross[at] = varies[r] ? cross[at] - x[r] * sumY[o] - movedX[r] * y[o] : 0;
    }
  }
  for (let o = 0; o < n; o++) sumYY[o] = Math.max(0, sumYY[o] - y[o] * (sumY[o] + movedY[o]));
  return { ...moments, sumX: movedX, sumY: movedY };
}
