import * as tf from "@tensorflow/tfjs";

/** A tensor while a network is laid out. */
export type Symbolic = tf.SymbolicTensor;

/** What a convolution block may be told. */
export interface BlockOptions {
  /** Rows and columns of the window. Default 3. */
  readonly kernel?: number;
  /** Default 1. */
  readonly strides?: number;
  /** Default none. */
  readonly activation?: Activation;
}

type Activation = "relu" | "relu6" | "swish";

/** Numbers the layers and with them the seeds of their weights, so that a network is the same every time. */
export class LayOut {
  #layers = 0;

  /** A SAME convolution without bias, BatchNormalization and an activation. */
  block(x: Symbolic, filters: number, options: BlockOptions = {}): Symbolic {
    const { kernel = 3, strides = 1, activation } = options;
    const convolution = tf.layers.conv2d({
      name: this.#name("conv"),
      filters,
      kernelSize: kernel,
      strides,
      padding: "same",
      useBias: false,
      kernelInitializer: this.#kernels(),
    });
    return this.#normalized(convolution.apply(x) as Symbolic, activation);
  }

  /** BatchNormalization and ReLU ahead of a SAME convolution without bias. */
  preBlock(x: Symbolic, filters: number, kernel = 3): Symbolic {
    return tf.layers.conv2d({
      name: this.#name("conv"),
      filters,
      kernelSize: kernel,
      padding: "same",
      useBias: false,
      kernelInitializer: this.#kernels(),
    }).apply(this.#normalized(x, "relu")) as Symbolic;
  }

  /** A SAME depthwise convolution of 3×3 without bias, BatchNormalization and ReLU6. */
  depthwise(x: Symbolic, strides: number): Symbolic {
    const convolution = tf.layers.depthwiseConv2d({
      name: this.#name("depthwise"),
      kernelSize: 3,
      strides,
      padding: "same",
      useBias: false,
      depthwiseInitializer: this.#kernels(),
    });
    return this.#normalized(convolution.apply(x) as Symbolic, "relu6");
  }

  /** A SAME convolution with bias. */
  convolution(x: Symbolic, filters: number, kernel = 3, activation?: Activation): Symbolic {
    return tf.layers.conv2d({
      name: this.#name("conv"),
      filters,
      kernelSize: kernel,
      padding: "same",
      activation,
      kernelInitializer: this.#kernels(),
    }).apply(x) as Symbolic;
  }

  /** A Dense layer. */
  dense(x: Symbolic, units: number, activation?: Activation | "softmax"): Symbolic {
    return tf.layers.dense({
      name: this.#name("dense"),
      units,
      activation,
      kernelInitializer: this.#kernels(),
    }).apply(x) as Symbolic;
  }

  /** The sum, and ReLU if asked for. */
  add(inputs: Symbolic[], activation?: Activation): Symbolic {
    const sum = tf.layers.add({ name: this.#name("add") }).apply(inputs) as Symbolic;
    return activation ? this.activation(sum, activation) : sum;
  }

  /** Channels side by side. */
  concatenate(inputs: Symbolic[]): Symbolic {
    return tf.layers.concatenate({ name: this.#name("concat") }).apply(inputs) as Symbolic;
  }

  /** An activation by itself. */
  activation(x: Symbolic, activation: Activation | "softmax"): Symbolic {
    return tf.layers.activation({ name: this.#name(activation), activation }).apply(x) as Symbolic;
  }

  /** The largest of every window. */
  maxPool(x: Symbolic, poolSize: number, strides: number): Symbolic {
    const name = this.#name("pool");
    return tf.layers.maxPooling2d({ name, poolSize, strides, padding: "same" })
      .apply(x) as Symbolic;
  }

  /** Twice the rows and columns, each pixel four times. */
  upSample(x: Symbolic): Symbolic {
    return tf.layers.upSampling2d({ name: this.#name("up"), size: [2, 2] }).apply(x) as Symbolic;
  }

  #normalized(x: Symbolic, activation?: Activation): Symbolic {
    const name = this.#name("bn");
    const normalized = tf.layers.batchNormalization({ name, epsilon: 1e-3 }).apply(x) as Symbolic;
    return activation ? this.activation(normalized, activation) : normalized;
  }

  #name(kind: string): string {
    return `${kind}_${++this.#layers}`;
  }

  #kernels() {
    return tf.initializers.heNormal({ seed: this.#layers });
  }
}
