import { PbfReader, PbfWriter } from "pbf";
import {
  DATA_TYPES,
  type OnnxNode,
  type OnnxValueInfo,
} from "../../../src/formats/onnx/messages.ts";
import { encodeOnnx } from "../../../src/formats/onnx/write/encode.ts";
import { Sketch } from "./sketch.ts";

/** A file whose network ends in operations that no layer can stand for. */
export interface TailSketch {
  readonly g: Sketch;
  /** Its outputs: name, element type and shape. */
  readonly outputs: readonly OnnxValueInfo[];
}

/** The file, with its outputs. */
export function encodeTail({ g, outputs }: TailSketch): Uint8Array {
  g.model.graph.outputs = [...outputs];
  return encodeOnnx(g.model);
}

const { float, float16, int64, uint8, bool } = DATA_TYPES;

const output = (name: string, dataType: number, ...shape: (number | string | null)[]) => ({
  ...{ name, dataType, shape },
});

/** The graph of a file as the attribute of a node has it. */
export function graphOf(g: Sketch, outputs: readonly OnnxValueInfo[]): Uint8Array {
  g.model.graph.outputs = [...outputs];
  g.model.graph.inputs = g.model.graph.inputs.filter(({ name }) => name !== "x");
  const reader = new PbfReader(encodeOnnx(g.model));
  let graph = new Uint8Array();
  reader.readFields((field) => {
    if (field === 7) graph = reader.readBytes().slice();
  }, undefined);
  return graph;
}

/** A node with graphs among its attributes. */
export function branching(
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  graphs: Readonly<Record<string, Uint8Array>>,
): OnnxNode {
  const writer = new PbfWriter();
  for (const name of inputs) writer.writeStringField(1, name);
  for (const name of outputs) writer.writeStringField(2, name);
  writer.writeStringField(3, `/${outputs[0]}`);
  writer.writeStringField(4, operator);
  for (const [name, graph] of Object.entries(graphs)) {
    writer.writeMessage(5, (_, attribute) => {
      attribute.writeStringField(1, name);
      attribute.writeBytesField(6, graph);
      attribute.writeVarintField(20, 5);
    }, null);
  }
  const bytes = writer.finish();
  return {
    ...{ name: `/${outputs[0]}`, operator, domain: "", bytes },
    ...{ inputs: [...inputs], outputs: [...outputs], attributes: new Map() },
  };
}

/** Boxes and their scores, as heads of YOLO give them. */
function addHeads(g: Sketch, x: string): { boxes: string; scores: string } {
  const maps = g.node("Relu", [
    g.conv(g.node("Relu", [g.conv(x, [8, 3, 3, 3], { pads: [1, 1, 1, 1] })]), [8, 8, 3, 3], {
      pads: [1, 1, 1, 1],
    }),
  ]);
  const places = g.node("Sigmoid", [g.conv(maps, [4, 8, 1, 1])]);
  const classes = g.node("Sigmoid", [g.conv(maps, [3, 8, 1, 1])]);
  const flat = g.node("Reshape", [places, g.integers([1, 4, -1])]);
  return {
    boxes: g.node("Transpose", [flat], { perm: [0, 2, 1] }),
    scores: g.node("Reshape", [classes, g.integers([1, 3, -1])]),
  };
}

/** Boxes that do not overlap, in a version of the operations. */
function suppressed(opset: number): TailSketch {
  const g = new Sketch([1, 3, 8, 8], opset);
  const { boxes, scores } = addHeads(g, "x");
  const kept = g.node(
    "NonMaxSuppression",
    [
      ...[boxes, scores, g.integers([5]), g.floats([0.4]), g.floats([0.5])],
    ],
    {},
    "selected",
  );
  const places = g.node("Gather", [kept, g.integers([0, 2])], { axis: 1 });
  const found = g.node("GatherND", [boxes, places], {}, "found");
  return { g, outputs: [output(found, float, "boxes", 4), output(kept, int64, "boxes", 3)] };
}

