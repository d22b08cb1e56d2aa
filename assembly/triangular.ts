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

/**
 * Solves UᵀZ = B (forward) or UZ = B (backward) in place for a small triangle U and `columns` right-hand sides.
 *
 * Eight columns at a time, so that the rows already solved stay in the nearest cache:
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
): void {
  const bytesU = <usize> strideU << 3, bytesB = <usize> strideB << 3;
  let column = 0;
  for (; column + 8 <= columns; column += 8, b += 64) {
    for (let step = 0; step < size; step++) {
      const i = backward ? size - 1 - step : step;
      const row = b + <usize> i * bytesB;
      let s0 = v128.load(row), s1 = v128.load(row, 16);
      let s2 = v128.load(row, 32), s3 = v128.load(row, 48);
      const from = backward ? i + 1 : 0, until = backward ? size : i;
      for (let p = from; p < until; p++) {
        const at = backward
          ? u + <usize> i * bytesU + (<usize> p << 3)
          : u + <usize> p * bytesU + (<usize> i << 3);
        const factor = v128.load64_splat(at);
        const solved = b + <usize> p * bytesB;
        s0 = multiplySubtractF64(factor, v128.load(solved), s0);
        s1 = multiplySubtractF64(factor, v128.load(solved, 16), s1);
        s2 = multiplySubtractF64(factor, v128.load(solved, 32), s2);
        s3 = multiplySubtractF64(factor, v128.load(solved, 48), s3);
      }
      const inverse = f64x2.splat(1.0 / load<f64>(u + <usize> i * (bytesU + 8)));
      v128.store(row, f64x2.mul(s0, inverse));
      v128.store(row, f64x2.mul(s1, inverse), 16);
      v128.store(row, f64x2.mul(s2, inverse), 32);
      v128.store(row, f64x2.mul(s3, inverse), 48);
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
