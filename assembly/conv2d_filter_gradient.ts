import {
  blockPixels,
  Conv2DPlan,
  listPixels,
  openBlock,
  PIXEL_BYTES,
  SPARE_BYTES,
} from "./conv2d_plan";
import { clearFloats } from "./floats";
import { F32_TILE_COLUMNS, packF32ColumnPanels } from "./gemm_f32";
import { addTransposedProduct4x8 } from "./transposed_product";

/** Inputs of a tile. */
const TILE_ROWS: i32 = 4;
const TILE_BYTES: usize = TILE_ROWS * F32_TILE_COLUMNS * 4;

/** Packs what one run of taps reads of `count` pixels into panels of four inputs, `panelBytes` apart. */
function packRun(
  source: usize,
  table: usize,
  count: i32,
  length: i32,
  panels: usize,
  panelBytes: usize,
): void {
  for (const end = table + <usize> count * PIXEL_BYTES; table < end; table += PIXEL_BYTES) {
    let from = source + load<u32>(table), to = panels;
    for (let left = length; left > 0; left -= TILE_ROWS, from += 16, to += panelBytes) {
      v128.store(to, v128.load(from));
    }
    panels += 16;
  }
}

/** A tile with fewer rows or columns: summed in a spare tile, of which what belongs to the gradient is added. */
function addEdgeTile(
  count: i32,
  inputs: usize,
  panel: usize,
  sums: usize,
  rowBytes: usize,
  rows: i32,
  columns: i32,
  edge: usize,
): void {
  clearFloats(edge, TILE_ROWS * F32_TILE_COLUMNS);
  addTransposedProduct4x8(count, inputs, 16, panel, 32, edge, F32_TILE_COLUMNS << 2);
  for (let row = 0; row < rows; row++, edge += F32_TILE_COLUMNS << 2, sums += rowBytes) {
    for (let column: usize = 0; column < <usize> columns; column++) {
      const to = sums + (column << 2);
      store<f32>(to, load<f32>(to) + load<f32>(edge + (column << 2)));
    }
  }
}

/** Adds a block's part to the rows of the gradient that belong to one run of taps. */
function addRun(
  plan: Conv2DPlan,
  count: i32,
  inputs: usize,
  inputPanelBytes: usize,
  panels: usize,
  sums: usize,
  edge: usize,
): void {
  const outputs = plan.outputChannels;
  const rowBytes = <usize> outputs << 2;
  const panelBytes = <usize> count << 5;
  // A panel of dy stays in the nearest cache while all inputs pass.
  for (let output = 0; output < outputs; output += F32_TILE_COLUMNS, panels += panelBytes) {
    const columns = min(F32_TILE_COLUMNS, outputs - output);
    let x = inputs, to = sums + (<usize> output << 2);
    for (let left = plan.runLength; left > 0; left -= TILE_ROWS) {
      const rows = min(TILE_ROWS, left);
      if (rows == TILE_ROWS && columns == F32_TILE_COLUMNS) {
        addTransposedProduct4x8(count, x, 16, panels, 32, to, rowBytes);
      } else {
        addEdgeTile(count, x, panels, to, rowBytes, rows, columns, edge);
      }
      x += inputPanelBytes, to += TILE_ROWS * rowBytes;
    }
  }
}

/**
 * Gradient of a convolution by its filter: dW[ky, kx, c, o] = Σ over pixels p of x[p·stride + (ky, kx), c] · dy[p, o].
 *
 * Sums of a block of pixels stay in registers, then flow into the gradient: a blocked sum in f32.
 *
 *     dy          images × outputRows × outputColumns × outputs
 *     gradient    kernel rows × kernel columns × channels × outputs
 *     workspace   | pixel table | spare tile | a block of dy in panels of eight | a run of taps in panels of four |
 *                 | a block of the source, 16 spare bytes |
 */
export function convolve2DFilterGradient(
  planAt: usize,
  input: usize,
  dy: usize,
  gradient: usize,
  workspace: usize,
): void {
  const plan = changetype<Conv2DPlan>(planAt);
  const outputs = plan.outputChannels;
  const table = workspace;
  const edge = table + <usize> blockPixels(plan) * PIXEL_BYTES;
  const panels = edge + TILE_BYTES;
  const panelCount = (outputs + F32_TILE_COLUMNS - 1) / F32_TILE_COLUMNS;
  const inputs = panels + (<usize> (blockPixels(plan) * panelCount) << 5);
  const inputPanelBytes = inputPanelBytesOf(blockPixels(plan));
  const block = inputs + <usize> inputPanelCount(plan.runLength) * inputPanelBytes;
  const runFloats = plan.runLength * outputs;
  clearFloats(gradient, plan.kernelRows * plan.runs * runFloats);
  listPixels(plan, table);
  for (let image = 0; image < plan.images; image += plan.blockImages) {
    const images = min(plan.blockImages, plan.images - image);
    for (let row = 0; row < plan.outputRows; row += plan.blockRows) {
      const rows = min(plan.blockRows, plan.outputRows - row);
      const count = images * rows * plan.outputColumns;
      const source = openBlock(plan, input, image, images, row, block);
      const firstPixel = (image * plan.outputRows + row) * plan.outputColumns;
      packF32ColumnPanels(dy + (<usize> firstPixel * <usize> outputs << 2), count, outputs, panels);
      let sums = gradient;
      for (let tapRow = 0; tapRow < plan.kernelRows; tapRow++) {
        for (let run = 0; run < plan.runs; run++, sums += <usize> runFloats << 2) {
          const tap = source + <usize> (tapRow * plan.tapRowBytes + run * plan.runBytes);
          packRun(tap, table, count, plan.runLength, inputs, inputPanelBytes);
          addRun(plan, count, inputs, inputPanelBytes, panels, sums, edge);
        }
      }
    }
  }
}

/** Panels of the inputs of a run of taps. */
function inputPanelCount(runLength: i32): i32 {
  return (runLength + TILE_ROWS - 1) / TILE_ROWS;
}

/** Bytes between such panels: not a multiple of a page, for a row of inputs is written into all of them. */
function inputPanelBytesOf(pixels: i32): usize {
  return (<usize> pixels << 4) + 64;
}

/** Bytes of workspace that `convolve2DFilterGradient` needs besides a block of the source. */
export function filterGradientWorkspaceBytes(pixels: i32, runLength: i32, outputs: i32): usize {
  const panelCount = (outputs + F32_TILE_COLUMNS - 1) / F32_TILE_COLUMNS;
  return <usize> pixels * PIXEL_BYTES + TILE_BYTES + (<usize> (pixels * panelCount) << 5) +
    <usize> inputPanelCount(runLength) * inputPanelBytesOf(pixels) + SPARE_BYTES;
}
