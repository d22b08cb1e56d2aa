/** Values between −1 and 1 as inputs of a network; none is so small that arithmetic with it is slow. */
export function randomValues(shape: readonly number[]): Float32Array {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return Float32Array.from({ length: size }, () => 2 * Math.random() - 1);
}
