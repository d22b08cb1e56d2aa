import { depthwise3x3, depthwise3x3Bytes, isDepthwise3x3 } from "./depthwise_3x3";
import { listInputs, sumTapsOfPixel, tapListBytes } from "./depthwise_taps";

/** Bytes of workspace of `depthwiseConv2d`. */
export function depthwiseConv2dWorkspaceBytes(
  outputWidth: i32,
  channels: i32,
  kernelHeight: i32,
  kernelWidth: i32,
): usize {
  return tapListBytes(kernelHeight) + <usize> outputWidth * tapListBytes(kernelWidth) +
    depthwise3x3Bytes(channels);
}

/**
 * A depthwise convolution with a multiplier of one, NHWC, clamped; the address of the bias is 0 where there is none:
 *
 *     y[b, oy, ox, c] = bias[c] + Σ_ky,kx x[b, oy·s − pad + ky·d, ox·s − pad + kx·d, c] · filter[ky, kx, c]
 */
export function depthwiseConv2d(
  x: usize,
  filter: usize,
  bias: usize,
  images: i32,
  height: i32,
  width: i32,
  channels: i32,
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
  lowest: f32,
  highest: f32,
  output: usize,
  workspace: usize,
): void {
  if (
    isDepthwise3x3(
      height,
      width,
      channels,
      1,
      outputHeight,
      outputWidth,
      kernelHeight,
      kernelWidth,
      strideHeight,
      strideWidth,
      dilationHeight,
      dilationWidth,
      padTop,
      padLeft,
    )
  ) {
    depthwise3x3(
      x,
      filter,
      false,
      bias,
      images,
      height,
      width,
      channels,
      outputHeight,
      outputWidth,
      padTop,
      padLeft,
      lowest,
      highest,
      output,
      workspace,
    );
    return;
  }
  const pixelBytes = channels << 2;
  const columnTaps = workspace + tapListBytes(kernelHeight);
  const columnListBytes = tapListBytes(kernelWidth);
  for (let column = 0; column < outputWidth; column++) {
    listInputs(
      column,
      width,
      kernelWidth,
      strideWidth,
      dilationWidth,
      padLeft,
      pixelBytes,
      pixelBytes,
      columnTaps + <usize> column * columnListBytes,
    );
  }
  for (let b = 0; b < images; b++, x += <usize> (height * width) * <usize> pixelBytes) {
    for (let row = 0; row < outputHeight; row++) {
      listInputs(
        row,
        height,
        kernelHeight,
        strideHeight,
        dilationHeight,
        padTop,
        width * pixelBytes,
        kernelWidth * pixelBytes,
        workspace,
      );
      for (let column = 0; column < outputWidth; column++, output += pixelBytes) {
        const list = columnTaps + <usize> column * columnListBytes;
        sumTapsOfPixel(x, filter, workspace, list, channels, bias, lowest, highest, output);
      }
    }
  }
}
