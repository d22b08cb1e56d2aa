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
import {
  addEightF32,
  multiplyAddF32,
  splatLane0,
  splatLane1,
  splatLane2,
  splatLane3,
} from "./simd";

/** Inputs of a tile. */
const TILE_ROWS: i32 = 4;
const TILE_BYTES: usize = TILE_ROWS * F32_TILE_COLUMNS * 4;

/**
 * sums += XᵀY for four neighboring inputs of a tap row and eight outputs, over `count` pixels of the table.
 *
 *     source + offset of a pixel   x0 … x3, in place
 *     panel                        | p0: y0 … y7 | p1: y0 … y7 | …   eight output gradients per pixel
 *     sums                         four rows of eight floats, `rowBytes` apart
 *
 * Inputs are loaded in fours and spread over vectors one by one: where the engine checks every address, loads are dear.
 */
function filterGradientF32Tile4x8(
  source: usize,
  table: usize,
  count: i32,
  panel: usize,
  sums: usize,
  rowBytes: usize,
): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00;
  let c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  for (const end = table + <usize> count * PIXEL_BYTES; table < end; table += PIXEL_BYTES) {
    const row = v128.load(source + load<u32>(table));
    const b0 = v128.load(panel), b1 = v128.load(panel, 16);
    let x = splatLane0(row);
    c00 = multiplyAddF32(x, b0, c00);
    c01 = multiplyAddF32(x, b1, c01);
    x = splatLane1(row);
    c10 = multiplyAddF32(x, b0, c10);
    c11 = multiplyAddF32(x, b1, c11);
    x = splatLane2(row);
    c20 = multiplyAddF32(x, b0, c20);
    c21 = multiplyAddF32(x, b1, c21);
    x = splatLane3(row);
    c30 = multiplyAddF32(x, b0, c30);
    c31 = multiplyAddF32(x, b1, c31);
    panel += 32;
  }
  addEightF32(sums, c00, c01);
  addEightF32(sums + rowBytes, c10, c11);
  addEightF32(sums + 2 * rowBytes, c20, c21);
  addEightF32(sums + 3 * rowBytes, c30, c31);
}

/** A tile with fewer rows or columns: summed in a spare tile, of which what belongs to the gradient is added. */
function addEdgeTile(
  source: usize,
  table: usize,
  count: i32,
  panel: usize,
  sums: usize,
  rowBytes: usize,
  rows: i32,
  columns: i32,
  edge: usize,
): void {
  clearFloats(edge, TILE_ROWS * F32_TILE_COLUMNS);
  filterGradientF32Tile4x8(source, table, count, panel, edge, F32_TILE_COLUMNS << 2);
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
  source: usize,
  table: usize,
  count: i32,
  panels: usize,
  sums: usize,
  edge: usize,
): void {
  const outputs = plan.outputChannels;
  const rowBytes = <usize> outputs << 2;
  const panelBytes = <usize> count << 5;
  for (let at = 0; at < plan.runLength; at += TILE_ROWS, source += TILE_ROWS << 2) {
    const rows = min(TILE_ROWS, plan.runLength - at);
    let panel = panels;
    for (let output = 0; output < outputs; output += F32_TILE_COLUMNS, panel += panelBytes) {
      const columns = min(F32_TILE_COLUMNS, outputs - output);
      const to = sums + <usize> at * rowBytes + (<usize> output << 2);
      if (rows == TILE_ROWS && columns == F32_TILE_COLUMNS) {
        filterGradientF32Tile4x8(source, table, count, panel, to, rowBytes);
      } else {
        addEdgeTile(source, table, count, panel, to, rowBytes, rows, columns, edge);
      }
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
 *     workspace   | pixel table | spare tile | a block of dy in panels of eight | a block of the source, 16 spare bytes |
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
  const block = panels + (<usize> (blockPixels(plan) * panelCount) << 5);
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
          addRun(plan, tap, table, count, panels, sums, edge);
        }
      }
    }
  }
}

/** Bytes of workspace that `convolve2DFilterGradient` needs besides a block of the source. */
export function filterGradientWorkspaceBytes(pixels: i32, outputs: i32): usize {
  const panelCount = (outputs + F32_TILE_COLUMNS - 1) / F32_TILE_COLUMNS;
  return <usize> pixels * PIXEL_BYTES + TILE_BYTES + (<usize> (pixels * panelCount) << 5) +
    SPARE_BYTES;
}