/** Files with tails, by what is in them. */
export const tails: Readonly<Record<string, () => TailSketch>> = {
  "boxes that do not overlap, opset 11": () => suppressed(11),
  "boxes that do not overlap, opset 13": () => suppressed(13),
  "boxes that do not overlap, opset 20": () => suppressed(20),
  "places of the largest scores, under the names of layers": () => {
    const g = new Sketch(["batch", 3, 8, 8]);
    const maps = g.node("Relu", [g.conv("x", [6, 3, 3, 3])]);
    const logits = g.linear(
      g.node("Flatten", [g.node("GlobalAveragePool", [g.conv(maps, [5, 6, 3, 3])])]),
      5,
      4,
    );
    const [values, places] = g.nodes("TopK", [g.node("Softmax", [logits]), g.integers([2])], {
      axis: 1,
    }, 2);
    const best = g.node("ArgMax", [logits], { axis: 1, keepdims: 0 }, "Conv_0_kernel");
    return {
      g,
      outputs: [
        ...[output(values, float, "batch", 2), output(places, int64, "batch", 2)],
        ...[output(best, int64, "batch"), output(logits, float, "batch", 4)],
      ],
    };
  },
  "segments: maps of classes, opset 12": () => {
    const g = new Sketch(["batch", 3, 8, 8], 12);
    const maps = g.node("Relu", [g.conv("x", [6, 3, 3, 3])]);
    const scores = g.node("Softmax", [
      g.node("Transpose", [g.conv(maps, [4, 6, 1, 1])], { perm: [0, 2, 3, 1] }),
    ], { axis: 3 });
    const segments = g.node("ArgMax", [scores], { axis: 3, keepdims: 0 });
    const flags = g.node("Cast", [
      g.node("Squeeze", [g.node("Unsqueeze", [segments], { axes: [1] })], { axes: [1] }),
    ], { to: uint8 });
    return {
      g,
      outputs: [output(flags, uint8, "batch", 6, 6), output(scores, float, "batch", 6, 6, 4)],
    };
  },
  "bytes with channels last, cast ahead of the network": () => {
    const g = new Sketch([1, 8, 8, 3]);
    g.model.graph.inputs[0].dataType = uint8;
    const floats = g.node("Cast", ["x"], { to: float });
    const image = g.node("Transpose", [g.node("Div", [floats, g.floats([255])])], {
      perm: [0, 3, 1, 2],
    });
    const maps = g.node("Relu", [g.conv(image, [6, 3, 3, 3])]);
    return { g, outputs: [output(g.conv(maps, [4, 6, 3, 3]), float, 1, 4, 4, 4)] };
  },
  "an input that only the tail reads, and a mask of it": () => {
    const g = new Sketch([1, 3, 8, 8]);
    g.input("image_shape", [1, 2]);
    g.input("scale", []);
    const { boxes, scores } = addHeads(g, "x");
    const size = g.node("Tile", ["image_shape", g.integers([1, 2])]);
    const scaled = g.node("Mul", [g.node("Mul", [boxes, size]), "scale"]);
    const mask = g.node("Greater", [scores, g.floats([0.5])]);
    const places = g.node("Transpose", [g.node("NonZero", [mask])], { perm: [1, 0] });
    return {
      g,
      outputs: [
        output(scaled, float, 1, 64, 4),
        output(places, int64, null, 3),
        output(mask, bool, 1, 3, 64),
      ],
    };
  },
  "a branch and a loop that read what is around them": () => {
    const g = new Sketch([1, 3, 8, 8]);
    const y = g.node(
      "Sigmoid",
      [g.conv(g.node("Relu", [g.conv("x", [6, 3, 3, 3])]), [4, 6, 3, 3])],
      {},
      "y",
    );
    const largest = g.node("ReduceMax", [y], { keepdims: 0 });
    const choice = g.node("Greater", [largest, g.floats([0.5], [])]);
    const branch = (operator: string, name: string) => {
      const inner = new Sketch();
      inner.node(operator, ["y"], {}, name);
      return graphOf(inner, [output(name, float, null, null, null, null)]);
    };
    const body = new Sketch();
    body.input("step", [], int64);
    body.input("goes_on", [], bool);
    body.input("sum", [1, 4, 4, 4]);
    body.node("Add", ["sum", "y"], {}, "next");
    body.node("Identity", ["goes_on"], {}, "still");
    const loop = graphOf(body, [output("still", bool), output("next", float, 1, 4, 4, 4)]);
    const limit = g.integers([3], []);
    g.model.graph.nodes.push(
      branching("If", [choice], ["chosen"], {
        then_branch: branch("Relu", "positive"),
        else_branch: branch("Neg", "negative"),
      }),
      branching("Loop", [limit, "", "chosen"], ["total"], { body: loop }),
    );
    return { g, outputs: [output("total", float, 1, 4, 4, 4)] };
  },
  "halves": () => {
    const g = new Sketch([1, 3, 8, 8]);
    g.model.graph.inputs[0].dataType = float16;
    const floats = g.node("Cast", ["x"], { to: float });
    const maps = g.node("Relu", [g.conv(floats, [6, 3, 3, 3])]);
    const halves = g.node("Cast", [g.conv(maps, [4, 6, 3, 3])], { to: float16 });
    const places = g.node("NonZero", [g.node("Relu", [halves])]);
    return { g, outputs: [output(halves, float16, 1, 4, 4, 4), output(places, int64, 4, null)] };
  },
  "vectors of flattened maps, joined and scattered": () => {
    const g = new Sketch(["batch", 3, 8, 8]);
    const maps = g.node("Relu", [g.conv("x", [6, 3, 3, 3])]);
    const parts = [[2, 6, 3, 3], [3, 6, 3, 3]].map((kernel) =>
      g.node("Flatten", [g.conv(maps, kernel)])
    );
    const joined = g.node("Concat", parts, { axis: 1 });
    const shape = g.node("Shape", [joined]);
    const zeros = g.node("ConstantOfShape", [shape]);
    const places = g.node("Transpose", [g.node("NonZero", [joined])], { perm: [1, 0] });
    const ones = g.node("GatherND", [joined, places]);
    return { g, outputs: [output(g.node("ScatterND", [zeros, places, ones]), float, "batch", 80)] };
  },
};
