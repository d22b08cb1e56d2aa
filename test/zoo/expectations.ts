/** What is known about an architecture. */
export interface Expectation {
  /**
   * Convolutions that stay whole when shared channels are coupled, with a word of the reason; the first and the last one
   * are whole in any case and not listed.
   */
  readonly whole?: Readonly<Record<string, RegExp>>;
  /** Why no ONNX file is written. */
  readonly unwrittenOnnx?: RegExp;
  /** Why the ONNX file that is written cannot be read back. */
  readonly unreadOnnx?: RegExp;
}

/** The same reason for several convolutions. */
function all(names: readonly string[], reason: RegExp): Record<string, RegExp> {
  return Object.fromEntries(names.map((name) => [name, reason]));
}

const CONCATENATED = /concatenated with those of another space/;
const SHARED_WITH_LAST = /reads the same channels, and it is the last convolution$/;

/** Of architectures that are not listed all inner convolutions can be cut, and every format holds them. */
export const expectations: Readonly<Record<string, Expectation>> = {
  paddedShortcut: { whole: { conv2: SHARED_WITH_LAST } },
  residualOfResiduals: { whole: all(["conv3", "conv5"], SHARED_WITH_LAST) },
  denseBlocks: { whole: all(["conv2", "conv4", "conv6", "conv7", "conv9"], CONCATENATED) },
  factorizedInception: { whole: { conv7: CONCATENATED } },
  fire: { whole: { conv5: CONCATENATED } },
  ghost: { whole: { conv2: SHARED_WITH_LAST } },
  inceptionV1: { whole: all(["conv8", "conv9", "conv11"], CONCATENATED) },
  convNext: {
    whole: { conv2: /layer_norm1/, conv4: /layer_norm2/ },
    unwrittenOnnx: /layer "layer_norm1" has no counterpart/,
  },
  efficient: { whole: all(["conv2", "conv4"], SHARED_WITH_LAST) },
  mobileV2: { whole: { conv6: SHARED_WITH_LAST } },
  mobileV3: { whole: all(["conv2", "conv6"], SHARED_WITH_LAST) },
  multiplied: { whole: { conv3: CONCATENATED } },
  shuffled: {
    whole: { conv4: /layer (reshape|permute)\d/ },
    unwrittenOnnx: /layer "reshape1" turns \[8, 8, 8\] into \[8, 8, 2, 4\]/,
  },
  xception: { whole: { separable3: SHARED_WITH_LAST } },
  uNet: { whole: all(["conv3", "conv4", "conv5", "conv6"], CONCATENATED) },
  croppedUNet: { whole: all(["conv3", "conv4"], CONCATENATED) },
  transposedUNet: { whole: all(["conv2", "conv3", "conv4", "conv5"], CONCATENATED) },
  series: { unwrittenOnnx: /layer "image1" has shape \[16, 3\]/ },
  nestedFunctional: { whole: { conv3: SHARED_WITH_LAST } },
  twoImages: {
    whole: { conv3: /one channel only/, conv5: CONCATENATED, conv6: SHARED_WITH_LAST },
  },
  selected: { whole: all(["conv2", "conv4", "conv5"], /some layer reads a part/) },
  skippedImage: { whole: { conv3: /image1 is an input of the model/ } },
  permuted: { unwrittenOnnx: /layer "permute1" has no counterpart/ },
  reshapedVectors: { unreadOnnx: /"reshape1\/rows" \(Reshape\) turns \[N, 96\]/ },
};
