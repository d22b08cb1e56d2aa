import { DATA_TYPES, type OnnxAttribute } from "../../../src/formats/onnx/messages.ts";
import { Sketch } from "./sketch.ts";

/** Graphs as PyTorch exports them; each holds one construct or a combination. The input is N × 3 × 8 × 8. */
export const sketches: Readonly<Record<string, () => Uint8Array>> = {
  "a residual block with a strided projection, pooled and classified": () => {
    const g = new Sketch();
    const x = g.node("Relu", [g.norm(g.conv("x", [6, 3, 7, 7], same(3, 2)), 6)]);
    const pooled = g.node("MaxPool", [x], { kernel_shape: [3, 3], ...same(1, 2) });
    const inner = g.node("Relu", [g.norm(g.conv(pooled, [8, 6, 3, 3], same(1, 2)), 8)]);
    const branch = g.norm(g.conv(inner, [8, 8, 3, 3], same(1)), 8);
    const shortcut = g.norm(g.conv(pooled, [8, 6, 1, 1], { strides: [2, 2] }), 8);
    const sum = g.node("Relu", [g.node("Add", [branch, shortcut])]);
    const maps = g.node("GlobalAveragePool", [sum]);
    return g.encode(g.linear(g.node("Flatten", [maps], { axis: 1 }), 8, 4));
  },
  "transposed convolutions, padded at one end, at both, further than their windows, and dilated":
    () => {
      const g = new Sketch();
      const up = (x: string, kernel: number[], attributes: Record<string, OnnxAttribute> = {}) => {
        const operands = [x, g.weight(kernel, 0.5), g.weight([kernel[1]], 0.3)];
        return g.node("ConvTranspose", operands, { kernel_shape: kernel.slice(2), ...attributes });
      };
      const strides = [2, 2];
      const outputs = [
        up("x", [3, 4, 3, 3], { strides, pads: [1, 1, 1, 1], output_padding: [1, 1] }),
        up("x", [3, 4, 4, 4], { strides, pads: [1, 1, 1, 1] }),
        up("x", [3, 2, 2, 2], { strides }),
        up("x", [3, 2, 3, 2], { strides: [2, 3], output_padding: [1, 2] }),
        up("x", [3, 2, 2, 3], { strides, pads: [0, 1, 1, 0], dilations: [2, 1] }),
        up("x", [3, 2, 1, 1], { strides }),
        up("x", [3, 2, 3, 3], { pads: [1, 1, 1, 1] }),
      ];
      return g.encode(...outputs.map((x) => g.node("Relu", [x])));
    },
  "MobileNetV2: depthwise, ReLU6, a linear bottleneck": () => {
    const g = new Sketch();
    const wide = clip(g, g.norm(g.conv("x", [9, 3, 1, 1]), 9), 0, 6);
    const deep = g.norm(g.conv(wide, [9, 1, 3, 3], { group: 9, ...same(1) }), 9);
    const narrow = g.norm(g.conv(clip(g, deep, 0, 6), [3, 9, 1, 1]), 3);
    return g.encode(g.node("Add", ["x", narrow]));
  },
  "MobileNetV3: squeeze-and-excite, HardSwish before and behind the flattening": () => {
    const g = new Sketch();
    const x = g.node("HardSwish", [g.conv("x", [8, 3, 3, 3], same(1, 2))]);
    const squeezed = g.node("GlobalAveragePool", [x]);
    const reduced = g.node("Relu", [g.conv(squeezed, [4, 8, 1, 1])]);
    const gate = g.node("HardSigmoid", [g.conv(reduced, [8, 4, 1, 1])], { alpha: 1 / 6 });
    const excited = g.node("Mul", [gate, x]);
    const vector = g.node("Flatten", [g.node("GlobalAveragePool", [excited])], { axis: 1 });
    const hidden = g.node("HardSwish", [g.linear(vector, 8, 6)]);
    return g.encode(g.linear(g.node("Dropout", [hidden]), 6, 4));
  },
  "opset 11: HardSwish as x · Clip(x + 3) / 6": () => {
    const g = new Sketch(["N", 3, 8, 8], 11);
    const x = g.conv("x", [5, 3, 3, 3]);
    const shifted = g.node("Add", [x, g.floats([3], [])]);
    const product = g.node("Mul", [x, clip(g, shifted, 0, 6)]);
    return g.encode(g.node("Div", [product, g.floats([6], [])]));
  },
  "Swish as x · Sigmoid(x), and squeeze-and-excite by linear layers": () => {
    const g = new Sketch();
    const x = g.conv("x", [6, 3, 3, 3]);
    const swish = g.node("Mul", [x, g.node("Sigmoid", [x])]);
    const mean = g.node("ReduceMean", [swish], { axes: [2, 3], keepdims: 0 });
    const gate = g.node("Sigmoid", [g.linear(mean, 6, 6)]);
    const axes = g.integers([2, 3]);
    return g.encode(g.node("Mul", [swish, g.node("Unsqueeze", [gate, axes])]));
  },
  "flattening maps before a linear layer keeps their order": () => {
    const g = new Sketch();
    const x = g.node("Relu", [g.conv("x", [5, 3, 3, 4], { strides: [2, 1] })]);
    const vector = g.norm(g.node("Flatten", [x], { axis: 1 }), 75);
    return g.encode(g.linear(g.node("Tanh", [vector]), 75, 4));
  },
  "x.view(x.size(0), -1), its shape computed in the graph": () => {
    const g = new Sketch();
    const x = g.node("MaxPool", [g.conv("x", [4, 3, 3, 3])], {
      kernel_shape: [2, 2],
      strides: [2, 2],
    });
    const zero = g.node("Constant", [], {
      value: {
        name: "",
        shape: [],
        dataType: DATA_TYPES.int64,
        typed: [],
        raw: new Uint8Array(8),
      },
    });
    const batch = g.node("Gather", [g.node("Shape", [x]), zero], { axis: 0 });
    const axis = g.integers([0]);
    const parts = [g.node("Unsqueeze", [batch, axis]), g.integers([-1])];
    const target = g.node("Concat", parts, { axis: 0 });
    return g.encode(g.linear(g.node("Reshape", [x, target]), 36, 4));
  },
  "vectors of several maps, joined": () => {
    const g = new Sketch();
    const x = g.conv("x", [4, 3, 3, 3], { strides: [2, 2] });
    const y = g.conv("x", [3, 3, 5, 5]);
    const vectors = [x, y, g.node("GlobalMaxPool", [x])].map((maps) =>
      g.node("Flatten", [maps], { axis: 1 })
    );
    return g.encode(g.linear(g.node("Concat", vectors, { axis: 1 }), 36 + 48 + 4, 4));
  },
  "asymmetric pads, dilation and auto_pad": () => {
    const g = new Sketch();
    const x = g.conv("x", [4, 3, 3, 3], { pads: [0, 1, 2, 1], strides: [2, 2] });
    const y = g.conv(x, [4, 4, 3, 3], { pads: [2, 2, 2, 2], dilations: [2, 2] });
    const z = g.conv(y, [4, 4, 2, 3], { auto_pad: "SAME_UPPER", strides: [2, 2] });
    const pads = g.integers([0, 0, 1, 0, 0, 0, 0, 2]);
    return g.encode(g.node("Pad", [g.conv(z, [4, 4, 2, 2], { auto_pad: "SAME_LOWER" }), pads]));
  },
  "a depthwise convolution with a multiplier, and one that is dilated": () => {
    const g = new Sketch();
    const x = g.conv("x", [6, 1, 3, 3], { group: 3, pads: [1, 1, 1, 1] });
    return g.encode(g.conv(x, [6, 1, 3, 3], { group: 6, dilations: [2, 2], pads: [2, 2, 2, 2] }));
  },
  "a dilated convolution with strides": () => {
    const g = new Sketch();
    const steps = { dilations: [2, 2], strides: [2, 2], pads: [2, 2, 2, 2] };
    return g.encode(g.conv("x", [4, 3, 3, 3], steps));
  },
  "a grouped convolution": () => {
    const g = new Sketch();
    const x = g.conv("x", [8, 3, 1, 1]);
    return g.encode(g.norm(g.conv(x, [12, 2, 3, 3], { group: 4, ...same(1, 2) }), 12));
  },
  "max pooling whose padding is not zero": () => {
    const g = new Sketch();
    const x = g.conv("x", [4, 3, 3, 3], same(1));
    const negative = g.node("Sub", [clip(g, x, -9, 9), g.floats([20], [])]);
    return g.encode(g.node("MaxPool", [negative], { kernel_shape: [3, 3], ...same(1, 2) }));
  },
  "max pooling of what cannot be negative is padded with zeros": () => {
    const g = new Sketch();
    const x = g.node("Relu", [g.conv("x", [4, 3, 3, 3], same(1))]);
    return g.encode(g.node("MaxPool", [x], { kernel_shape: [2, 2], pads: [1, 0, 1, 1] }));
  },
  "max pooling that rounds up": () => {
    const g = new Sketch();
    const steps = { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 };
    return g.encode(g.node("MaxPool", [g.conv("x", [4, 3, 1, 1])], steps));
  },
  "average pooling that counts zeros, and one that does not": () => {
    const g = new Sketch();
    const x = g.conv("x", [4, 3, 1, 1]);
    const steps = { kernel_shape: [3, 3], ...same(1, 2) };
    const counted = g.node("AveragePool", [x], { ...steps, count_include_pad: 1 });
    const left = g.node("AveragePool", [x], steps);
    const inside = g.node("AveragePool", [x], { kernel_shape: [2, 2], strides: [2, 2] });
    return g.encode(g.node("Concat", [counted, left, inside], { axis: 1 }));
  },
  "every activation of single values": () => {
    const g = new Sketch();
    const x = g.conv("x", [3, 3, 3, 3]);
    const plain = ["Relu", "Sigmoid", "Tanh", "Softplus", "Softsign", "Elu", "Selu"]
      .map((operator) => g.node(operator, [x]));
    const sloped = [
      g.node("LeakyRelu", [x], { alpha: 0.2 }),
      g.node("PRelu", [x, g.weight([3, 1, 1])]),
      g.node("PRelu", [x, g.weight([1])]),
      g.node("HardSigmoid", [x]),
      g.node("HardSigmoid", [x], { alpha: 0.3, beta: 0.4 }),
      g.node("Neg", [x]),
    ];
    const bounds = [
      clip(g, x, 0, 1),
      clip(g, x, -0.5, 0.25),
      clip(g, x, -0.1),
      clip(g, x, "", 0.1),
    ];
    return g.encode(g.node("Concat", [...plain, ...sloped, ...bounds], { axis: 1 }));
  },
  "softmax over channels and over classes": () => {
    const g = new Sketch();
    const maps = g.node("Softmax", [g.conv("x", [4, 3, 3, 3])], { axis: 1 });
    const vector = g.node("Flatten", [g.node("GlobalAveragePool", [maps])], { axis: 1 });
    return g.encode(maps, g.node("LogSoftmax", [g.linear(vector, 4, 5)], { axis: -1 }));
  },
  "arithmetic with constants, on the image, in the middle and on vectors": () => {
    const g = new Sketch();
    const centered = g.node("Sub", ["x", g.floats([0.4, 0.5, 0.6], [1, 3, 1, 1])]);
    const scaled = g.node("Div", [centered, g.floats([0.2, 0.3, 0.4], [3, 1, 1])]);
    const x = g.conv(scaled, [4, 3, 3, 3]);
    const turned = g.node("Sub", [g.floats([1], []), g.node("Mul", [x, g.weight([4, 1, 1])])]);
    const mean = g.node("ReduceMean", [turned], { axes: [-1, -2], keepdims: 0 });
    const scores = g.node("MatMul", [mean, g.weight([4, 5])]);
    const biased = g.node("Add", [g.weight([5]), scores]);
    return g.encode(g.node("Add", [biased, g.node("Mul", [biased, g.weight([1, 5])])]));
  },
  "a bias is not put into a layer that others read too": () => {
    const g = new Sketch();
    const x = g.conv("x", [4, 3, 1, 1]);
    const alias = g.node("Identity", [x]);
    return g.encode(g.node("Add", [alias, g.weight([4, 1, 1])]), g.node("Relu", [x]));
  },
  "differences, maxima, means and broadcasts": () => {
    const g = new Sketch();
    const x = g.conv("x", [4, 3, 3, 3]), y = g.conv("x", [4, 3, 3, 3]);
    const spatial = g.node("Sigmoid", [g.conv("x", [1, 3, 3, 3])]);
    const merges = [
      g.node("Sub", [x, y]),
      g.node("Max", [x, y]),
      g.node("Min", [x, y]),
      g.node("Mean", [x, y]),
      g.node("Sum", [x, y, x]),
      g.node("Mul", [x, spatial]),
      g.node("Add", [x, g.node("GlobalAveragePool", [y])]),
    ];
    return g.encode(g.node("Concat", merges, { axis: 1 }));
  },
  "channels padded with zeros, and maps enlarged": () => {
    const g = new Sketch();
    const padded = g.node("Pad", [g.conv("x", [2, 3, 1, 1]), g.integers([0, 1, 0, 0, 0, 2, 0, 0])]);
    const modes = { coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };
    const operands = [padded, "", g.floats([1, 1, 2, 3])];
    return g.encode(g.node("Resize", operands, { mode: "nearest", ...modes }));
  },
  "squeezing, reshaping and expanding of pooled maps": () => {
    const g = new Sketch();
    const x = g.conv("x", [4, 3, 3, 3]);
    const pooled = g.node("GlobalAveragePool", [x]);
    const squeezed = g.node("Squeeze", [pooled, g.integers([2, 3])]);
    const back = g.node("Reshape", [g.linear(squeezed, 4, 4), g.integers([-1, 4, 1, 1])]);
    const gate = g.node("Expand", [g.node("Sigmoid", [back]), g.node("Shape", [x])]);
    return g.encode(g.node("Mul", [x, gate]), squeezed);
  },
  "ShuffleNet: channels split, joined and shuffled": () => {
    const g = new Sketch();
    const x = g.conv("x", [8, 3, 3, 3]);
    const [kept, changed] = g.nodes("Split", [x], { axis: 1 }, 2);
    const joined = g.node("Concat", [kept, g.conv(changed, [4, 4, 1, 1])], { axis: 1 });
    const grouped = g.node("Reshape", [joined, g.integers([-1, 2, 4, 6, 6])]);
    const turned = g.node("Transpose", [grouped], { perm: [0, 2, 1, 3, 4] });
    return g.encode(g.node("Reshape", [turned, g.integers([0, -1, 6, 6])]));
  },
  "channels, rows and columns cut out": () => {
    const g = new Sketch();
    const x = g.conv("x", [6, 3, 1, 1]);
    const [, tail] = g.nodes("Split", [x, g.integers([1, 3, 2])], { axis: 1 }, 3);
    const lists = [[1, 0, -4], [-1, 2 ** 31 - 1, -1], [2, 1, 3]].map((list) => g.integers(list));
    const rows = g.node("Slice", [x, ...lists]);
    const every = [[0], [6], [1], [2]].map((list) => g.integers(list));
    return g.encode(tail, rows, g.node("Slice", [x, ...every]));
  },
  "opset 18: padding of listed axes, a mean over an input's axes; a batch of two that is fixed":
    () => {
      const g = new Sketch([2, 3, 8, 8], 18);
      const pads = [g.integers([1, 0, 2, 1]), "", g.integers([-2, 3])];
      const x = g.node("Pad", [g.conv("x", [4, 3, 3, 3]), ...pads]);
      const mean = g.node("ReduceMean", [x, g.integers([2, 3])], { keepdims: 1 });
      const vector = g.node("Reshape", [g.node("Cast", [mean], { to: 1 }), g.integers([2, 4])]);
      return g.encode(g.linear(vector, 4, 3));
    },
  "a shortcut of every second value, its channels padded with zeros": () => {
    const g = new Sketch();
    const x = g.conv("x", [4, 3, 3, 3], same(1));
    const lists = [[0, 1], [2 ** 31 - 1, 8], [2, 3], [2, 2]].map((list) => g.integers(list));
    const pads = g.integers([0, 1, 0, 0, 0, 1, 0, 0]);
    const shortcut = g.node("Pad", [g.node("Slice", [x, ...lists]), pads]);
    return g.encode(g.node("Add", [shortcut, g.conv(x, [6, 4, 3, 3], same(1, 2))]));
  },
  "several inputs and outputs": () => {
    const g = new Sketch();
    g.input("other", ["N", 3, 8, 8]);
    const sum = g.node("Add", [g.conv("x", [4, 3, 3, 3]), g.conv("other", [4, 3, 3, 3])]);
    return g.encode(g.node("Relu", [sum]), sum);
  },
};

function same(pad: number, stride = 1) {
  return { pads: [pad, pad, pad, pad], strides: [stride, stride] };
}

/** Clip with a bound on either side; an empty text leaves one out. */
function clip(g: Sketch, x: string, low: number | "", high?: number): string {
  const bounds = [low, high].map((bound) => typeof bound === "number" ? g.floats([bound], []) : "");
  return g.node("Clip", [x, ...bounds]);
}
