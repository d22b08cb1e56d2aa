import * as tf from "@tensorflow/tfjs";
import { Layout, type Symbolic } from "./layout.ts";

/** DenseNet: every layer reads all before it; a transition pools. */
export function denseBlocks(): tf.LayersModel {
  const net = new Layout("dense_blocks");
  const image = net.image();
  let x = net.conv(image, 6);
  for (let block = 0; block < 2; block++) {
    for (let layer = 0; layer < 2; layer++) {
      x = net.concat(x, net.preUnit(net.preUnit(x, 5, { kernel: 1 }), 3));
    }
    if (block === 0) x = net.averagePool(net.preUnit(x, 6, { kernel: 1 }));
  }
  return net.model(image, net.head(net.relu(net.norm(x))));
}

/** GoogLeNet's block: four branches of other windows, one of them pooled. */
export function inceptionV1(): tf.LayersModel {
  const net = new Layout("inception_v1");
  const image = net.image();
  const block = (x: Symbolic) =>
    net.concat(
      net.unit(x, 3, { kernel: 1 }),
      net.unit(net.unit(x, 4, { kernel: 1 }), 4),
      net.unit(net.unit(x, 2, { kernel: 1 }), 3, { kernel: 5 }),
      net.unit(net.maxPool(x, 3, 1), 2, { kernel: 1 }),
    );
  return net.model(image, net.head(block(block(net.unit(image, 6)))));
}

/** Inception v3: 1×3 and 3×1 windows, side by side and in line, and a reduction of two strides and a pool. */
export function factorizedInception(): tf.LayersModel {
  const net = new Layout("factorized_inception");
  const image = net.image();
  const stem = net.unit(image, 6);
  const line = net.unit(net.unit(stem, 4, { kernel: [1, 3] }), 4, { kernel: [3, 1] });
  const wide = net.unit(stem, 4, { kernel: 1 });
  const sides = [net.unit(wide, 3, { kernel: [1, 3] }), net.unit(wide, 3, { kernel: [3, 1] })];
  const x = net.concat(line, ...sides);
  const reduced = net.concat(
    net.unit(x, 4, { strides: 2, padding: "valid" }),
    net.maxPool(x, 3, 2, "valid"),
  );
  return net.model(image, net.head(net.unit(reduced, 6, { kernel: 1 })));
}

/** Inception-ResNet: concatenated branches, scaled and added. */
export function inceptionResidual(): tf.LayersModel {
  const net = new Layout("inception_residual");
  const image = net.image();
  let x = net.unit(image, 6);
  for (let block = 0; block < 2; block++) {
    const branches = net.concat(net.unit(x, 3, { kernel: 1 }), net.unit(net.unit(x, 3), 4));
    const scaled = net.rescale(net.conv(branches, 6, { kernel: 1, bias: true }), 0.3);
    x = net.relu(net.add(x, scaled));
  }
  return net.model(image, net.head(x));
}

/** SqueezeNet's fire module, twice, with a skip around the second. */
export function fire(): tf.LayersModel {
  const net = new Layout("fire");
  const image = net.image();
  const options = { bias: true, activation: "relu" } as const;
  const module = (x: Symbolic) => {
    const squeezed = net.conv(x, 3, { kernel: 1, ...options });
    return net.concat(
      net.conv(squeezed, 4, { kernel: 1, ...options }),
      net.conv(squeezed, 4, options),
    );
  };
  const first = module(net.maxPool(net.conv(image, 6, options), 3, 2));
  const second = net.add(module(first), first);
  return net.model(image, net.globalPool(net.conv(second, 4, { kernel: 1, ...options })));
}

/** CSPNet: half of the stage passes a residual block, the other half goes around it. */
export function crossStage(): tf.LayersModel {
  const net = new Layout("cross_stage");
  const image = net.image();
  const stem = net.unit(image, 6);
  const around = net.unit(stem, 4, { kernel: 1 });
  let through = net.unit(stem, 5, { kernel: 1 });
  for (let block = 0; block < 2; block++) {
    through = net.add(through, net.unit(net.unit(through, 3, { kernel: 1 }), 5));
  }
  const joined = net.concat(net.conv(through, 4, { kernel: 1 }), around);
  return net.model(image, net.head(net.unit(net.leaky(net.norm(joined)), 6, { kernel: 1 })));
}

