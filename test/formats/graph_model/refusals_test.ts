import assert from "node:assert/strict";
import { openModel } from "../../../src/formats/open_model.ts";
import { InputError } from "../../../src/base/errors.ts";
import { inTempFolder } from "../../data/fixtures.ts";
import { type Attribute, float, GraphSketch, strides } from "./graph_sketch.ts";

/** Opens what was written to a folder and expects a refusal. */
function refusesFolder(write: (folder: string) => Promise<void>, message: RegExp): Promise<void> {
  return inTempFolder(async (folder) => {
    await write(folder);
    await assert.rejects(openModel(folder), (error: Error) => {
      assert.ok(error instanceof InputError, `${error.name}: ${error.stack}`);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\.$/);
      return true;
    });
  });
}

function refuses(g: GraphSketch, output: string, message: RegExp): Promise<void> {
  return refusesFolder((folder) => g.write(folder, output), message);
}

/** A graph of one node behind the input. */
function single(
  op: string,
  attributes: Record<string, Attribute> = {},
  ...operands: ((g: GraphSketch) => string)[]
): [GraphSketch, string] {
  const g = new GraphSketch();
  return [g, g.node(op, ["x", ...operands.map((make) => make(g))], attributes)];
}

Deno.test("all nodes that cannot become layers are listed with what to do", async () => {
  const g = new GraphSketch();
  const sizes = g.integers([8, 8]);
  const x = g.node("MaxPool3D", ["x"]);
  const y = g.node("LayerNorm", [g.node("Relu", [x])], {}, "scope/norm");
  const turned = g.node("Transpose", ["x", g.integers([1, 0, 2, 3])]);
  const best = g.node("Roll", [g.node("Roll", [g.conv(turned, [1, 1, 3, 2]), sizes]), y]);
  await refuses(
    g,
    best,
    new RegExp(
      "^reading .*model\\.json: found 5 nodes that cannot become layers\n" +
        '  node "MaxPool3D_.*" \\(MaxPool3D\\) is no operation that can be read; only networks for images are read\n' +
        '  node "scope/norm" \\(LayerNorm\\) is no operation that can be read; use BatchNormalization instead\n' +
        '  nodes "Roll_.*", "Roll_.*" \\(Roll\\) are no operations .*output_node_names\\)\n' +
        '  node "Transpose_\\d+" \\(Transpose\\) moves axes .*; change it where the model was made',
    ),
  );
});

Deno.test("loops, functions, variables and quantized operations have advice of their own", async () => {
  await refuses(
    ...single("StatefulPartitionedCall"),
    /freeze the model with tensorflowjs_converter/,
  );
  await refuses(...single("VarHandleOp"), /freeze its variables/);
  await refuses(...single("FakeQuantWithMinMaxVars"), /before it is quantized/);
  const g = new GraphSketch();
  g.node("Merge", ["x", "again"], {}, "loop");
  g.node("NextIteration", ["loop"], {}, "again");
  await refuses(g, "again", /found 2 nodes [^]*"loop" \(Merge\)[^]*ahead of the branch or loop/);
});

