import { depthwise3x3, depthwise3x3Bytes, isDepthwise3x3 } from "./depthwise_3x3";
import { listTaps, sumTapsOfPixel, tapListBytes } from "./depthwise_taps";

/** Bytes of workspace of `depthwiseConv2dBackpropInput`. */
export function depthwiseConv2dBackpropInputWorkspaceBytes(
  width: i32,
  outputChannels: i32,
  kernelHeight: i32,
  kernelWidth: i32,
): usize {
  return tapListBytes(kernelHeight) + <usize> width * tapListBytes(kernelWidth) +
    (<usize> outputChannels << 2) + depthwise3x3Bytes(outputChannels);
}

/** Adds up each channel's `multiplier` neighbors. */
function sumMultiples(from: usize, channels: i32, multiplier: i32, to: usize): void {
  for (let c = 0; c < channels; c++, to += 4) {
    let sum: f32 = 0;
    for (let m = 0; m < multiplier; m++, from += 4) sum += load<f32>(from);
    store<f32>(to, sum);
  }
}

/**
 * Gradient of a depthwise convolution in its input, NHWC. With m the depth multiplier and over the taps (ky, kx) whose
 * output position (oy, ox) reads (y, x), see `listTaps`:
 *
 *     dx[b, y, x, c] = Σ_taps Σ_j dy[b, oy, ox, c·m + j] · filter[ky, kx, c, j]
 */
export function depthwiseConv2dBackpropInput(
  dy: usize,
  filter: usize,
  images: i32,
  height: i32,
  width: i32,
  channels: i32,
  multiplier: i32,
  outputHeight: i32,
  outputWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  dilationHeight: i32,
  dilationWidth: i32,
  padTop: i32,
  padLeft: i32,
  dx: usize,
  workspace: usize,
): void {
  const outputChannels = channels * multiplier;
  if (
    isDepthwise3x3(
      outputHeight,
      outputWidth,
      channels,
      multiplier,
      height,
      width,
      kernelHeight,
      kernelWidth,
      strideHeight,
      strideWidth,
      dilationHeight,
      dilationWidth,
      2 - padTop,
      2 - padLeft,
    )
  ) {
    depthwise3x3(
      dy,
      filter,
      true,
      0,
      images,
      outputHeight,
      outputWidth,
      channels,
      height,
      width,
      2 - padTop,
      2 - padLeft,
      -Infinity,
      Infinity,
      dx,
      workspace,
    );
    return;
  }
  const pixelBytes = outputChannels << 2;
  const outputRowBytes = outputWidth * pixelBytes;
  const rowTaps = workspace;
  const columnTaps = rowTaps + tapListBytes(kernelHeight);
  const columnListBytes = tapListBytes(kernelWidth);
  const sums = columnTaps + <usize> width * columnListBytes;
  for (let x = 0; x < width; x++) {
    const list = columnTaps + <usize> x * columnListBytes;
    listTaps(
      x,
      outputWidth,
      kernelWidth,
      strideWidth,
      dilationWidth,
      padLeft,
      pixelBytes,
      pixelBytes,
      list,
    );
  }
  const imageBytes = <usize> outputHeight * <usize> outputRowBytes;
  for (let b = 0; b < images; b++, dy += imageBytes) {
    for (let y = 0; y < height; y++) {
      listTaps(
        y,
        outputHeight,
        kernelHeight,
        strideHeight,
        dilationHeight,
        padTop,
        outputRowBytes,
        kernelWidth * pixelBytes,
        rowTaps,
      );
      for (let x = 0; x < width; x++, dx += <usize> channels << 2) {
        const list = columnTaps + <usize> x * columnListBytes;
        const to = multiplier == 1 ? dx : sums;
        sumTapsOfPixel(
          dy,
          filter,
          rowTaps,
          list,
          outputChannels,
          0,
          -Infinity,
          Infinity,
          to,
        );
        if (multiplier != 1) sumMultiples(sums, channels, multiplier, dx);
      }
    }
  }
}