/** DeepLab's spatial pyramid: dilated branches, and one of the whole image, spread out again. */
export function spatialPyramid(): tf.LayersModel {
  const net = new Layout("spatial_pyramid");
  const image = net.image();
  const x = net.unit(net.unit(image, 6), 7);
  const pooled = net.reshape(net.globalPool(x), [1, 1, 7]);
  const joined = net.concat(
    net.unit(x, 3, { kernel: 1 }),
    net.unit(x, 4, { dilation: 2 }),
    net.unit(x, 3, { dilation: 3 }),
    net.up(net.unit(pooled, 4, { kernel: 1 }), [8, 8]),
  );
  const scores = net.conv(net.unit(joined, 6, { kernel: 1 }), 3, { kernel: 1, bias: true });
  return net.model(image, scores);
}

/** GhostNet: cheap depthwise copies beside the channels they are made from. */
export function ghost(): tf.LayersModel {
  const net = new Layout("ghost");
  const image = net.image();
  const module = (x: Symbolic, width: number) => {
    const primary = net.unit(x, width, { kernel: 1 });
    return net.concat(primary, net.relu(net.norm(net.depthwise(primary))));
  };
  const stem = net.unit(image, 6, { strides: 2 });
  const x = net.add(net.norm(module(module(stem, 5), 3)), stem);
  return net.model(image, net.head(net.unit(x, 6)));
}

/** Branches that share pieces: two Concatenates of overlapping parts, added. */
export function overlappingConcats(): tf.LayersModel {
  const net = new Layout("overlapping_concats");
  const image = net.image();
  const stem = net.unit(image, 6);
  const [first, second, third] = [net.unit(stem, 4), net.unit(stem, 4), net.unit(stem, 4)];
  const sum = net.add(net.concat(first, second), net.concat(second, third));
  return net.model(image, net.head(net.conv(net.unit(sum, 5), 4)));
}

/** A residual dense network: dense blocks whose fused outputs are added, and concatenated over all blocks. */
export function residualDense(): tf.LayersModel {
  const net = new Layout("residual_dense");
  const image = net.image();
  const options = { bias: true, activation: "relu" } as const;
  const shallow = net.conv(image, 6, { bias: true });
  let x = net.conv(shallow, 6, { bias: true });
  const fused = [];
  for (let block = 0; block < 2; block++) {
    let dense = x;
    for (let layer = 0; layer < 2; layer++) dense = net.concat(dense, net.conv(dense, 4, options));
    x = net.add(net.conv(dense, 6, { kernel: 1, bias: true }), x);
    fused.push(x);
  }
  const global = net.conv(net.concat(...fused), 6, { kernel: 1, bias: true });
  return net.model(image, net.conv(net.add(global, shallow), 3, { bias: true }));
}

/**
 * The stages of newer YOLO networks: half of a tensor passes bottlenecks and is concatenated with all that was on the
 * way; pooled copies of it; and a neck that takes an earlier tensor up again.
 */
export function splitStage(): tf.LayersModel {
  const net = new Layout("split_stage");
  const image = net.image();
  const stage = (x: Symbolic, width: number) => {
    const whole = net.unit(x, 2 * width, { kernel: 1 });
    const half = tf.layers.conv2d({
      name: net.nameOf("selector"),
      filters: width,
      kernelSize: 1,
      useBias: false,
      trainable: false,
    }).apply(whole) as Symbolic;
    const inner = net.add(half, net.unit(net.unit(half, width), width));
    return net.unit(net.concat(whole, inner), 2 * width, { kernel: 1 });
  };
  const fine = stage(net.unit(image, 6), 3);
  const narrow = net.unit(net.unit(fine, 8, { strides: 2 }), 4, { kernel: 1 });
  const pools = [net.maxPool(narrow, 3, 1), net.maxPool(net.maxPool(narrow, 3, 1), 3, 1)];
  const coarse = net.unit(net.concat(narrow, ...pools), 6, { kernel: 1 });
  const neck = stage(net.concat(net.up(coarse), fine), 3);
  const down = stage(net.concat(net.unit(neck, 6, { strides: 2 }), coarse), 3);
  const heads = [neck, down].map((x) => net.conv(net.unit(x, 5), 3, { kernel: 1, bias: true }));
  return net.model(image, heads);
}
