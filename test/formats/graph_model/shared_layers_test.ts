import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { openModel } from "../../../src/formats/open_model.ts";
import { findChannelSpaces } from "../../../src/graph/channels/channel_spaces.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import { inTempFolder } from "../../data/fixtures.ts";
import {
  assertMaskedEqualsShrunk,
  openSplit,
  randomCuts,
  randomInputs,
} from "../../graph/masked.ts";
import { largestDifference } from "../../support/networks.ts";
import { float, GraphSketch, strides } from "./graph_sketch.ts";
import { runGraphModel, runLayersModel, sketchImages } from "./oracle.ts";

await startBackend();

const PLAIN = { ...strides(1), dilations: [1, 1, 1, 1], padding: "SAME", data_format: "NHWC" };

/**
 * Two images through one tower, as a frozen Keras model has it: each node reads its constants through an Identity of its
 * own. A convolution with BatchNormalization, one with what the converter fuses, a depthwise one, and a Dense layer.
 */
function siamese(): [GraphSketch, string] {
  const g = new GraphSketch();
  g.input("second", [-1, 8, 8, 3]);
  const kernel = g.weight([3, 3, 3, 6], 0.4);
  const norm = [[0.5, 1], [0.3, 0], [0.3, 0], [0.5, 1]].map(([scale, shift]) =>
    g.weight([6], scale, shift)
  );
  const fused = [g.weight([1, 1, 6, 5], 0.6), g.weight([5], 0.3)];
  const depthwise = g.weight([3, 3, 5, 1], 0.5);
  const dense = [g.weight([5, 7], 0.5), g.weight([7], 0.3)];
  const read = (constant: string) => g.node("Identity", [constant]);
  const towers = ["x", "second"].map((image) => {
    const conv = g.node("Conv2D", [image, read(kernel)], PLAIN);
    const normal = g.node("FusedBatchNormV3", [conv, ...norm.map(read)], {
      epsilon: float(1e-3),
      is_training: false,
    });
    const options = { ...PLAIN, fused_ops: ["BiasAdd", "Relu"], num_args: 1 };
    const narrow = g.node("_FusedConv2D", [normal, ...fused.map(read)], options);
    const deep = g.node("DepthwiseConv2dNative", [narrow, read(depthwise)], PLAIN);
    const product = g.node("MatMul", [g.global(g.node("Relu", [deep])), read(dense[0])]);
    return g.node("Relu", [g.node("BiasAdd", [product, read(dense[1])])]);
  });
  return [g, g.dense(g.node("ConcatV2", [...towers, g.integers([1], [])]), 14, 4)];
}

async function open([g, output]: [GraphSketch, string]): Promise<ModelFile> {
  let file: ModelFile | undefined;
  await inTempFolder(async (folder) => {
    await g.write(folder, output);
    file = await openModel(folder);
  });
  return file!;
}

/** How often each layer of a class is called. */
function callsOf(file: ModelFile, name: string): number[] {
  return file.topology.config.layers!.filter(({ class_name }) => class_name === name)
    .map(({ inbound_nodes }) => inbound_nodes!.length);
}

Deno.test("nodes of a graph that read the same constants are calls of one layer", async () => {
  const [g, output] = siamese();
  const file = await open([g, output]);
  assert.deepEqual(callsOf(file, "Conv2D"), [2, 2]);
  assert.deepEqual(callsOf(file, "BatchNormalization"), [2]);
  assert.deepEqual(callsOf(file, "DepthwiseConv2D"), [2]);
  assert.deepEqual(callsOf(file, "Dense"), [2, 1]);
  const images = sketchImages(g);
  const wanted = await runGraphModel(g, [output], images);
  const found = await runLayersModel(file, images);
  assert.ok(largestDifference(found[0], wanted[0]) < 1e-5);
  tf.dispose([images, wanted, found]);
});

Deno.test("a tower of a graph is cut for both images, and masked equals shrunk", async () => {
  const network = await openSplit(await open(siamese()));
  const { graph, map, model } = network;
  const { spaces } = findChannelSpaces(graph);
  assert.ok(spaces.filter(({ frozen }) => frozen === undefined).length >= 3);
  const cuts = randomCuts(graph, map, { seed: 2, select: false });
  assert.ok(cuts.removed.some((flag) => flag === 1));
  await assertMaskedEqualsShrunk(network, cuts, randomInputs(model, 2), 1e-4);
  disposeModel(model);
});

Deno.test("constants that are made of one are one: a matrix that every node transposes itself", async () => {
  const g = new GraphSketch();
  g.input("second", [-1, 8, 8, 3]);
  const matrix = g.weight([4, 3], 0.5);
  const products = ["x", "second"].map((image) => {
    const turned = g.node("Transpose", [matrix, g.integers([1, 0])]);
    return g.node("MatMul", [g.global(image), turned]);
  });
  assert.deepEqual(callsOf(await open([g, g.node("AddV2", products)]), "Dense"), [2]);
});

Deno.test("nodes of a graph with the same kernel and other biases or options are layers of their own", async () => {
  const g = new GraphSketch();
  const kernel = g.weight([3, 3, 3, 3], 0.4);
  const conv = (image: string, more = {}) =>
    g.node("Conv2D", [image, kernel], { ...PLAIN, ...more });
  const biased = ["x", "x"].map((image) => g.bias(conv(image), 3));
  const wide = conv("x", { dilations: [1, 2, 2, 1] });
  const behind = conv(g.node("AddN", [...biased, wide]));
  assert.deepEqual(callsOf(await open([g, behind]), "Conv2D"), [1, 1, 1, 1]);
});

Deno.test("constants with equal numbers are not one", async () => {
  const g = new GraphSketch();
  const values = Array.from({ length: 12 }, (_, index) => index / 12);
  const maps = [0, 1].map(() => g.node("Conv2D", ["x", g.floats(values, [1, 1, 3, 4])], PLAIN));
  assert.deepEqual(callsOf(await open([g, g.node("AddV2", maps)]), "Conv2D"), [1, 1]);
});
