/**
 * a·b + c in four f32 lanes: fused in the relaxed build where the machine fuses, rounded twice in the plain build.
 *
 * `deno fmt` drops decorators of functions, so nothing here is marked `@inline`; the optimizer inlines bodies this
 * small anyway.
 */
export function multiplyAddF32(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** c − a·b in four f32 lanes, as `multiplyAddF32`. */
export function multiplySubtractF32(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c);
  return f32x4.sub(c, f32x4.mul(a, b));
}

/** a·b + c in two f64 lanes, as `multiplyAddF32`. */
export function multiplyAddF64(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_madd(a, b, c);
  return f64x2.add(f64x2.mul(a, b), c);
}

/** c − a·b in two f64 lanes, as `multiplyAddF32`. */
export function multiplySubtractF64(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_nmadd(a, b, c);
  return f64x2.sub(c, f64x2.mul(a, b));
}

/** Four f32 lanes between two bounds. */
export function clampF32(lanes: v128, lowest: v128, highest: v128): v128 {
  // The pseudo-minimum and -maximum keep a NaN that stands first, and are one instruction each.
  return f32x4.pmin(f32x4.pmax(lanes, lowest), highest);
}

/** Adds eight sums to eight floats in memory. */
export function addEightF32(to: usize, low: v128, high: v128): void {
  v128.store(to, f32x4.add(v128.load(to), low));
  v128.store(to, f32x4.add(v128.load(to, 16), high), 16);
}

/** Lane 0 of four in all lanes. */
export function splatLane0(lanes: v128): v128 {
  return v128.shuffle<i32>(lanes, lanes, 0, 0, 0, 0);
}

/** Lane 1 of four in all lanes. */
export function splatLane1(lanes: v128): v128 {
  return v128.shuffle<i32>(lanes, lanes, 1, 1, 1, 1);
}

/** Lane 2 of four in all lanes. */
export function splatLane2(lanes: v128): v128 {
  return v128.shuffle<i32>(lanes, lanes, 2, 2, 2, 2);
}

/** Lane 3 of four in all lanes. */
export function splatLane3(lanes: v128): v128 {
  return v128.shuffle<i32>(lanes, lanes, 3, 3, 3, 3);
}
