import * as tf from "@tensorflow/tfjs";
import { Layout, type Symbolic } from "./layout.ts";

/** A Sequential model of Sequential models, as Teachable Machine writes them. */
export function nestedSequential(): tf.LayersModel {
  const { layers } = tf;
  const conv = (name: string, filters: number, inputShape?: number[]) =>
    layers.conv2d({ name, filters, kernelSize: 3, padding: "same", useBias: false, inputShape });
  const features = tf.sequential({
    name: "features",
    layers: [
      conv("conv1", 5, [8, 8, 3]),
      layers.batchNormalization({ name: "norm1" }),
      layers.reLU({ name: "relu1" }),
      conv("conv2", 6),
      layers.reLU({ name: "relu2" }),
      conv("conv3", 6),
      layers.globalAveragePooling2d({ name: "pool" }),
    ],
  });
  const head = tf.sequential({
    name: "head",
    layers: [
      layers.dense({ name: "dense1", units: 6, activation: "relu", inputShape: [6] }),
      layers.dense({ name: "dense2", units: 6, activation: "softmax", useBias: false }),
    ],
  });
  return tf.sequential({ name: "nested_sequential", layers: [features, head] });
}

/** Functional models two levels deep, each around a residual block. */
export function nestedFunctional(): tf.LayersModel {
  const net = new Layout("nested_functional");
  const wrap = (name: string, width: number, body: (x: Symbolic) => Symbolic) => {
    const entry = net.image([8, 8, width], `${name}_entry`);
    return tf.model({ name, inputs: entry, outputs: body(entry) });
  };
  const deep = wrap("deep", 5, (x) => net.unit(net.unit(x, 4), 5));
  const middle = wrap("middle", 6, (x) => {
    const inner = deep.apply(net.unit(x, 5)) as Symbolic;
    return net.add(net.conv(inner, 6), x);
  });
  const image = net.image();
  const x = middle.apply(net.unit(image, 6)) as Symbolic;
  return net.model(image, net.head(net.unit(net.relu(x), 6)));
}

/** One convolution for two levels of a pyramid, between layers of their own. */
export function sharedLayer(): tf.LayersModel {
  const net = new Layout("shared_layer");
  const image = net.image();
  const stem = net.unit(net.unit(image, 5), 6);
  const small = net.unit(net.unit(net.maxPool(stem), 5), 6);
  const shared = tf.layers.conv2d({
    name: "shared",
    filters: 4,
    kernelSize: 3,
    padding: "same",
    activation: "relu",
  });
  const heads = [stem, small].map((x) => shared.apply(x) as Symbolic);
  const joined = heads.map((x) => net.globalPool(net.conv(net.unit(x, 5), 5)));
  return net.model(image, net.dense(net.concat(...joined), 4));
}

/** A siamese network: one model for both images, then layers of the whole. */
export function siamese(): tf.LayersModel {
  const net = new Layout("siamese");
  const entry = net.image([8, 8, 3], "entry");
  const tower = tf.model({
    name: "tower",
    inputs: entry,
    outputs: net.unit(net.unit(net.unit(entry, 5), 6), 5),
  });
  const [left, right] = ["left", "right"].map((name) => net.image([8, 8, 3], name));
  const joined = net.concat(tower.apply(left) as Symbolic, tower.apply(right) as Symbolic);
  const x = net.unit(net.unit(net.unit(joined, 6), 5), 6);
  return net.model([left, right], net.head(x));
}

/** Two images through layers of their own, concatenated, and one output for each. */
export function twoImages(): tf.LayersModel {
  const net = new Layout("two_images");
  const images = [net.image([8, 8, 3], "color"), net.image([8, 8, 1], "depth")];
  const stems = images.map((image) => net.unit(net.unit(image, 5), 4));
  const x = net.unit(net.concat(...stems), 6);
  return net.model(images, stems.map((stem) => net.head(net.add(net.conv(x, 4), stem))));
}

/** An image and a vector that scales and shifts its channels. */
export function imageAndVector(): tf.LayersModel {
  const net = new Layout("image_and_vector");
  const image = net.image();
  const vector = net.image([3], "vector");
  const x = net.unit(net.unit(image, 5), 6);
  const hidden = net.dense(vector, 5, "relu");
  const [scale, shift] = [0, 1].map(() => net.reshape(net.dense(hidden, 6), [1, 1, 6]));
  const y = net.unit(net.unit(net.add(net.multiply(x, scale), shift), 6), 5);
  const scores = net.dense(net.concat(net.globalPool(y), hidden), 4);
  return net.model([image, vector], scores);
}

/** A side output in the middle, as GoogLeNet has them, and a map as the third output. */
export function auxiliaryOutputs(): tf.LayersModel {
  const net = new Layout("auxiliary_outputs");
  const image = net.image();
  const middle = net.unit(net.unit(image, 5), 6);
  const side = net.head(net.unit(middle, 4, { strides: 2 }), 3);
  const x = net.unit(net.unit(middle, 6), 5);
  return net.model(image, [net.head(x), side, net.conv(x, 2, { kernel: 1 })]);
}

/** What pruning with `select` leaves behind: frozen 1×1 convolutions that pick channels of a stream. */
export function selected(): tf.LayersModel {
  const net = new Layout("selected");
  const image = net.image();
  const select = (x: Symbolic, filters: number, strides = 1) =>
    tf.layers.conv2d({
      name: net.nameOf("selector"),
      filters,
      kernelSize: 1,
      strides,
      useBias: false,
      trainable: false,
    }).apply(x) as Symbolic;
  let x = net.conv(image, 8);
  for (const strides of [1, 2]) {
    const shortcut = strides === 1 ? x : net.conv(select(x, 4, 2), 8, { kernel: 1 });
    const branch = net.preUnit(net.preUnit(select(x, 5), 6, { strides }), 8);
    x = net.add(branch, shortcut);
  }
  return net.model(image, net.head(net.relu(net.norm(net.conv(net.relu(net.norm(x)), 6)))));
}

/** The image itself is concatenated and added further down. */
export function skippedImage(): tf.LayersModel {
  const net = new Layout("skipped_image");
  const image = net.image();
  const x = net.unit(net.unit(image, 5), 6);
  const joined = net.unit(net.concat(x, image), 6);
  const residue = net.add(net.conv(net.unit(joined, 5), 3), image);
  return net.model(image, residue);
}

/** Vectors that become maps and back: a decoder behind a Dense layer, between convolutions. */
export function reshapedVectors(): tf.LayersModel {
  const net = new Layout("reshaped_vectors");
  const image = net.image();
  const code = net.dense(net.flatten(net.unit(net.unit(image, 4, { strides: 2 }), 5)), 8, "relu");
  const maps = net.reshape(net.dense(code, 4 * 4 * 6, "relu"), [4, 4, 6]);
  const x = net.unit(net.up(net.unit(maps, 5)), 6);
  return net.model(image, net.conv(net.unit(x, 5), 3, { kernel: 1 }));
}

/** Rows and columns change places, and maps become a sequence of positions and maps again. */
export function permuted(): tf.LayersModel {
  const net = new Layout("permuted");
  const image = net.image();
  const x = net.unit(net.unit(image, 5), 6, { kernel: [3, 1] });
  const turned = net.unit(net.permute(x, [2, 1, 3]), 5, { kernel: [3, 1] });
  const positions = net.norm(net.reshape(turned, [64, 5]));
  const maps = net.reshape(positions, [16, 4, 5]);
  return net.model(image, net.head(net.conv(net.unit(maps, 6), 5)));
}
