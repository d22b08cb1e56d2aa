import { float, GraphSketch, strides } from "./graph_sketch.ts";

/** Graphs that each hold one construct, by what it is; each gives its outputs. The input is N × 8 × 8 × 3. */
export const constructs: Readonly<Record<string, () => [GraphSketch, string[]]>> = {
  "convolutions with every padding, stride and bias": () => {
    const g = new GraphSketch();
    const x = g.bias(g.conv("x", [3, 3, 3, 4], strides(2)), 4);
    const y = g.conv("x", [3, 2, 3, 4], { ...strides(2, 1), padding: "VALID" });
    const pads = [0, 0, 1, 1, 1, 1, 0, 0];
    const z = g.conv("x", [3, 3, 3, 4], { padding: "EXPLICIT", explicit_paddings: pads });
    const odd = [0, 0, 0, 2, 1, 0, 0, 0];
    const more = { ...strides(2), padding: "EXPLICIT", explicit_paddings: odd };
    return [g, [x, y, z, g.conv("x", [3, 3, 3, 2], more)]];
  },
  "dilated convolutions": () => {
    const g = new GraphSketch();
    const dilated = { dilations: [1, 2, 2, 1] };
    const x = g.conv("x", [3, 3, 3, 4], dilated);
    return [g, [g.depthwise(x, [3, 3, 4, 1], dilated)]];
  },
  "dilation by blocks, with a bias before they are joined": () => {
    const g = new GraphSketch();
    const blocks = (x: string, make: (dealt: string) => string) => {
      const block = g.integers([2, 2]);
      const pads = g.integers([2, 3, 2, 3], [2, 2]), crops = g.integers([0, 1, 0, 1], [2, 2]);
      const padded = g.node("SpaceToBatchND", [x, g.node("Identity", [block]), pads]);
      return g.node("BatchToSpaceND", [make(padded), block, crops]);
    };
    const seven = g.conv("x", [2, 2, 3, 4], { padding: "VALID" });
    const x = blocks(seven, (dealt) => g.bias(g.conv(dealt, [3, 3, 4, 5], VALID), 5));
    const y = blocks(x, (dealt) => g.node("Relu", [g.depthwise(dealt, [3, 3, 5, 1], VALID)]));
    return [g, [g.node("Relu", [x]), y]];
  },
  "everything that is fused to a convolution": () => {
    const g = new GraphSketch();
    const fuse = (...rest: string[]) => g.fused("x", [3, 3, 3, 4], ["BiasAdd", ...rest]);
    const leaky = { leakyrelu_alpha: float(0.3) };
    return [g, [
      ...[fuse(), fuse("Relu"), fuse("Relu6"), fuse("Elu"), fuse("Sigmoid")],
      g.fused("x", [1, 1, 3, 4], ["BiasAdd", "LeakyRelu"], leaky),
      g.fused("x", [1, 1, 3, 4], ["BiasAdd", "Prelu"], { args: [g.weight([4], 0.5)] }),
      g.fused("x", [3, 3, 3, 2], ["BiasAdd", "Relu6"], {
        op: "FusedDepthwiseConv2dNative",
        ...strides(2),
      }),
    ]];
  },
  "matrix products, fused and transposed": () => {
    const g = new GraphSketch();
    const vector = g.global(g.conv("x", [3, 3, 3, 6]));
    const attributes = { transpose_a: false, transpose_b: true };
    const turned = g.node("MatMul", [vector, g.weight([4, 6])], attributes);
    const fused = g.node("_FusedMatMul", [vector, g.weight([6, 5]), g.weight([5])], {
      transpose_a: false,
      transpose_b: false,
      fused_ops: ["BiasAdd", "Relu"],
      num_args: 1,
    });
    return [g, [g.node("Softmax", [turned]), fused]];
  },
  "transposed convolutions, their size computed in the graph": () => {
    const g = new GraphSketch();
    const grow = (x: string, kernel: number[], stride: number, size: number, padding: string) => {
      const slices = [[0], [1], [1]].map((list) => g.integers(list));
      const batch = g.node("StridedSlice", [g.node("Shape", [x]), ...slices], {
        begin_mask: 0,
        end_mask: 0,
        ellipsis_mask: 0,
        new_axis_mask: 0,
        shrink_axis_mask: 1,
      });
      const extents = [size, size, kernel[2]].map((extent) => g.integers([extent], []));
      const shape = g.node("Pack", [batch, ...extents], { axis: 0, N: 4 });
      const more = { ...strides(stride), padding, dilations: [1, 1, 1, 1], data_format: "NHWC" };
      return g.node("Conv2DBackpropInput", [shape, g.weight(kernel, 0.5), x], more);
    };
    const x = g.bias(grow("x", [3, 3, 4, 3], 2, 16, "SAME"), 4);
    return [g, [x, grow("x", [3, 3, 2, 3], 2, 17, "VALID")]];
  },
  "BatchNormalization of every version, alone and behind a convolution": () => {
    const g = new GraphSketch();
    const x = g.norm(g.conv("x", [3, 3, 3, 4]), 4, "FusedBatchNorm");
    return [g, [g.norm(g.node("Relu", [g.norm(x, 4, "FusedBatchNormV2")]), 4)]];
  },
  "BatchNormalization as arithmetic on its constants": () => {
    const g = new GraphSketch();
    const x = g.conv("x", [3, 3, 3, 4]);
    const [gamma, beta, mean] = [g.weight([4]), g.weight([4]), g.weight([4])];
    const variance = g.node("AddV2", [g.weight([4], 0.5, 1), g.scalar(1e-3)]);
    const factor = g.node("Mul", [g.node("Rsqrt", [variance]), gamma]);
    const shift = g.node("Sub", [beta, g.node("Mul", [mean, factor])]);
    return [g, [g.node("AddV2", [g.node("Mul", [x, factor]), shift])]];
  },
  "arithmetic with constants, before and behind what can take it in": () => {
    const g = new GraphSketch();
    const scaled = g.node("Sub", [g.node("RealDiv", ["x", g.scalar(2)]), g.scalar(1)]);
    const colored = g.node("Sub", [scaled, g.floats([0.1, 0.2, 0.3])]);
    const x = g.node("Relu", [g.node("Mul", [g.conv(colored, [3, 3, 3, 4]), g.weight([4])])]);
    const turned = g.node("Sub", [g.scalar(1), x]);
    const vector = g.node("Neg", [g.global(turned)]);
    const shifted = g.node("AddV2", [g.node("Tanh", [vector]), g.weight([4])]);
    return [g, [turned, g.node("Mul", [g.weight([1, 1, 1, 4]), x]), shifted]];
  },
  "arithmetic between tensors": () => {
    const g = new GraphSketch();
    const [x, y, z] = [1, 2, 3].map(() => g.conv("x", [3, 3, 3, 4]));
    const gate = g.global(z, true);
    return [g, [
      ...["Add", "AddV2", "Sub", "Mul", "Maximum", "Minimum"].map((op) => g.node(op, [x, y])),
      g.node("AddN", [x, y, z], { N: 3 }),
      ...[g.node("Mul", [x, gate]), g.node("Mul", [gate, x]), g.node("Sub", [x, gate])],
      ...[g.node("AddV2", [z, z]), g.node("Abs", [z]), g.node("Square", [z])],
    ]];
  },
  "activations": () => {
    const g = new GraphSketch();
    const x = g.conv("x", [3, 3, 3, 4]);
    const names = ["Relu", "Relu6", "Elu", "Selu", "Sigmoid", "Tanh", "Softplus"];
    const bounds = [g.scalar(-0.5), g.scalar(0.75)];
    return [g, [
      ...names.map((op) => g.node(op, [x])),
      g.node("LeakyRelu", [x], { alpha: float(0.1) }),
      g.node("Prelu", [x, g.weight([4])]),
      ...[[1, 8, 4], [8, 1, 4], [8, 8, 1], [1, 8, 1, 1], [8, 8, 4]].map((shape) =>
        g.node("Prelu", [x, g.weight(shape)])
      ),
      g.node("Softmax", [x]),
      g.node("LogSoftmax", [g.global(x)]),
      g.node("ClipByValue", [x, ...bounds]),
      g.node("Minimum", [g.node("Maximum", [x, g.scalar(0)]), g.scalar(1)]),
      g.node("Maximum", [g.scalar(0.25), x]),
      g.node("Mul", [g.node("Sigmoid", [x]), x]),
      g.node("Maximum", [x, g.node("Mul", [x, g.scalar(0.2)])]),
    ]];
  },
  "PReLU as two halves": () => {
    const g = new GraphSketch();
    const x = g.conv("x", [3, 3, 3, 4]);
    const below = g.node("Relu", [g.node("Neg", [x])]);
    const slope = g.node("Neg", [g.weight([1, 1, 4])]);
    return [g, [g.node("AddV2", [g.node("Relu", [x]), g.node("Mul", [slope, below])])]];
  },
  "pooling": () => {
    const g = new GraphSketch();
    const x = g.conv("x", [3, 3, 3, 4]);
    const pools = ["MaxPool", "AvgPool"].flatMap((op) => [
      g.pool(x, op, 3, 2),
      g.pool(x, op, 2, 2, "VALID"),
      g.pool(x, op, 3, 1),
    ]);
    return [g, [...pools, g.global(x, false, "Max"), g.global(x, true), g.global(x)]];
  },
  "padding, cropping and thinning out": () => {
    const g = new GraphSketch();
    const pads = g.integers([0, 0, 0, 1, 1, 1, 0, 0], [4, 2]);
    const x = g.conv(g.node("Pad", ["x", pads]), [3, 3, 3, 4], { ...VALID, ...strides(2) });
    const wide = g.node("PadV2", [x, g.integers([0, 0, 1, 0, 0, 2, 1, 1], [4, 2]), g.scalar(0)]);
    const masks = { begin_mask: 1, end_mask: 9, ellipsis_mask: 0, new_axis_mask: 0 };
    const lists = [[0, 1, 2, 0], [0, 7, -1, 9], [1, 2, 1, 1]].map((list) => g.integers(list));
    const cut = g.node("StridedSlice", ["x", ...lists], { ...masks, shrink_axis_mask: 0 });
    return [g, [wide, cut]];
  },
  "channels split, sliced, picked and joined": () => {
    const g = new GraphSketch();
    const x = g.conv("x", [3, 3, 3, 6]);
    const halves = g.node("Split", [g.integers([3], []), x], { num_split: 2 });
    const parts = g.node("SplitV", [x, g.integers([1, -1, 2]), g.integers([-1], [])], {
      num_split: 3,
    });
    const slice = g.node("Slice", [x, g.integers([0, 0, 0, 2]), g.integers([-1, -1, -1, 3])]);
    const picked = g.node("GatherV2", [x, g.integers([4, 0, 4]), g.integers([3], [])]);
    const axis = g.integers([-1], []);
    const joined = g.node("ConcatV2", [`${halves}:1`, parts, `${parts}:2`, axis], { N: 3 });
    const lists = [[0, -1], [0, 0], [1, 1]].map((list) => g.integers(list));
    const last = g.node("StridedSlice", [x, ...lists], {
      begin_mask: 0,
      ellipsis_mask: 1,
      new_axis_mask: 0,
      shrink_axis_mask: 0,
      end_mask: 2,
    });
    const ends = [[0, 1], [0, 3], [1, 1]].map((list) => g.integers(list));
    const some = g.node("StridedSlice", [g.global(x), ...ends], {
      begin_mask: 1,
      end_mask: 1,
      ellipsis_mask: 0,
      new_axis_mask: 0,
      shrink_axis_mask: 0,
    });
    return [g, [g.conv(joined, [1, 1, 6, 2]), slice, picked, last, some]];
  },
  "ShuffleNet: groups of channels change places": () => {
    const g = new GraphSketch();
    const x = g.conv("x", [3, 3, 3, 6]);
    const grouped = g.node("Reshape", [x, g.integers([-1, 8, 8, 2, 3])]);
    const turned = g.node("Transpose", [grouped, g.integers([0, 1, 2, 4, 3])]);
    const shuffled = g.node("Reshape", [turned, g.integers([-1, 8, 8, 6])]);
    return [g, [g.conv(shuffled, [1, 1, 6, 4])]];
  },
  "axes moved": () => {
    const g = new GraphSketch();
    const x = g.conv("x", [3, 3, 3, 4]);
    const first = g.node("Transpose", [g.global(x, true), g.integers([0, 3, 1, 2])]);
    return [g, [first, g.node("Transpose", [x, g.integers([0, 3, 1, 2])])]];
  },
  "reshaping of pooled maps": () => {
    const g = new GraphSketch();
    const x = g.conv("x", [3, 3, 3, 4]);
    const squeezed = g.node("Squeeze", [g.global(x, true)], { squeeze_dims: [1, 2] });
    const hidden = g.dense(squeezed, 4, 4);
    const gate = g.node("Reshape", [g.node("Sigmoid", [hidden]), g.integers([-1, 1, 1, 4])]);
    const axes = [g.integers([1], []), g.integers([1], [])];
    const again = axes.reduce((value, axis) => g.node("ExpandDims", [value, axis]), hidden);
    const masks = { ellipsis_mask: 0, new_axis_mask: 6, shrink_axis_mask: 0 };
    const lists = [[0, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]].map((list) => g.integers(list));
    const added = g.node("StridedSlice", [hidden, ...lists], {
      begin_mask: 9,
      end_mask: 9,
      ...masks,
    });
    return [g, [g.node("Mul", [x, gate]), g.node("Mul", [x, again]), g.node("AddV2", [x, added])]];
  },
  "flattening by a shape that the graph computes": () => {
    const g = new GraphSketch();
    const x = g.pool(g.node("Relu", [g.conv("x", [3, 3, 3, 4])]), "MaxPool", 2, 2);
    const shape = g.node("Shape", [x]);
    const slice = (from: number, to: number, isDropped: boolean) => {
      const lists = [[from], [to], [1]].map((list) => g.integers(list));
      return g.node("StridedSlice", [shape, ...lists], {
        begin_mask: 0,
        end_mask: 0,
        ellipsis_mask: 0,
        new_axis_mask: 0,
        shrink_axis_mask: isDropped ? 1 : 0,
      });
    };
    const count = g.node("Prod", [slice(1, 4, false), g.integers([0])], { keep_dims: false });
    const target = g.node("Pack", [slice(0, 1, true), count], { axis: 0, N: 2 });
    return [g, [g.dense(g.node("Reshape", [x, target]), 64, 5)]];
  },
  "boxes of several maps, joined behind one another": () => {
    const g = new GraphSketch();
    const boxes = [1, 2].map((stride) => {
      const maps = g.conv("x", [3, 3, 3, 8], strides(stride));
      return g.node("Reshape", [maps, g.integers([-1, 128 / stride ** 2, 4])]);
    });
    const joined = g.node("ConcatV2", [...boxes, g.integers([1], [])], { N: 2 });
    return [g, [joined, g.node("Sigmoid", [g.node("Mul", [joined, g.scalar(0.5)])])]];
  },
  "maps enlarged": () => {
    const g = new GraphSketch();
    const x = g.conv("x", [3, 3, 3, 4], strides(2));
    const plain = { align_corners: false, half_pixel_centers: false };
    return [g, [
      g.node("ResizeNearestNeighbor", [x, g.integers([8, 12])], plain),
      g.node("ResizeNearestNeighbor", [x, g.integers([8, 8])], {
        ...plain,
        half_pixel_centers: true,
      }),
      g.node("ResizeBilinear", [x, g.integers([8, 8])], plain),
      ...[[8, 12], [16, 4]].map((size) =>
        g.node("ResizeBilinear", [x, g.integers(size)], { ...plain, half_pixel_centers: true })
      ),
    ]];
  },
  "series, as Keras' layers of series are converted": () => {
    const g = new GraphSketch();
    const series = (x: string) => g.node("Reshape", [x, g.integers([-1, 16, 16])]);
    const conv = (x: string, kernel: number[], more = {}) => {
      const row = g.node("ExpandDims", [x, g.integers([1], [])]);
      const made = g.conv(row, [1, ...kernel], more);
      return g.bias(g.node("Squeeze", [made], { squeeze_dims: [1] }), kernel[2]);
    };
    const pool = (x: string, op: string) => {
      const column = g.node("ExpandDims", [x, g.integers([2], [])]);
      const windows = { ksize: [1, 2, 1, 1], strides: [1, 2, 1, 1], padding: "VALID" };
      return g.node("Squeeze", [g.node(op, [column], windows)], { squeeze_dims: [2] });
    };
    const first = conv(series(g.conv("x", [3, 3, 3, 4])), [3, 16, 6], { strides: [1, 1, 2, 1] });
    const scaled = g.node("Mul", [first, g.weight([6])]);
    const x = g.node("Relu", [g.node("AddV2", [scaled, g.weight([6])])]);
    const half = pool(x, "MaxPool");
    const rows = Array.from({ length: 4 }, (_, row) => row === 0 ? "" : `:${row}`);
    const split = g.node("Split", [g.integers([1], []), half], { num_split: 4 });
    const twice = rows.flatMap((row) => [`${split}${row}`, `${split}${row}`]);
    const longer = g.node("ConcatV2", [...twice, g.integers([1], [])], { N: 8 });
    const sum = g.node("AddV2", [conv(longer, [3, 6, 6]), x]);
    const mean = g.node("Mean", [sum, g.integers([1])], { keep_dims: false });
    return [g, [conv(pool(sum, "AvgPool"), [2, 6, 3]), mean]];
  },
  "nodes that do nothing, control inputs, and nodes that no output needs": () => {
    const g = new GraphSketch();
    g.node("NoOp", [], {}, "init");
    const x = g.node("StopGradient", [g.node("Identity", [g.conv("x", [1, 1, 3, 4]), "^init"])]);
    g.node("NonMaxSuppressionV3", [x]);
    const type = { DstT: { type: "DT_FLOAT" }, SrcT: { type: "DT_FLOAT" } };
    return [g, [g.node("Identity", [g.node("Cast", [x], type)])]];
  },
  "maps with channels first between convolutions, as converters from PyTorch leave them": () => {
    const g = new GraphSketch();
    const turn = (x: string, axes: number[]) => g.node("Transpose", [x, g.integers(axes)]);
    const conv = (x: string, inputs: number, outputs: number) => {
      const pads = g.integers([0, 0, 0, 0, 1, 1, 1, 1], [4, 2]);
      const last = turn(g.node("Pad", [x, pads]), [0, 2, 3, 1]);
      return turn(g.conv(last, [3, 3, inputs, outputs], VALID), [0, 3, 1, 2]);
    };
    const leaky = (x: string) => g.node("LeakyRelu", [x], { alpha: float(0.1) });
    const axis = g.integers([1], []);
    const x = leaky(g.node("Add", [conv(turn("x", [0, 3, 1, 2]), 3, 4), g.weight([4, 1, 1])]));
    const gate = g.node("Mean", [x, g.integers([2, 3])], { keep_dims: true });
    const gated = g.node("Mul", [x, g.node("Sigmoid", [gate])]);
    const y = leaky(conv(gated, 4, 6));
    const joined = g.node("ConcatV2", [y, x, axis]);
    const first = g.node("Slice", [joined, g.integers([0, 2, 0, 0]), g.integers([-1, 5, -1, -1])]);
    const odd = g.node("StridedSlice", [
      ...[joined, g.integers([0, 0, 0, 1]), g.integers([1, 10, 8, 8]), g.integers([1, 1, 1, 2])],
    ], { begin_mask: 1, end_mask: 1, ellipsis_mask: 0, new_axis_mask: 0, shrink_axis_mask: 0 });
    const low = g.node("PadV2", [y, g.integers([0, 0, 0, 0, 1, 0, 0, 1], [4, 2]), g.scalar(-9)]);
    const pool = { ksize: [1, 2, 2, 1], strides: [1, 2, 2, 1], padding: "VALID" };
    const pooled = turn(g.node("MaxPool", [turn(low, [0, 2, 3, 1])], pool), [0, 3, 1, 2]);
    const vector = g.node("Mean", [g.node("Relu", [pooled]), g.integers([-1, 2])], {
      keep_dims: false,
    });
    return [g, [conv(first, 5, 2), odd, g.node("Relu", [x]), g.dense(vector, 6, 3)]];
  },
  "an input of bytes that is cast": () => {
    const g = new GraphSketch();
    g.nodes[0].attr.dtype = { type: "DT_UINT8" };
    const type = { DstT: { type: "DT_FLOAT" }, SrcT: { type: "DT_UINT8" } };
    return [g, [g.conv(g.node("Cast", ["x"], type), [1, 1, 3, 4])]];
  },
  "several inputs and outputs": () => {
    const g = new GraphSketch();
    const y = g.input("y", [-1, 8, 8, 3]);
    const sum = g.node("AddV2", [g.conv("x", [3, 3, 3, 4]), g.conv(y, [3, 3, 3, 4])]);
    return [g, [g.node("Relu", [sum]), sum]];
  },
  "no signature": () => {
    const g = new GraphSketch();
    g.node("Relu", [g.conv("x", [3, 3, 3, 4])]);
    return [g, []];
  },
  "an input of open size, and a kernel that two convolutions share": () => {
    const g = new GraphSketch([-1, -1, -1, 3]);
    const kernel = g.weight([3, 3, 3, 3], 0.4);
    const more = { strides: [1, 1, 1, 1], dilations: [1, 1, 1, 1], padding: "SAME" };
    const x = g.bias(g.node("Conv2D", ["x", kernel], more), 3);
    const y = g.node("Conv2D", [g.node("Relu", [x]), kernel], { ...more, ...strides(2) });
    return [g, [g.dense(g.global(g.node("Mul", [y, g.weight([3])])), 3, 4)]];
  },
  "quantized weights of every kind": () => {
    const g = new GraphSketch();
    const more = { strides: [1, 1, 1, 1], dilations: [1, 1, 1, 1], padding: "SAME" };
    const kernels = (["uint8", "uint16", "float16"] as const).map((storage) =>
      g.weight([3, 3, 3, 3], 0.4, 0, storage)
    );
    return [g, [kernels.reduce((x, kernel) => g.node("Conv2D", [x, kernel], more), "x")]];
  },
};

const VALID = { padding: "VALID" };
