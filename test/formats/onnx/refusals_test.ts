import assert from "node:assert/strict";
import { join } from "node:path";
import { InputError } from "../../../src/base/errors.ts";
import { openModel } from "../../../src/formats/open_model.ts";
import { knownOperators } from "../../../src/formats/onnx/read/attributes.ts";
import { foldedOperators } from "../../../src/formats/onnx/read/fold_constants.ts";
import { stepOperators } from "../../../src/formats/onnx/read/steps/import_step.ts";
import { tensorOperators } from "../../../src/formats/onnx/read/steps/tensor_rules.ts";
import { operators } from "../../../src/formats/onnx/read/operators/mod.ts";
import { readOnnx } from "../../../src/formats/onnx/read/read.ts";
import { DATA_TYPES } from "../../../src/formats/onnx/messages.ts";
import { inTempFolder } from "../../data/fixtures.ts";
import { Sketch } from "./sketch.ts";

function refuses(bytes: Uint8Array, message: RegExp): void {
  assert.throws(() => readOnnx(bytes, "net.onnx"), (error: Error) => {
    assert.ok(error instanceof InputError, `${error.name}: ${error.message}`);
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\.$/);
    return true;
  });
}

/** A graph of one node that reads the input. */
function single(operator: string, attributes = {}, ...operands: ((g: Sketch) => string)[]) {
  const g = new Sketch();
  return g.encode(g.node(operator, ["x", ...operands.map((make) => make(g))], attributes));
}

Deno.test("an operation that cannot be read is named with its node and what to do", () => {
  refuses(
    single("LpNormalization"),
    /^reading net\.onnx: node "\/LpNormalization_0" \(LpNormalization\) is no operation that can be read; use BatchNormalization instead$/,
  );
  refuses(single("QuantizeLinear", {}, (g) => g.weight([])), /export the model before it is quan/);
  refuses(single("If"), /without branches that depend on the data/);
  refuses(single("LSTM"), /only convolutional networks are read/);
  refuses(
    single("Transpose", { perm: [1, 0, 2, 3] }),
    /moves the axes of \[N, 3, 8, 8\] to \[1, 0, 2, 3\], wanted the batch/,
  );
  const g = new Sketch();
  g.node("FusedConv", ["x"]);
  g.model.graph.nodes[0].domain = "com.microsoft";
  refuses(g.encode("FusedConv_0"), /\(com\.microsoft\.FusedConv\)/);
});

Deno.test("options that no layer has are refused with the node's name", () => {
  refuses(single("Softmax", { axis: 0 }), /runs along axis 0 of 4, wanted the channels, axis 1/);
  refuses(single("Concat", { axis: 0 }, () => "x"), /along axis 0, wanted one size but for that/);
  refuses(
    single("MaxPool", { kernel_shape: [3, 3], dilations: [2, 2] }),
    /is dilated, wanted neighboring values/,
  );
  refuses(
    single("AveragePool", { kernel_shape: [2, 2], pads: [1, 1, 0, 0] }),
    /which no layer can leave out of the pooling/,
  );
  refuses(single("Pad", { mode: "wrap" }, (g) => g.integers([0, 0, 1, 1, 0, 0, 1, 1])), /pads/);
  refuses(single("Pad", { mode: "edge" }, (g) => g.integers([0, 1, 0, 0, 0, 0, 0, 0])), /channels/);
  refuses(
    single("Pad", { mode: "reflect" }, (g) => g.integers([0, 0, 8, 0, 0, 0, 0, 0])),
    /puts copies of 8 and 0 rows or columns around 8, wanted a fixed and larger number/,
  );
  refuses(single("Reshape", {}, (g) => g.integers([0, 8, 3, 2, 2, 2, 1])), /wanted 5 axes behind/);
  refuses(single("Reshape", {}, (g) => g.integers([7, -1])), /wanted the batch to stay/);
  refuses(single("ReduceMean", { axes: [0] }), /reduces axes \[0\] of .*, wanted rows and columns/);
  refuses(single("Conv", {}, (g) => g.weight([4, 3, 3])), /has a kernel of shape \[4, 3, 3\]/);
  refuses(single("Conv", { strides: [0, 1] }, (g) => g.weight([4, 3, 3, 3])), /strides \[0, 1\]/);
  refuses(single("Conv", { pads: [-1, 0, 0, 0] }, (g) => g.weight([4, 3, 3, 3])), /0 and more/);
  refuses(single("Conv", {}, (g) => g.weight([4, 3, 9, 9])), /wanted no empty one/);
  refuses(single("Conv", {}, () => "x"), /reads what layer x makes as input 1, wanted a constant/);
});

