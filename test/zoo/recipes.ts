import fc from "fast-check";
import type { Activation } from "./layout.ts";

/** Options of the layers with windows. */
export interface Window {
  readonly kernel: [number, number];
  readonly strides: 1 | 2;
  readonly dilation: 1 | 2;
  readonly padding: "same" | "valid";
  readonly bias: boolean;
  readonly activation: Activation;
}

/** How maps are joined. */
export type Joining = "add" | "concat" | "multiply" | "maximum";

/** One step on the way from the image to the outputs. Any list of them is a network. */
export type Step =
  | { op: "conv"; filters: number; window: Window }
  | { op: "separable"; filters: number; multiplier: 1 | 2; window: Window }
  | { op: "depthwise"; multiplier: 1 | 2; window: Window }
  | { op: "transposed"; filters: number; kernel: 2 | 3 | 4; padding: "same" | "valid" }
  | { op: "twice" | "norm" | "prelu" | "leaky" | "up" | "pad" | "crop" | "turn" }
  | { op: "act"; activation: Activation }
  | { op: "pool"; by: "max" | "average"; size: 2 | 3; strides: 1 | 2; padding: "same" | "valid" }
  | { op: "excite"; by: "dense" | "conv" }
  | { op: "shared"; filters: number; back: number }
  | { op: "skip"; joining: Joining; back: number }
  | { op: "branches"; joining: Joining; strides: 1 | 2; arms: Step[][] };

/** A network as fast-check makes and shrinks it. */
export interface Recipe {
  readonly steps: Step[];
  readonly head: "pool" | "flatten" | "map";
  /** Whether what the middle of the network makes is an output too. */
  readonly hasSideOutput: boolean;
}

const filters = fc.integer({ min: 1, max: 6 });
const multiplier = fc.constantFrom<1 | 2>(1, 2);
const joining = fc.constantFrom<Joining>("add", "concat", "multiply", "maximum");
const padding = fc.constantFrom<"same" | "valid">("same", "valid");
const strides = fc.constantFrom<1 | 2>(1, 2);
const activation = fc.constantFrom<Activation>("linear", "relu", "relu6", "tanh", "sigmoid");
const windows = fc.record<Window>({
  kernel: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  strides,
  dilation: fc.constantFrom<1 | 2>(1, 2),
  padding,
  bias: fc.boolean(),
  activation,
});

const leaves: fc.WeightedArbitrary<Step>[] = [
  { weight: 5, arbitrary: fc.record({ op: fc.constant("conv"), filters, window: windows }) },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant("separable"), filters, multiplier, window: windows }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant("depthwise"), multiplier, window: windows }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant("transposed"),
      filters,
      kernel: fc.constantFrom<2 | 3 | 4>(2, 3, 4),
      padding,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constantFrom(
        ...["norm", "prelu", "leaky", "up", "pad", "crop", "turn", "twice"] as const,
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("act"), activation }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("pool"),
      by: fc.constantFrom<"max" | "average">("max", "average"),
      size: fc.constantFrom<2 | 3>(2, 3),
      strides,
      padding,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant("excite"),
      by: fc.constantFrom<"dense" | "conv">("dense", "conv"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("shared"),
      filters,
      back: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant("skip"),
      joining,
      back: fc.integer({ min: 1, max: 6 }),
    }),
  },
];

const { steps } = fc.letrec<{ steps: Step[]; branches: Step }>((tie) => ({
  steps: fc.array(
    fc.oneof({ maxDepth: 2, depthIdentifier: "branches" }, ...leaves, {
      weight: 4,
      arbitrary: tie("branches"),
    }),
    { maxLength: 7, depthIdentifier: "branches" },
  ),
  branches: fc.record({
    op: fc.constant("branches"),
    joining,
    strides,
    arms: fc.array(tie("steps"), { minLength: 2, maxLength: 3, depthIdentifier: "branches" }),
  }),
}));

/** Random networks; a smaller recipe is a smaller network. */
export const recipes: fc.Arbitrary<Recipe> = fc.record<Recipe>({
  steps,
  head: fc.constantFrom<Recipe["head"]>("pool", "flatten", "map"),
  hasSideOutput: fc.boolean(),
});
