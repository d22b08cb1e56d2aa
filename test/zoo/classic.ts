import * as tf from "@tensorflow/tfjs";
import { Layout } from "./layout.ts";

/** LeNet: tanh, averages, unpadded windows, Dense layers behind Flatten; a Sequential model. */
export function leNet(): tf.LayersModel {
  const { layers } = tf;
  return tf.sequential({
    name: "le_net",
    layers: [
      layers.conv2d({
        name: "conv1",
        filters: 4,
        kernelSize: 5,
        activation: "tanh",
        inputShape: [16, 16, 1],
      }),
      layers.averagePooling2d({ name: "average1", poolSize: 2 }),
      layers.conv2d({ name: "conv2", filters: 6, kernelSize: 3, activation: "tanh" }),
      layers.averagePooling2d({ name: "average2", poolSize: 2 }),
      layers.conv2d({ name: "conv3", filters: 8, kernelSize: 2, activation: "tanh" }),
      layers.flatten({ name: "flatten" }),
      layers.dense({ name: "dense1", units: 8, activation: "tanh" }),
      layers.dense({ name: "dense2", units: 4, activation: "softmax" }),
    ],
  });
}

/** VGG: pairs of convolutions, pools, Flatten, Dense and Dropout. */
export function vgg(): tf.LayersModel {
  const net = new Layout("vgg");
  const image = net.image();
  const options = { bias: true, activation: "relu" } as const;
  let x = image;
  for (const width of [4, 6, 8]) {
    x = net.maxPool(net.conv(net.conv(x, width, options), width, options));
  }
  const hidden = net.dropout(net.dense(net.flatten(x), 10, "relu"));
  return net.model(image, net.dense(net.dense(hidden, 8, "relu"), 4, "softmax"));
}

/** AlexNet: a strided first window, pools that overlap, Flatten of a map of several positions. */
export function overlappingPools(): tf.LayersModel {
  const net = new Layout("overlapping_pools");
  const image = net.image([16, 16, 3]);
  const options = { bias: true, activation: "relu" } as const;
  let x = net.conv(image, 6, { kernel: 5, strides: 2, padding: "valid", ...options });
  x = net.conv(net.maxPool(x, 3, 2), 8, options);
  x = net.conv(net.maxPool(x, 3, 1, "valid"), 6, { ...options, kernel: 1 });
  return net.model(image, net.dense(net.dense(net.flatten(x), 6, "relu"), 4));
}

/** Network in network: 1×1 convolutions, the classes are channels that are averaged. */
export function networkInNetwork(): tf.LayersModel {
  const net = new Layout("network_in_network");
  const image = net.image();
  let x = image;
  for (const width of [5, 6]) {
    x = net.conv(x, width, { bias: true, activation: "relu" });
    x = net.conv(x, width, { kernel: 1, bias: true, activation: "relu" });
    x = net.dropout(net.maxPool(x, 3, 2));
  }
  const scores = net.conv(x, 4, { kernel: 1, bias: true });
  return net.model(image, net.act(net.globalPool(scores), "softmax"));
}

/** BatchNormalization of the image, of flat vectors and between Dense layers, with PReLU. */
export function normalizedVectors(): tf.LayersModel {
  const net = new Layout("normalized_vectors");
  const image = net.image();
  const maps = net.prelu(net.unit(net.pad(net.norm(image)), 5, { strides: 2, padding: "valid" }));
  const flat = net.norm(net.flatten(net.conv(net.unit(maps, 4, { strides: 2 }), 5)));
  const hidden = net.prelu(net.norm(net.dense(net.prelu(flat), 7)));
  return net.model(image, net.dense(hidden, 4));
}

/** Images of any size. */
export function openSize(): tf.LayersModel {
  const net = new Layout("open_size");
  const image = net.image([null, null, 3]);
  const x = net.unit(net.unit(net.unit(image, 4, { strides: 2 }), 6), 6);
  return net.model(image, net.head(net.add(net.conv(x, 6), x)));
}

/** The classes are averaged maps of a Dense layer that reads maps. */
export function denseOnMaps(): tf.LayersModel {
  const net = new Layout("dense_on_maps");
  const image = net.image();
  const x = net.unit(net.unit(image, 5), 6, { strides: 2 });
  const mixed = net.norm(net.dense(x, 7, "relu"));
  return net.model(image, net.head(net.conv(net.unit(mixed, 5), 4)));
}

/** A series with one spatial axis: Conv1D, pools, a residual sum. */
export function series(): tf.LayersModel {
  const net = new Layout("series");
  const input = net.image([16, 3]);
  const x = net.relu(net.norm(net.conv1d(input, 6)));
  const inner = net.relu(net.norm(net.conv1d(x, 5, { kernel: 5 })));
  const sum = net.add(net.conv1d(inner, 6), x);
  const pooled = tf.layers.maxPooling1d({ name: "max1", poolSize: 2 }).apply(sum) as typeof sum;
  const last = net.conv1d(net.conv1d(pooled, 6, { strides: 2, activation: "relu" }), 5);
  const mean = tf.layers.globalAveragePooling1d({ name: "pool1" }).apply(last) as typeof sum;
  return net.model(input, net.dense(mean, 4));
}