Deno.test("transposed convolutions with margins that cannot be are refused", () => {
  const kernel = (g: Sketch) => g.weight([3, 2, 2, 2]);
  refuses(single("ConvTranspose", { group: 2 }, kernel), /and 2 group\(s\) for 3 channels, wanted/);
  refuses(single("ConvTranspose", { output_shape: [9] }, kernel), /states an output of \[9\] for/);
  refuses(
    single("ConvTranspose", { auto_pad: "SAME" }, kernel),
    /has auto_pad SAME, wanted NOTSET/,
  );
  refuses(
    single("ConvTranspose", { kernel_shape: [3, 3] }, kernel),
    /has kernel_shape \[3, 3\] and/,
  );
  refuses(single("ConvTranspose", { output_padding: [-1, 0] }, kernel), /output_padding \[-1, 0\]/);
  refuses(single("ConvTranspose", { output_padding: [2 ** 30, 0] }, kernel), /makes a kernel of/);
  refuses(single("ConvTranspose", { pads: [9, 0, 9, 0] }, kernel), /wanted no empty one/);
  refuses(single("ConvTranspose", {}, (g) => g.weight([2, 3, 2, 2])), /for 3 channels/);
});

Deno.test("padding ahead that depends on an open size is refused", () => {
  const g = new Sketch(["N", 3, "H", "W"]);
  const options = { auto_pad: "SAME_LOWER", strides: [2, 2] };
  refuses(g.encode(g.conv("x", [2, 3, 3, 3], options)), /pads maps of open size by itself/);
});

Deno.test("attributes that are not read, or no longer in an opset, are refused by name", () => {
  refuses(single("Relu", { alpha: 2 }), /\(Relu\) has attribute alpha, of which nothing is known/);
  refuses(
    single("Conv", { groups: 2 }),
    /has attribute groups, .*, wanted auto_pad, dilations, ker/,
  );
  refuses(single("Clip", { max: 6 }), /has attribute max, which opset 17 does not have since 11;/);
  refuses(single("ConvTranspose", { storage_order: 1 }), /has attribute storage_order/);
  refuses(
    single("Resize", { antialias: 1 }, () => "", (g) => g.floats([1, 1, 2, 2])),
    /has antialias 1, wanted 0; set it where the model was made/,
  );
  refuses(
    single(
      "BatchNormalization",
      { spatial: 0 },
      ...new Array(4).fill((g: Sketch) => g.weight([3])),
    ),
    /has spatial 0, wanted 1/,
  );
});

Deno.test("every operation that is read, or computed ahead, says which attributes it has", () => {
  const steps = [...stepOperators, ...tensorOperators];
  const read = [...Object.keys(operators), ...foldedOperators, ...steps].sort();
  assert.deepEqual(knownOperators.toSorted(), [...new Set(read)]);
});

Deno.test("constants that do not fit are refused", () => {
  const square = new Sketch(["N", 3, 3, 3]);
  const sum = square.node("Add", ["x", square.weight([2, 3, 3, 3])]);
  refuses(square.encode(sum), /has a constant of shape \[2, 3, 3, 3\], wanted/);
  refuses(single("Mul", {}, (g) => g.floats([2], [1, 1, 1, 1, 1])), /of shape \[1, 1, 1, 1, 1\]/);
  const g = new Sketch([5, 4]);
  refuses(
    g.encode(g.node("Gemm", ["x", g.weight([4, 5]), g.weight([5, 1])])),
    /has a constant of shape \[5, 1\], wanted one number, or one for every channel/,
  );
});

