import { multiplyAddF64, multiplySubtractF64 } from "./simd";

/** Sum of both lanes. */
function sumLanes(values: v128): f64 {
  return f64x2.extract_lane(values, 0) + f64x2.extract_lane(values, 1);
}

/**
 * rows −= factorsᵀz: rows is count × columns, factors depth × count, z depth × columns, all row-major f64. Three rows and eight
 * columns at a time stay in registers.
 */
export function subtractOuterProduct(
  rows: usize,
  count: i32,
  columns: i32,
  factors: usize,
  depth: i32,
  z: usize,
): void {
  if (depth == 0) return;
  const bytes = <usize> columns << 3, bytesF = <usize> count << 3;
  const wide = columns & ~7;
  let i = 0;
  for (; i + 3 <= count; i += 3) {
    const f = factors + (<usize> i << 3);
    for (let j = 0; j < wide; j += 8) {
      const r0 = rows + <usize> i * bytes + (<usize> j << 3), r1 = r0 + bytes, r2 = r1 + bytes;
      let a0 = v128.load(r0), a1 = v128.load(r0, 16), a2 = v128.load(r0, 32);
      let a3 = v128.load(r0, 48);
      let b0 = v128.load(r1), b1 = v128.load(r1, 16), b2 = v128.load(r1, 32);
      let b3 = v128.load(r1, 48);
      let c0 = v128.load(r2), c1 = v128.load(r2, 16), c2 = v128.load(r2, 32);
      let c3 = v128.load(r2, 48);
      let at = z + (<usize> j << 3), factor = f;
      for (let p = 0; p < depth; p++, at += bytes, factor += bytesF) {
        const z0 = v128.load(at), z1 = v128.load(at, 16);
        const z2 = v128.load(at, 32), z3 = v128.load(at, 48);
        const fa = v128.load64_splat(factor);
        a0 = multiplySubtractF64(fa, z0, a0);
        a1 = multiplySubtractF64(fa, z1, a1);
        a2 = multiplySubtractF64(fa, z2, a2);
        a3 = multiplySubtractF64(fa, z3, a3);
        const fb = v128.load64_splat(factor, 8);
        b0 = multiplySubtractF64(fb, z0, b0);
        b1 = multiplySubtractF64(fb, z1, b1);
        b2 = multiplySubtractF64(fb, z2, b2);
        b3 = multiplySubtractF64(fb, z3, b3);
        const fc = v128.load64_splat(factor, 16);
        c0 = multiplySubtractF64(fc, z0, c0);
        c1 = multiplySubtractF64(fc, z1, c1);
        c2 = multiplySubtractF64(fc, z2, c2);
        c3 = multiplySubtractF64(fc, z3, c3);
      }
      v128.store(r0, a0);
      v128.store(r0, a1, 16);
      v128.store(r0, a2, 32);
      v128.store(r0, a3, 48);
      v128.store(r1, b0);
      v128.store(r1, b1, 16);
      v128.store(r1, b2, 32);
      v128.store(r1, b3, 48);
      v128.store(r2, c0);
      v128.store(r2, c1, 16);
      v128.store(r2, c2, 32);
      v128.store(r2, c3, 48);
    }
  }
  for (; i < count; i++) {
    subtractFromRow(
      rows + <usize> i * bytes,
      wide,
      factors + (<usize> i << 3),
      bytesF,
      depth,
      z,
      bytes,
    );
  }
  if (wide == columns) return;
  for (i = 0; i < count; i++) {
    for (let j = wide; j < columns; j++) {
      const to = rows + <usize> i * bytes + (<usize> j << 3);
      let sum = load<f64>(to);
      for (let p: usize = 0; p < <usize> depth; p++) {
        sum -= load<f64>(factors + p * bytesF + (<usize> i << 3)) *
          load<f64>(z + p * bytes + (<usize> j << 3));
      }
      store<f64>(to, sum);
    }
  }
}

/** As `subtractOuterProduct` for one row and a multiple of eight columns. */
function subtractFromRow(
  row: usize,
  columns: i32,
  factors: usize,
  bytesF: usize,
  depth: i32,
  z: usize,
  bytesZ: usize,
): void {
  for (let j = 0; j < columns; j += 8, row += 64, z += 64) {
    let s0 = v128.load(row), s1 = v128.load(row, 16);
    let s2 = v128.load(row, 32), s3 = v128.load(row, 48);
    let at = z, factor = factors;
    for (let p = 0; p < depth; p++, at += bytesZ, factor += bytesF) {
      const f = v128.load64_splat(factor);
      s0 = multiplySubtractF64(f, v128.load(at), s0);
      s1 = multiplySubtractF64(f, v128.load(at, 16), s1);
      s2 = multiplySubtractF64(f, v128.load(at, 32), s2);
      s3 = multiplySubtractF64(f, v128.load(at, 48), s3);
    }
    v128.store(row, s0);
    v128.store(row, s1, 16);
    v128.store(row, s2, 32);
    v128.store(row, s3, 48);
  }
}

