import fc from "fast-check";
import { GraphSketch } from "../formats/graph_model/graph_sketch.ts";

/** How two tensors of the same shape are joined. */
const JOINING = ["AddV2", "Sub", "Mul", "Maximum", "SquaredDifference"] as const;

/** What has no layer and works value by value, with arguments for which it is smooth. */
const FUNCTIONS = ["Exp", "Sin", "Cos", "Atan", "Erf", "Sqrt", "Log", "Reciprocal"] as const;

/** Functions that TensorFlow Lite has no operation for. */
const NOT_OF_TFLITE: ReadonlySet<string> = new Set(["Atan", "Erf", "Reciprocal"]);

/** Functions of positive numbers alone. */
const OF_POSITIVE: ReadonlySet<string> = new Set(["Sqrt", "Log", "Reciprocal"]);

/** What has no layer and mixes positions or channels. */
const MIXING = ["Max", "Sum", "MirrorPad", "Tile", "ResizeBilinear"] as const;

/** One step on the way from the image to the output; places say which of the tensors so far is read, from the last one. */
type SketchStep =
  | { op: "conv"; channels: number; kernel: 1 | 3; place: number; relu: boolean }
  | { op: "norm" | "halve"; place: number }
  | { op: "join"; by: typeof JOINING[number]; place: number; other: number }
  | { op: "concat"; place: number; other: number }
  | { op: "function"; by: typeof FUNCTIONS[number]; place: number }
  | { op: "choose"; place: number; other: number }
  | { op: "rows"; place: number }
  | { op: "mix"; by: typeof MIXING[number]; place: number };

/** A graph as fast-check makes and shrinks it. */
export interface SketchRecipe {
  readonly steps: readonly SketchStep[];
}

const place = fc.nat({ max: 4 });

const valueSteps: fc.WeightedArbitrary<SketchStep>[] = [
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant("conv"),
      channels: fc.integer({ min: 1, max: 5 }),
      kernel: fc.constantFrom<1 | 3>(1, 3),
      relu: fc.boolean(),
      place,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constantFrom<"norm" | "halve">("norm", "halve"), place }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant("join"),
      by: fc.constantFrom(...JOINING),
      place,
      other: place,
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("concat"), place, other: place }) },
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constant("function"), by: fc.constantFrom(...FUNCTIONS), place }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("choose"), place, other: place }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("rows"), place }) },
];

const mixing: fc.WeightedArbitrary<SketchStep> = {
  weight: 4,
  arbitrary: fc.record({ op: fc.constant("mix"), by: fc.constantFrom(...MIXING), place }),
};

/** Graphs whose steps without a layer work value by value. */
export const valueSketches: fc.Arbitrary<SketchRecipe> = fc.record({
  steps: fc.array(fc.oneof(...valueSteps), { minLength: 1, maxLength: 8 }),
});

/** Whether TensorFlow Lite has an operation for every function of a graph. */
export function isOfTflite({ steps }: SketchRecipe): boolean {
  return !steps.some((step) => step.op === "function" && NOT_OF_TFLITE.has(step.by));
}

/** Graphs with steps of any kind. */
export const anySketches: fc.Arbitrary<SketchRecipe> = fc.record({
  steps: fc.array(fc.oneof(...valueSteps, mixing), { minLength: 1, maxLength: 8 }),
});

/** A tensor of the graph: N × rows × columns × channels. */
interface Maps {
  readonly name: string;
  readonly size: number;
  readonly channels: number;
}

/** No map is smaller or larger, and none has more channels. */
const SMALLEST = 4, LARGEST = 16, WIDEST = 12;

/**
 * Draws the graph that a recipe says; a step that does not fit is left out.
 *
 * @returns The graph and its output.
 */
