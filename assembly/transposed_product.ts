import {
  addEightF32,
  multiplyAddF32,
  splatLane0,
  splatLane1,
  splatLane2,
  splatLane3,
} from "./simd";

/**
 * sums += VᵀD for four neighboring columns of V, eight of D and `count` rows of both, the rows of each so many bytes apart.
 *
 * V is loaded in fours and spread over vectors one by one: where the engine checks every address, loads are dear.
 */
export function addTransposedProduct4x8(
  count: i32,
  v: usize,
  vRowBytes: usize,
  d: usize,
  dRowBytes: usize,
  sums: usize,
  sumsRowBytes: usize,
): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00;
  let c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  for (let left = count; left > 0; left--, v += vRowBytes, d += dRowBytes) {
    const row = v128.load(v), d0 = v128.load(d), d1 = v128.load(d, 16);
    let x = splatLane0(row);
    c00 = multiplyAddF32(x, d0, c00);
    c01 = multiplyAddF32(x, d1, c01);
    x = splatLane1(row);
    c10 = multiplyAddF32(x, d0, c10);
    c11 = multiplyAddF32(x, d1, c11);
    x = splatLane2(row);
    c20 = multiplyAddF32(x, d0, c20);
    c21 = multiplyAddF32(x, d1, c21);
    x = splatLane3(row);
    c30 = multiplyAddF32(x, d0, c30);
    c31 = multiplyAddF32(x, d1, c31);
  }
  addEightF32(sums, c00, c01);
  addEightF32(sums + sumsRowBytes, c10, c11);
  addEightF32(sums + 2 * sumsRowBytes, c20, c21);
  addEightF32(sums + 3 * sumsRowBytes, c30, c31);
}