/**
 * ‖U⁻ᵀW_g‖² for a triangle U and the rows of a group, by forward substitution, sixteen columns at a time.
 *
 * `solved` has `SOLVE_COLUMNS` numbers for each row.
 */
export function groupCost(
  u: usize,
  count: i32,
  rows: usize,
  columns: i32,
  solved: usize,
): f64 {
  const bytes = <usize> columns << 3;
  let squares = f64x2.splat(0), others = squares;
  let j = 0;
  for (; j + 16 <= columns; j += 16, rows += 128) {
    for (let i = 0; i < count; i++) {
      const from = rows + <usize> i * bytes;
      let s0 = v128.load(from), s1 = v128.load(from, 16), s2 = v128.load(from, 32);
      let s3 = v128.load(from, 48), s4 = v128.load(from, 64), s5 = v128.load(from, 80);
      let s6 = v128.load(from, 96), s7 = v128.load(from, 112);
      let at = solved, factor = u + (<usize> i << 3);
      for (let p = 0; p < i; p++, at += 128, factor += <usize> count << 3) {
        const f = v128.load64_splat(factor);
        s0 = multiplySubtractF64(f, v128.load(at), s0);
        s1 = multiplySubtractF64(f, v128.load(at, 16), s1);
        s2 = multiplySubtractF64(f, v128.load(at, 32), s2);
        s3 = multiplySubtractF64(f, v128.load(at, 48), s3);
        s4 = multiplySubtractF64(f, v128.load(at, 64), s4);
        s5 = multiplySubtractF64(f, v128.load(at, 80), s5);
        s6 = multiplySubtractF64(f, v128.load(at, 96), s6);
        s7 = multiplySubtractF64(f, v128.load(at, 112), s7);
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
      v128.store(at, s0);
      v128.store(at, s1, 16);
      v128.store(at, s2, 32);
      v128.store(at, s3, 48);
      v128.store(at, s4, 64);
      v128.store(at, s5, 80);
      v128.store(at, s6, 96);
      v128.store(at, s7, 112);
      squares = multiplyAddF64(s0, s0, multiplyAddF64(s1, s1, squares));
      others = multiplyAddF64(s2, s2, multiplyAddF64(s3, s3, others));
      squares = multiplyAddF64(s4, s4, multiplyAddF64(s5, s5, squares));
      others = multiplyAddF64(s6, s6, multiplyAddF64(s7, s7, others));
    }
  }
  let cost = sumLanes(f64x2.add(squares, others));
  for (; j < columns; j++, rows += 8) {
    for (let i = 0; i < count; i++) {
      let sum = load<f64>(rows + <usize> i * bytes);
      for (let p = 0; p < i; p++) {
        sum -= load<f64>(u + (<usize> (p * count + i) << 3)) * load<f64>(solved + (<usize> p << 3));
      }
      sum /= load<f64>(u + (<usize> (i * count + i) << 3));
      store<f64>(solved + (<usize> i << 3), sum);
      cost += sum * sum;
    }
  }
  return cost;
}

/** Σ(a − b)² of doubles and floats. */
export function squaredDistance(a: usize, b: usize, count: i32): f64 {
  let s0 = f64x2.splat(0), s1 = s0;
  let left = count;
  for (; left >= 4; left -= 4, a += 32, b += 16) {
    const d0 = f64x2.sub(v128.load(a), f64x2.promote_low_f32x4(v128.load64_zero(b)));
    const d1 = f64x2.sub(v128.load(a, 16), f64x2.promote_low_f32x4(v128.load64_zero(b, 8)));
    s0 = multiplyAddF64(d0, d0, s0);
    s1 = multiplyAddF64(d1, d1, s1);
  }
  let sum = sumLanes(f64x2.add(s0, s1));
  for (; left > 0; left--, a += 8, b += 4) {
    const difference = load<f64>(a) - <f64> load<f32>(b);
    sum += difference * difference;
  }
  return sum;
}
