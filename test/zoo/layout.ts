import * as tf from "@tensorflow/tfjs";

/** A tensor while a network is laid out. */
export type Symbolic = tf.SymbolicTensor;

/** Names of activations, as TensorFlow.js writes them. */
export type Activation = "linear" | "relu" | "relu6" | "sigmoid" | "softmax" | "swish" | "tanh";

/** Options that all layers with windows share. */
export interface WindowOptions {
  readonly name?: string;
  readonly kernel?: number | [number, number];
  readonly strides?: number;
  readonly padding?: "same" | "valid";
  readonly dilation?: number;
  readonly bias?: boolean;
  readonly activation?: Activation;
}

interface DepthwiseOptions extends WindowOptions {
  readonly multiplier?: number;
}

function windowOf(options: WindowOptions) {
  return {
    kernelSize: options.kernel ?? 3,
    strides: options.strides ?? 1,
    padding: options.padding ?? "same",
    useBias: options.bias ?? false,
    activation: options.activation,
  } as const;
}

/**
 * Lays out one network: layers without a name get that of their kind and a number, so that a network is called the same
 * whatever was built before. Convolutions are 3×3, `same` and without bias unless told otherwise.
 */
export class Layout {
  readonly #name: string;
  readonly #counts = new Map<string, number>();

  /** @param name Name of the network. */
  constructor(name: string) {
    this.#name = name;
  }

  /** The next name of a kind. */
  nameOf(kind: string): string {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    return `${kind}${count}`;
  }

  /** An image of 8×8 pixels and three channels unless told otherwise. */
  image(shape: (number | null)[] = [8, 8, 3], name = this.nameOf("image")): Symbolic {
    return tf.input({ name, shape });
  }

  conv(x: Symbolic, filters: number, options: WindowOptions = {}): Symbolic {
    return tf.layers.conv2d({
      name: options.name ?? this.nameOf("conv"),
      filters,
      dilationRate: options.dilation ?? 1,
      ...windowOf(options),
    }).apply(x) as Symbolic;
  }

  /** A convolution that is called on what it makes. */
  twice(x: Symbolic): Symbolic {
    const layer = tf.layers.conv2d({
      name: this.nameOf("twice"),
      filters: x.shape.at(-1)!,
      kernelSize: 3,
      padding: "same",
      activation: "tanh",
    });
    return layer.apply(layer.apply(x)) as Symbolic;
  }

  /** One convolution that is called for every map. */
  shared(maps: readonly Symbolic[], filters: number): Symbolic[] {
    const name = this.nameOf("shared");
    const layer = tf.layers.conv2d({ name, filters, kernelSize: 3, padding: "same" });
    return maps.map((x) => layer.apply(x) as Symbolic);
  }

  conv1d(x: Symbolic, filters: number, options: WindowOptions = {}): Symbolic {
    return tf.layers.conv1d({
      name: options.name ?? this.nameOf("conv"),
      filters,
      ...windowOf(options),
    }).apply(x) as Symbolic;
  }

  transposed(x: Symbolic, filters: number, options: WindowOptions = {}): Symbolic {
    return tf.layers.conv2dTranspose({
      name: options.name ?? this.nameOf("transposed"),
      filters,
      ...windowOf({ strides: 2, ...options }),
    }).apply(x) as Symbolic;
  }

  depthwise(x: Symbolic, options: DepthwiseOptions = {}): Symbolic {
    return tf.layers.depthwiseConv2d({
      name: options.name ?? this.nameOf("depthwise"),
      depthMultiplier: options.multiplier ?? 1,
      ...windowOf(options),
    }).apply(x) as Symbolic;
  }

  separable(x: Symbolic, filters: number, options: DepthwiseOptions = {}): Symbolic {
    return tf.layers.separableConv2d({
      name: options.name ?? this.nameOf("separable"),
      filters,
      depthMultiplier: options.multiplier ?? 1,
      ...windowOf(options),
    }).apply(x) as Symbolic;
  }

  dense(x: Symbolic, units: number, activation?: Activation, name = this.nameOf("dense")) {
    return tf.layers.dense({ name, units, activation }).apply(x) as Symbolic;
  }

  norm(x: Symbolic): Symbolic {
    return tf.layers.batchNormalization({ name: this.nameOf("norm") }).apply(x) as Symbolic;
  }

  act(x: Symbolic, activation: Activation): Symbolic {
    return tf.layers.activation({ name: this.nameOf(activation), activation }).apply(x) as Symbolic;
  }

  relu(x: Symbolic): Symbolic {
    return this.act(x, "relu");
  }

  /** Convolution, BatchNormalization and ReLU. */
  unit(x: Symbolic, filters: number, options: WindowOptions = {}): Symbolic {
    return this.relu(this.norm(this.conv(x, filters, options)));
  }

  /** BatchNormalization, ReLU and convolution. */
  preUnit(x: Symbolic, filters: number, options: WindowOptions = {}): Symbolic {
    return this.conv(this.relu(this.norm(x)), filters, options);
  }