Deno.test("options that no layer has are refused with the node's name", async () => {
  const kernel = (...shape: number[]) => (g: GraphSketch) => g.weight(shape);
  const list = (...values: number[]) => (g: GraphSketch) => g.integers(values);
  const plain = { ...strides(1), padding: "SAME" };
  const cases: [ReturnType<typeof single>, RegExp][] = [
    [single("Conv2D", { ...plain, data_format: "NCHW" }, kernel(3, 3, 3, 4)), /data_format NCHW/],
    [single("Conv2D", plain, kernel(3, 3, 4)), /node "Conv2D_2" \(Conv2D\) has a kernel of shape/],
    [single("Conv2D", plain, kernel(3, 3, 1, 3)), /has a kernel .* for 3 channels/],
    [single("Conv2D", plain, () => "x"), /reads what layer x makes as input 1, wanted a constant/],
    [
      single("Conv2D", { ...plain, ...strides(0) }, kernel(3, 3, 3, 4)),
      /has strides \[1, 0, 0, 1\]/,
    ],
    [single("Conv2D", { ...plain, padding: 3 }, kernel(3, 3, 3, 4)), /attribute padding .* a text/],
    [single("Conv2D", { padding: "EVEN" }, kernel(3, 3, 3, 4)), /has padding EVEN/],
    [single("Conv2D", { padding: "VALID" }, kernel(9, 9, 3, 4)), /wanted no empty one/],
    [
      single("_FusedConv2D", { ...plain, fused_ops: ["Gelu"] }, kernel(3, 3, 3, 4)),
      /has Gelu fused/,
    ],
    [single("MatMul", {}, kernel(4, 2)), /multiplies \[N, 8, 8, 3\] by \[4, 2\]/],
    [single("AddV2", {}, kernel(4)), /has 4 numbers of shape \[4\] for 3 channels/],
    [single("Reshape", {}, list(7, -1)), /wanted the batch to stay as it is/],
    [single("Reshape", {}, list(-1, -2, -96)), /wanted no empty one|wanted the batch/],
    [single("Transpose", {}, list(1, 0, 2, 3)), /wanted the batch to stay in front/],
    [single("Pad", {}, list(1, 1, 0, 0, 0, 0, 0, 0)), /wanted zeros around rows, columns/],
    [single("GatherV2", {}, list(5), list(3)), /picks \[5\] of 3 channels/],
    [single("Maximum", {}, (g) => g.scalar(NaN)), /has bounds NaN and Infinity/],
    [single("RealDiv", {}, (g) => g.scalar(0)), /has a factor of Infinity, wanted a finite number/],
    [single("LeakyRelu", { alpha: { f: "NaN" } }), /has alpha NaN, wanted a finite number/],
    [single("Cast", { DstT: { type: "DT_INT32" } }), /found output "Cast_1:0" of integers/],
    [single("Cast", { DstT: { type: "DT_STRING" } }), /rounds to DT_STRING/],
    [single("Mean", {}, list(0)), /reduces axes \[0\], wanted rows and columns/],
    [single("Sum", {}, list(0)), /works along axes \[0\] of 4, wanted others than the batch/],
    [single("Squeeze", { squeeze_dims: [1] }), /wanted axes of 1 behind the batch/],
  ];
  for (const [graph, message] of cases) await refuses(...graph, message);
});

Deno.test("an input without channels, of another type or size, is refused", async () => {
  const refusesInput = (shape: number[], message: RegExp, dtype?: string) => {
    const g = new GraphSketch();
    g.input("y", shape, dtype);
    return refuses(g, g.node("Relu", ["y"]), message);
  };
  await refusesInput([-1, 8, 8, -1], /input "y" has shape \[\?, 8, 8, \?\], wanted N × H × W × C/);
  await refusesInput([-1], /input "y" has shape \[\?\]/);
  await refusesInput([-1, 0, 8, 3], /input "y" has shape \[\?, 0, 8, 3\]/);
  await refusesInput([-1, 2 ** 20, 2 ** 20, 3], /33554432 values at most/);
  await refusesInput([-1, 8, 8, 3], /elements of DT_STRING, wanted DT_FLOAT/, "DT_STRING");
  await refusesInput([-1, 8, 8, 3], /node "Relu_2" \(Relu\) reads integers/, "DT_INT32");
});

