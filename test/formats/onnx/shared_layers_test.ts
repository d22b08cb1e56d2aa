import assert from "node:assert/strict";
import { decodeOnnx } from "../../../src/formats/onnx/read/decode.ts";
import { readOnnx } from "../../../src/formats/onnx/read/read.ts";
import { writeOnnx } from "../../../src/formats/onnx/write/write.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import { findChannelSpaces } from "../../../src/graph/channels/channel_spaces.ts";
import {
  assertMaskedEqualsShrunk,
  openSplit,
  randomCuts,
  randomInputs,
} from "../../graph/masked.ts";
import { differenceOf, randomMaps, runLayers, runOnnx } from "./runtime.ts";
import { Sketch } from "./sketch.ts";

await startBackend();

/** Two images through one tower of two convolutions with BatchNormalization, then a layer over both. */
function siamese(): Uint8Array {
  const g = new Sketch();
  g.input("second", ["N", 3, 8, 8]);
  const kernels = [[6, 3, 3, 3], [5, 6, 3, 3]].map((shape) => g.weight(shape, 0.4));
  const norms = [6, 5].map((channels) =>
    [[0.5, 1], [0.3, 0], [0.3, 0], [0.5, 1]].map(([scale, shift]) =>
      g.weight([channels], scale, shift)
    )
  );
  const towers = ["x", "second"].map((image) =>
    kernels.reduce((x, kernel, index) => {
      const conv = g.node("Conv", [x, kernel], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
      return g.node("Relu", [g.node("BatchNormalization", [conv, ...norms[index]])]);
    }, image)
  );
  const joined = g.node("Concat", towers, { axis: 1 });
  return g.encode(g.conv(joined, [4, 10, 1, 1]));
}

Deno.test("nodes with the same initializers are calls of one layer, and are written with one", async () => {
  const file = readOnnx(siamese(), "siamese.onnx");
  const layers = file.topology.config.layers!;
  const callsOf = (name: string) =>
    layers.filter(({ class_name }) => class_name === name)
      .map(({ inbound_nodes }) => inbound_nodes!.length);
  assert.deepEqual(callsOf("Conv2D"), [2, 2, 1]);
  assert.deepEqual(callsOf("BatchNormalization"), [2, 2]);
  const images = [randomMaps([2, 3, 8, 8], 1), randomMaps([2, 3, 8, 8], 2)];
  const written = writeOnnx(file);
  const wanted = await runOnnx(siamese(), images);
  assert.ok(differenceOf(await runLayers(file, images), wanted) < 1e-4);
  assert.ok(differenceOf(await runOnnx(written, images), wanted) < 1e-4);
  const { graph } = decodeOnnx(written, "written.onnx");
  assert.equal(graph.initializers.filter(({ shape }) => shape.length === 4).length, 3);
  const again = readOnnx(written, "again.onnx").topology.config.layers!;
  assert.equal(again.length, layers.length);
});

Deno.test("a tower of an ONNX file is cut for both images, and masked equals shrunk", async () => {
  const network = await openSplit(readOnnx(siamese(), "siamese.onnx"));
  const { graph, map, model } = network;
  assert.ok(findChannelSpaces(graph).spaces.some(({ frozen }) => frozen === undefined));
  const cuts = randomCuts(graph, map, { seed: 2, select: false });
  assert.ok(cuts.removed.some((flag) => flag === 1));
  await assertMaskedEqualsShrunk(network, cuts, randomInputs(model, 2), 1e-4);
  disposeModel(model);
});

/**
 * Two images through one tower that ends in linear layers, whose constants each node reads in its own way: as they are,
 * through an Identity, or turned by a Transpose.
 */
function siameseDense(): Uint8Array {
  const g = new Sketch();
  g.input("second", ["N", 3, 8, 8]);
  const conv = [g.weight([5, 3, 3, 3], 0.4), g.weight([5], 0.3)];
  const gemm = [g.weight([6, 80], 0.2), g.weight([6], 0.3)];
  const product = [g.weight([7, 6], 0.4), g.weight([7], 0.3)];
  const towers = ["x", "second"].map((image, place) => {
    const read = (constant: string) => place === 0 ? constant : g.node("Identity", [constant]);
    const options = { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2] };
    const maps = g.node("Relu", [g.node("Conv", [image, ...conv.map(read)], options)]);
    const flat = g.node("Flatten", [maps], { axis: 1 });
    const hidden = g.node("Relu", [g.node("Gemm", [flat, ...gemm.map(read)], { transB: 1 })]);
    const turned = g.node("Transpose", [read(product[0])], { perm: [1, 0] });
    return g.node("Relu", [g.node("Add", [g.node("MatMul", [hidden, turned]), product[1]])]);
  });
  return g.encode(g.linear(g.node("Concat", towers, { axis: 1 }), 14, 3));
}

Deno.test("convolutions and linear layers of a tower are one each, however their initializers are read", async () => {
  const file = readOnnx(siameseDense(), "dense.onnx");
  const callsOf = (name: string) =>
    file.topology.config.layers!.filter(({ class_name }) => class_name === name)
      .map(({ inbound_nodes }) => inbound_nodes!.length);
  assert.deepEqual(callsOf("Conv2D"), [2]);
  assert.deepEqual(callsOf("Dense"), [2, 2, 1]);
  const images = [randomMaps([2, 3, 8, 8], 1), randomMaps([2, 3, 8, 8], 2)];
  const wanted = await runOnnx(siameseDense(), images);
  assert.ok(differenceOf(await runLayers(file, images), wanted) < 1e-4);
  const written = writeOnnx(file);
  assert.ok(differenceOf(await runOnnx(written, images), wanted) < 1e-4);
  const matrices = decodeOnnx(written, "written.onnx").graph.initializers
    .filter(({ shape }) => shape.length === 2);
  assert.equal(matrices.length, 3);
});

Deno.test("linear layers of a tower are cut for both images, and masked equals shrunk", async () => {
  const network = await openSplit(readOnnx(siameseDense(), "dense.onnx"));
  const { graph, map, model } = network;
  const cuts = randomCuts(graph, map, { seed: 2, select: false });
  assert.ok(cuts.removed.some((flag) => flag === 1));
  await assertMaskedEqualsShrunk(network, cuts, randomInputs(model, 2), 1e-4);
  disposeModel(model);
});

Deno.test("nodes in line with the same initializers, or with other options, are layers of their own", () => {
  const g = new Sketch();
  const [kernel, bias] = [g.weight([3, 3, 3, 3], 0.4), g.weight([3], 0.3)];
  const options = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  const twice = g.node(
    "Conv",
    [g.node("Conv", ["x", kernel, bias], options), kernel, bias],
    options,
  );
  const other = g.weight([3, 3, 3, 3], 0.4);
  const wide = g.node("Conv", [twice, other], options);
  const dilated = g.node("Conv", [twice, other], {
    kernel_shape: [3, 3],
    dilations: [2, 2],
    pads: [2, 2, 2, 2],
  });
  const { layers } =
    readOnnx(g.encode(g.node("Add", [wide, dilated])), "line.onnx").topology.config;
  const calls = layers!.filter(({ class_name }) => class_name === "Conv2D")
    .map(({ inbound_nodes }) => inbound_nodes!.length);
  assert.deepEqual(calls, [1, 1, 1, 1]);
});
