import { blockPixels, Conv2DPlan, listPixels, openBlock, PIXEL_BYTES } from "./conv2d_plan";
import { clearFloats } from "./floats";
import { F32_TILE_COLUMNS, F32_TILE_ROWS, packF32ColumnPanels } from "./gemm_f32";
import { addEightF32, multiplyAddF32 } from "./simd";

const TILE_BYTES: usize = F32_TILE_ROWS * F32_TILE_COLUMNS * 4;

/** Two rows of a tile, for builds without fused multiply-adds, which have no vector register for a product left. */
function filterGradientF32Tile2x8(
  source: usize,
  table: usize,
  count: i32,
  panel: usize,
  sums: usize,
  rowBytes: usize,
): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00;
  for (const end = table + <usize> count * PIXEL_BYTES; table < end; table += PIXEL_BYTES) {
    const a = source + load<u32>(table);
    const b0 = v128.load(panel), b1 = v128.load(panel, 16);
    let x = v128.load32_splat(a);
    c00 = multiplyAddF32(x, b0, c00);
    c01 = multiplyAddF32(x, b1, c01);
    x = v128.load32_splat(a, 4);
    c10 = multiplyAddF32(x, b0, c10);
    c11 = multiplyAddF32(x, b1, c11);
    panel += 32;
  }
  addEightF32(sums, c00, c01);
  addEightF32(sums + rowBytes, c10, c11);
}

/**
 * sums += XᵀY for six neighboring inputs of a tap row and eight outputs, over `count` pixels of the table.
 *
 *     source + offset of a pixel   x0 … x5, in place
 *     panel                        | p0: y0 … y7 | p1: y0 … y7 | …   eight output gradients per pixel
 *     sums                         six rows of eight floats, `rowBytes` apart
 */
function filterGradientF32Tile6x8(
  source: usize,
  table: usize,
  count: i32,
  panel: usize,
  sums: usize,
  rowBytes: usize,
): void {
  if (!ASC_FEATURE_RELAXED_SIMD) {
    for (let row: usize = 0; row < 6; row += 2) {
      const to = sums + row * rowBytes;
      filterGradientF32Tile2x8(source + (row << 2), table, count, panel, to, rowBytes);
    }
    return;
  }
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00;
  let c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00;
  for (const end = table + <usize> count * PIXEL_BYTES; table < end; table += PIXEL_BYTES) {
    const a = source + load<u32>(table);
    const b0 = v128.load(panel), b1 = v128.load(panel, 16);
    let x = v128.load32_splat(a);
    c00 = multiplyAddF32(x, b0, c00);
    c01 = multiplyAddF32(x, b1, c01);
    x = v128.load32_splat(a, 4);
    c10 = multiplyAddF32(x, b0, c10);
    c11 = multiplyAddF32(x, b1, c11);
    x = v128.load32_splat(a, 8);
    c20 = multiplyAddF32(x, b0, c20);
    c21 = multiplyAddF32(x, b1, c21);
    x = v128.load32_splat(a, 12);
    c30 = multiplyAddF32(x, b0, c30);
    c31 = multiplyAddF32(x, b1, c31);
    x = v128.load32_splat(a, 16);
    c40 = multiplyAddF32(x, b0, c40);
    c41 = multiplyAddF32(x, b1, c41);
    x = v128.load32_splat(a, 20);
    c50 = multiplyAddF32(x, b0, c50);
    c51 = multiplyAddF32(x, b1, c51);
    panel += 32;
  }
  addEightF32(sums, c00, c01);
  addEightF32(sums + rowBytes, c10, c11);
  addEightF32(sums + 2 * rowBytes, c20, c21);
  addEightF32(sums + 3 * rowBytes, c30, c31);
  addEightF32(sums + 4 * rowBytes, c40, c41);
  addEightF32(sums + 5 * rowBytes, c50, c51);
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
  clearFloats(edge, F32_TILE_ROWS * F32_TILE_COLUMNS);
  filterGradientF32Tile6x8(source, table, count, panel, edge, F32_TILE_COLUMNS << 2);
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
  for (let at = 0; at < plan.runLength; at += F32_TILE_ROWS, source += F32_TILE_ROWS << 2) {
    const rows = min(F32_TILE_ROWS, plan.runLength - at);
    let panel = panels;
    for (let output = 0; output < outputs; output += F32_TILE_COLUMNS, panel += panelBytes) {
      const columns = min(F32_TILE_COLUMNS, outputs - output);
      const to = sums + <usize> at * rowBytes + (<usize> output << 2);
      if (rows == F32_TILE_ROWS && columns == F32_TILE_COLUMNS) {
        filterGradientF32Tile6x8(source, table, count, panel, to, rowBytes);
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
 *     workspace   | pixel table | spare tile | a block of dy in panels of eight | a block of the source, 32 spare bytes |
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
  return <usize> pixels * PIXEL_BYTES + TILE_BYTES + (<usize> (pixels * panelCount) << 5) + 32;
}
