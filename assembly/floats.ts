/** Copies `count` floats. `memory.copy` leaves the module for every call, too dear for runs of 16 to 64 floats. */
export function copyFloats(from: usize, to: usize, count: i32): void {
  let left = count;
  for (; left >= 16; left -= 16, from += 64, to += 64) {
    const a = v128.load(from), b = v128.load(from, 16);
    const c = v128.load(from, 32), d = v128.load(from, 48);
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
  }
  for (; left >= 4; left -= 4, from += 16, to += 16) v128.store(to, v128.load(from));
  for (; left > 0; left--, from += 4, to += 4) store<f32>(to, load<f32>(from));
}

/** Writes `count` zeros. */
export function clearFloats(to: usize, count: i32): void {
  let left = count;
  for (; left >= 4; left -= 4, to += 16) v128.store(to, f32x4.splat(0));
  for (; left > 0; left--, to += 4) store<f32>(to, 0);
}
