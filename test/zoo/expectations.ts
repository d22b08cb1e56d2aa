/** What is known about an architecture. */
export interface Expectation {
  /**
   * Layers that stay whole when shared channels are coupled, with a word of the reason; those that read an input of the
   * model are whole in any case and not listed.
   */
  readonly whole?: Readonly<Record<string, RegExp>>;
  /** Why no ONNX file is written. */
  readonly unwrittenOnnx?: RegExp;
  /** Why the ONNX file that is written cannot be read back. */
  readonly unreadOnnx?: RegExp;
}

/** The same reason for several layers. */
function all(names: readonly string[], reason: RegExp): Record<string, RegExp> {
  return Object.fromEntries(names.map((name) => [name, reason]));
}

const CONCATENATED = /concatenated with those of another space/;

/** Of architectures that are not listed all layers can be cut but those that read an input, and every format holds them. */
export const expectations: Readonly<Record<string, Expectation>> = {
  denseBlocks: {
    whole: all(["conv2", "conv4", "conv6", "conv7", "conv9", "dense1"], CONCATENATED),
  },
  factorizedInception: { whole: all(["conv7", "conv8"], CONCATENATED) },
  fire: { whole: all(["conv5", "conv8"], CONCATENATED) },
  inceptionV1: { whole: all(["conv8", "conv9", "conv11", "conv13"], CONCATENATED) },
  convNext: {
    whole: { conv2: /layer_norm1/, conv4: /layer_norm2/, dense1: /layer_norm1/ },
    unwrittenOnnx: /layer "layer_norm1" has no counterpart/,
  },
  multiplied: { whole: all(["conv3", "conv4"], CONCATENATED) },
  shuffled: {
    whole: { conv4: /layer (reshape|permute)\d/ },
    unwrittenOnnx: /layer "reshape1" turns \[8, 8, 8\] into \[8, 8, 2, 4\]/,
  },
  uNet: { whole: all(["conv3", "conv4", "conv5", "conv6"], CONCATENATED) },
  croppedUNet: { whole: all(["conv3", "conv4"], CONCATENATED) },
  transposedUNet: { whole: all(["conv2", "conv3", "conv4", "conv5"], CONCATENATED) },
  series: { unwrittenOnnx: /layer "image1" has shape \[16, 3\]/ },
  imageAndVector: { whole: all(["dense2", "dense3", "dense4"], CONCATENATED) },
  twoImages: { whole: all(["conv5", "dense1", "dense2"], CONCATENATED) },
  selected: { whole: all(["conv2", "conv4", "conv5"], /some layer reads a part/) },
  permuted: { unwrittenOnnx: /layer "permute1" has no counterpart/ },
  reshapedVectors: { unreadOnnx: /"reshape1\/rows" \(Reshape\) turns \[N, 96\]/ },
};
