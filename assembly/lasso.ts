import { GEMM_F64_WORKSPACE_BYTES, gemmF64Subtract, WHOLE } from "./gemm_f64";
import { multiplySubtractF64 } from "./simd";

const STRIP_ROWS: i32 = 48;

/** Bytes of workspace that `contractGram` needs for `inputs` rows. */
export function contractWorkspaceBytes(inputs: i32): usize {
  return (<usize> STRIP_ROWS * <usize> inputs << 3) + GEMM_F64_WORKSPACE_BYTES;
}

/**
 * Adds G ∘ WWᵀ, summed over taps, to a matrix over input positions: with rows r = tap·positions + position,
 *
 *     contracted[p, q] += Σ_t Σ_u G[r, s] (WWᵀ)[r, s],   r = t·positions + p,  s = u·positions + q
 *
 *     G ∘ WWᵀ   | t0u0 t0u1 t0u2 |
 *               | t1u0 t1u1 t1u2 |  →  the sum of all blocks, positions × positions
 *               | t2u0 t2u1 t2u2 |
 *
 * `weights` is Wᵀ, outputs × inputs. WWᵀ exists in strips of 48 rows alone.
 */
export function contractGram(
  gram: usize,
  weights: usize,
  inputs: i32,
  outputs: i32,
  positions: i32,
  contracted: usize,
  workspace: usize,
): void {
  const strip = workspace;
  const gemmWorkspace = strip + (<usize> STRIP_ROWS * <usize> inputs << 3);
  const rowBytes = <usize> inputs << 3;
  const taps = inputs / positions;
  for (let first = 0; first < inputs; first += STRIP_ROWS) {
    const rows = min(STRIP_ROWS, inputs - first);
    memory.fill(strip, 0, <usize> rows * rowBytes);
    gemmF64Subtract(
      strip,
      inputs,
      rows,
      inputs,
      outputs,
      weights + (<usize> first << 3),
      inputs,
      false,
      weights,
      inputs,
      WHOLE,
      gemmWorkspace,
    );
    for (let r = 0; r < rows; r++) {
      const position = (first + r) % positions;
      const sums = contracted + (<usize> position * <usize> positions << 3);
      let g = gram + <usize> (first + r) * rowBytes;
      let negated = strip + <usize> r * rowBytes;
      for (let tap = 0; tap < taps; tap++) {
        subtractProducts(g, negated, positions, sums);
        g += <usize> positions << 3;
        negated += <usize> positions << 3;
      }
    }
  }
}

/** sums −= a ∘ b, element by element. */
function subtractProducts(a: usize, b: usize, count: i32, sums: usize): void {
  let left = count;
  for (; left >= 2; left -= 2, a += 16, b += 16, sums += 16) {
    v128.store(sums, multiplySubtractF64(v128.load(a), v128.load(b), v128.load(sums)));
  }
  if (left) store<f64>(sums, load<f64>(sums) - load<f64>(a) * load<f64>(b));
}
