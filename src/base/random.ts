/** Uniform pseudo-random numbers in [0, 1). */
export type Random = () => number;

const GOLDEN_RATIO = 0x9e3779b9;

/** Mixes the bits of a 32-bit integer (finalizer of MurmurHash3), so that neighboring seeds give unrelated streams. */
function mixBits(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/**
 * A seeded generator (Steele et al. 2014, SplitMix, in its 32-bit form).
 *
 * Every further key names a stream of its own: `createRandom(seed, layer, image)` draws the same numbers in whatever
 * order or on whatever worker the images are visited.
 *
 * @param keys The seed, then any integers that tell this stream from others.
 * @returns A function that gives the next number in [0, 1), with 32 random bits.
 */
export function createRandom(...keys: number[]): Random {
  let state = 0;
  for (const key of keys) state = mixBits((state + GOLDEN_RATIO) ^ mixBits(key | 0));
  return () => {
    state = (state + GOLDEN_RATIO) | 0;
    return mixBits(state) / 4294967296;
  };
}

/**
 * A standard normal number (Box and Muller 1958).
 *
 * @param random Source of randomness; two numbers are drawn.
 * @returns The number.
 */
export function drawNormal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return radius * Math.cos(2 * Math.PI * random());
}

/**
 * A random permutation of 0 … length − 1 (Fisher–Yates).
 *
 * @param length How many indices.
 * @param random Source of randomness.
 * @returns The shuffled indices.
 */
export function shuffledIndices(length: number, random: Random): Int32Array {
  const indices = Int32Array.from({ length }, (_, index) => index);
  for (let last = length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    const held = indices[last];
    indices[last] = indices[other];
    indices[other] = held;
  }
  return indices;
}
