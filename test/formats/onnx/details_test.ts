import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import { decodeOnnx } from "../../../src/formats/onnx/read/decode.ts";
import { DATA_TYPES, type OnnxTensor } from "../../../src/formats/onnx/messages.ts";
import { readOnnx } from "../../../src/formats/onnx/read/read.ts";
import { writeOnnx } from "../../../src/formats/onnx/write/write.ts";
import {
  assertMaskedEqualsShrunk,
  openSplit,
  randomCuts,
  randomInputs,
} from "../../graph/masked.ts";
import { buildNetworkFile } from "../../support/networks.ts";
import { Sketch } from "./sketch.ts";
import { sketches } from "./sketches.ts";
import { spellings } from "./spellings.ts";

await startBackend();

/** Class and name of every layer. */
function listLayers(bytes: Uint8Array): string[] {
  return readOnnx(bytes, "net.onnx").topology.config.layers!
    .map((layer) => `${layer.class_name} ${layer.name}`);
}

Deno.test("layers are named after nodes, with valid and different names", () => {
  const g = new Sketch();
  const first = g.conv("x", [3, 3, 1, 1]);
  const second = g.node("Relu", [first]), third = g.node("Relu", [second]);
  const { nodes } = g.model.graph;
  nodes[0].name = "/layer1/layer1.0/conv1/Conv";
  nodes[1].name = nodes[2].name = "relu: 1@2#3";
  assert.deepEqual(listLayers(g.encode(third)), [
    "InputLayer x",
    "Conv2D layer1_layer1.0_conv1_Conv",
    "Activation relu_1_2_3",
    "Activation relu_1_2_3_2",
  ]);
});

Deno.test("a node without a name gives that of what it makes", () => {
  const g = new Sketch();
  g.node("Relu", ["x"], {}, "hidden");
  g.model.graph.nodes[0].name = "";
  assert.deepEqual(listLayers(g.encode("hidden")), ["InputLayer x", "Activation hidden"]);
});

Deno.test("nodes are read in any order, and what no output needs is left out", () => {
  const g = new Sketch();
  g.node("Relu", [g.node("Tanh", ["x"], {}, "early")], {}, "late");
  g.node("Sigmoid", ["x"]);
  g.model.graph.nodes.reverse();
  assert.deepEqual(listLayers(g.encode("late")), [
    "InputLayer x",
    "Activation early",
    "Activation late",
  ]);
});

Deno.test("Same padding stays part of the layer where it is exactly that, and no longer where not", () => {
  const classes = (attributes: Record<string, number[]>) => {
    const g = new Sketch();
    return listLayers(g.encode(g.conv("x", [2, 3, 3, 3], attributes)))
      .map((layer) => layer.split(" ")[0]);
  };
  assert.deepEqual(classes({ pads: [1, 1, 1, 1] }), ["InputLayer", "Conv2D"]);
  assert.deepEqual(classes({ pads: [0, 0, 1, 1], strides: [2, 2] }), ["InputLayer", "Conv2D"]);
  const padded = ["InputLayer", "ZeroPadding2D", "Conv2D"];
  assert.deepEqual(classes({ pads: [1, 1, 1, 1], strides: [2, 2] }), padded);
});

Deno.test("a bias behind a linear layer, and a shift behind a convolution, go into its weights", () => {
  const g = new Sketch();
  const x = g.node("Add", [g.conv("x", [4, 3, 1, 1]), g.weight([4, 1, 1])]);
  const vector = g.node("Flatten", [g.node("GlobalAveragePool", [x])]);
  const scores = g.node("Add", [g.node("MatMul", [vector, g.weight([4, 2])]), g.weight([2])]);
  assert.deepEqual(listLayers(g.encode(scores)).map((layer) => layer.split(" ")[0]), [
    ...["InputLayer", "Conv2D", "GlobalAveragePooling2D", "Dense"],
  ]);
});

Deno.test("parts become the layer that they make", () => {
  const classes = (name: string) =>
    listLayers(spellings[name]()).map((layer) => layer.split(" ")[0]);
  const normed = classes("a normalization over channels, by parts");
  assert.equal(normed.filter((name) => name === "LayerNormalization").length, 2);
  assert.ok(!normed.includes("Permute") && !normed.includes("DepthwiseConv2D"), `${normed}`);
  const { config } = readOnnx(spellings["activations by parts, in several orders"](), "net.onnx")
    .topology;
  const found = config.layers!.map((layer) => layer.config.activation);
  for (const activation of ["gelu", "mish", "softsign"]) assert.ok(found.includes(activation));
});

