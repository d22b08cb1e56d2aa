import type * as tf from "@tensorflow/tfjs";
import { Layout, type Symbolic } from "./layout.ts";

/** MobileNet v1: depthwise and pointwise convolutions in turn. */
export function mobileV1(): tf.LayersModel {
  const net = new Layout("mobile_v1");
  const image = net.image();
  const relu6 = (x: Symbolic) => net.act(net.norm(x), "relu6");
  let x = relu6(net.conv(image, 5, { strides: 2 }));
  for (const [width, strides] of [[6, 1], [8, 2], [8, 1]]) {
    x = relu6(net.conv(relu6(net.depthwise(x, { strides })), width, { kernel: 1 }));
  }
  return net.model(image, net.head(x));
}

/** MobileNet v2: inverted residuals with linear bottlenecks. */
export function mobileV2(): tf.LayersModel {
  const net = new Layout("mobile_v2");
  const image = net.image();
  const relu6 = (x: Symbolic) => net.act(net.norm(x), "relu6");
  let x = relu6(net.conv(image, 4));
  for (const [width, strides] of [[4, 1], [5, 2], [5, 1]]) {
    const expanded = relu6(net.conv(x, 10, { kernel: 1 }));
    const inner = relu6(net.depthwise(expanded, { strides }));
    const y = net.norm(net.conv(inner, width, { kernel: 1 }));
    x = strides === 1 ? net.add(x, y) : y;
  }
  return net.model(image, net.head(relu6(net.conv(x, 12, { kernel: 1 }))));
}

/** MobileNet v3: hard swish, squeeze and excitation by 1×1 convolutions inside the block. */
export function mobileV3(): tf.LayersModel {
  const net = new Layout("mobile_v3");
  const image = net.image();
  let x = net.hardSwish(net.norm(net.conv(image, 5, { strides: 2 })));
  for (let block = 0; block < 2; block++) {
    const expanded = net.hardSwish(net.norm(net.conv(x, 8, { kernel: 1 })));
    const inner = net.hardSwish(net.norm(net.depthwise(expanded, { kernel: 5 })));
    x = net.add(net.norm(net.conv(net.excite(inner, 3, "conv"), 5, { kernel: 1 })), x);
  }
  return net.model(image, net.head(net.hardSwish(net.conv(x, 8, { kernel: 1, bias: true }))));
}

/** EfficientNet's block: swish, and squeeze and excitation by Dense layers. */
export function efficient(): tf.LayersModel {
  const net = new Layout("efficient");
  const image = net.image();
  const swish = (x: Symbolic) => net.act(net.norm(x), "swish");
  let x = swish(net.conv(image, 4, { strides: 2 }));
  for (let block = 0; block < 2; block++) {
    const expanded = swish(net.conv(x, 8, { kernel: 1 }));
    const inner = net.excite(swish(net.depthwise(expanded)), 2);
    x = net.add(net.dropout(net.norm(net.conv(inner, 4, { kernel: 1 }))), x);
  }
  return net.model(image, net.head(swish(net.conv(x, 8, { kernel: 1 }))));
}

/** Depth multipliers: of one layer, of a Concatenate, and one on top of another. */
export function multiplied(): tf.LayersModel {
  const net = new Layout("multiplied");
  const image = net.image();
  const stem = net.unit(image, 4);
  const twice = net.depthwise(net.depthwise(stem, { multiplier: 2, bias: true }), {
    multiplier: 2,
    strides: 2,
  });
  const x = net.unit(twice, 4, { kernel: 1 });
  const joined = net.concat(x, net.conv(x, 3));
  const spread = net.prelu(net.norm(net.depthwise(joined, { multiplier: 2 })));
  return net.model(image, net.head(net.unit(spread, 6, { kernel: 1 })));
}

/** Separable convolutions with depth multipliers, biases and fused activations. */
export function separableStack(): tf.LayersModel {
  const net = new Layout("separable_stack");
  const image = net.image();
  let x = net.separable(image, 6, { multiplier: 2, bias: true, activation: "relu" });
  x = net.relu(net.norm(net.separable(x, 8, { strides: 2 })));
  x = net.separable(x, 6, { multiplier: 3, kernel: [3, 2], activation: "tanh", bias: true });
  return net.model(image, net.head(net.separable(x, 5, { kernel: 1 })));
}

/** Xception: separable convolutions in residual blocks, with and without projection. */
export function xception(): tf.LayersModel {
  const net = new Layout("xception");
  const image = net.image();
  let x = net.unit(net.unit(image, 4), 6);
  const entry = net.norm(net.separable(net.relu(net.norm(net.separable(x, 8))), 8));
  const projection = net.norm(net.conv(x, 8, { kernel: 1, strides: 2 }));
  x = net.add(net.maxPool(entry, 3, 2), projection);
  let middle = x;
  for (let layer = 0; layer < 2; layer++) middle = net.norm(net.separable(net.relu(middle), 8));
  x = net.add(middle, x);
  return net.model(image, net.head(net.relu(net.norm(net.separable(x, 10)))));
}

/** ShuffleNet: channels of two groups change places through Reshape and Permute. */
export function shuffled(): tf.LayersModel {
  const net = new Layout("shuffled");
  const image = net.image();
  const stem = net.unit(image, 6);
  const groups = net.concat(net.unit(stem, 4, { kernel: 1 }), net.unit(stem, 4, { kernel: 1 }));
  const split = net.reshape(groups, [8, 8, 2, 4]);
  const mixed = net.reshape(net.permute(split, [1, 2, 4, 3]), [8, 8, 8]);
  const x = net.conv(net.relu(net.norm(net.depthwise(mixed))), 6, { kernel: 1 });
  return net.model(image, net.head(net.unit(net.unit(x, 6), 5)));
}

/** ConvNeXt's block: a large depthwise window, LayerNormalization, an inverted bottleneck. */
export function convNext(): tf.LayersModel {
  const net = new Layout("conv_next");
  const image = net.image();
  let x = net.conv(image, 6, { kernel: 2, strides: 2, padding: "valid", bias: true });
  for (let block = 0; block < 2; block++) {
    const normal = net.layerNorm(net.depthwise(x, { kernel: 5, bias: true }));
    const wide = net.conv(normal, 10, { kernel: 1, bias: true, activation: "swish" });
    x = net.add(net.conv(wide, 6, { kernel: 1, bias: true }), x);
  }
  return net.model(image, net.head(x));
}
