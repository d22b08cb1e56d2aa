import { clearFloats, copyFloats } from "./floats";

/**
 * Gathers the receptive fields of sampled output positions from an NHWC tensor, zero outside the image.
 *
 *     positions   image, outputRow, outputColumn       i32, one triple per sample
 *     patches     | ky=0,kx=0: c floats | ky=0,kx=1: c floats | ... |   one row per sample
 *
 * Positions are trusted: the wrapper checks them.
 */
export function samplePatches(
  input: usize,
  height: i32,
  width: i32,
  channels: i32,
  positions: usize,
  count: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  dilationHeight: i32,
  dilationWidth: i32,
  padTop: i32,
  padLeft: i32,
  patches: usize,
): void {
  const runBytes = <usize> channels << 2;
  const rowBytes = <usize> width * runBytes;
  let to = patches;
  for (let p = 0; p < count; p++, positions += 12) {
    const image = input + <usize> load<i32>(positions) * <usize> height * rowBytes;
    const top = load<i32>(positions, 4) * strideHeight - padTop;
    const left = load<i32>(positions, 8) * strideWidth - padLeft;
    for (let ky = 0; ky < kernelHeight; ky++) {
      const y = top + ky * dilationHeight;
      // As unsigned numbers, negative coordinates lie past the far edge too.
      const rowInside = <u32> y < <u32> height;
      for (let kx = 0; kx < kernelWidth; kx++, to += runBytes) {
        const x = left + kx * dilationWidth;
        if (rowInside && <u32> x < <u32> width) {
          copyFloats(image + <usize> y * rowBytes + <usize> x * runBytes, to, channels);
        } else {
          clearFloats(to, channels);
        }
      }
    }
  }
}
