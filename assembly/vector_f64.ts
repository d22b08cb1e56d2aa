import { multiplyAddF64, multiplySubtractF64 } from "./simd";

/** Σ a·b, in four pairs of sums. */
export function dotF64(a: usize, b: usize, count: i32): f64 {
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
  let left = count;
  for (; left >= 8; left -= 8, a += 64, b += 64) {
    s0 = multiplyAddF64(v128.load(a), v128.load(b), s0);
    s1 = multiplyAddF64(v128.load(a, 16), v128.load(b, 16), s1);
    s2 = multiplyAddF64(v128.load(a, 32), v128.load(b, 32), s2);
    s3 = multiplyAddF64(v128.load(a, 48), v128.load(b, 48), s3);
  }
  for (; left >= 2; left -= 2, a += 16, b += 16) {
    s0 = multiplyAddF64(v128.load(a), v128.load(b), s0);
  }
  s0 = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  const sum = f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1);
  return left ? sum + load<f64>(a) * load<f64>(b) : sum;
}

/** y −= factor·x. */
export function subtractScaledF64(factor: f64, x: usize, y: usize, count: i32): void {
  const factors = f64x2.splat(factor);
  let left = count;
  for (; left >= 4; left -= 4, x += 32, y += 32) {
    v128.store(y, multiplySubtractF64(factors, v128.load(x), v128.load(y)));
    v128.store(y, multiplySubtractF64(factors, v128.load(x, 16), v128.load(y, 16)), 16);
  }
  for (; left > 0; left--, x += 8, y += 8) {
    store<f64>(y, load<f64>(y) - factor * load<f64>(x));
  }
}
