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
};
