import {
  blockPixels,
  Conv2DPlan,
  hasWholeOutput,
  hasWholeSource,
  listPixels,
  openBlock,
  PIXEL_BYTES,
  SPARE_BYTES,
} from "./conv2d_plan";
import { conv2dF32Tiles4x8, CONV_TILE_CHANNELS, CONV_TILE_PIXELS } from "./conv2d_tile";
import { copyFloats } from "./floats";
import { claimLines, readAhead } from "./read_ahead";

const TILE_BYTES: usize = CONV_TILE_PIXELS * CONV_TILE_CHANNELS * 4;
const TABLE_BYTES: usize = CONV_TILE_PIXELS * PIXEL_BYTES;
const EDGE_BYTES: usize = TILE_BYTES + TABLE_BYTES;

/** A tile with fewer pixels or channels: runs into a spare tile, of which what belongs to the output is copied. */
function convolveEdge(
  plan: Conv2DPlan,
  source: usize,
  pixels: usize,
  count: i32,
  channels: i32,
  panel: usize,
  bias: usize,
  output: usize,
  edge: usize,
): void {
  const list = edge + TILE_BYTES;
  for (let t = 0; t < CONV_TILE_PIXELS; t++) {
    // Missing pixels repeat the first one, which is safe to read.
    const pixel = t < count ? pixels + <usize> t * PIXEL_BYTES : pixels;
    store<u32>(list + <usize> t * PIXEL_BYTES, load<u32>(pixel));
    store<u32>(list + <usize> t * PIXEL_BYTES, <u32> t * (CONV_TILE_CHANNELS << 2), 4);
  }
  conv2dF32Tiles4x8(plan, source, list, list + TABLE_BYTES, panel, bias, edge);
  for (let t = 0; t < count; t++, edge += CONV_TILE_CHANNELS << 2) {
    copyFloats(edge, output + load<u32>(pixels + <usize> t * PIXEL_BYTES, 4), channels);
  }
}

/** All output channels of the first `count` pixels of the table. */
function convolveBlock(
  plan: Conv2DPlan,
  source: usize,
  table: usize,
  count: i32,
  panels: usize,
  bias: usize,
  output: usize,
  edge: usize,
): void {
  const panelBytes = <usize> (plan.kernelRows * plan.runs * plan.runLength) << 5;
  const whole = count - count % CONV_TILE_PIXELS;
  for (let left = plan.outputChannels; left > 0; left -= CONV_TILE_CHANNELS) {
    const channels = min(left, CONV_TILE_CHANNELS);
    let pixels = table;
    if (channels == CONV_TILE_CHANNELS) {
      pixels += <usize> whole * PIXEL_BYTES;
      conv2dF32Tiles4x8(plan, source, table, pixels, panels, bias, output);
    }
    const end = table + <usize> count * PIXEL_BYTES;
    for (; pixels < end; pixels += TABLE_BYTES) {
      const few = min(<i32> ((end - pixels) / PIXEL_BYTES), CONV_TILE_PIXELS);
      convolveEdge(plan, source, pixels, few, channels, panels, bias, output, edge);
    }
    panels += panelBytes, bias += CONV_TILE_CHANNELS << 2, output += CONV_TILE_CHANNELS << 2;
  }
}

/**
 * Convolves NHWC images with packed weights, adds a bias and clamps.
 *
 *     panels      ⌈outputs/8⌉ panels as `conv2dF32Tiles4x8` reads them, the last padded with zeros
 *     bias        8·⌈outputs/8⌉ floats
 *     workspace   | pixel table | spare tile and its list | a block of the source, unless in place, 16 spare bytes |
 */
export function convolve2D(
  planAt: usize,
  input: usize,
  panels: usize,
  bias: usize,
  output: usize,
  workspace: usize,
): void {
  const plan = changetype<Conv2DPlan>(planAt);
  const table = workspace;
  const edge = table + <usize> blockPixels(plan) * PIXEL_BYTES;
  const block = edge + EDGE_BYTES;
  listPixels(plan, table);
  const isSourceWhole = hasWholeSource(plan), isOutputWhole = hasWholeOutput(plan);
  for (let image = 0; image < plan.images; image += plan.blockImages) {
    const images = min(plan.blockImages, plan.images - image);
    const to = output + <usize> image * <usize> plan.outputImageBytes;
    for (let row = 0; row < plan.outputRows; row += plan.blockRows) {
      const rows = min(plan.blockRows, plan.outputRows - row);
      const source = openBlock(plan, input, image, images, row, block);
      const count = images * rows * plan.outputColumns;
      const rowOutput = to + <usize> row * <usize> plan.outputRowBytes;
      // Tiles of pixels visit memory here and there, once for every panel.
      if (isSourceWhole) readAhead(source, <usize> (count * plan.channels) << 2, edge);
      if (isOutputWhole) claimLines(rowOutput, <usize> (count * plan.outputChannels) << 2);
      convolveBlock(plan, source, table, count, panels, bias, rowOutput, edge);
    }
  }
}

/** Bytes of workspace that `convolve2D` needs besides a block of the source. */
export function convolve2DWorkspaceBytes(pixels: i32): usize {
  return <usize> pixels * PIXEL_BYTES + EDGE_BYTES + SPARE_BYTES;
}

/**
 * Packs the taps that one phase of the input gradient uses, flipped and transposed: rows (ky, kx, output) from the last
 * tap to the first, in panels of eight input channels, the last padded with zeros.
 *
 *     filter   kernel rows × kernelColumns × inputs × outputs
 *     taps     rows firstRow, firstRow + rowStep, …; columns likewise
 */
export function packPhaseFilter(
  filter: usize,
  kernelColumns: i32,
  inputs: i32,
  outputs: i32,
  firstRow: i32,
  rowStep: i32,
  rows: i32,
  firstColumn: i32,
  columnStep: i32,
  columns: i32,
  panels: usize,
): void {
  const tapFloats = inputs * outputs;
  for (let input = 0; input < inputs; input += CONV_TILE_CHANNELS) {
    const width = min(CONV_TILE_CHANNELS, inputs - input);
    for (let row = rows - 1; row >= 0; row--) {
      for (let column = columns - 1; column >= 0; column--) {
        const tap = (firstRow + row * rowStep) * kernelColumns + firstColumn + column * columnStep;
        const from = filter + (<usize> (tap * tapFloats + input * outputs) << 2);
        packTransposed(from, outputs, width, panels);
        panels += <usize> outputs << 5;
      }
    }
  }
}

/** Writes the transpose of `width` ≤ 8 rows of `columns` floats, each of its rows padded to eight with zeros. */
function packTransposed(matrix: usize, columns: i32, width: i32, panel: usize): void {
  const rowBytes = <usize> columns << 2;
  for (let column = 0; column < columns; column++, matrix += 4) {
    let from = matrix;
    for (let t = 0; t < CONV_TILE_CHANNELS; t++, from += rowBytes, panel += 4) {
      store<f32>(panel, t < width ? load<f32>(from) : 0);
    }
  }
}
