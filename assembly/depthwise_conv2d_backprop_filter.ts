import {
  depthwise3x3FilterGradient,
  depthwise3x3FilterGradientBytes,
  isDepthwise3x3,
} from "./depthwise_3x3";
import { listTaps, TAP_BYTES, tapListBytes } from "./depthwise_taps";
import { clearF32, clearF64, flushF32IntoF64, loadPartF32, storePartF32 } from "./lanes";
import { multiplyAddF32 } from "./simd";

/** Bytes of workspace of `depthwiseConv2dBackpropFilter`. */
export function depthwiseConv2dBackpropFilterWorkspaceBytes(
  width: i32,
  outputChannels: i32,
  kernelHeight: i32,
  kernelWidth: i32,
): usize {
  const taps = <usize> (kernelHeight * kernelWidth);
  return taps * <usize> outputChannels * 12 + <usize> width * (<usize> outputChannels << 2) +
    tapListBytes(kernelHeight) + depthwise3x3FilterGradientBytes(outputChannels);
}

/** Repeats each channel of a row of pixels `multiplier` times, so that it lines up with dy. */
function repeatChannels(from: usize, count: i32, multiplier: i32, to: usize): void {
  for (let i = 0; i < count; i++, from += 4) {
    const value = load<f32>(from);
    for (let m = 0; m < multiplier; m++, to += 4) store<f32>(to, value);
  }
}

/** sums += Σ over `count` pixels of x ∘ dy, channel by channel; x advances by `step` bytes a pixel. */
function addPixelProducts(
  x: usize,
  step: usize,
  dy: usize,
  count: i32,
  channels: i32,
  sums: usize,
): void {
  const pixelBytes = <usize> channels << 2;
  let left = channels;
  for (; left >= 16; left -= 16, x += 64, dy += 64, sums += 64) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    let xAt = x, dyAt = dy;
    for (let i = 0; i < count; i++, xAt += step, dyAt += pixelBytes) {
      s0 = multiplyAddF32(v128.load(xAt), v128.load(dyAt), s0);
      s1 = multiplyAddF32(v128.load(xAt, 16), v128.load(dyAt, 16), s1);
      s2 = multiplyAddF32(v128.load(xAt, 32), v128.load(dyAt, 32), s2);
      s3 = multiplyAddF32(v128.load(xAt, 48), v128.load(dyAt, 48), s3);
    }
    v128.store(sums, f32x4.add(v128.load(sums), s0));
    v128.store(sums, f32x4.add(v128.load(sums, 16), s1), 16);
    v128.store(sums, f32x4.add(v128.load(sums, 32), s2), 32);
    v128.store(sums, f32x4.add(v128.load(sums, 48), s3), 48);
  }
  for (; left >= 4; left -= 4, x += 16, dy += 16, sums += 16) {
    let sum = f32x4.splat(0);
    let xAt = x, dyAt = dy;
    for (let i = 0; i < count; i++, xAt += step, dyAt += pixelBytes) {
      sum = multiplyAddF32(v128.load(xAt), v128.load(dyAt), sum);
    }
    v128.store(sums, f32x4.add(v128.load(sums), sum));
  }
  if (left > 0) {
    let sum = f32x4.splat(0);
    let xAt = x, dyAt = dy;
    for (let i = 0; i < count; i++, xAt += step, dyAt += pixelBytes) {
      sum = multiplyAddF32(loadPartF32(xAt, left), loadPartF32(dyAt, left), sum);
    }
    storePartF32(sums, f32x4.add(loadPartF32(sums, left), sum), left);
  }
}

/** First multiple of a stride that is not negative, counted in strides. */
function firstOutput(distance: i32, stride: i32): i32 {
  return distance <= 0 ? 0 : (distance + stride - 1) / stride;
}

/**
 * Gradient of a depthwise convolution in its filter, NHWC. With m the depth multiplier:
 *
 *     dw[ky, kx, c, j] = Σ_b,oy,ox x[b, oy·s − pad + ky·d, ox·s − pad + kx·d, c] · dy[b, oy, ox, c·m + j]
 *
 * Products add up in f32 over one image, images in f64.
 */
export function depthwiseConv2dBackpropFilter(
  x: usize,
  dy: usize,
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
  dw: usize,
  workspace: usize,
): void {
  if (
    isDepthwise3x3(
      height,
      width,
      channels,
      multiplier,
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
    depthwise3x3FilterGradient(
      x,
      dy,
      images,
      height,
      width,
      channels,
      outputHeight,
      outputWidth,
      padTop,
      padLeft,
      dw,
      workspace,
    );
    return;
  }
  const outputChannels = channels * multiplier;
  const weights = kernelHeight * kernelWidth * outputChannels;
  const totals = workspace;
  const sums = totals + (<usize> weights << 3);
  const repeated = sums + (<usize> weights << 2);
  const rowTaps = repeated + (<usize> (width * outputChannels) << 2);
  const pixelBytes = outputChannels << 2;
  const outputRowBytes = outputWidth * pixelBytes;
  const tapBytes = kernelWidth * pixelBytes;
  clearF64(totals, weights);
  clearF32(sums, weights);
  for (let b = 0; b < images; b++, dy += <usize> (outputHeight * outputRowBytes)) {
    for (let y = 0; y < height; y++, x += <usize> (width * channels) << 2) {
      listTaps(
        y,
        outputHeight,
        kernelHeight,
        strideHeight,
        dilationHeight,
        padTop,
        outputRowBytes,
        tapBytes,
        rowTaps,
      );
      const rowsEnd = rowTaps + 4 + <usize> load<i32>(rowTaps) * TAP_BYTES;
      if (rowsEnd == rowTaps + 4) continue;
      if (multiplier != 1) repeatChannels(x, width * channels, multiplier, repeated);
      const xRow = multiplier == 1 ? x : repeated;
      for (let row = rowTaps + 4; row < rowsEnd; row += TAP_BYTES) {
        const dyRow = dy + <usize> load<u32>(row), sumsRow = sums + <usize> load<u32>(row, 4);
        for (let kx = 0; kx < kernelWidth; kx++) {
          const offset = kx * dilationWidth - padLeft;
          const first = firstOutput(-offset, strideWidth);
          const end = min(outputWidth, firstOutput(width - offset, strideWidth));
          if (first >= end) continue;
          addPixelProducts(
            xRow + <usize> ((first * strideWidth + offset) * pixelBytes),
            <usize> (strideWidth * pixelBytes),
            dyRow + <usize> (first * pixelBytes),
            end - first,
            outputChannels,
            sumsRow + <usize> (kx * pixelBytes),
          );
        }
      }
    }
    flushF32IntoF64(sums, totals, weights);
  }
  for (let i = 0; i < weights; i++) {
    store<f32>(dw + (<usize> i << 2), <f32> load<f64>(totals + (<usize> i << 3)));
  }
}
