import { multiplyAddF32 } from "./simd";

/** Rows of the micro-tile. */
export const WINOGRAD_TILE_ROWS: i32 = 6;
/** Columns of the micro-tile. */
export const WINOGRAD_TILE_COLUMNS: i32 = 8;

/** Writes eight sums. */
function storeRow(to: usize, low: v128, high: v128): void {
  v128.store(to, low);
  v128.store(to, high, 16);
}

/** Half a tile, for builds without fused multiply-adds, which have no vector register for a product left. */
function winogradF32Tile3x8(
  depth: i32,
  a: usize,
  rowBytes: usize,
  b: usize,
  product: usize,
  productRowBytes: usize,
): void {
  let a0 = a, a1 = a0 + rowBytes, a2 = a1 + rowBytes;
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00;
  for (const end = b + (<usize> depth << 5); b < end; b += 32) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load32_splat(a0);
    c00 = multiplyAddF32(x, b0, c00);
    c01 = multiplyAddF32(x, b1, c01);
    x = v128.load32_splat(a1);
    c10 = multiplyAddF32(x, b0, c10);
    c11 = multiplyAddF32(x, b1, c11);
    x = v128.load32_splat(a2);
    c20 = multiplyAddF32(x, b0, c20);
    c21 = multiplyAddF32(x, b1, c21);
    a0 += 4, a1 += 4, a2 += 4;
  }
  storeRow(product, c00, c01);
  storeRow(product + productRowBytes, c10, c11);
  storeRow(product + 2 * productRowBytes, c20, c21);
}

/**
 * product = A·B for six rows of A and eight columns of B.
 *
 *     a        six rows of `depth` floats, `rowBytes` apart
 *     b        | k0: b0 … b7 | k1: b0 … b7 | …   column panel, depth·8 floats
 *     product  six rows of eight floats, `productRowBytes` apart
 */
export function winogradF32Tile6x8(
  depth: i32,
  a: usize,
  rowBytes: usize,
  b: usize,
  product: usize,
  productRowBytes: usize,
): void {
  if (!ASC_FEATURE_RELAXED_SIMD) {
    winogradF32Tile3x8(depth, a, rowBytes, b, product, productRowBytes);
    const half = product + 3 * productRowBytes;
    winogradF32Tile3x8(depth, a + 3 * rowBytes, rowBytes, b, half, productRowBytes);
    return;
  }
  let a0 = a, a1 = a0 + rowBytes, a2 = a1 + rowBytes;
  let a3 = a2 + rowBytes, a4 = a3 + rowBytes, a5 = a4 + rowBytes;
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00;
  let c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00;
  for (const end = b + (<usize> depth << 5); b < end; b += 32) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load32_splat(a0);
    c00 = multiplyAddF32(x, b0, c00);
    c01 = multiplyAddF32(x, b1, c01);
    x = v128.load32_splat(a1);
    c10 = multiplyAddF32(x, b0, c10);
    c11 = multiplyAddF32(x, b1, c11);
    x = v128.load32_splat(a2);
    c20 = multiplyAddF32(x, b0, c20);
    c21 = multiplyAddF32(x, b1, c21);
    x = v128.load32_splat(a3);
    c30 = multiplyAddF32(x, b0, c30);
    c31 = multiplyAddF32(x, b1, c31);
    x = v128.load32_splat(a4);
    c40 = multiplyAddF32(x, b0, c40);
    c41 = multiplyAddF32(x, b1, c41);
    x = v128.load32_splat(a5);
    c50 = multiplyAddF32(x, b0, c50);
    c51 = multiplyAddF32(x, b1, c51);
    a0 += 4, a1 += 4, a2 += 4, a3 += 4, a4 += 4, a5 += 4;
  }
  storeRow(product, c00, c01);
  storeRow(product + productRowBytes, c10, c11);
  storeRow(product + 2 * productRowBytes, c20, c21);
  storeRow(product + 3 * productRowBytes, c30, c31);
  storeRow(product + 4 * productRowBytes, c40, c41);
  storeRow(product + 5 * productRowBytes, c50, c51);
}
