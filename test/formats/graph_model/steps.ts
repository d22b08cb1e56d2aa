import { GraphSketch } from "./graph_sketch.ts";

/** Convolves x, does something that no layer does, and convolves what comes out of it. */
function between(
  make: (g: GraphSketch, x: string) => readonly [tensor: string, channels: number],
): [GraphSketch, string[]] {
  const g = new GraphSketch();
  const [made, channels] = make(g, g.bias(g.conv("x", [3, 3, 3, 4]), 4));
  return [g, [g.conv(made, [1, 1, channels, 5])]];
}

/** Positive numbers made of a tensor. */
function positive(g: GraphSketch, x: string): string {
  return g.node("AddV2", [g.node("Square", [x]), g.scalar(0.5)]);
}

const INTEGERS = { SrcT: { type: "DT_FLOAT" }, DstT: { type: "DT_INT32" } };
const FLOATS = { DstT: { type: "DT_FLOAT" } };

/** Graphs that each hold operations without a layer of their own, by what these are; the input is N × 8 × 8 × 3. */
export const steps: Readonly<Record<string, () => [GraphSketch, string[]]>> = {
  "functions of single values": () =>
    between((g, x) => {
      const small = ["Exp", "Sin", "Cos", "Atan", "Floor", "Sign", "Erf", "Expm1"]
        .map((operator) => g.node(operator, [g.node("Tanh", [x])]));
      const large = ["Log", "Sqrt", "Rsqrt", "Reciprocal", "Log1p", "Round", "Ceil"]
        .map((operator) => g.node(operator, [positive(g, x)]));
      return [g.node("AddN", [...small, ...large]), 4];
    }),
  "powers, quotients and differences": () =>
    between((g, x) => {
      const base = positive(g, x);
      const power = g.node("Pow", [base, g.floats([1, 0.5, 2, -1], [1, 1, 1, 4])]);
      const quotient = g.node("RealDiv", [g.node("Sigmoid", [x]), base]);
      const difference = g.node("SquaredDifference", [power, quotient]);
      return [g.node("Atan2", [difference, base]), 4];
    }),
  "numbers for every position, and for every channel": () =>
    between((g, x) => {
      const rows = g.node("Mul", [x, g.weight([8, 1, 1])]);
      const all = g.node("AddV2", [rows, g.weight([1, 8, 8, 4])]);
      return [g.node("Maximum", [all, g.weight([4])]), 4];
    }),
  "comparisons and choices": () =>
    between((g, x) => {
      const other = g.conv("x", [3, 3, 3, 4]);
      const larger = g.node("Greater", [x, other]);
      const both = g.node("LogicalAnd", [larger, g.node("Less", [x, g.scalar(0.7)])]);
      const chosen = g.node("SelectV2", [g.node("LogicalNot", [both]), x, other]);
      return [g.node("AddV2", [chosen, g.node("Cast", [both], FLOATS)]), 4];
    }),
  "whole numbers": () =>
    between((g, x) => {
      const whole = g.node("Cast", [g.node("Mul", [x, g.scalar(10)])], INTEGERS);
      return [g.node("Cast", [whole], FLOATS), 4];
    }),
  "slices, parts and repetitions of rows": () =>
    between((g, x) => {
      const split = g.node("Split", [g.integers([1], []), x], { num_split: 2 });
      const [first, second] = [split, `${split}:1`];
      const turned = g.node("Sub", [first, second]);
      const repeated = g.node("Tile", [turned, g.integers([1, 2, 1, 1])]);
      const rows = g.node("GatherV2", [repeated, g.integers([3, 0, 2]), g.integers([1], [])]);
      const mirror = g.integers([0, 0, 1, 1, 1, 0, 0, 0], [4, 2]);
      return [g.node("MirrorPad", [rows, mirror], { mode: "REFLECT" }), 4];
    }),
  "slices one behind the other": () =>
    between((g, x) => {
      const parts = g.node("Unpack", [x], { axis: 1, num: 8 });
      return [g.node("Pack", [`${parts}:2`, `${parts}:5`, parts], { axis: 1 }), 4];
    }),
  "sums, products and the largest of channels and rows": () =>
    between((g, x) => {
      const gate = g.node("Max", [x, g.integers([-1])], { keep_dims: true });
      const sum = g.node("Sum", [x, g.integers([1])], { keep_dims: true });
      const least = g.node("Min", [x, g.integers([2, 3])], { keep_dims: true });
      return [g.node("Mul", [g.node("AddV2", [g.node("Mul", [x, gate]), sum]), least]), 4];
    }),
  "the places of the largest": () =>
    between((g, x) => {
      const place = g.node("ArgMax", [x, g.integers([3], [])], {
        output_type: { type: "DT_INT32" },
      });
      const maps = g.node("ExpandDims", [g.node("Cast", [place], FLOATS), g.integers([3], [])]);
      return [g.node("Mul", [x, maps]), 4];
    }),
  "the largest in order": () =>
    between((g, x) => {
      const best = g.node("TopKV2", [x, g.integers([2], [])], { sorted: true });
      return [g.node("AddV2", [best, g.node("Cast", [`${best}:1`], FLOATS)]), 2];
    }),
  "channels that become rows and columns": () =>
    between((g, x) => [g.node("DepthToSpace", [x], { block_size: 2, data_format: "NHWC" }), 1]),
  "sizes that are no multiples": () =>
    between((g, x) => {
      const larger = g.node("ResizeBilinear", [x, g.integers([13, 11])], { align_corners: true });
      return [g.node("ResizeNearestNeighbor", [larger, g.integers([5, 9])]), 4];
    }),
  "products of two tensors": () =>
    between((g, x) => {
      const matrix = g.node("BatchMatMulV2", [x, x], { adj_y: true });
      return [g.node("BatchMatMulV2", [matrix, x]), 4];
    }),
  "axes in another order and number": () =>
    between((g, x) => {
      const six = g.node("Reshape", [x, g.integers([-1, 4, 2, 4, 2, 4])]);
      const turned = g.node("Transpose", [six, g.integers([0, 2, 4, 1, 3, 5])]);
      return [g.node("Reshape", [turned, g.integers([-1, 8, 8, 4])]), 4];
    }),
  "normalization over neighboring channels": () =>
    between((g, x) => [g.node("LRN", [x], { depth_radius: 1 }), 4]),
};
