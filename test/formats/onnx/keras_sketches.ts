import { Sketch } from "./sketch.ts";

/** Graphs as tf2onnx writes them: images of 8 × 8 × 3, channels last, and a Transpose wherever a layer wants them first. */
export const kerasSketches: Readonly<Record<string, () => Uint8Array>> = {
  "a Transpose at the image, and one ahead of the flattening": () => {
    const g = keras();
    const x = g.node("Relu", [g.conv(toFirst(g, "x"), [4, 3, 3, 3], { auto_pad: "SAME_UPPER" })]);
    const pooled = g.node("MaxPool", [x], { kernel_shape: [2, 2], strides: [2, 2] });
    const flat = g.node("Reshape", [toLast(g, pooled), g.integers([-1, 64])]);
    const product = g.node("MatMul", [flat, g.weight([64, 5])]);
    return g.encode(g.node("Softmax", [g.node("Add", [product, g.weight([5])])]));
  },
  "an image that is scaled, cut and padded before its Transpose": () => {
    const g = keras();
    const scaled = g.node("Sub", [g.node("Div", ["x", g.floats([127.5], [])]), g.weight([3])]);
    const cut = g.node("Slice", [
      scaled,
      ...[[1, 0], [7, 8], [1, 2]].map((list) => g.integers(list)),
    ]);
    const padded = g.node("Pad", [cut, g.integers([0, 1, 0, 0, 0, 0, 1, 0])]);
    const x = g.conv(toFirst(g, padded), [4, 3, 3, 3]);
    return g.encode(g.node("ReduceMean", [toLast(g, x)], { axes: [1, 2], keepdims: 0 }));
  },
  "pairs that cancel, and layers between them": () => {
    const g = keras();
    const x = toLast(g, g.conv(toFirst(g, "x"), [4, 3, 3, 3]));
    const biased = g.node("Add", [x, g.weight([4])]);
    const y = toLast(g, g.conv(toFirst(g, biased), [4, 4, 1, 1]));
    const joined = g.node("Concat", [g.node("Add", [biased, y]), g.node("Tanh", [y])], { axis: 3 });
    const [head, tail] = g.nodes("Split", [joined, g.integers([2, 6])], { axis: -1 }, 2);
    return g.encode(head, g.node("Softmax", [tail], { axis: -1 }));
  },
  "squeeze-and-excite, its gate reshaped with channels last": () => {
    const g = keras();
    const x = toLast(g, g.conv(toFirst(g, "x"), [6, 3, 3, 3]));
    const mean = g.node("ReduceMean", [x], { axes: [1, 2], keepdims: 0 });
    const gate = g.node("Reshape", [mean, g.integers([-1, 1, 1, 6])]);
    const small = toLast(g, g.node("Relu", [g.conv(toFirst(g, gate), [3, 6, 1, 1])]));
    const wide = toLast(g, g.node("Sigmoid", [g.conv(toFirst(g, small), [6, 3, 1, 1])]));
    return g.encode(g.node("Mul", [x, wide]));
  },
  "a linear layer over maps, global maxima that keep their axes": () => {
    const g = keras();
    const x = toLast(g, g.conv(toFirst(g, "x"), [4, 3, 3, 3]));
    const dense = g.node("Relu", [
      g.node("Add", [g.node("MatMul", [x, g.weight([4, 5])]), g.weight([5])]),
    ]);
    const most = g.node("ReduceMax", [dense], { axes: [1, 2], keepdims: 1 });
    return g.encode(dense, g.node("Squeeze", [most, g.integers([1, 2])]));
  },
  "a generator: a vector that becomes maps with channels last": () => {
    const g = keras();
    const mean = g.node("ReduceMean", ["x"], { axes: [1, 2], keepdims: 0 });
    const wide = g.node("LeakyRelu", [g.node("MatMul", [mean, g.weight([3, 36])])], { alpha: 0.3 });
    const maps = toFirst(g, g.node("Reshape", [wide, g.integers([-1, 3, 3, 4])]));
    const up = g.node("ConvTranspose", [maps, g.weight([4, 2, 2, 2])], { strides: [2, 2] });
    return g.encode(toLast(g, up));
  },
  "maps resized with channels last": () => {
    const g = keras();
    const options = {
      mode: "nearest",
      coordinate_transformation_mode: "asymmetric",
      nearest_mode: "floor",
    };
    const larger = g.node("Resize", ["x", "", g.floats([1, 2, 3, 1])], options);
    return g.encode(toLast(g, g.conv(toFirst(g, larger), [4, 3, 3, 3])));
  },
};

function keras(): Sketch {
  return new Sketch(["N", 8, 8, 3]);
}

function toFirst(g: Sketch, x: string): string {
  return g.node("Transpose", [x], { perm: [0, 3, 1, 2] });
}

function toLast(g: Sketch, x: string): string {
  return g.node("Transpose", [x], { perm: [0, 2, 3, 1] });
}
