import { multiplySubtractF64 } from "./simd";

/**
 * Factors a small block A = UᵀU in place, row-major; U overwrites the upper triangle.
 *
 * @returns 0, or 1 + the first row whose pivot is not above `floor`.
 */
export function factorBlock(
  a: usize,
  stride: i32,
  size: i32,
  floor: f64,
): i32 {
  const bytes = <usize> stride << 3;
  for (let i = 0; i < size; i++) {
    const row = a + <usize> i * bytes;
    let pivot = load<f64>(row + (<usize> i << 3));
    for (let p = 0; p < i; p++) {
      const u = load<f64>(a + <usize> p * bytes + (<usize> i << 3));
      pivot -= u * u;
    }
    // Written so that a NaN fails as well.
    if (!(pivot > floor)) return i + 1;
    const root = sqrt<f64>(pivot);
    store<f64>(row + (<usize> i << 3), root);
    for (let j = i + 1; j < size; j++) {
      let sum = load<f64>(row + (<usize> j << 3));
      for (let p = 0; p < i; p++) {
        const above = a + <usize> p * bytes;
        sum -= load<f64>(above + (<usize> i << 3)) * load<f64>(above + (<usize> j << 3));
      }
      store<f64>(row + (<usize> j << 3), sum / root);
    }
  }
  return 0;
}

/** Columns that `solveTriangle` takes at a time. */
export const SOLVE_COLUMNS: i32 = 16;

/** Bytes of workspace that `solveTriangle` needs: the rows that are solved, side by side. */
export function solveTriangleWorkspaceBytes(size: i32): usize {
  return <usize> (size * SOLVE_COLUMNS) << 3;
}

/**
 * Solves UᵀZ = B (forward) or UZ = B (backward) in place for a small triangle U and `columns` right-hand sides.
 *
 * Sixteen columns at a time. The rows already solved lie in `strip`, one behind the other, in the nearest cache, wherever the
 * rows of B are:
 *
 *     forward                          backward
 *     z0 = b0 / u00                    z2 = b2 / u22
 *     z1 = (b1 - u01 z0) / u11         z1 = (b1 - u12 z2) / u11
 *     z2 = (b2 - u02 z0 - u12 z1)/u22  z0 = (b0 - u01 z1 - u02 z2) / u00
 */
export function solveTriangle(
  u: usize,
  strideU: i32,
  size: i32,
  b: usize,
  strideB: i32,
  columns: i32,
  backward: bool,
  strip: usize,
): void {
  const bytesU = <usize> strideU << 3, bytesB = <usize> strideB << 3;
  // From one factor to the next: down a column of U, or along a row from its end.
  const next: isize = backward ? -8 : <isize> bytesU;
  let column = 0;
  for (; column + SOLVE_COLUMNS <= columns; column += SOLVE_COLUMNS, b += 128) {
    for (let step = 0; step < size; step++) {
      const i = backward ? size - 1 - step : step;
      const row = b + <usize> i * bytesB;
      const start = backward ? size - 1 : 0;
      let factor = u + (backward ? <usize> i * bytesU + (<usize> start << 3) : <usize> i << 3);
      let s0 = v128.load(row), s1 = v128.load(row, 16), s2 = v128.load(row, 32);
      let s3 = v128.load(row, 48), s4 = v128.load(row, 64), s5 = v128.load(row, 80);
      let s6 = v128.load(row, 96), s7 = v128.load(row, 112);
      let solved = strip;
      for (let p = 0; p < step; p++, solved += 128, factor += next) {
        const f = v128.load64_splat(factor);
        s0 = multiplySubtractF64(f, v128.load(solved), s0);
        s1 = multiplySubtractF64(f, v128.load(solved, 16), s1);
        s2 = multiplySubtractF64(f, v128.load(solved, 32), s2);
        s3 = multiplySubtractF64(f, v128.load(solved, 48), s3);
        s4 = multiplySubtractF64(f, v128.load(solved, 64), s4);
        s5 = multiplySubtractF64(f, v128.load(solved, 80), s5);
        s6 = multiplySubtractF64(f, v128.load(solved, 96), s6);
        s7 = multiplySubtractF64(f, v128.load(solved, 112), s7);
      }
      const inverse = f64x2.splat(1.0 / load<f64>(factor));
      s0 = f64x2.mul(s0, inverse);
      s1 = f64x2.mul(s1, inverse);
      s2 = f64x2.mul(s2, inverse);
      s3 = f64x2.mul(s3, inverse);
      s4 = f64x2.mul(s4, inverse);
      s5 = f64x2.mul(s5, inverse);
      s6 = f64x2.mul(s6, inverse);
      s7 = f64x2.mul(s7, inverse);
      storeRow(solved, s0, s1, s2, s3, s4, s5, s6, s7);
      storeRow(row, s0, s1, s2, s3, s4, s5, s6, s7);
    }
  }
  for (; column < columns; column++, b += 8) {
    for (let step = 0; step < size; step++) {
      const i = backward ? size - 1 - step : step;
      let sum = load<f64>(b + <usize> i * bytesB);
      const from = backward ? i + 1 : 0, until = backward ? size : i;
      for (let p = from; p < until; p++) {
        const at = backward
          ? u + <usize> i * bytesU + (<usize> p << 3)
          : u + <usize> p * bytesU + (<usize> i << 3);
        sum -= load<f64>(at) * load<f64>(b + <usize> p * bytesB);
      }
      store<f64>(b + <usize> i * bytesB, sum / load<f64>(u + <usize> i * (bytesU + 8)));
    }
  }
}

function storeRow(
  to: usize,
  s0: v128,
  s1: v128,
  s2: v128,
  s3: v128,
  s4: v128,
  s5: v128,
  s6: v128,
  s7: v128,
): void {
  v128.store(to, s0);
  v128.store(to, s1, 16);
  v128.store(to, s2, 32);
  v128.store(to, s3, 48);
  v128.store(to, s4, 64);
  v128.store(to, s5, 80);
  v128.store(to, s6, 96);
  v128.store(to, s7, 112);
}
