import { GraphSketch, strides } from "./graph_sketch.ts";

/** Small networks as the converter leaves those that people have, by their names; each gives its outputs. */
export const wholeNetworks: Readonly<Record<string, () => [GraphSketch, string[]]>> = {
  /** Frozen by slim: BatchNormalization folded, a 1×1 convolution for the classes. */
  mobileNetV1: () => {
    const g = new GraphSketch();
    const relu6 = ["BiasAdd", "Relu6"];
    let x = g.fused("x", [3, 3, 3, 6], relu6, strides(2));
    for (const [inputs, outputs, stride] of [[6, 8, 1], [8, 10, 2], [10, 10, 1]]) {
      const op = "FusedDepthwiseConv2dNative";
      x = g.fused(x, [3, 3, inputs, 1], relu6, { op, ...strides(stride) });
      x = g.fused(x, [1, 1, inputs, outputs], relu6);
    }
    const logits = g.fused(g.pool(x, "AvgPool", 2, 2, "VALID"), [1, 1, 10, 5], ["BiasAdd"]);
    const squeezed = g.node("Squeeze", [logits], { squeeze_dims: [1, 2] });
    return [g, [g.node("Softmax", [squeezed])]];
  },
  /** From Keras: padding ahead of strides, linear bottlenecks. */
  mobileNetV2: () => {
    const g = new GraphSketch();
    const pads = g.integers([0, 0, 0, 1, 0, 1, 0, 0], [4, 2]);
    const down = { padding: "VALID", ...strides(2) };
    const relu6 = ["BiasAdd", "Relu6"];
    const op = "FusedDepthwiseConv2dNative";
    let x = g.fused(g.node("Pad", ["x", pads]), [3, 3, 3, 6], relu6, down);
    x = g.fused(g.fused(x, [3, 3, 6, 1], relu6, { op }), [1, 1, 6, 4], ["BiasAdd"]);
    for (const stride of [1, 2]) {
      const wide = g.fused(x, [1, 1, 4, 12], relu6);
      const source = stride === 2 ? g.node("Pad", [wide, pads]) : wide;
      const deep = g.fused(source, [3, 3, 12, 1], relu6, { op, ...(stride === 2 ? down : {}) });
      const narrow = g.fused(deep, [1, 1, 12, 4], ["BiasAdd"]);
      x = stride === 1 ? g.node("AddV2", [x, narrow]) : narrow;
    }
    x = g.fused(x, [1, 1, 4, 10], relu6);
    const scores = g.node("Softmax", [g.dense(g.global(x), 10, 5)]);
    return [g, [g.node("Identity", [scores])]];
  },
  /** Hard swish as arithmetic, squeeze and excitation on pooled maps that keep their axes. */
  mobileNetV3: () => {
    const g = new GraphSketch();
    const hardSigmoid = (x: string) => {
      const clipped = g.node("Relu6", [g.node("AddV2", [x, g.scalar(3)])]);
      return g.node("Mul", [clipped, g.scalar(1 / 6)]);
    };
    const hardSwish = (x: string) => g.node("Mul", [x, hardSigmoid(x)]);
    const scaled = g.node("Sub", [g.node("Mul", ["x", g.scalar(1 / 127.5)]), g.scalar(1)]);
    const stem = hardSwish(g.fused(scaled, [3, 3, 3, 4], ["BiasAdd"], strides(2)));
    const wide = hardSwish(g.fused(stem, [1, 1, 4, 8], ["BiasAdd"]));
    const op = "FusedDepthwiseConv2dNative";
    const deep = hardSwish(g.fused(wide, [5, 5, 8, 1], ["BiasAdd"], { op }));
    const squeezed = g.fused(g.global(deep, true), [1, 1, 8, 3], ["BiasAdd", "Relu"]);
    const gate = hardSigmoid(g.fused(squeezed, [1, 1, 3, 8], ["BiasAdd"]));
    const narrow = g.fused(g.node("Mul", [deep, gate]), [1, 1, 8, 4], ["BiasAdd"]);
    const last = hardSwish(g.fused(g.node("AddV2", [stem, narrow]), [1, 1, 4, 10], ["BiasAdd"]));
    const head = hardSwish(g.fused(g.global(last, true), [1, 1, 10, 12], ["BiasAdd"]));
    const logits = g.fused(head, [1, 1, 12, 5], ["BiasAdd"]);
    const flat = g.node("Reshape", [logits, g.integers([-1, 5])]);
    return [g, [g.node("Softmax", [flat])]];
  },
  /** Swish, squeeze and excitation by reshaped vectors. */
  efficientNet: () => {
    const g = new GraphSketch();
    const swish = (x: string) => g.node("Mul", [x, g.node("Sigmoid", [x])]);
    const stem = swish(g.norm(g.conv("x", [3, 3, 3, 4], strides(2)), 4));
    const wide = swish(g.norm(g.conv(stem, [1, 1, 4, 8]), 8));
    const deep = swish(g.norm(g.depthwise(wide, [3, 3, 8, 1]), 8));
    const maps = g.node("Reshape", [g.global(deep), g.integers([-1, 1, 1, 8])]);
    const squeezed = swish(g.bias(g.conv(maps, [1, 1, 8, 2]), 2));
    const gate = g.node("Sigmoid", [g.bias(g.conv(squeezed, [1, 1, 2, 8]), 8)]);
    const narrow = g.norm(g.conv(g.node("Mul", [deep, gate]), [1, 1, 8, 4]), 4);
    const top = swish(g.norm(g.conv(g.node("AddV2", [narrow, stem]), [1, 1, 4, 10]), 10));
    return [g, [g.node("Softmax", [g.dense(g.global(top), 10, 5)])]];
  },
  /** Bottlenecks with a projection, normalized behind every convolution. */
  resNet: () => {
    const g = new GraphSketch();
    const relu = (x: string) => g.node("Relu", [x]);
    const pads = g.integers([0, 0, 1, 1, 1, 1, 0, 0], [4, 2]);
    const stem = relu(g.norm(g.conv(g.node("Pad", ["x", pads]), [3, 3, 3, 6], VALID), 6));
    const block = (x: string, inputs: number, outputs: number, stride: number) => {
      const inner = relu(g.norm(g.conv(x, [1, 1, inputs, 4], strides(stride)), 4));
      const middle = relu(g.norm(g.conv(inner, [3, 3, 4, 4]), 4));
      const branch = g.norm(g.conv(middle, [1, 1, 4, outputs]), outputs);
      const shortcut = inputs === outputs
        ? x
        : g.norm(g.conv(x, [1, 1, inputs, outputs], strides(stride)), outputs);
      return relu(g.node("AddV2", [shortcut, branch]));
    };
    const top = block(block(g.pool(stem, "MaxPool", 3, 2), 6, 8, 2), 8, 8, 1);
    return [g, [g.node("Softmax", [g.dense(g.global(top), 8, 5)])]];
  },
  /** Contracting, enlarging both ways, joined with what was on the way. */
  uNet: () => {
    const g = new GraphSketch();
    const conv = (x: string, inputs: number, outputs: number) =>
      g.fused(x, [3, 3, inputs, outputs], ["BiasAdd", "Relu"]);
    const join = (...parts: string[]) =>
      g.node("ConcatV2", [...parts, g.integers([3], [])], { N: parts.length });
    const first = conv("x", 3, 4);
    const second = conv(g.pool(first, "MaxPool", 2, 2), 4, 6);
    const third = conv(g.pool(second, "MaxPool", 2, 2), 6, 8);
    const plain = { align_corners: false, half_pixel_centers: true };
    const up = g.node("ResizeNearestNeighbor", [third, g.integers([4, 4])], plain);
    const fourth = conv(join(up, second), 14, 6);
    const shape = g.integers([2, 8, 8, 4]);
    const more = { ...strides(2), padding: "SAME", dilations: [1, 1, 1, 1] };
    const wide = g.node("Conv2DBackpropInput", [shape, g.weight([2, 2, 4, 6], 0.6), fourth], more);
    const fifth = conv(join(g.bias(wide, 4), first), 8, 4);
    return [g, [g.node("Sigmoid", [g.fused(fifth, [1, 1, 4, 1], ["BiasAdd"])])]];
  },
  /** A feature extractor without classes: vectors of pooled maps. */
  featureExtractor: () => {
    const g = new GraphSketch();
    const x = g.fused("x", [3, 3, 3, 6], ["BiasAdd", "Relu6"], strides(2));
    const y = g.fused(x, [1, 1, 6, 8], ["BiasAdd", "Relu6"]);
    return [g, [g.node("Squeeze", [g.global(y, true)], { squeeze_dims: [1, 2] })]];
  },
};

const VALID = { padding: "VALID" };
