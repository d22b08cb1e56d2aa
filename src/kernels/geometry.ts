/** How a convolution's window moves over its input. */
export interface Geometry {
  /** Height and width of the kernel. */
  readonly kernel: readonly [number, number];
  /** Rows and columns between neighboring output positions. */
  readonly strides: readonly [number, number];
  /** Rows and columns between neighboring taps. */
  readonly dilations: readonly [number, number];
  /** TensorFlow's padding rule. */
  readonly padding: "same" | "valid";
}

/** Extent of an output and the zeros before its input, in one dimension or (as a pair) in two. */
export interface OutputSize {
  /** Rows and columns of the output. */
  readonly size: [number, number];
  /** Rows of zeros above and columns of zeros left of the input. */
  readonly padBefore: [number, number];
}

/**
 * Size and padding of a convolution's output by TensorFlow's rules.
 *
 * With k' = (k − 1)·dilation + 1:
 *
 *     valid   out = ⌈(in − k' + 1) / stride⌉           before = 0
 *     same    out = ⌈in / stride⌉                      before = ⌊max((out − 1)·stride + k' − in, 0) / 2⌋
 *
 * @param inputSize Rows and columns of the input.
 * @param geometry The window.
 * @returns Rows and columns of the output, and the zeros before the input.
 * @throws {RangeError} When a size, stride or dilation is not a positive integer, or the window does not fit.
 */
export function outputSize(inputSize: readonly [number, number], geometry: Geometry): OutputSize {
  const size: [number, number] = [0, 0];
  const padBefore: [number, number] = [0, 0];
  for (const axis of [0, 1] as const) {
    const extent = inputSize[axis];
    const kernel = geometry.kernel[axis];
    const stride = geometry.strides[axis];
    const dilation = geometry.dilations[axis];
    for (const value of [extent, kernel, stride, dilation]) {
      if (!Number.isInteger(value) || value < 1) {
        throw new RangeError(
          `size a convolution's output: input ${extent}, kernel ${kernel}, stride ${stride}, ` +
            `dilation ${dilation} given, wanted positive integers`,
        );
      }
    }
    const window = (kernel - 1) * dilation + 1;
    if (geometry.padding === "same") {
      size[axis] = Math.ceil(extent / stride);
      const padding = Math.max((size[axis] - 1) * stride + window - extent, 0);
      padBefore[axis] = Math.floor(padding / 2);
    } else {
      size[axis] = Math.ceil((extent - window + 1) / stride);
    }
    if (size[axis] < 1) {
      throw new RangeError(
        `size a convolution's output: a window of ${window} does not fit into ${extent} without padding`,
      );
    }
  }
  return { size, padBefore };
}