  add(...parts: Symbolic[]): Symbolic {
    return tf.layers.add({ name: this.nameOf("add") }).apply(parts) as Symbolic;
  }

  multiply(...parts: Symbolic[]): Symbolic {
    return tf.layers.multiply({ name: this.nameOf("multiply") }).apply(parts) as Symbolic;
  }

  maximum(...parts: Symbolic[]): Symbolic {
    return tf.layers.maximum({ name: this.nameOf("maximum") }).apply(parts) as Symbolic;
  }

  concat(...parts: Symbolic[]): Symbolic {
    return tf.layers.concatenate({ name: this.nameOf("concat") }).apply(parts) as Symbolic;
  }

  maxPool(x: Symbolic, poolSize = 2, strides = poolSize, padding: "same" | "valid" = "same") {
    return tf.layers.maxPooling2d({ name: this.nameOf("max"), poolSize, strides, padding })
      .apply(x) as Symbolic;
  }

  averagePool(x: Symbolic, poolSize = 2, strides = poolSize, padding: "same" | "valid" = "same") {
    return tf.layers.averagePooling2d({ name: this.nameOf("average"), poolSize, strides, padding })
      .apply(x) as Symbolic;
  }

  globalPool(x: Symbolic): Symbolic {
    return tf.layers.globalAveragePooling2d({ name: this.nameOf("pool") }).apply(x) as Symbolic;
  }

  up(x: Symbolic, size: [number, number] = [2, 2]): Symbolic {
    return tf.layers.upSampling2d({ name: this.nameOf("up"), size }).apply(x) as Symbolic;
  }

  pad(x: Symbolic, padding = 1): Symbolic {
    return tf.layers.zeroPadding2d({ name: this.nameOf("pad"), padding }).apply(x) as Symbolic;
  }

  crop(x: Symbolic, cropping = 1): Symbolic {
    return tf.layers.cropping2D({ name: this.nameOf("crop"), cropping: [cropping, cropping] })
      .apply(x) as Symbolic;
  }

  rescale(x: Symbolic, scale: number, offset = 0): Symbolic {
    return tf.layers.rescaling({ name: this.nameOf("rescale"), scale, offset })
      .apply(x) as Symbolic;
  }

  flatten(x: Symbolic): Symbolic {
    return tf.layers.flatten({ name: this.nameOf("flatten") }).apply(x) as Symbolic;
  }

  reshape(x: Symbolic, targetShape: number[]): Symbolic {
    return tf.layers.reshape({ name: this.nameOf("reshape"), targetShape }).apply(x) as Symbolic;
  }

  permute(x: Symbolic, dims: number[]): Symbolic {
    return tf.layers.permute({ name: this.nameOf("permute"), dims }).apply(x) as Symbolic;
  }

  layerNorm(x: Symbolic): Symbolic {
    return tf.layers.layerNormalization({ name: this.nameOf("layer_norm") }).apply(x) as Symbolic;
  }

  prelu(x: Symbolic): Symbolic {
    const sharedAxes = x.shape.slice(1, -1).map((_, axis) => axis + 1);
    return tf.layers.prelu({ name: this.nameOf("prelu"), sharedAxes }).apply(x) as Symbolic;
  }

  leaky(x: Symbolic): Symbolic {
    return tf.layers.leakyReLU({ name: this.nameOf("leaky"), alpha: 0.1 }).apply(x) as Symbolic;
  }

  dropout(x: Symbolic): Symbolic {
    return tf.layers.dropout({ name: this.nameOf("dropout"), rate: 0.5 }).apply(x) as Symbolic;
  }

  /** x · ReLU6(x + 3) / 6. */
  hardSwish(x: Symbolic): Symbolic {
    return this.multiply(x, this.rescale(this.act(this.rescale(x, 1, 3), "relu6"), 1 / 6));
  }

  /** Squeeze and excitation: by Dense layers, or by 1×1 convolutions of a pooled map. */
  excite(x: Symbolic, squeezed: number, by: "dense" | "conv" = "dense"): Symbolic {
    const width = x.shape.at(-1)!;
    const pooled = this.globalPool(x);
    const asMap = (vector: Symbolic) => this.reshape(vector, [1, 1, width]);
    if (by === "dense") {
      const gate = this.dense(this.dense(pooled, squeezed, "relu"), width, "sigmoid");
      return this.multiply(x, asMap(gate));
    }
    const inner = this.conv(asMap(pooled), squeezed, { kernel: 1, bias: true, activation: "relu" });
    const gate = this.conv(inner, width, { kernel: 1, bias: true, activation: "sigmoid" });
    return this.multiply(x, gate);
  }

  /** Logits of a classifier: pooled, then Dense. */
  head(x: Symbolic, classes = 4): Symbolic {
    return this.dense(this.globalPool(x), classes);
  }

  /** The model from its inputs to its outputs. */
  model(inputs: Symbolic | Symbolic[], outputs: Symbolic | Symbolic[]): tf.LayersModel {
    return tf.model({ name: this.#name, inputs, outputs });
  }
}
