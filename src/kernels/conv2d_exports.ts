/**
 * What `assembly/index.ts` exports for convolutions. Unchecked, as all of `KernelExports`.
 */
export interface ConvolutionExports {
  /** Convolves with packed weights; see `assembly/conv2d.ts`. */
  convolve2D(
    plan: number,
    input: number,
    panels: number,
    bias: number,
    output: number,
    workspace: number,
  ): void;
  /** Bytes of workspace of `convolve2D` besides a block of the source. */
  convolve2DWorkspaceBytes(pixels: number): number;
  /** Packs a row-major matrix into panels of eight columns; see `assembly/gemm_f32.ts`. */
  packF32ColumnPanels(matrix: number, rows: number, columns: number, panels: number): void;
  /** Packs the flipped and transposed taps of one phase of the input gradient. */
  packPhaseFilter(
    filter: number,
    kernelColumns: number,
    inputs: number,
    outputs: number,
    firstRow: number,
    rowStep: number,
    rows: number,
    firstColumn: number,
    columnStep: number,
    columns: number,
    panels: number,
  ): void;
  /** Gradient in the filter; see `assembly/conv2d_filter_gradient.ts`. */
  convolve2DFilterGradient(
    plan: number,
    input: number,
    dy: number,
    gradient: number,
    workspace: number,
  ): void;
  /** Bytes of workspace of `convolve2DFilterGradient` besides a block of the source. */
  filterGradientWorkspaceBytes(pixels: number, runLength: number, outputs: number): number;
  /** Convolves with transformed 3×3 filters; see `assembly/winograd_conv2d.ts`. */
  winogradConvolve2D(
    side: number,
    plan: number,
    input: number,
    filter: number,
    bias: number,
    output: number,
    chunkTiles: number,
    workspace: number,
  ): void;
  /** Bytes of workspace of `winogradConvolve2D` besides a block of the source. */
  winogradWorkspaceBytes(
    side: number,
    channels: number,
    outputs: number,
    chunkTiles: number,
    blockTiles: number,
  ): number;
  /** Gradient in a 3×3 filter by tiles; see `assembly/winograd_filter_gradient.ts`. */
  winogradFilterGradient(
    plan: number,
    input: number,
    dy: number,
    gradient: number,
    chunkTiles: number,
    workspace: number,
  ): void;
  /** Bytes of workspace of `winogradFilterGradient` besides a block of the source. */
  winogradFilterGradientWorkspaceBytes(
    channels: number,
    outputs: number,
    chunkTiles: number,
    blockTiles: number,
  ): number;
  /** Transforms packed 3×3 filters. */
  transformWinogradFilter(
    side: number,
    panels: number,
    channels: number,
    outputs: number,
    filter: number,
  ): void;
  /** Bytes of a transformed filter. */
  winogradFilterBytes(side: number, channels: number, outputs: number): number;
}
