import { Conv2DPlan } from "./conv2d_plan";
import { storePartF32 } from "./lanes";

/** Bytes of an entry of the tile table: offset into the source, offset into the output, rows and columns inside. */
export const TILE_ENTRY_BYTES: usize = 16;

/** Writes up to four channels of a pixel after the activation. */
export function storePixel(plan: Conv2DPlan, to: usize, sum: v128, left: i32): void {
  // The pseudo-minimum and -maximum keep a NaN that stands first, and are one instruction each.
  const raised = f32x4.pmax(sum, f32x4.splat(plan.lowest));
  const clamped = f32x4.pmin(raised, f32x4.splat(plan.highest));
  if (left >= 4) v128.store(to, clamped);
  else storePartF32(to, clamped, left);
}