Deno.test("averages that count zeros around maps of open size are refused", () => {
  const g = new Sketch(["N", 3, "H", "W"]);
  const options = { kernel_shape: [3, 3], strides: [2, 2], auto_pad: "SAME_UPPER" };
  refuses(
    g.encode(g.node("AveragePool", ["x"], { ...options, count_include_pad: 1 })),
    /counts zeros around maps of open size/,
  );
  refuses(
    single("AveragePool", { kernel_shape: [2, 2], dilations: [2, 2] }),
    /is dilated, wanted neighboring values/,
  );
});

Deno.test("a tensor may not be spread over a batch, nor rounded to integers", () => {
  refuses(single("Expand", {}, (g) => g.integers([4, 3, 8, 8])), /widens \[N, 3, 8, 8\]/);
  refuses(single("CastLike", {}, (g) => g.integers([1])), /rounds to integers, wanted floats/);
  refuses(single("Reshape", { allowzero: 1 }, (g) => g.integers([0, -1])), /an axis of nothing/);
});

Deno.test("a vector of several flattened maps as an output is refused where nothing has a kernel", () => {
  const g = new Sketch();
  const parts = ["Relu", "Tanh"].map((name) => g.node("Flatten", [g.node(name, ["x"])]));
  refuses(
    g.encode(g.node("Concat", parts, { axis: 1 })),
    /takes a vector of several flattened maps/,
  );
});

Deno.test("an input without channels, of another type or size, is refused", () => {
  const encode = (shape: (number | string)[], type?: number) => {
    const g = new Sketch(["N", 3, 8, 8]);
    g.model.graph.inputs = [{ name: "x", dataType: type ?? DATA_TYPES.float, shape }];
    return g.encode(g.node("Relu", ["x"]));
  };
  refuses(encode(["N", 3, 8, 8, 8]), /has shape \[N, 3, 8, 8, 8\], wanted N × C × H × W, N × C/);
  refuses(encode(["N"]), /input "x" has shape \[N\], wanted N × C × H × W, N × C × L or N × C/);
  refuses(encode(["N", "C"]), /input "x" has shape \[N, C\], wanted .* or N × C with C known/);
  refuses(encode(["N", "C", 8, 8]), /has shape \[N, C, 8, 8\]/);
  refuses(encode(["N", 3, 8, -8]), /has shape \[N, 3, 8, -8\]/);
  refuses(encode(["N", 3, 2 ** 20, 2 ** 20]), /and 33554432 values at most/);
  refuses(encode(["N", 3, 8, 8], DATA_TYPES.uint8), /\(Relu\) reads integers, wanted floats; cast/);
  refuses(encode(["N", 3, 8, 8], DATA_TYPES.bool), /has elements of type 9, wanted float/);
});

Deno.test("opsets that are not stated or unknown are refused", () => {
  for (const opset of [0, 99]) {
    const g = new Sketch(undefined, opset);
    refuses(
      g.encode(g.node("Relu", ["x"])),
      new RegExp(`found opset ${opset}, wanted 1 to \\d+; export the model`),
    );
  }
});

Deno.test("before opset 7 a normalization is in training unless it says otherwise", () => {
  const g = new Sketch(undefined, 6);
  refuses(g.encode(g.norm("x", 3)), /is in training mode; export the model in evaluation mode/);
});

Deno.test("bytes that are no ONNX model are refused, at every length of a truncated one", () => {
  const g = new Sketch();
  const bytes = g.encode(g.conv("x", [2, 3, 1, 1]));
  refuses(new Uint8Array(0), /found no graph, wanted an ONNX model/);
  refuses(new TextEncoder().encode('{"format": 1}'), /^reading net\.onnx: found /);
  for (let length = 1; length < bytes.length; length++) {
    refuses(bytes.subarray(0, length), /^reading net\.onnx: /);
  }
});

Deno.test("a file with any byte changed is read or refused, and nothing else", () => {
  const g = new Sketch();
  const bytes = g.encode(g.linear(g.node("Flatten", [g.conv("x", [1, 3, 8, 8])]), 1, 2));
  for (let at = 0; at < bytes.length; at++) {
    for (const change of [0x01, 0x80, 0xff]) {
      const changed = bytes.slice();
      changed[at] ^= change;
      try {
        readOnnx(changed, "net.onnx");
      } catch (error) {
        assert.ok(error instanceof InputError, `byte ${at}: ${(error as Error).stack}`);
      }
    }
  }
});

