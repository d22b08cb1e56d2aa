import type { ConvolutionShape } from "../../src/kernels/conv2d_plan.ts";

/** Calls `visit` with the flat indices of every product x·w that flows into an output y. */
function visitProducts(
  shape: ConvolutionShape,
  visit: (x: number, w: number, y: number) => void,
): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = shape;
  for (let image = 0; image < batchSize; image++) {
    for (let i = 0; i < outHeight; i++) {
      for (let j = 0; j < outWidth; j++) {
        for (let ky = 0; ky < shape.filterHeight; ky++) {
          const row = i * shape.strideHeight + ky * shape.dilationHeight - shape.padInfo.top;
          if (row < 0 || row >= inHeight) continue;
          for (let kx = 0; kx < shape.filterWidth; kx++) {
            const column = j * shape.strideWidth + kx * shape.dilationWidth - shape.padInfo.left;
            if (column < 0 || column >= inWidth) continue;
            const x = ((image * inHeight + row) * inWidth + column) * inChannels;
            const w = (ky * shape.filterWidth + kx) * inChannels;
            const y = ((image * outHeight + i) * outWidth + j) * outChannels;
            for (let c = 0; c < inChannels; c++) {
              for (let o = 0; o < outChannels; o++) visit(x + c, (w + c) * outChannels + o, y + o);
            }
          }
        }
      }
    }
  }
}

/** Twin of `convolve` without bias and activation. */
export function naiveConvolution(
  x: ArrayLike<number>,
  filter: ArrayLike<number>,
  shape: ConvolutionShape,
): Float64Array {
  const { batchSize, outHeight, outWidth, outChannels } = shape;
  const output = new Float64Array(batchSize * outHeight * outWidth * outChannels);
  visitProducts(shape, (atX, atW, atY) => output[atY] += x[atX] * filter[atW]);
  return output;
}

/** Twin of `convolutionInputGradient`. */
export function naiveInputGradient(
  dy: ArrayLike<number>,
  filter: ArrayLike<number>,
  shape: ConvolutionShape,
): Float64Array {
  const { batchSize, inHeight, inWidth, inChannels } = shape;
  const gradient = new Float64Array(batchSize * inHeight * inWidth * inChannels);
  visitProducts(shape, (atX, atW, atY) => gradient[atX] += dy[atY] * filter[atW]);
  return gradient;
}

/** Twin of `convolutionFilterGradient`. */
export function naiveFilterGradient(
  x: ArrayLike<number>,
  dy: ArrayLike<number>,
  shape: ConvolutionShape,
): Float64Array {
  const { filterHeight, filterWidth, inChannels, outChannels } = shape;
  const gradient = new Float64Array(filterHeight * filterWidth * inChannels * outChannels);
  visitProducts(shape, (atX, atW, atY) => gradient[atW] += x[atX] * dy[atY]);
  return gradient;
}
