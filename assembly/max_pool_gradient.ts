import { clearF32, loadPartF32 } from "./lanes";

/** Adds a lane of dy where its window has its maximum; nowhere if no value of the window is above −∞. */
function addAtMaximum(gradient: f32, offset: i32, to: usize): void {
  if (offset < 0) return;
  const at = to + <usize> offset;
  store<f32>(at, load<f32>(at) + gradient);
}

/**
 * Gradient of max pooling, NHWC: each value of dy goes to the first place of its window that holds the maximum, whatever
 * its sign. Windows are `kernelHeight` × `kernelWidth` neighbors; what lies outside the image takes no part.
 */
export function maxPoolGradient(
  dy: usize,
  x: usize,
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
  padTop: i32,
  padLeft: i32,
  dx: usize,
): void {
  const pixelBytes = channels << 2;
  const rowBytes = width * pixelBytes;
  const imageBytes = <usize> (height * rowBytes);
  for (let b = 0; b < images; b++, x += imageBytes, dx += imageBytes) {
    clearF32(dx, height * width * channels);
    for (let oy = 0; oy < outputHeight; oy++) {
      const top = oy * strideHeight - padTop;
      const firstRow = max(0, top), rowsEnd = min(height, top + kernelHeight);
      for (let ox = 0; ox < outputWidth; ox++) {
        const left = ox * strideWidth - padLeft;
        const firstColumn = max(0, left), columnsEnd = min(width, left + kernelWidth);
        let channelBytes: usize = 0;
        for (let rest = channels; rest > 0; rest -= 4, channelBytes += 16) {
          let highest = f32x4.splat(-Infinity);
          let offsets = i32x4.splat(-1);
          for (let row = firstRow; row < rowsEnd; row++) {
            let offset = row * rowBytes + firstColumn * pixelBytes;
            for (let column = firstColumn; column < columnsEnd; column++, offset += pixelBytes) {
              const from = x + <usize> offset + channelBytes;
              const values = rest >= 4 ? v128.load(from) : loadPartF32(from, rest);
              const isHigher = f32x4.gt(values, highest);
              highest = v128.bitselect(values, highest, isHigher);
              offsets = v128.bitselect(i32x4.splat(offset), offsets, isHigher);
            }
          }
          const to = dx + channelBytes;
          addAtMaximum(load<f32>(dy), i32x4.extract_lane(offsets, 0), to);
          if (rest > 1) addAtMaximum(load<f32>(dy, 4), i32x4.extract_lane(offsets, 1), to + 4);
          if (rest > 2) addAtMaximum(load<f32>(dy, 8), i32x4.extract_lane(offsets, 2), to + 8);
          if (rest > 3) addAtMaximum(load<f32>(dy, 12), i32x4.extract_lane(offsets, 3), to + 12);
          dy += <usize> min(rest, 4) << 2;
        }
      }
    }
  }
}