Deno.test("declared lengths and shapes are held against the bytes before memory is spent", () => {
  const length = Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x7f);
  refuses(length, /34359738367 bytes are declared where 0 are left/);
  const tensor = (shape: number[]) => {
    const g = new Sketch();
    const raw = new Uint8Array(16);
    g.initializer({ name: "w", shape, dataType: DATA_TYPES.float, raw, typed: [] });
    return g.encode(g.node("Conv", ["x", "w"]));
  };
  refuses(
    tensor([2 ** 30, 2 ** 20, 3, 3]),
    /tensor "w" has shape \[1073741824, 1048576, 3, 3\] and 16 bytes, wanted \d+; the file is damaged/,
  );
  refuses(tensor([-1, 3, 1, 1]), /wanted extents of 0 and more/);
  const filled = new Sketch();
  filled.node("ConstantOfShape", [filled.integers([2 ** 31])]);
  refuses(filled.encode("ConstantOfShape_0"), /makes 2147483648 numbers, wanted 65536 at most/);
  refuses(
    single("Resize", {}, () => "", () => "", (g) => g.integers([1, 3, 2 ** 40, 8])),
    /makes maps of \d+ numbers, wanted \d+ at most/,
  );
  const wide = new Sketch();
  const x = wide.conv("x", [2 ** 13, 3, 1, 1]);
  refuses(
    wide.encode(wide.conv(x, [2 ** 12, 2, 1, 1], { group: 2 ** 12 })),
    /makes selectors of 67108864 numbers/,
  );
  const repeated = new Sketch();
  const shared = [repeated.weight([4096, 4096, 1, 1])];
  let y = repeated.conv("x", [4096, 3, 1, 1]);
  for (let count = 0; count < 10; count++) y = repeated.node("Conv", [y, ...shared]);
  refuses(repeated.encode(y), /it repeats weights or makes them up$/);
  const padded = new Sketch();
  const pads = padded.integers([0, 0, 0, 0, 0, 0, 2 ** 40, 0]);
  refuses(padded.encode(padded.node("Pad", ["x", pads])), /makes a tensor of \d+ numbers/);
});

Deno.test("graphs that go in circles, make a tensor twice or read nothing are refused", () => {
  const circle = new Sketch();
  circle.node("Add", ["x", "b"], {}, "a");
  circle.node("Relu", ["a"], {}, "b");
  refuses(circle.encode("b"), /node "\/a" \(Add\) waits for what it makes itself/);
  const twice = new Sketch();
  twice.node("Relu", ["x"], {}, "a");
  twice.node("Tanh", ["x"], {}, "a");
  refuses(twice.encode("a"), /found tensor "a" twice/);
  refuses(single("Add", {}, () => "nowhere"), /reads "nowhere", which nothing here makes/);
  refuses(new Sketch().encode("nowhere"), /found output "nowhere" that nothing makes/);
});

Deno.test("weights that are NaN are refused", () => {
  const g = new Sketch();
  const kernel = g.floats([1, NaN, 3], [1, 3, 1, 1]);
  refuses(g.encode(g.node("Conv", ["x", kernel])), /1 of 3 in the kernel of "Conv_0"/);
});

