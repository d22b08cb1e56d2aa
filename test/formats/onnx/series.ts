import type { OnnxAttribute } from "../../../src/formats/onnx/messages.ts";
import { Sketch } from "./sketch.ts";

/** What is drawn: a graph, series in it, and convolutions of series. */
interface Drawing {
  readonly g: Sketch;
  readonly x: string;
  readonly conv: (
    x: string,
    kernel: readonly number[],
    options?: Record<string, OnnxAttribute>,
  ) => string;
}

/** A graph whose input is N × 3 × 8 × 8, with series N × 6 × 36 in it. */
function draw(opset = 17): Drawing {
  const g = new Sketch(["N", 3, 8, 8], opset);
  const conv: Drawing["conv"] = (x, kernel, options = {}) =>
    g.node("Conv", [x, g.weight(kernel, 0.5), g.weight([kernel[0]], 0.3)], options);
  const rows = g.node("Reshape", [g.conv("x", [4, 3, 3, 3]), g.integers([0, 4, 36])]);
  return { g, conv, x: conv(rows, [6, 4, 3], { pads: [1, 1] }) };
}

/** The graph with some series of six channels as outputs, each behind a convolution and flattened. */
function finish({ g, conv }: Drawing, ...series: string[]): Uint8Array {
  return g.encode(...series.map((x) => g.node("Flatten", [conv(x, [2, 6, 3])])));
}

const NEAREST = {
  mode: "nearest",
  coordinate_transformation_mode: "asymmetric",
  nearest_mode: "floor",
};

