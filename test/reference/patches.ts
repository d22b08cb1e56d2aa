import type { Geometry } from "../../src/kernels/geometry.ts";

/** Zeros before the input by TensorFlow's SAME rule, found by trying instead of by formula. */
function naivePadBefore(extent: number, axis: 0 | 1, geometry: Geometry): number {
  if (geometry.padding === "valid") return 0;
  const outputs = Math.ceil(extent / geometry.strides[axis]);
  let total = 0;
  const lastTap = (outputs - 1) * geometry.strides[axis] +
    (geometry.kernel[axis] - 1) * geometry.dilations[axis];
  while (lastTap >= extent + total) total++;
  return Math.floor(total / 2);
}

/** Twin of `samplePatches`: one element at a time. */
export function naivePatches(
  input: ArrayLike<number>,
  [, height, width, channels]: number[],
  positions: ArrayLike<number>,
  geometry: Geometry,
): Float32Array {
  const { kernel: [kernelHeight, kernelWidth], strides, dilations } = geometry;
  const top = naivePadBefore(height, 0, geometry), left = naivePadBefore(width, 1, geometry);
  const values: number[] = [];
  for (let p = 0; p < positions.length; p += 3) {
    for (let ky = 0; ky < kernelHeight; ky++) {
      for (let kx = 0; kx < kernelWidth; kx++) {
        const y = positions[p + 1] * strides[0] - top + ky * dilations[0];
        const x = positions[p + 2] * strides[1] - left + kx * dilations[1];
        const inside = y >= 0 && y < height && x >= 0 && x < width;
        for (let c = 0; c < channels; c++) {
          values.push(
            inside ? input[((positions[p] * height + y) * width + x) * channels + c] : 0,
          );
        }
      }
    }
  }
  return Float32Array.from(values);
}
