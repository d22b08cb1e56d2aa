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
  /** Why no TensorFlow Lite file is written. */
  readonly unwrittenTflite?: RegExp;
  /** Why the TensorFlow Lite file that is written cannot be read back. */
  readonly unreadTflite?: RegExp;
}

/** Of architectures that are not listed all layers can be cut but those that read an input, and every format holds them. */
export const expectations: Readonly<Record<string, Expectation>> = {
  convNext: {
    whole: { conv2: /layer_norm1/, conv4: /layer_norm2/, dense1: /layer_norm1/ },
    unwrittenTflite: /layer "layer_norm1" has no counterpart/,
  },
  shuffled: {
    whole: { conv4: /layer (reshape|permute)\d/ },
  },
};
