/**
 * What `assembly/index.ts` exports for training, apart from convolutions. Unchecked, as all of `KernelExports`.
 */
export interface TrainingExports {
  /** Adds two arrays; see `assembly/add.ts`. */
  addF32(a: number, b: number, count: number, sums: number): void;
  /** Adds a row to every row of an array. */
  addRowF32(a: number, row: number, rows: number, channels: number, sums: number): void;
  /** Sums rows of every group; see `assembly/row_sums.ts`. */
  sumRows(
    x: number,
    groups: number,
    rows: number,
    channels: number,
    factor: number,
    sums: number,
    workspace: number,
  ): void;
  /** Bytes of workspace of `sumRows`. */
  sumRowsWorkspaceBytes(channels: number): number;
  /** A depthwise convolution with a bias and a clamp; see `assembly/depthwise_conv2d.ts`. */
  depthwiseConv2d(
    x: number,
    filter: number,
    bias: number,
    images: number,
    height: number,
    width: number,
    channels: number,
    outputHeight: number,
    outputWidth: number,
    kernelHeight: number,
    kernelWidth: number,
    strideHeight: number,
    strideWidth: number,
    dilationHeight: number,
    dilationWidth: number,
    padTop: number,
    padLeft: number,
    lowest: number,
    highest: number,
    output: number,
    workspace: number,
  ): void;
  /** Bytes of workspace of `depthwiseConv2d`. */
  depthwiseConv2dWorkspaceBytes(
    outputWidth: number,
    channels: number,
    kernelHeight: number,
    kernelWidth: number,
  ): number;
  /** Gradient of a depthwise convolution in its input; see `assembly/depthwise_conv2d_backprop_input.ts`. */
  depthwiseConv2dBackpropInput(
    dy: number,
    filter: number,
    images: number,
    height: number,
    width: number,
    channels: number,
    multiplier: number,
    outputHeight: number,
    outputWidth: number,
    kernelHeight: number,
    kernelWidth: number,
    strideHeight: number,
    strideWidth: number,
    dilationHeight: number,
    dilationWidth: number,
    padTop: number,
    padLeft: number,
    dx: number,
    workspace: number,
  ): void;
  /** Bytes of workspace of `depthwiseConv2dBackpropInput`. */
  depthwiseConv2dBackpropInputWorkspaceBytes(
    width: number,
    outputChannels: number,
    kernelHeight: number,
    kernelWidth: number,
  ): number;
  /** Gradient of a depthwise convolution in its filter; see `assembly/depthwise_conv2d_backprop_filter.ts`. */
  depthwiseConv2dBackpropFilter(
    x: number,
    dy: number,
    images: number,
    height: number,
    width: number,
    channels: number,
    multiplier: number,
    outputHeight: number,
    outputWidth: number,
    kernelHeight: number,
    kernelWidth: number,
    strideHeight: number,
    strideWidth: number,
    dilationHeight: number,
    dilationWidth: number,
    padTop: number,
    padLeft: number,
    dw: number,
    workspace: number,
  ): void;
  /** Bytes of workspace of `depthwiseConv2dBackpropFilter`. */
  depthwiseConv2dBackpropFilterWorkspaceBytes(
    width: number,
    outputChannels: number,
    kernelHeight: number,
    kernelWidth: number,
  ): number;
  /** Gradient of max pooling; see `assembly/max_pool_gradient.ts`. */
  maxPoolGradient(
    dy: number,
    x: number,
    images: number,
    height: number,
    width: number,
    channels: number,
    outputHeight: number,
    outputWidth: number,
    kernelHeight: number,
    kernelWidth: number,
    strideHeight: number,
    strideWidth: number,
    padTop: number,
    padLeft: number,
    dx: number,
  ): void;
  /** Adds rows up by segment; see `assembly/segment_sum.ts`. */
  unsortedSegmentSum(
    values: number,
    ids: number,
    rows: number,
    rowLength: number,
    segments: number,
    isInteger: boolean,
    sums: number,
  ): void;
  /** Mean and variance of each channel; see `assembly/batch_norm.ts`. */
  channelMoments(
    x: number,
    rows: number,
    channels: number,
    mean: number,
    variance: number,
    workspace: number,
  ): void;
  /** Normalizes, scales, shifts and clamps each channel. */
  normalizeChannels(
    x: number,
    rows: number,
    channels: number,
    mean: number,
    variance: number,
    gamma: number,
    beta: number,
    epsilon: number,
    hasRelu: boolean,
    highest: number,
    output: number,
    workspace: number,
  ): void;
  /** Gradients of the normalization in γ and β. */
  batchNormParameterGradients(
    dy: number,
    x: number,
    rows: number,
    channels: number,
    mean: number,
    variance: number,
    gamma: number,
    beta: number,
    epsilon: number,
    hasRelu: boolean,
    highest: number,
    gammaGradient: number,
    betaGradient: number,
    workspace: number,
  ): void;
  /** Gradient of the normalization in x. */
  batchNormInputGradient(
    dy: number,
    x: number,
    rows: number,
    channels: number,
    mean: number,
    variance: number,
    gamma: number,
    beta: number,
    epsilon: number,
    hasRelu: boolean,
    highest: number,
    gammaGradient: number,
    betaGradient: number,
    dx: number,
    workspace: number,
  ): void;
  /** Bytes of workspace of the batch normalization kernels. */
  batchNormWorkspaceBytes(channels: number): number;
}