Deno.test("weights of every type are read, raw or not", () => {
  const numbers = [0.5, -1.25, 3];
  const raw = (array: { buffer: ArrayBuffer }) => ({
    raw: new Uint8Array(array.buffer),
    typed: [],
  });
  const cases: Pick<OnnxTensor, "dataType" | "raw" | "typed">[] = [
    { dataType: DATA_TYPES.float, ...raw(Float32Array.from(numbers)) },
    { dataType: DATA_TYPES.double, ...raw(Float64Array.from(numbers)) },
    { dataType: DATA_TYPES.float16, ...raw(Float16Array.from(numbers)) },
  ];
  for (const tensor of cases) {
    const g = new Sketch();
    g.initializer({ name: "w", shape: [1, 3, 1, 1], ...tensor });
    const file = readOnnx(g.encode(g.node("Conv", ["x", "w"])), "net.onnx");
    assert.deepEqual([...file.weights.get("Conv_0/kernel")!.values], numbers);
  }
});

Deno.test("before opset 7 operands are spread from an axis on, and slopes are those of channels", () => {
  const read = (opset: number) => {
    const g = new Sketch(undefined, opset);
    const isOld = opset < 7;
    const shape = isOld ? [8] : [8, 1, 1];
    const spread = isOld ? { axis: 1, broadcast: 1 } : undefined;
    const x = g.node("Mul", [g.conv("x", [8, 3, 1, 1]), g.weight(shape)], spread);
    const weights = [[0.5, 1], [0.3, 0], [0.3, 0], [0.5, 1]].map(([scale, shift]) =>
      g.weight([8], scale, shift)
    );
    const mode = isOld ? { is_test: 1 } : undefined;
    const normed = g.node("BatchNormalization", [x, ...weights], mode);
    return readOnnx(g.encode(g.node("PRelu", [normed, g.weight(shape)])), "net.onnx");
  };
  const { topology, weights } = read(6), wanted = read(17);
  assert.deepEqual(topology, wanted.topology);
  assert.deepEqual(weights, wanted.weights);
});

Deno.test("metadata is written, readable for others too, and read back", async () => {
  const preprocess = { scale: 1 / 255, mean: [0.5], std: [0.25], inputSize: [8, 8] };
  const metadata = { preprocess, classes: ["a", "b", "c", "d"], mine: true };
  const bytes = writeOnnx({ ...await buildNetworkFile("plain"), metadata });
  const properties = decodeOnnx(bytes, "net.onnx").metadata;
  assert.deepEqual(JSON.parse(properties.get("preprocess")!), preprocess);
  assert.deepEqual(JSON.parse(properties.get("classes")!), metadata.classes);
  assert.deepEqual(readOnnx(bytes, "net.onnx").metadata, metadata);
  const plain = writeOnnx(await buildNetworkFile("plain"));
  assert.equal(readOnnx(plain, "net.onnx").metadata, undefined);
});

Deno.test("a written network keeps the names of its layers when it is read back", async () => {
  const file = await buildNetworkFile("preActivation");
  const names = (of: typeof file) => of.topology.config.layers!.map((layer) => layer.name).sort();
  const back = readOnnx(writeOnnx(file), "net.onnx");
  assert.deepEqual(names(back), [...names(file), "dense_softmax"].sort());
});

Deno.test("what is read can be cut: masked equals shrunk", async (t) => {
  for (const [name, build] of Object.entries({ ...sketches, ...spellings })) {
    await t.step(name, async () => {
      const network = await openSplit(readOnnx(build(), "net.onnx"));
      const { model, graph, map } = network;
      const images = randomInputs(model, 2);
      const cuts = randomCuts(graph, map, { seed: 5, select: false });
      await assertMaskedEqualsShrunk(network, cuts, images, 1e-4);
      tf.dispose(images);
      disposeModel(model);
    });
  }
});

/** Values of a constant that nodes of constants make, as a bias of four channels. */
function foldedBias(fold: (g: Sketch) => string): number[] {
  const g = new Sketch();
  const { weights } = readOnnx(
    g.encode(g.node("Conv", [
      "x",
      g.weight([4, 3, 1, 1]),
      g.node("Reshape", [fold(g), g.integers([-1])]),
    ])),
    "net.onnx",
  );
  return [...weights.entries().find(([name]) => name.endsWith("/bias"))![1].values];
}

Deno.test("constants are folded as ONNX says: axes in the order stated, indices from either end", () => {
  const matrix = (g: Sketch) => g.floats([1, 2, 3, 4], [2, 2]);
  const moved = (perm?: number[]) =>
    foldedBias((g) => g.node("Transpose", [matrix(g)], perm ? { perm } : {}));
  assert.deepEqual(moved(), [1, 3, 2, 4]);
  assert.deepEqual(moved([1, 0]), [1, 3, 2, 4]);
  assert.deepEqual(moved([0, 1]), [1, 2, 3, 4], "axes that stay");
  const picked = foldedBias((g) =>
    g.node("Gather", [g.floats([5, 6, 7, 8, 9]), g.integers([-1, 0, 1, -2])])
  );
  assert.deepEqual(picked, [9, 5, 6, 8]);
  const along = foldedBias((g) => g.node("Gather", [matrix(g), g.integers([1, 0])], { axis: -1 }));
  assert.deepEqual(along, [2, 1, 4, 3]);
});