export function drawSketch({ steps }: SketchRecipe): [GraphSketch, string[]] {
  const g = new GraphSketch([-1, 8, 8, 3]);
  const made: Maps[] = [convolve(g, { name: "x", size: 8, channels: 3 }, 4, 3, true)];
  for (const step of steps) {
    const after = take(g, made, step);
    if (after !== undefined) made.push(after);
  }
  const last = made.at(-1)!;
  return [g, [convolve(g, last, 3, 1, false).name]];
}

function convolve(g: GraphSketch, x: Maps, channels: number, kernel: number, relu: boolean): Maps {
  const shape = [kernel, kernel, x.channels, channels];
  const sum = g.bias(g.conv(x.name, shape), channels);
  return { ...x, name: relu ? g.node("Relu", [sum]) : sum, channels };
}

function take(g: GraphSketch, made: readonly Maps[], step: SketchStep): Maps | undefined {
  const at = (place: number) => made[made.length - 1 - place % made.length];
  const x = at(step.place);
  switch (step.op) {
    case "conv":
      return convolve(g, x, step.channels, step.kernel, step.relu);
    case "norm":
      return { ...x, name: g.norm(x.name, x.channels) };
    case "halve":
      if (x.size % 2 !== 0 || x.size / 2 < SMALLEST) return undefined;
      return { ...x, name: g.pool(x.name, "MaxPool", 2, 2), size: x.size / 2 };
    case "join": {
      const other = at(step.other);
      if (other.size !== x.size || other.channels !== x.channels) return undefined;
      return { ...x, name: tame(g, g.node(step.by, [x.name, other.name])) };
    }
    case "concat": {
      const other = at(step.other);
      const channels = x.channels + other.channels;
      if (other.size !== x.size || channels > WIDEST) return undefined;
      const axis = g.integers([3], []);
      return { ...x, name: g.node("ConcatV2", [x.name, other.name, axis], { N: 2 }), channels };
    }
    case "function":
      return { ...x, name: g.node(step.by, [argumentOf(g, step.by, x.name)]) };
    case "choose": {
      const other = at(step.other);
      if (other.size !== x.size || other.channels !== x.channels) return undefined;
      const larger = g.node("Greater", [x.name, other.name]);
      return { ...x, name: g.node("SelectV2", [larger, x.name, other.name]) };
    }
    case "rows":
      return { ...x, name: g.node("Mul", [x.name, g.weight([x.size, 1, 1], 0.5, 1)]) };
    case "mix":
      return mix(g, x, step.by);
  }
}

/** Keeps values small, so that rounding stays small. */
function tame(g: GraphSketch, x: string): string {
  return g.node("Tanh", [x]);
}

function argumentOf(g: GraphSketch, by: string, x: string): string {
  if (!OF_POSITIVE.has(by)) return tame(g, x);
  return g.node("AddV2", [g.node("Square", [tame(g, x)]), g.scalar(0.5)]);
}

function mix(g: GraphSketch, x: Maps, by: typeof MIXING[number]): Maps | undefined {
  const { name, size } = x;
  switch (by) {
    case "Max":
    case "Sum": {
      const one = g.node(by, [name, g.integers(by === "Max" ? [3] : [1])], { keep_dims: true });
      return { ...x, name: tame(g, g.node("Mul", [name, one])) };
    }
    case "MirrorPad": {
      if (size + 2 > LARGEST) return undefined;
      const sides = g.integers([0, 0, 1, 1, 1, 1, 0, 0], [4, 2]);
      return { ...x, name: g.node(by, [name, sides], { mode: "REFLECT" }), size: size + 2 };
    }
    case "Tile":
      if (2 * size > LARGEST) return undefined;
      return { ...x, name: g.node(by, [name, g.integers([1, 2, 2, 1])]), size: 2 * size };
    case "ResizeBilinear": {
      const wanted = size + 1;
      if (wanted > LARGEST) return undefined;
      const options = { align_corners: false, half_pixel_centers: true };
      return {
        ...x,
        name: g.node(by, [name, g.integers([wanted, wanted])], options),
        size: wanted,
      };
    }
  }
}