/** Graphs over series as PyTorch writes them, a kind of operation each. */
export const series: Readonly<Record<string, () => Uint8Array>> = {
  "series made longer": () => {
    const drawing = draw();
    const { g, x } = drawing;
    const twice = g.floats([1, 1, 2]);
    return finish(
      drawing,
      g.node("Resize", [x, "", twice], NEAREST),
      g.node("Resize", [x, "", twice], { mode: "linear" }),
      g.node("Resize", [x, "", g.floats([1, 1, 1.25])], { mode: "linear" }),
    );
  },
  "opset 9: series made longer": () => {
    const drawing = draw(9);
    const { g, x } = drawing;
    return finish(drawing, g.node("Upsample", [x, g.floats([1, 1, 3])], { mode: "nearest" }));
  },
  "pooling of series with padding": () => {
    const drawing = draw();
    const { g, x } = drawing;
    const pool = (operator: string, options: Record<string, OnnxAttribute>) =>
      g.node(operator, [x], { kernel_shape: [3], strides: [2], ...options });
    return finish(
      drawing,
      pool("AveragePool", { pads: [1, 1], count_include_pad: 1 }),
      pool("AveragePool", { pads: [1, 1], strides: [1] }),
      pool("MaxPool", { pads: [1, 1] }),
      pool("MaxPool", { auto_pad: "SAME_UPPER" }),
      pool("MaxPool", { ceil_mode: 1 }),
    );
  },
  "one value of series, and gates made of it": () => {
    const drawing = draw();
    const { g, x, conv } = drawing;
    const mean = g.node("GlobalAveragePool", [x]);
    const gate = conv(g.node("Relu", [conv(mean, [3, 6, 1])]), [6, 3, 1]);
    const weights = g.node("Softmax", [conv(x, [1, 6, 1])], { axis: 2 });
    const weighted = g.node("Mul", [x, weights]);
    return g.encode(
      g.node("Squeeze", [mean, g.integers([2])]),
      g.node("Flatten", [g.node("GlobalMaxPool", [x])]),
      g.node("ReduceMean", [x], { axes: [-1], keepdims: 0 }),
      g.node("ReduceMax", [x], { axes: [2], keepdims: 0 }),
      g.node("ReduceSum", [weighted, g.integers([2])], { keepdims: 0 }),
      g.node("Flatten", [g.node("Mul", [x, g.node("Sigmoid", [gate])])]),
    );
  },
  "a convolution over the channels of maps (ECA)": () => {
    const g = new Sketch();
    const maps = g.conv("x", [6, 3, 3, 3]);
    const slide = (x: string) => g.node("Conv", [x, g.weight([1, 1, 3])], { pads: [1, 1] });
    const pooled = g.node("Squeeze", [g.node("GlobalAveragePool", [maps]), g.integers([-1])]);
    const slid = slide(g.node("Transpose", [pooled], { perm: [0, 2, 1] }));
    const back = g.node("Transpose", [slid], { perm: [0, 2, 1] });
    const mean = g.node("ReduceMean", [maps], { axes: [2, 3], keepdims: 0 });
    const other = slide(g.node("Unsqueeze", [mean, g.integers([1])]));
    const gates = [
      g.node("Unsqueeze", [g.node("Sigmoid", [back]), g.integers([-1])]),
      g.node("Reshape", [g.node("Sigmoid", [other]), g.integers([0, -1, 1, 1])]),
    ];
    return g.encode(...gates.map((gate) => g.conv(g.node("Mul", [maps, gate]), [2, 6, 3, 3])));
  },
  "normalizations of series": () => {
    const drawing = draw();
    const { g, x } = drawing;
    const instance = g.node("InstanceNormalization", [x, g.weight([6]), g.weight([6])]);
    const rows = g.node("Reshape", [x, g.integers([0, 2, -1])]);
    const plain = g.node("InstanceNormalization", [rows, g.floats([1, 1]), g.floats([0, 0])]);
    const groups = g.node("Reshape", [plain, g.node("Shape", [x])]);
    const last = g.node("Transpose", [x], { perm: [0, 2, 1] });
    const layer = g.node("LayerNormalization", [last, g.weight([6]), g.weight([6])], { axis: -1 });
    return finish(
      drawing,
      instance,
      g.node("Add", [g.node("Mul", [groups, g.weight([6, 1])]), g.weight([6, 1])]),
      g.node("Transpose", [layer], { perm: [0, 2, 1] }),
      g.norm(x, 6),
    );
  },
  "opset 21: normalizations of groups of series": () => {
    const drawing = draw(21);
    const { g, x } = drawing;
    const operands = [x, g.weight([6]), g.weight([6])];
    return finish(drawing, g.node("GroupNormalization", operands, { num_groups: 2 }));
  },
  "transposed convolutions of series": () => {
    const drawing = draw();
    const { g, x } = drawing;
    const up = (extent: number, options: Record<string, OnnxAttribute>) =>
      g.node("ConvTranspose", [x, g.weight([6, 6, extent]), g.weight([6])], {
        strides: [2],
        ...options,
      });
    return finish(
      drawing,
      up(4, { pads: [1, 1] }),
      up(3, { pads: [1, 1], output_padding: [1] }),
      up(2, {}),
    );
  },
  "parts of series, and series joined": () => {
    const drawing = draw();
    const { g, x, conv } = drawing;
    const cut = (from: number, to: number, axis: number) =>
      g.node("Slice", [x, g.integers([from]), g.integers([to]), g.integers([axis])]);
    const [value, gate] = g.nodes("Split", [x, g.integers([3, 3])], { axis: -2 }, 2);
    const unit = conv(g.node("Mul", [value, g.node("Sigmoid", [gate])]), [6, 3, 1]);
    return finish(
      drawing,
      cut(2, 20, 2),
      cut(-30, -1, -1),
      unit,
      g.node("Concat", [cut(0, 3, 1), cut(2, 5, 1)], { axis: 1 }),
      g.node("Concat", [x, unit], { axis: 2 }),
      g.node("PRelu", [x, g.weight([6, 1])]),
    );
  },
  "series with something around them": () => {
    const drawing = draw();
    const { g, x, conv } = drawing;
    const pads = g.integers([0, 0, 2, 0, 0, 1]);
    return finish(
      drawing,
      ...["constant", "reflect", "edge"].map((mode) => g.node("Pad", [x, pads], { mode })),
      g.node("Relu", [conv(x, [6, 6, 2], { pads: [4, 0], dilations: [4] })]),
      conv(x, [6, 3, 3], { group: 2 }),
    );
  },
  "channels of series that change places, and become positions": () => {
    const drawing = draw();
    const { g, x, conv } = drawing;
    const turn = (shape: number[], perm: number[], to: number[]) => {
      const groups = g.node("Reshape", [x, g.integers(shape)]);
      return g.node("Reshape", [g.node("Transpose", [groups], { perm }), g.integers(to)]);
    };
    return finish(
      drawing,
      turn([0, 2, 3, -1], [0, 2, 1, 3], [0, 6, -1]),
      conv(turn([0, 3, 2, -1], [0, 1, 3, 2], [0, 3, -1]), [6, 3, 1]),
    );
  },
};

/** A network over series of any length, channels first, whose output is series too. */
export function drawOpenSeries(): Uint8Array {
  const g = new Sketch(["N", 4, "L"]);
  const conv = (x: string, kernel: number[]) =>
    g.node("Conv", [x, g.weight(kernel, 0.5), g.weight([kernel[0]], 0.3)], { pads: [1, 1] });
  const first = g.node("Relu", [g.norm(conv("x", [6, 4, 3]), 6)]);
  const half = g.node("MaxPool", [first], { kernel_shape: [2], strides: [2] });
  const inner = g.node("Relu", [conv(half, [6, 6, 3])]);
  const whole = g.node("Resize", [inner, "", g.floats([1, 1, 2])], NEAREST);
  const mean = g.node("ReduceMean", [inner], { axes: [2], keepdims: 0 });
  return g.encode(conv(g.node("Concat", [whole, first], { axis: 1 }), [2, 12, 3]), mean);
}
