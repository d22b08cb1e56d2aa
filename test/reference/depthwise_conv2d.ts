/** A depthwise convolution over NHWC images: what `tf.backend_util.computeConv2DInfo` says of it. */
type DepthwiseShape = Pick<
  import("@tensorflow/tfjs").backend_util.Conv2DInfo,
  | "batchSize"
  | "inHeight"
  | "inWidth"
  | "inChannels"
  | "outHeight"
  | "outWidth"
  | "outChannels"
  | "filterHeight"
  | "filterWidth"
  | "strideHeight"
  | "strideWidth"
  | "dilationHeight"
  | "dilationWidth"
  | "padInfo"
>;

/** Calls `visit` with the flat indices of every product x·w that flows into an output y. */
function visitProducts(
  shape: DepthwiseShape,
  visit: (x: number, w: number, y: number) => void,
): void {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = shape;
  const multiplier = outChannels / inChannels;
  for (let output = 0; output < shape.batchSize * outHeight * outWidth; output++) {
    const image = Math.floor(output / (outHeight * outWidth));
    const top = Math.floor(output / outWidth) % outHeight * shape.strideHeight - shape.padInfo.top;
    const left = output % outWidth * shape.strideWidth - shape.padInfo.left;
    for (let tap = 0; tap < shape.filterHeight * shape.filterWidth; tap++) {
      const row = top + Math.floor(tap / shape.filterWidth) * shape.dilationHeight;
      const column = left + tap % shape.filterWidth * shape.dilationWidth;
      if (row < 0 || row >= inHeight || column < 0 || column >= inWidth) continue;
      const pixel = (image * inHeight + row) * inWidth + column;
      for (let o = 0; o < outChannels; o++) {
        const c = Math.floor(o / multiplier);
        visit(pixel * inChannels + c, tap * outChannels + o, output * outChannels + o);
      }
    }
  }
}

/** Twin of the depthwise convolution, without bias and activation. */
export function naiveDepthwiseConvolution(
  x: ArrayLike<number>,
  filter: ArrayLike<number>,
  shape: DepthwiseShape,
): Float64Array {
  const { batchSize, outHeight, outWidth, outChannels } = shape;
  const output = new Float64Array(batchSize * outHeight * outWidth * outChannels);
  visitProducts(shape, (atX, w, y) => output[y] += x[atX] * filter[w]);
  return output;
}

/** Twin of the depthwise gradient in the input. */
export function naiveDepthwiseInputGradient(
  dy: ArrayLike<number>,
  filter: ArrayLike<number>,
  shape: DepthwiseShape,
): Float64Array {
  const { batchSize, inHeight, inWidth, inChannels } = shape;
  const dx = new Float64Array(batchSize * inHeight * inWidth * inChannels);
  visitProducts(shape, (x, w, y) => dx[x] += dy[y] * filter[w]);
  return dx;
}

/** Twin of the depthwise gradient in the filter. */
export function naiveDepthwiseFilterGradient(
  x: ArrayLike<number>,
  dy: ArrayLike<number>,
  shape: DepthwiseShape,
): Float64Array {
  const dw = new Float64Array(shape.filterHeight * shape.filterWidth * shape.outChannels);
  visitProducts(shape, (atX, w, y) => dw[w] += x[atX] * dy[y]);
  return dw;
}
