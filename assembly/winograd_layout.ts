import { Conv2DPlan } from "./conv2d_plan";
import { storePartF32 } from "./lanes";
import { clampF32 } from "./simd";

/** Bytes of an entry of the tile table: offset into the source, offset into the output, rows and columns inside. */
export const TILE_ENTRY_BYTES: usize = 16;

/** Matrices that the transforms take a tile of `side`² output pixels apart into. */
export function matrixCount(side: i32): i32 {
  return (side + 2) * (side + 2);
}

/**
 * Bytes between matrices: an odd number of cache lines, because the rows that the transforms write in turns would else
 * fall into one set of the nearest cache.
 */
export function matrixBytes(rows: i32, columns: i32): usize {
  return ((<usize> rows * <usize> columns * 4 + 127) & ~127) + 64;
}

export function paddedTo(multiple: i32, count: i32): i32 {
  return (count + multiple - 1) / multiple * multiple;
}

/** Lists the tiles of a block in order of image, row, column, and returns how many there are. */
export function listTiles(plan: Conv2DPlan, side: i32, images: i32, rows: i32, table: usize): i32 {
  const columns = plan.outputColumns, start = table;
  const columnStep = side * plan.channels << 2;
  for (let image = 0; image < images; image++) {
    for (let row = 0; row < rows; row += side) {
      let from = image * plan.imageBytes + row * plan.rowBytes;
      let to = image * plan.outputImageBytes + row * plan.outputRowBytes;
      for (let column = 0; column < columns; column += side, table += TILE_ENTRY_BYTES) {
        store<i32>(table, from);
        store<i32>(table, to, 4);
        store<i32>(table, rows - row, 8);
        store<i32>(table, columns - column, 12);
        from += columnStep;
        to += side * plan.outputColumnBytes;
      }
    }
  }
  return <i32> ((table - start) / TILE_ENTRY_BYTES);
}

/** Writes up to four channels of a pixel after the activation. */
export function storePixel(plan: Conv2DPlan, to: usize, sum: v128, left: i32): void {
  const clamped = clampF32(sum, f32x4.splat(plan.lowest), f32x4.splat(plan.highest));
  if (left >= 4) v128.store(to, clamped);
  else storePartF32(to, clamped, left);
}
