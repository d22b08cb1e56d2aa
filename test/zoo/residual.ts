import type * as tf from "@tensorflow/tfjs";
import { Layout, type Symbolic } from "./layout.ts";

/** ResNet v1: the sum is followed by ReLU, the projection by BatchNormalization. */
export function residualV1(): tf.LayersModel {
  const net = new Layout("residual_v1");
  const image = net.image();
  let x = net.unit(image, 6);
  for (const [width, strides] of [[6, 1], [8, 2]]) {
    const branch = net.norm(net.conv(net.unit(x, width, { strides }), width));
    const shortcut = strides === 1 ? x : net.norm(net.conv(x, width, { kernel: 1, strides }));
    x = net.relu(net.add(branch, shortcut));
  }
  return net.model(image, net.head(x));
}

/** ResNet v2: a stream of sums, read behind a BatchNormalization and ReLU of each block. */
export function residualV2(): tf.LayersModel {
  const net = new Layout("residual_v2");
  const image = net.image();
  let x = net.conv(image, 6);
  for (const [width, strides] of [[6, 1], [8, 2], [8, 1]]) {
    const before = net.relu(net.norm(x));
    const shortcut = strides === 1 ? x : net.conv(before, width, { kernel: 1, strides });
    x = net.add(net.preUnit(net.conv(before, width, { strides }), width), shortcut);
  }
  return net.model(image, net.head(net.relu(net.norm(x))));
}

/** ResNet-50's block: 1×1, 3×3, 1×1, wider outside than inside. */
export function bottleneckV1(): tf.LayersModel {
  const net = new Layout("bottleneck_v1");
  const image = net.image();
  let x = net.unit(image, 8);
  for (const [width, strides] of [[8, 1], [12, 2]]) {
    const inner = net.unit(net.unit(x, 4, { kernel: 1 }), 4, { strides });
    const branch = net.norm(net.conv(inner, width, { kernel: 1 }));
    const shortcut = strides === 1 ? x : net.norm(net.conv(x, width, { kernel: 1, strides }));
    x = net.relu(net.add(branch, shortcut));
  }
  return net.model(image, net.head(x));
}

/** The same with BatchNormalization and ReLU ahead of the convolutions. */
export function bottleneckV2(): tf.LayersModel {
  const net = new Layout("bottleneck_v2");
  const image = net.image();
  let x = net.conv(image, 8);
  for (const strides of [2, 1]) {
    const inner = net.preUnit(net.preUnit(x, 4, { kernel: 1 }), 4, { strides });
    const shortcut = strides === 1 ? x : net.maxPool(x, 1, strides);
    x = net.add(net.preUnit(inner, 8, { kernel: 1, bias: true }), shortcut);
  }
  return net.model(image, net.head(net.relu(net.norm(x))));
}

/** ResNeXt: parallel thin paths, concatenated inside the branch. */
export function aggregatedResidual(): tf.LayersModel {
  const net = new Layout("aggregated_residual");
  const image = net.image();
  let x = net.unit(image, 8);
  for (let block = 0; block < 2; block++) {
    const paths = [0, 1, 2].map(() => net.unit(net.unit(x, 3, { kernel: 1 }), 2));
    x = net.relu(net.add(net.norm(net.conv(net.concat(...paths), 8, { kernel: 1 })), x));
  }
  return net.model(image, net.head(x));
}

/** SE-ResNet: a branch is scaled by squeeze and excitation before it is added. */
export function excitedResidual(): tf.LayersModel {
  const net = new Layout("excited_residual");
  const image = net.image();
  let x = net.unit(image, 6);
  for (let block = 0; block < 2; block++) {
    x = net.relu(net.add(net.excite(net.norm(net.conv(net.unit(x, 8), 6)), 3), x));
  }
  return net.model(image, net.head(x));
}

/** A highway: x · (1 − gate) + branch · gate. */
export function highway(): tf.LayersModel {
  const net = new Layout("highway");
  const image = net.image();
  let x = net.unit(image, 6);
  for (let block = 0; block < 2; block++) {
    const gate = net.conv(x, 6, { bias: true, activation: "sigmoid" });
    const carried = net.multiply(x, net.rescale(gate, -1, 1));
    x = net.add(net.multiply(net.conv(net.unit(x, 5), 6), gate), carried);
  }
  return net.model(image, net.head(x));
}

/** Residual networks of residual networks: streams inside a branch of a stream. */
export function residualOfResiduals(): tf.LayersModel {
  const net = new Layout("residual_of_residuals");
  const image = net.image();
  const outer = net.conv(image, 6);
  const inner = net.preUnit(outer, 5);
  const block = (x: Symbolic, width: number) => net.add(net.preUnit(net.preUnit(x, 4), width), x);
  const branch = net.preUnit(block(block(inner, 5), 5), 6);
  return net.model(image, net.head(net.relu(net.add(branch, outer))));
}

/** A shortcut without weights that pools and widens with zeros, as in the first ResNet for CIFAR. */
export function paddedShortcut(): tf.LayersModel {
  const net = new Layout("padded_shortcut");
  const image = net.image();
  const x = net.unit(image, 5);
  const branch = net.norm(net.conv(net.unit(x, 6, { strides: 2 }), 10));
  const pooled = net.averagePool(x);
  const shortcut = net.concat(pooled, net.rescale(pooled, 0));
  const y = net.relu(net.add(branch, shortcut));
  return net.model(image, net.head(net.unit(y, 6)));
}

/** A sum with a Concatenate: channels of three layers are joined piece by piece. */
export function sumOfConcat(): tf.LayersModel {
  const net = new Layout("sum_of_concat");
  const image = net.image();
  const stem = net.unit(image, 6);
  const parts = net.concat(net.conv(stem, 4), net.conv(stem, 5, { kernel: 1 }));
  const sum = net.add(parts, net.conv(stem, 9));
  return net.model(image, net.head(net.conv(net.unit(sum, 6), 5)));
}
