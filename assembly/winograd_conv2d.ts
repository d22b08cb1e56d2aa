import { Conv2DPlan, openBlock } from "./conv2d_plan";
import { WINOGRAD_TILE_COLUMNS, WINOGRAD_TILE_ROWS, winogradF32Tile4x8 } from "./winograd_tile";
import { transformInputs2x2, transformOutputs2x2, transformPanels2x2 } from "./winograd_2x2";
import {
  openScratch4x4,
  SCRATCH_4X4_BYTES,
  transformInputs4x4,
  transformOutputs4x4,
  transformPanels4x4,
} from "./winograd_4x4";
import { listTiles, matrixBytes, matrixCount, paddedTo, TILE_ENTRY_BYTES } from "./winograd_layout";

/**
 * M = VU for each of the matrices.
 *
 * Rows up to the next multiple of four multiply what the workspace happens to hold; nothing reads their products.
 */
function multiplyMatrices(
  matrices: i32,
  count: i32,
  channels: i32,
  v: usize,
  vBytes: usize,
  vRowBytes: usize,
  u: usize,
  uBytes: usize,
  m: usize,
  mBytes: usize,
  mRowBytes: usize,
): void {
  const panelBytes = <usize> channels << 5;
  const vStep = WINOGRAD_TILE_ROWS * vRowBytes, mStep = WINOGRAD_TILE_ROWS * mRowBytes;
  for (let matrix = 0; matrix < matrices; matrix++, v += vBytes, u += uBytes, m += mBytes) {
    let panel = u;
    for (let column: usize = 0; column < mRowBytes; column += WINOGRAD_TILE_COLUMNS << 2) {
      let rows = v, product = m + column;
      for (let left = count; left > 0; left -= WINOGRAD_TILE_ROWS) {
        winogradF32Tile4x8(channels, rows, vRowBytes, panel, product, mRowBytes);
        rows += vStep, product += mStep;
      }
      panel += panelBytes;
    }
  }
}

/**
 * Convolves NHWC images with transformed 3×3 filters, adds a bias and clamps: F(2×2, 3×3) or F(4×4, 3×3) of Lavin and
 * Gray, arXiv 1509.09308. A tile of side² output pixels takes (side + 2)² products per pair of channels, 4 or 2.25 for a
 * pixel, where the sum of its taps has 9:
 *
 *     Y = Aᵀ [Σ over c of (G g Gᵀ) ∘ (Bᵀ d B)] A
 *
 * The sums over c of all tiles are (side + 2)² matrix products M = VU, which run on `chunkTiles` tiles at a time, so that
 * V and M stay in the second cache. A value that is not finite reaches all pixels of the tiles that see it.
 *
 *     side        2 or 4
 *     filter      as `transformWinogradFilter` writes it
 *     bias        8·⌈outputs/8⌉ floats
 *     chunkTiles  a multiple of four
 *     workspace   | scratch | V: chunkTiles × channels each | M: chunkTiles × outputs each | tile table | source block |
 *
 * The rows of the plan's blocks are a multiple of `side`, and its padded source has zeros under tiles that leave the
 * output.
 */
export function winogradConvolve2D(
  side: i32,
  planAt: usize,
  input: usize,
  filter: usize,
  bias: usize,
  output: usize,
  chunkTiles: i32,
  workspace: usize,
): void {
  const plan = changetype<Conv2DPlan>(planAt);
  const channels = plan.channels, matrices = matrixCount(side);
  const depth = paddedTo(4, channels), width = paddedTo(WINOGRAD_TILE_COLUMNS, plan.outputChannels);
  const vRowBytes = <usize> depth << 2, mRowBytes = <usize> width << 2;
  const vBytes = matrixBytes(chunkTiles, depth), mBytes = matrixBytes(chunkTiles, width);
  const uBytes = matrixBytes(channels, width);
  const v = workspace + SCRATCH_4X4_BYTES, m = v + matrices * vBytes;
  const table = m + matrices * mBytes;
  const blockTiles = plan.blockImages * (plan.blockRows / side) *
    ((plan.outputColumns + side - 1) / side);
  const block = table + <usize> blockTiles * TILE_ENTRY_BYTES;
  openScratch4x4(workspace);
  for (let image = 0; image < plan.images; image += plan.blockImages) {
    const images = min(plan.blockImages, plan.images - image);
    const to = output + <usize> image * <usize> plan.outputImageBytes;
    for (let row = 0; row < plan.outputRows; row += plan.blockRows) {
      const rows = min(plan.blockRows, plan.outputRows - row);
      const source = openBlock(plan, input, image, images, row, block);
      const tiles = listTiles(plan, side, images, rows, table);
      const rowOutput = to + <usize> row * <usize> plan.outputRowBytes;
      for (let first = 0; first < tiles; first += chunkTiles) {
        const count = min(chunkTiles, tiles - first);
        const entry = table + <usize> first * TILE_ENTRY_BYTES;
        if (side == 2) transformInputs2x2(plan, source, entry, count, v, vBytes, vRowBytes);
        else transformInputs4x4(plan, source, entry, count, v, vBytes, vRowBytes, workspace);
        multiplyMatrices(
          matrices,
          count,
          channels,
          v,
          vBytes,
          vRowBytes,
          filter + SCRATCH_4X4_BYTES,
          uBytes,
          m,
          mBytes,
          mRowBytes,
        );
        if (side == 2) {
          transformOutputs2x2(plan, entry, count, m, mBytes, mRowBytes, bias, rowOutput);
        } else {
          transformOutputs4x4(
            plan,
            entry,
            count,
            m,
            mBytes,
            mRowBytes,
            bias,
            rowOutput,
            workspace,
          );
        }
      }
    }
  }
}

/** Bytes of workspace that `winogradConvolve2D` needs besides a block of the source. */
export function winogradWorkspaceBytes(
  side: i32,
  channels: i32,
  outputs: i32,
  chunkTiles: i32,
  blockTiles: i32,
): usize {
  const depth = paddedTo(4, channels), width = paddedTo(WINOGRAD_TILE_COLUMNS, outputs);
  return SCRATCH_4X4_BYTES +
    matrixCount(side) * (matrixBytes(chunkTiles, depth) + matrixBytes(chunkTiles, width)) +
    <usize> blockTiles * TILE_ENTRY_BYTES;
}

/**
 * Transforms packed 3×3 filters, nine taps to (side + 2)² matrices; `panels` are those of `convolve2D`. The filter begins
 * behind scratch of the transform.
 */
export function transformWinogradFilter(
  side: i32,
  panels: usize,
  channels: i32,
  outputs: i32,
  filter: usize,
): void {
  const width = paddedTo(WINOGRAD_TILE_COLUMNS, outputs);
  const uBytes = matrixBytes(channels, width), panelCount = width / WINOGRAD_TILE_COLUMNS;
  const u = filter + SCRATCH_4X4_BYTES;
  if (side == 2) transformPanels2x2(panels, channels, panelCount, u, uBytes);
  else transformPanels4x4(panels, channels, panelCount, u, uBytes, filter);
}

/** Bytes of a transformed filter. */
export function winogradFilterBytes(side: i32, channels: i32, outputs: i32): usize {
  return SCRATCH_4X4_BYTES +
    matrixCount(side) * matrixBytes(channels, paddedTo(WINOGRAD_TILE_COLUMNS, outputs));
}
