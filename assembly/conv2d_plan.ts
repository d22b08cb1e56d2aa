import { clearFloats, copyFloats } from "./floats";

/** Bytes of an entry of the pixel table: where a tile reads a pixel, and where it writes it. */
export const PIXEL_BYTES: usize = 8;
/** Bytes behind a block of the source, which tiles that load four floats at a time may read. */
export const SPARE_BYTES: usize = 16;

/**
 * How one convolution is to run, as `src/kernels/conv2d_plan.ts` writes it into memory.
 *
 * Work is cut into blocks: some whole images, or some output rows of one image. Tiles read a block of the source from
 * a copy with zeros around it, or in place where no tap leaves the image.
 *
 *     tap (ky, run) of a pixel = its address + ky·tapRowBytes + run·runBytes, then `runLength` floats
 *
 * A run is a whole kernel row (kw·c floats), or one tap (c floats) where the taps are dilated.
 */
@unmanaged
export class Conv2DPlan {
  images: i32;
  height: i32;
  width: i32;
  channels: i32;
  outputRows: i32;
  outputColumns: i32;
  outputChannels: i32;
  strideRows: i32;
  strideColumns: i32;
  padTop: i32;
  padLeft: i32;
  kernelRows: i32;
  runs: i32;
  runLength: i32;
  tapRowBytes: i32;
  runBytes: i32;
  isInPlace: i32;
  blockImages: i32;
  blockRows: i32;
  /** Rows of source under a block of `blockRows` output rows. */
  blockHeight: i32;
  /** Bytes between rows, and between images, of what the tiles read. */
  rowBytes: i32;
  imageBytes: i32;
  /** Bytes between output images, rows and columns; the input gradient writes every s-th pixel. */
  outputImageBytes: i32;
  outputRowBytes: i32;
  outputColumnBytes: i32;
  /** Bounds of the activation. */
  lowest: f32;
  highest: f32;
}

/** Output pixels of a whole block. */
export function blockPixels(plan: Conv2DPlan): i32 {
  return plan.blockImages * plan.blockRows * plan.outputColumns;
}

/** Whether the pixels under a block lie in one piece of the input, each read by one output pixel. */
export function hasWholeSource(plan: Conv2DPlan): bool {
  return plan.isInPlace != 0 && plan.kernelRows == 1 && plan.runs == 1 &&
    plan.runLength == plan.channels && plan.strideRows == 1 && plan.strideColumns == 1 &&
    plan.rowBytes == plan.outputColumns * plan.channels << 2 &&
    plan.imageBytes == plan.outputRows * plan.rowBytes;
}

/** Whether the pixels of a block lie in one piece of the output. */
export function hasWholeOutput(plan: Conv2DPlan): bool {
  return plan.outputColumnBytes == plan.outputChannels << 2 &&
    plan.outputRowBytes == plan.outputColumns * plan.outputColumnBytes &&
    plan.outputImageBytes == plan.outputRows * plan.outputRowBytes;
}

/**
 * Lists a block's output pixels in order of image, row, column. A smaller block at an edge uses the front of the list.
 *
 *     table   | offset into the source, offset into the output |   two u32 per pixel
 */
export function listPixels(plan: Conv2DPlan, table: usize): void {
  const rowStep = plan.strideRows * plan.rowBytes;
  const columnStep = plan.strideColumns * plan.channels << 2;
  for (let image = 0; image < plan.blockImages; image++) {
    for (let row = 0; row < plan.blockRows; row++) {
      let from = image * plan.imageBytes + row * rowStep;
      let to = image * plan.outputImageBytes + row * plan.outputRowBytes;
      for (let column = 0; column < plan.outputColumns; column++, table += PIXEL_BYTES) {
        store<i32>(table, from);
        store<i32>(table, to, 4);
        from += columnStep;
        to += plan.outputColumnBytes;
      }
    }
  }
}

/** Copies the source rows under some output rows of some images, with zeros wherever a tap leaves the image. */
function padBlock(
  plan: Conv2DPlan,
  input: usize,
  firstImage: i32,
  images: i32,
  firstRow: i32,
  block: usize,
): void {
  const channels = plan.channels;
  const columns = plan.rowBytes / (channels << 2);
  const inside = min(max(plan.padLeft, 0), columns);
  const outside = max(min(plan.width + plan.padLeft, columns), inside);
  const sourceRowBytes = <usize> plan.width * <usize> channels << 2;
  const top = firstRow * plan.strideRows - plan.padTop;
  for (let image = firstImage; image < firstImage + images; image++) {
    for (let row = top; row < top + plan.blockHeight; row++, block += plan.rowBytes) {
      if (<u32> row >= <u32> plan.height) {
        clearFloats(block, columns * channels);
        continue;
      }
      const from = input + <usize> (image * plan.height + row) * sourceRowBytes +
        (<isize> ((inside - plan.padLeft) * channels) << 2);
      const to = block + (<usize> (inside * channels) << 2);
      clearFloats(block, inside * channels);
      copyFloats(from, to, (outside - inside) * channels);
      clearFloats(block + (<usize> (outside * channels) << 2), (columns - outside) * channels);
    }
  }
}

/** Makes a block ready and returns the address that the source offsets of the pixel table count from. */
export function openBlock(
  plan: Conv2DPlan,
  input: usize,
  firstImage: i32,
  images: i32,
  firstRow: i32,
  block: usize,
): usize {
  if (plan.isInPlace) {
    const row = firstRow * plan.strideRows - plan.padTop;
    return input + <usize> firstImage * <usize> plan.imageBytes +
      <usize> row * <usize> plan.rowBytes - (<usize> (plan.padLeft * plan.channels) << 2);
  }
  padBlock(plan, input, firstImage, images, firstRow, block);
  return block;
}