Deno.test("graphs that are damaged are refused", async () => {
  const circle = new GraphSketch();
  circle.node("AddV2", ["x", "b"], {}, "a");
  circle.node("Relu", ["a"], {}, "b");
  await refuses(circle, "b", /node "a" \(AddV2\) waits for what it makes itself/);
  await refuses(...single("AddV2", {}, () => "nowhere"), /reads "nowhere", which is not in the gr/);
  const [g] = single("Relu");
  await refuses(g, "nowhere", /signature's "nowhere" means node "nowhere:0", which is not in the/);
  await refuses(g, "Relu_1:3", /found output "Relu_1:3" that its node does not make/);
  g.node("Relu", ["x"], {}, "Relu_1");
  await refuses(g, "Relu_1", /found node "Relu_1" twice/);
  const empty = new GraphSketch();
  await refuses(empty, empty.integers([1]), /that is constant, wanted floats/);
  const nameless = new GraphSketch();
  nameless.nodes.push({ op: "Relu" } as GraphSketch["nodes"][number]);
  await refuses(nameless, "x", /node 1 of modelTopology lacks its name/);
});

Deno.test("weights are held against the graph and the folder", async () => {
  const conv = () => {
    const g = new GraphSketch();
    return [g, g.conv("x", [1, 1, 3, 4])] as const;
  };
  const [lost, x] = conv();
  lost.entries[0].name = "other";
  await refuses(lost, x, /found no weight "const_1" in weightsManifest/);
  const [huge, y] = conv();
  huge.entries[0].shape = [2 ** 20, 2 ** 20, 3, 4];
  await refuses(huge, y, /found 48 bytes in group1-shard1of1\.bin, wanted \d{14}/);
  const [spoilt, z] = conv();
  const more = { strides: [1, 1, 1, 1], padding: "SAME" };
  const inf = spoilt.node("Conv2D", [z, spoilt.floats([0, NaN, 0, Infinity], [1, 1, 4, 1])], more);
  await refuses(spoilt, inf, /found NaN or infinite values, 2 of 4 in the kernel/);
  const [outside, out] = conv();
  await refusesFolder(async (folder) => {
    await outside.write(folder, out);
    const json = outside.json(out) as { weightsManifest: { paths: string[] }[] };
    json.weightsManifest[0].paths = ["../elsewhere.bin"];
    await Deno.writeTextFile(`${folder}/model.json`, JSON.stringify(json));
  }, /reading \.\.\/elsewhere\.bin, a shard of .*leaves the model's folder/);
});

Deno.test("what a small file claims to need is refused before memory is spent", async () => {
  const filled = new GraphSketch();
  const many = filled.node("Fill", [filled.integers([2 ** 30]), filled.scalar(1)]);
  await refuses(filled, filled.node("AddV2", ["x", many]), /makes 1073741824 numbers/);
  const negative = new GraphSketch();
  const shape = negative.node("Fill", [negative.integers([-2, -3]), negative.scalar(1)]);
  await refuses(negative, negative.node("AddV2", ["x", shape]), /wanted known extents/);
  const padded = new GraphSketch();
  const pads = padded.integers([0, 0, 0, 2 ** 30, 0, 0, 0, 0], [4, 2]);
  await refuses(padded, padded.node("Pad", ["x", pads]), /makes a tensor of \d+ numbers/);
  const enlarged = new GraphSketch();
  const size = enlarged.integers([2 ** 20, 2 ** 20]);
  await refuses(enlarged, enlarged.node("ResizeBilinear", ["x", size]), /makes a tensor of \d+/);
  const repeated = new GraphSketch();
  let constant = repeated.weight([2 ** 20]);
  for (let count = 0; count < 80; count++) constant = repeated.node("Neg", [constant]);
  await refuses(repeated, repeated.node("AddV2", ["x", constant]), /repeats weights or makes them/);
  const spread = new GraphSketch();
  const holes = { dilations: [1, 2 ** 14, 2 ** 14, 1] };
  await refuses(
    spread,
    spread.depthwise("x", [3, 3, 3, 1], holes),
    /makes a kernel of \d+ numbers/,
  );
});

Deno.test("a model.json with any character changed is read or refused, and nothing else", () =>
  inTempFolder(async (folder) => {
    const g = new GraphSketch();
    const x = g.fused("x", [1, 1, 3, 2], ["BiasAdd", "Relu6"]);
    const leaky = g.node("LeakyRelu", [g.global(x)], { alpha: float(0.1) });
    await g.write(folder, leaky);
    const text = await Deno.readTextFile(`${folder}/model.json`);
    for (let at = 0; at < text.length; at += 7) {
      const change = '0-"[x'[at % 5];
      await Deno.writeTextFile(
        `${folder}/model.json`,
        text.slice(0, at) + change + text.slice(at + 1),
      );
      await openModel(folder).catch((error) => {
        assert.ok(error instanceof InputError, `character ${at}: ${(error as Error).stack}`);
      });
    }
  }));
