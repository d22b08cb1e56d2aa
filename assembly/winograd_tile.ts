import { multiplyAddF32, splatLane0, splatLane1, splatLane2, splatLane3 } from "./simd";

/** Rows of the micro-tile. */
export const WINOGRAD_TILE_ROWS: i32 = 4;
/** Columns of the micro-tile. */
export const WINOGRAD_TILE_COLUMNS: i32 = 8;

/** Writes eight sums. */
function storeRow(to: usize, low: v128, high: v128): void {
  v128.store(to, low);
  v128.store(to, high, 16);
}

/**
 * product = A·B for four rows of A and eight columns of B, as `conv2dF32Tiles4x8` multiplies.
 *
 *     a        four rows of `depth` floats, `rowBytes` apart; read in fours
 *     b        | k0: b0 … b7 | k1: b0 … b7 | …   column panel, depth·8 floats
 *     product  four rows of eight floats, `productRowBytes` apart
 */
export function winogradF32Tile4x8(
  depth: i32,
  a: usize,
  rowBytes: usize,
  b: usize,
  product: usize,
  productRowBytes: usize,
): void {
  let a0 = a, a1 = a0 + rowBytes, a2 = a1 + rowBytes, a3 = a2 + rowBytes;
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00;
  let c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  for (let k = depth; k > 0; k -= 4) {
    const x0 = v128.load(a0), x1 = v128.load(a1), x2 = v128.load(a2), x3 = v128.load(a3);
    a0 += 16, a1 += 16, a2 += 16, a3 += 16;
    // The exits keep the compiler from spilling.
    let b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = splatLane0(x0);
    c00 = multiplyAddF32(x, b0, c00);
    c01 = multiplyAddF32(x, b1, c01);
    x = splatLane0(x1);
    c10 = multiplyAddF32(x, b0, c10);
    c11 = multiplyAddF32(x, b1, c11);
    x = splatLane0(x2);
    c20 = multiplyAddF32(x, b0, c20);
    c21 = multiplyAddF32(x, b1, c21);
    x = splatLane0(x3);
    c30 = multiplyAddF32(x, b0, c30);
    c31 = multiplyAddF32(x, b1, c31);
    b += 32;
    if (k == 1) break;
    b0 = v128.load(b), b1 = v128.load(b, 16);
    x = splatLane1(x0);
    c00 = multiplyAddF32(x, b0, c00);
    c01 = multiplyAddF32(x, b1, c01);
    x = splatLane1(x1);
    c10 = multiplyAddF32(x, b0, c10);
    c11 = multiplyAddF32(x, b1, c11);
    x = splatLane1(x2);
    c20 = multiplyAddF32(x, b0, c20);
    c21 = multiplyAddF32(x, b1, c21);
    x = splatLane1(x3);
    c30 = multiplyAddF32(x, b0, c30);
    c31 = multiplyAddF32(x, b1, c31);
    b += 32;
    if (k == 2) break;
    b0 = v128.load(b), b1 = v128.load(b, 16);
    x = splatLane2(x0);
    c00 = multiplyAddF32(x, b0, c00);
    c01 = multiplyAddF32(x, b1, c01);
    x = splatLane2(x1);
    c10 = multiplyAddF32(x, b0, c10);
    c11 = multiplyAddF32(x, b1, c11);
    x = splatLane2(x2);
    c20 = multiplyAddF32(x, b0, c20);
    c21 = multiplyAddF32(x, b1, c21);
    x = splatLane2(x3);
    c30 = multiplyAddF32(x, b0, c30);
    c31 = multiplyAddF32(x, b1, c31);
    b += 32;
    if (k == 3) break;
    b0 = v128.load(b), b1 = v128.load(b, 16);
    x = splatLane3(x0);
    c00 = multiplyAddF32(x, b0, c00);
    c01 = multiplyAddF32(x, b1, c01);
    x = splatLane3(x1);
    c10 = multiplyAddF32(x, b0, c10);
    c11 = multiplyAddF32(x, b1, c11);
    x = splatLane3(x2);
    c20 = multiplyAddF32(x, b0, c20);
    c21 = multiplyAddF32(x, b1, c21);
    x = splatLane3(x3);
    c30 = multiplyAddF32(x, b0, c30);
    c31 = multiplyAddF32(x, b1, c31);
    b += 32;
  }
  storeRow(product, c00, c01);
  storeRow(product + productRowBytes, c10, c11);
  storeRow(product + 2 * productRowBytes, c20, c21);
  storeRow(product + 3 * productRowBytes, c30, c31);
}
