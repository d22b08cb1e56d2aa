import { clearF32 } from "./lanes";

/**
 * Adds rows up by segment: sums[ids[i], ·] += values[i, ·]. Rows whose id is outside 0 … segments − 1 are dropped, as
 * TensorFlow drops them. Values are f32, or i32 that are converted.
 */
export function unsortedSegmentSum(
  values: usize,
  ids: usize,
  rows: i32,
  rowLength: i32,
  segments: i32,
  isInteger: bool,
  sums: usize,
): void {
  clearF32(sums, segments * rowLength);
  for (let i = 0; i < rows; i++, ids += 4) {
    const segment = load<i32>(ids);
    if (<u32> segment >= <u32> segments) {
      values += <usize> rowLength << 2;
      continue;
    }
    let to = sums + (<usize> segment * <usize> rowLength << 2);
    let left = rowLength;
    for (; left >= 4; left -= 4, values += 16, to += 16) {
      const lanes = v128.load(values);
      const added = isInteger ? f32x4.convert_i32x4_s(lanes) : lanes;
      v128.store(to, f32x4.add(v128.load(to), added));
    }
    for (; left > 0; left--, values += 4, to += 4) {
      const added = isInteger ? <f32> load<i32>(values) : load<f32>(values);
      store<f32>(to, load<f32>(to) + added);
    }
  }
}
