import { GraphSketch } from "./graph_sketch.ts";

/** Graphs with a tail that no layer can stand for, of one image of 8 × 8 × 3; each gives its outputs. */
export const tails: Readonly<Record<string, () => [GraphSketch, string[]]>> = {
  "boxes that do not overlap": () => {
    const g = new GraphSketch([1, 8, 8, 3]);
    const x = g.fused("x", [3, 3, 3, 6], ["BiasAdd", "Relu"]);
    const places = g.node("Reshape", [g.conv(x, [3, 3, 6, 4]), g.integers([64, 4])]);
    const scores = g.node("Reshape", [
      g.node("Sigmoid", [g.conv(x, [1, 1, 6, 1])]),
      g.integers([-1]),
    ]);
    const limits = [g.integers([5], []), g.scalar(0.5), g.scalar(0.1)];
    const kept = g.node("NonMaxSuppressionV3", [places, scores, ...limits]);
    return [g, [g.node("GatherV2", [places, kept, g.integers([0], [])]), kept]];
  },
  "a loop": () => {
    const g = new GraphSketch([1, 8, 8, 3]);
    const y = g.conv(g.fused("x", [3, 3, 3, 6], ["BiasAdd", "Relu"]), [3, 3, 6, 4]);
    const x = g.node("Sigmoid", [g.global(y)]);
    const start = g.node("Enter", [x], { frame_name: "loop" });
    g.node("Merge", [start, "next"], {}, "merge");
    const total = g.node("Sum", ["merge", g.integers([0, 1])]);
    const limit = g.node("Enter", [g.scalar(100)], { frame_name: "loop", is_constant: true });
    const goesOn = g.node("LoopCond", [g.node("Less", [total, limit])]);
    const choice = g.node("Switch", ["merge", goesOn]);
    const factor = g.node("Enter", [g.scalar(2)], { frame_name: "loop", is_constant: true });
    g.node("NextIteration", [g.node("Mul", [`${choice}:1`, factor])], {}, "next");
    return [g, [g.node("Exit", [choice], {}, "end")]];
  },
  "an output of the layers, whole numbers and a constant beside it": () => {
    const g = new GraphSketch([1, 8, 8, 3]);
    const x = g.fused("x", [3, 3, 3, 6], ["BiasAdd", "Relu"]);
    const y = g.conv(x, [3, 3, 6, 4]);
    const place = g.node("ArgMax", [y, g.integers([3], [])]);
    return [g, [
      y,
      place,
      g.weight([4, 2]),
      g.node("Squeeze", [g.global(y)], { squeeze_dims: [0] }),
    ]];
  },
  "images that are taken out of their batch and put back": () => {
    const g = new GraphSketch([1, 8, 8, 3]);
    const image = g.node("Unpack", ["x"], { axis: 0, num: 1 });
    const batch = g.node("Pack", [image], { axis: 0 });
    const x = g.conv(batch, [3, 3, 3, 4]);
    return [g, [g.node("Squeeze", [g.conv(x, [1, 1, 4, 2])], { squeeze_dims: [0] })]];
  },
};
