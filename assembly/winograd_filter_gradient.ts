import { Conv2DPlan, openBlock } from "./conv2d_plan";
import { clearFloats } from "./floats";
import { addTransposedProduct4x8 } from "./transposed_product";
import { openScratch4x4, SCRATCH_4X4_BYTES, transformInputs4x4 } from "./winograd_4x4";
import { transformGradients4x4, transformSums4x4 } from "./winograd_gradient_4x4";
import { listTiles, matrixBytes, matrixCount, paddedTo, TILE_ENTRY_BYTES } from "./winograd_layout";

/** Rows and columns of a tile. */
const SIDE: i32 = 4;
/** Bytes of a tile of output gradients, four channels of 16 pixels. */
const TILE_BYTES: usize = 256;
/** Rows and columns of the micro-tile. */
const ROWS: i32 = 4;
const COLUMNS: i32 = 8;

/**
 * Gradient of a convolution by its 3×3 filter, by tiles of 4×4 output pixels: what F(4×4, 3×3) of `winograd_conv2d.ts`
 * does, transposed.
 *
 *     dW = Gᵀ [Σ over tiles of (Bᵀ x B) ∘ (A dy Aᵀ)] G
 *
 * The sums over the tiles are 36 matrix products S = VᵀD, which stay in registers for `chunkTiles` tiles. Channels and
 * outputs that stand for padding get sums that nothing reads.
 *
 *     dy          images × outputRows × outputColumns × outputs
 *     gradient    3 × 3 × channels × outputs
 *     workspace   | scratch | tile | 36 S: channels × outputs | 36 V: chunkTiles × channels | 36 D: chunkTiles × outputs |
 *                 | tile table | a block of the source |
 */
export function winogradFilterGradient(
  planAt: usize,
  input: usize,
  dy: usize,
  gradient: usize,
  chunkTiles: i32,
  workspace: usize,
): void {
  const plan = changetype<Conv2DPlan>(planAt);
  const matrices = matrixCount(SIDE), channels = plan.channels, outputs = plan.outputChannels;
  const width = paddedTo(COLUMNS, outputs), height = paddedTo(ROWS, channels);
  const vRowBytes = <usize> height << 2, dRowBytes = <usize> width << 2;
  const vBytes = matrixBytes(chunkTiles, height), dBytes = matrixBytes(chunkTiles, width);
  const sBytes = matrixBytes(height, width);
  const tile = workspace + SCRATCH_4X4_BYTES, s = tile + TILE_BYTES, v = s + matrices * sBytes;
  const d = v + matrices * vBytes, table = d + matrices * dBytes;
  const blockTiles = plan.blockImages * (plan.blockRows / SIDE) *
    ((plan.outputColumns + SIDE - 1) / SIDE);
  const block = table + <usize> blockTiles * TILE_ENTRY_BYTES;
  openScratch4x4(workspace);
  clearFloats(s, <i32> (<usize> matrices * sBytes >> 2));
  for (let image = 0; image < plan.images; image += plan.blockImages) {
    const images = min(plan.blockImages, plan.images - image);
    const from = dy + <usize> image * <usize> plan.outputImageBytes;
    for (let row = 0; row < plan.outputRows; row += plan.blockRows) {
      const rows = min(plan.blockRows, plan.outputRows - row);
      const source = openBlock(plan, input, image, images, row, block);
      const tiles = listTiles(plan, SIDE, images, rows, table);
      const rowDy = from + <usize> row * <usize> plan.outputRowBytes;
      for (let first = 0; first < tiles; first += chunkTiles) {
        const count = min(chunkTiles, tiles - first);
        const entry = table + <usize> first * TILE_ENTRY_BYTES;
        transformInputs4x4(plan, source, entry, count, v, vBytes, vRowBytes, workspace);
        transformGradients4x4(plan, rowDy, entry, count, d, dBytes, dRowBytes, workspace, tile);
        addMatrices(matrices, count, height, v, vBytes, vRowBytes, d, dBytes, dRowBytes, s, sBytes);
      }
    }
  }
  transformSums4x4(channels, outputs, s, sBytes, dRowBytes, gradient, workspace);
}

/** S += VᵀD for each of the matrices; rows of S are as wide as those of D. */
function addMatrices(
  matrices: i32,
  count: i32,
  height: i32,
  v: usize,
  vBytes: usize,
  vRowBytes: usize,
  d: usize,
  dBytes: usize,
  dRowBytes: usize,
  s: usize,
  sBytes: usize,
): void {
  for (let matrix = 0; matrix < matrices; matrix++, v += vBytes, d += dBytes, s += sBytes) {
    let channels = v, sums = s;
    for (let row = 0; row < height; row += ROWS, channels += ROWS << 2, sums += ROWS * dRowBytes) {
      for (let column: usize = 0; column < dRowBytes; column += COLUMNS << 2) {
        const to = sums + column;
        addTransposedProduct4x8(count, channels, vRowBytes, d + column, dRowBytes, to, dRowBytes);
      }
    }
  }
}

/** Bytes of workspace that `winogradFilterGradient` needs besides a block of the source. */
export function winogradFilterGradientWorkspaceBytes(
  channels: i32,
  outputs: i32,
  chunkTiles: i32,
  blockTiles: i32,
): usize {
  const width = paddedTo(COLUMNS, outputs), matrices = matrixCount(SIDE);
  const height = paddedTo(ROWS, channels);
  const perMatrix = matrixBytes(height, width) + matrixBytes(chunkTiles, height) +
    matrixBytes(chunkTiles, width);
  return SCRATCH_4X4_BYTES + TILE_BYTES + matrices * perMatrix +
    <usize> blockTiles * TILE_ENTRY_BYTES;
}