Deno.test("weights beside the file are read, and only from its folder", async () => {
  await inTempFolder(async (folder) => {
    await Deno.mkdir(join(folder, "net"));
    const write = async (location: string, more: Record<string, string> = {}) => {
      const g = new Sketch();
      const external = new Map(Object.entries({ location, ...more }));
      const shape = [1, 3, 1, 1];
      g.initializer({ name: "w", shape, dataType: DATA_TYPES.float, typed: [], external });
      const path = join(folder, "net", "net.onnx");
      await Deno.writeFile(path, g.encode(g.node("Conv", ["x", "w"])));
      return path;
    };
    const bytes = new Uint8Array(Float32Array.of(0, 1, 2, 3).buffer);
    await Deno.writeFile(join(folder, "net", "weights.bin"), bytes);
    await Deno.writeFile(join(folder, "outside.bin"), bytes);
    await Deno.symlink(join(folder, "outside.bin"), join(folder, "net", "link.bin"));
    const file = await openModel(await write("weights.bin", { offset: "4", length: "12" }));
    assert.deepEqual([...file.weights.get("Conv_0/kernel")!.values], [1, 2, 3]);
    for (const location of ["../outside.bin", join(folder, "outside.bin"), "link.bin"]) {
      await assert.rejects(openModel(await write(location)), /leaves the model's folder/);
    }
    await assert.rejects(openModel(await write("missing.bin")), /found no such file/);
    await assert.rejects(
      openModel(await write("weights.bin", { offset: "8", length: "12" })),
      /lies at bytes 8 to 20 of "weights\.bin", which has 16/,
    );
    const overlapping = new Sketch();
    for (const name of ["a", "b", "c", "d", "e"]) {
      const external = new Map([["location", "weights.bin"]]);
      overlapping.initializer({
        name,
        shape: [4],
        dataType: DATA_TYPES.float,
        typed: [],
        external,
      });
    }
    await Deno.writeFile(join(folder, "net", "over.onnx"), overlapping.encode("x"));
    await assert.rejects(
      openModel(join(folder, "net", "over.onnx")),
      /found 20 numbers in tensors that lie in 16 bytes of other files/,
    );
    const path = await write("weights.bin");
    refuses(await Deno.readFile(path), /tensor "w" lies in the file "weights\.bin", wanted that/);
    await assert.rejects(openModel(join(folder, "none.onnx")), /found no such file/);
  });
});

/** A graph in which a node of constants makes the shape of a Reshape. */
function foldedShape(operator: string, attributes = {}, ...operands: ((g: Sketch) => string)[]) {
  const g = new Sketch();
  const shape = g.node(operator, operands.map((make) => make(g)), attributes);
  return g.encode(g.node("Reshape", ["x", shape]));
}

Deno.test("constants that no tensor can be are refused, not made up", () => {
  const list = (g: Sketch) => g.integers([1, 2, 3, 4, 5, 6]);
  const shape = (...extents: number[]) => (g: Sketch) => g.integers(extents);
  refuses(
    foldedShape("Reshape", {}, list, shape(-2, -3)),
    /shape \[-2, -3\], wanted known extents/,
  );
  refuses(
    foldedShape("Reshape", {}, list, shape(4, -1)),
    /shape \[4, 1\.5\], wanted known extents/,
  );
  refuses(foldedShape("Reshape", {}, list, shape(4, 2)), /turns 6 numbers into shape \[4, 2\]/);
  refuses(foldedShape("ConstantOfShape", {}, shape(-1)), /shape \[-1\], wanted known extents/);
  refuses(
    foldedShape("ConstantOfShape", {}, shape(2 ** 20)),
    /makes 1048576 numbers, wanted 65536/,
  );
  refuses(foldedShape("Gather", {}, list, shape(6)), /picks \[6\] of 6 entries/);
  refuses(
    foldedShape("Gather", { axis: 1 }, list, shape(0)),
    /means axis 1 of a constant of 1 axes/,
  );
  refuses(foldedShape("Squeeze", {}, list, shape(3)), /means axis 3 of a constant of 1 axes/);
  refuses(foldedShape("Add", {}, list, shape(1, 2)), /joins constants of shape \[6\] and \[2\]/);
  refuses(
    foldedShape("Transpose", { perm: [0, 0] }, (g) => g.integers([1, 2, 3, 4], [2, 2])),
    /moves axes of a constant of shape \[2, 2\] to \[0, 0\], wanted each of its axes once/,
  );
  refuses(foldedShape("constructor", {}, list), /is no operation|reads constants alone and is not/);
});
for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty", "valueOf"]) {
  Deno.test(`an operation called ${name} is none that can be read, of features or of constants`, () => {
    refuses(single(name), new RegExp(`\\(${name}\\) is no operation that can be read`));
    const g = new Sketch();
    const made = g.node(name, [g.weight([3])]);
    refuses(g.encode(g.node("Add", ["x", made])), /is not known; simplify the model/);
  });
}
