import { DATA_TYPES } from "../../../src/formats/onnx/messages.ts";
import { Sketch } from "./sketch.ts";

/** Convolves x, does something that no layer does, and convolves what comes out of it. */
function between(make: (g: Sketch, x: string) => string): Uint8Array {
  const g = new Sketch();
  return g.encode(g.conv(make(g, g.conv("x", [4, 3, 3, 3])), [5, 4, 1, 1]));
}

/** Positive numbers made of a tensor. */
function positive(g: Sketch, x: string): string {
  return g.node("Add", [g.node("Mul", [x, x]), g.floats([0.5], [])]);
}

function reshape(g: Sketch, x: string, shape: readonly number[]): string {
  return g.node("Reshape", [x, g.integers([0, ...shape])]);
}

function slice(g: Sketch, x: string, ...lists: readonly (readonly number[])[]): string {
  return g.node("Slice", [x, ...lists.map((list) => g.integers(list))]);
}

function split(g: Sketch, x: string, sizes: readonly number[], axis: number): string[] {
  return g.nodes("Split", [x, g.integers(sizes)], { axis }, sizes.length);
}

/** Graphs that each hold operations without a layer of their own, by what these are; the input is N × 3 × 8 × 8. */
export const steps: Readonly<Record<string, () => Uint8Array>> = {
  "functions of single values": () =>
    between((g, x) => {
      const small = ["Exp", "Sin", "Cos", "Atan", "Floor", "Sign", "Erf", "Sinh"]
        .map((operator) => g.node(operator, [g.node("Tanh", [x])]));
      const large = ["Log", "Sqrt", "Reciprocal", "Round", "Ceil"]
        .map((operator) => g.node(operator, [positive(g, x)]));
      return g.node("Sum", [...small, ...large]);
    }),
  "powers and quotients": () =>
    between((g, x) => {
      const base = positive(g, x);
      const power = g.node("Pow", [base, g.floats([1, 0.5, 2, -1], [4, 1, 1])]);
      return g.node("Div", [g.node("Sigmoid", [x]), power]);
    }),
  "numbers for every position, and for every channel": () =>
    between((g, x) => {
      const rows = g.node("Mul", [x, g.weight([6, 1])]);
      const all = g.node("Add", [rows, g.weight([1, 4, 6, 6])]);
      return g.node("Max", [all, g.weight([4, 1, 1])]);
    }),
  "comparisons and choices": () =>
    between((g, x) => {
      const other = g.conv("x", [4, 3, 3, 3]);
      const larger = g.node("Greater", [x, other]);
      const both = g.node("And", [larger, g.node("LessOrEqual", [x, g.floats([0.7], [])])]);
      const chosen = g.node("Where", [g.node("Not", [both]), x, other]);
      return g.node("Add", [chosen, g.node("Cast", [both], { to: DATA_TYPES.float })]);
    }),
  "whole numbers": () =>
    between((g, x) => {
      const many = g.node("Mul", [x, g.floats([10], [])]);
      const whole = g.node("Cast", [many], { to: DATA_TYPES.int32 });
      return g.node("Cast", [whole], { to: DATA_TYPES.float });
    }),
  "steps on vectors and series": () => {
    const g = new Sketch();
    const vector = g.linear(g.node("Flatten", [g.conv("x", [4, 3, 8, 8])]), 4, 6);
    const divided = g.node("Div", [vector, g.node("Exp", [vector])]);
    return g.encode(g.linear(g.node("Mul", [divided, g.weight([6])]), 6, 3));
  },
  "the head of YOLOv5: five axes, a part of each for itself": () => {
    const g = new Sketch();
    const levels = [["x", 6], [
      g.node("MaxPool", ["x"], { kernel_shape: [2, 2], strides: [2, 2] }),
      2,
    ]];
    const heads = levels.map(([x, size]) => {
      const cells = (size as number) ** 2;
      const raw = g.conv(g.conv(x as string, [4, 3, 3, 3]), [14, 4, 1, 1]);
      const apart = reshape(g, raw, [2, 7, size as number, size as number]);
      const last = g.node("Transpose", [apart], { perm: [0, 1, 3, 4, 2] });
      const gate = g.node("Sigmoid", [last]);
      const part = (from: number, to: number) => slice(g, gate, [from], [to], [4]);
      const doubled = (y: string) => g.node("Mul", [y, g.floats([2], [])]);
      const grid = g.weight([1, 2, size as number, size as number, 2]);
      const places = g.node("Add", [doubled(part(0, 2)), grid]);
      const square = g.node("Pow", [doubled(part(2, 4)), g.floats([2], [])]);
      const sides = g.node("Mul", [square, g.weight([1, 2, 1, 1, 2])]);
      const joined = g.node("Concat", [places, sides, part(4, 7)], { axis: 4 });
      return reshape(g, joined, [2 * cells, 7]);
    });
    return g.encode(g.node("Concat", heads, { axis: 1 }));
  },
  "the head of YOLOv8: softmax of bins, their mean by a convolution": () => {
    const g = new Sketch();
    const heads = [[3, 6], [4, 5]].map(([kernel, size]) =>
      reshape(g, g.conv(g.conv("x", [4, 3, kernel, kernel]), [19, 4, 1, 1]), [19, size * size])
    );
    const all = g.node("Concat", heads, { axis: 2 });
    const [boxes, classes] = split(g, all, [16, 3], 1);
    const bins = g.node("Transpose", [reshape(g, boxes, [4, 4, 61])], { perm: [0, 2, 1, 3] });
    const shares = g.node("Softmax", [bins], { axis: 1 });
    const kernel = g.floats([0, 1, 2, 3], [1, 4, 1, 1]);
    const sides = reshape(g, g.node("Conv", [shares, kernel]), [4, 61]);
    const near = slice(g, sides, [0], [2], [1]), far = slice(g, sides, [2], [4], [1]);
    const anchors = g.weight([1, 2, 61]);
    const low = g.node("Sub", [anchors, near]), high = g.node("Add", [far, anchors]);
    const middle = g.node("Div", [g.node("Add", [low, high]), g.floats([2], [])]);
    const scaled = g.node("Mul", [
      g.node("Concat", [middle, g.node("Sub", [high, low])], { axis: 1 }),
      g.weight([1, 61]),
    ]);
    return g.encode(g.node("Concat", [scaled, g.node("Sigmoid", [classes])], { axis: 1 }));
  },
  "reductions along every axis": () => {
    const g = new Sketch();
    const x = g.conv("x", [4, 3, 3, 3]);
    const lengths = g.node("ReduceL2", [x], { axes: [1], keepdims: 1 });
    const outputs = [
      lengths,
      g.node("Div", [x, lengths]),
      g.node("ReduceMax", [x], { axes: [1], keepdims: 1 }),
      g.node("ReduceMin", [x], { axes: [2, 3], keepdims: 0 }),
      g.node("ReduceMin", [x], { axes: [-1], keepdims: 0 }),
      g.node("ReduceProd", [x], { axes: [3], keepdims: 1 }),
      g.node("ReduceL1", [x], { axes: [2], keepdims: 1 }),
      g.node("ReduceSumSquare", [x], { axes: [1], keepdims: 0 }),
    ];
    return g.encode(...outputs.map((output) => g.node("Flatten", [output])));
  },
  "slices, parts, picks and repetitions along every axis": () => {
    const g = new Sketch();
    const x = g.conv("x", [4, 3, 3, 3]);
    const apart = reshape(g, x, [2, 2, 6, 6]);
    const back = slice(g, apart, [-1, 4], [-9, 0], [2, 3], [-1, -2]);
    const [few, many] = split(g, apart, [2, 4], 4);
    const picked = g.node("Gather", [apart, g.integers([1, 0, 1])], { axis: 2 });
    const one = g.node("Gather", [apart, g.integers([1], [])], { axis: 2 });
    const tiled = g.node("Tile", [one, g.integers([1, 2, 1, 3])]);
    const maps = [one, tiled].map((output) => g.node("Flatten", [output]));
    return g.encode(back, few, many, picked, ...maps);
  },
  "attention between positions": () => {
    const g = new Sketch();
    const rows = g.node("Transpose", [reshape(g, g.conv("x", [6, 3, 3, 3]), [6, 36])], {
      perm: [0, 2, 1],
    });
    const heads = [0, 1, 2].map(() => {
      const apart = reshape(g, g.node("MatMul", [rows, g.weight([6, 6])]), [36, 2, 3]);
      return g.node("Transpose", [apart], { perm: [0, 2, 1, 3] });
    });
    const turned = g.node("Transpose", [heads[1]], { perm: [0, 1, 3, 2] });
    const scores = g.node("Softmax", [g.node("MatMul", [heads[0], turned])], { axis: -1 });
    const seen = g.node("Transpose", [g.node("MatMul", [scores, heads[2]])], {
      perm: [0, 2, 1, 3],
    });
    const joined = g.node("Add", [reshape(g, seen, [36, 6]), rows]);
    return g.encode(g.node("MatMul", [joined, g.weight([6, 4])]));
  },
  "the largest values and their places": () => {
    const g = new Sketch();
    const x = reshape(g, g.conv("x", [4, 3, 3, 3]), [4, 36]);
    const [values, places] = g.nodes("TopK", [x, g.integers([3])], { axis: -1 }, 2);
    const float = g.node("Cast", [places], { to: DATA_TYPES.float });
    const first = g.node("Cast", [g.node("ArgMax", [x], { axis: 1, keepdims: 0 })], {
      to: DATA_TYPES.float,
    });
    return g.encode(values, float, first);
  },
  "maps of any other size": () => {
    const g = new Sketch();
    let x = g.conv("x", [4, 3, 3, 3]);
    const sizes = [[11, 13], [5, 9], [7, 7], [14, 4]];
    const places = ["align_corners", "half_pixel", "pytorch_half_pixel", "asymmetric"];
    places.forEach((place, index) => {
      const whole = g.node("Concat", [
        g.node("Slice", [g.node("Shape", [x]), g.integers([0]), g.integers([2])]),
        g.integers(sizes[index]),
      ], { axis: 0 });
      const options = { mode: "linear", coordinate_transformation_mode: place };
      x = g.node("Resize", [x, "", "", whole], options);
    });
    const rules = [
      ["asymmetric", "floor"],
      ["half_pixel", "round_prefer_floor"],
      ["half_pixel", "round_prefer_ceil"],
    ];
    rules.forEach(([place, nearest_mode], index) => {
      const scales = g.floats([1, 1, ...[[1.5, 2.5], [1 / 3, 2], [9 / 7, 0.6]][index]]);
      const options = { mode: "nearest", coordinate_transformation_mode: place, nearest_mode };
      x = g.node("Resize", [x, "", scales], options);
    });
    return g.encode(g.conv(x, [5, 4, 1, 1]));
  },
  "numbers around five axes": () => {
    const g = new Sketch();
    const x = g.conv("x", [4, 3, 3, 3]);
    const apart = reshape(g, x, [2, 2, 6, 6]);
    const padded = g.node("Pad", [
      apart,
      g.integers([0, 0, 1, 2, 0, 0, 1, 0, 0, 3]),
      g.floats([-2], []),
    ]);
    const mirrored = g.node("Pad", [apart, g.integers([0, 0, 0, 2, 1, 0, 0, 0, 1, 3])], {
      mode: "reflect",
    });
    return g.encode(padded, mirrored);
  },
};
