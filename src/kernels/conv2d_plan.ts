/** A convolution over NHWC images: what `tf.backend_util.computeConv2DInfo` says of it. */
export interface ConvolutionShape {
  readonly batchSize: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly padInfo: { readonly top: number; readonly left: number };
}

/** Where a convolution writes its output pixels, in pixels of the image that it writes to. */
export interface Placement {
  readonly height: number;
  readonly width: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/** How `assembly/conv2d_plan.ts` cuts a convolution into blocks; the fields are described there. */
export interface Conv2DPlan {
  readonly images: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly outputRows: number;
  readonly outputColumns: number;
  readonly outputChannels: number;
  readonly strideRows: number;
  readonly strideColumns: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly kernelRows: number;
  readonly runs: number;
  readonly runLength: number;
  readonly tapRowBytes: number;
  readonly runBytes: number;
  readonly isInPlace: number;
  readonly blockImages: number;
  readonly blockRows: number;
  readonly blockHeight: number;
  readonly rowBytes: number;
  readonly imageBytes: number;
  readonly outputImageBytes: number;
  readonly outputRowBytes: number;
  readonly outputColumnBytes: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Order of the integer fields in memory; two f32 follow, the bounds of the activation. */
const INTEGER_FIELDS = [
  ...["images", "height", "width", "channels", "outputRows", "outputColumns", "outputChannels"],
  ...["strideRows", "strideColumns", "padTop", "padLeft", "kernelRows", "runs", "runLength"],
  ...["tapRowBytes", "runBytes", "isInPlace", "blockImages", "blockRows", "blockHeight"],
  ...["rowBytes", "imageBytes", "outputImageBytes", "outputRowBytes", "outputColumnBytes"],
] as (keyof Conv2DPlan)[];

/** Bytes of a plan in memory. */
export const PLAN_BYTES = 4 * (INTEGER_FIELDS.length + 2);

/** Limits of a block. */
export interface BlockLimits {
  /** Bytes of source under it. */
  readonly sourceBytes: number;
  /** Its output pixels. */
  readonly pixels: number;
  /** Output pixels that it may have whatever their bytes. */
  readonly alwaysPixels?: number;
}

/** Blocks of what reads a block once or a few times: their source stays in the second cache. */
export const CONVOLUTION_LIMITS: BlockLimits = { sourceBytes: 192 * 1024, pixels: 4096 };

/** What else shapes a plan. */
export interface PlanOptions {
  readonly limits: BlockLimits;
  /** Where output pixels go; by default the output is dense. */
  readonly placement?: Placement;
  /** Bounds of the activation; none by default. */
  readonly bounds?: readonly [number, number];
  /** Whether tiles may read the input itself where no tap leaves it; true by default. */
  readonly mayReadInPlace?: boolean;
}

/**
 * Cuts a convolution into blocks.
 *
 * @param shape The convolution.
 * @param options Limits of a block and where outputs go.
 * @returns The plan.
 */
export function planConvolution(shape: ConvolutionShape, options: PlanOptions): Conv2DPlan {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = shape;
  const { filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, padInfo } = shape;
  const { placement = { height: outHeight, width: outWidth, rowStep: 1, columnStep: 1 } } = options;
  const pixelBytes = 4 * inChannels;
  const windowHeight = (filterHeight - 1) * dilationHeight + 1;
  const windowWidth = (filterWidth - 1) * shape.dilationWidth + 1;
  const paddedWidth = (outWidth - 1) * strideWidth + windowWidth;
  const heightUnder = (rows: number) => (rows - 1) * strideHeight + windowHeight;
  const isInside = padInfo.top <= 0 && heightUnder(outHeight) - padInfo.top <= inHeight &&
    padInfo.left <= 0 && paddedWidth - padInfo.left <= inWidth;
  const isInPlace = isInside && (options.mayReadInPlace ?? true);
  const rowBytes = pixelBytes * (isInPlace ? inWidth : paddedWidth);
  const { blockImages, blockRows } = cutBlocks(shape, options.limits, heightUnder, rowBytes);
  const isMerged = shape.dilationWidth === 1;
  const outputPixelBytes = 4 * outChannels;
  const [lowest, highest] = options.bounds ?? [-Infinity, Infinity];
  return {
    images: shape.batchSize,
    height: inHeight,
    width: inWidth,
    channels: inChannels,
    outputRows: outHeight,
    outputColumns: outWidth,
    outputChannels: outChannels,
    strideRows: strideHeight,
    strideColumns: strideWidth,
    padTop: padInfo.top,
    padLeft: padInfo.left,
    kernelRows: filterHeight,
    runs: isMerged ? 1 : filterWidth,
    runLength: isMerged ? filterWidth * inChannels : inChannels,
    tapRowBytes: dilationHeight * rowBytes,
    runBytes: isMerged ? filterWidth * pixelBytes : shape.dilationWidth * pixelBytes,
    isInPlace: isInPlace ? 1 : 0,
    blockImages,
    blockRows,
    blockHeight: heightUnder(blockRows),
    rowBytes,
    imageBytes: rowBytes * (isInPlace ? inHeight : heightUnder(blockRows)),
    outputImageBytes: outputPixelBytes * placement.width * placement.height,
    outputRowBytes: outputPixelBytes * placement.width * placement.rowStep,
    outputColumnBytes: outputPixelBytes * placement.columnStep,
    lowest,
    highest,
  };
}

/** Some whole images, or where one is too large already, equal shares of its output rows. */
function cutBlocks(
  { batchSize, outHeight, outWidth }: ConvolutionShape,
  limits: BlockLimits,
  heightUnder: (rows: number) => number,
  rowBytes: number,
): { blockImages: number; blockRows: number } {
  const { sourceBytes, pixels, alwaysPixels = 0 } = limits;
  const fits = (rows: number, images: number) => {
    const covered = images * rows * outWidth;
    return covered <= alwaysPixels ||
      covered <= pixels && images * heightUnder(rows) * rowBytes <= sourceBytes;
  };
  if (fits(outHeight, 1)) {
    let blockImages = 1;
    while (blockImages < batchSize && fits(outHeight, blockImages + 1)) blockImages++;
    return { blockImages, blockRows: outHeight };
  }
  let blocks = 2;
  while (blocks < outHeight && !fits(Math.ceil(outHeight / blocks), 1)) blocks++;
  return { blockImages: 1, blockRows: Math.ceil(outHeight / blocks) };
}

/** Output pixels of a whole block. */
export function blockPixels(plan: Conv2DPlan): number {
  return plan.blockImages * plan.blockRows * plan.outputColumns;
}

/** Bytes of the copy of the source that a block needs. */
export function blockSourceBytes(plan: Conv2DPlan): number {
  return plan.isInPlace ? 0 : plan.blockImages * plan.imageBytes;
}

/**
 * Lays a plan out as the kernels read it.
 *
 * @param plan The plan.
 * @returns Its bytes, {@link PLAN_BYTES} of them.
 */
export function encodePlan(plan: Conv2DPlan): Int32Array<ArrayBuffer> {
  const words = new Int32Array(PLAN_BYTES / 4);
  INTEGER_FIELDS.forEach((field, index) => words[index] = plan[field]);
  new Float32Array(words.buffer).set([plan.lowest, plan.highest], INTEGER_FIELDS.length);
  return words;
}
