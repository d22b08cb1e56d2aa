import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { openModel } from "../../../src/formats/open_model.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import { inTempFolder } from "../../data/fixtures.ts";
import { largestDifference } from "../../support/networks.ts";
import { float, GraphSketch, strides } from "./graph_sketch.ts";
import { runGraphModel, runLayersModel, sketchImages } from "./oracle.ts";
import { wholeNetworks } from "./whole_networks.ts";

await startBackend();

async function open(g: GraphSketch, ...outputs: string[]): Promise<ModelFile> {
  let file: ModelFile | undefined;
  await inTempFolder(async (folder) => {
    await g.write(folder, ...outputs);
    file = await openModel(folder);
  });
  return file!;
}

/** Class and name of every layer. */
function listLayers(file: ModelFile): string[] {
  return file.topology.config.layers!.map((layer) => `${layer.class_name} ${layer.name}`);
}

function listClasses(file: ModelFile): string[] {
  return file.topology.config.layers!.map((layer) => layer.class_name);
}

Deno.test("layers are named after nodes, without the scopes of every SavedModel", async () => {
  const g = new GraphSketch();
  g.fused("x", [1, 1, 3, 4], ["BiasAdd", "Relu6"]);
  const fused = g.nodes.at(-1)!;
  fused.name = "StatefulPartitionedCall/net/StatefulPartitionedCall_1/Conv_1/Relu6";
  const y = g.node("Relu", [fused.name], {}, "StatefulPartitionedCall/net/out 1");
  assert.deepEqual(listLayers(await open(g, y)), [
    "InputLayer x",
    "Conv2D net_Conv_1_Relu6",
    "ReLU net_Conv_1_Relu6_relu6",
    "Activation net_out_1",
  ]);
});

Deno.test("a network becomes the layers that one would write", async () => {
  const [g, outputs] = wholeNetworks.mobileNetV1();
  assert.deepEqual(listClasses(await open(g, ...outputs)), [
    ...["InputLayer", "Conv2D", "ReLU"],
    ...Array.from({ length: 3 }, () => ["DepthwiseConv2D", "ReLU", "Conv2D", "ReLU"]).flat(),
    ...["AveragePooling2D", "Conv2D", "Flatten", "Activation"],
  ]);
  const [resNet, scores] = wholeNetworks.resNet();
  const unlike = new Set(listClasses(await open(resNet, ...scores))).difference(
    new Set([
      ...["InputLayer", "ZeroPadding2D", "Conv2D", "BatchNormalization", "Activation", "Add"],
      ...["MaxPooling2D", "GlobalAveragePooling2D", "Dense"],
    ]),
  );
  assert.deepEqual([...unlike], []);
});

Deno.test("biases, dilation by blocks and maps of one pixel leave no layers of their own", async () => {
  const g = new GraphSketch();
  const block = g.integers([2, 2]);
  const pads = g.integers([2, 2, 2, 2], [2, 2]), crops = g.integers([0, 0, 0, 0], [2, 2]);
  const dealt = g.node("SpaceToBatchND", ["x", block, pads]);
  const inner = g.conv(dealt, [3, 3, 3, 4], { padding: "VALID" });
  const x = g.bias(g.node("BatchToSpaceND", [inner, block, crops]), 4);
  const vector = g.node("Squeeze", [g.global(x, true)], { squeeze_dims: [1, 2] });
  const file = await open(g, g.dense(vector, 4, 2));
  assert.deepEqual(listClasses(file), ["InputLayer", "Conv2D", "GlobalAveragePooling2D", "Dense"]);
  const { padding, dilation_rate } = file.topology.config.layers![1].config;
  assert.deepEqual({ padding, dilation_rate }, { padding: "same", dilation_rate: [2, 2] });
});

Deno.test("a value that others read too is not changed where it is made", async () => {
  const g = new GraphSketch();
  const x = g.node("Identity", [g.conv("x", [1, 1, 3, 4])]);
  const maps = g.global(g.bias(x, 4), true);
  const outputs = [g.node("Mul", [x, maps]), maps];
  const images = sketchImages(g);
  const wanted = await runGraphModel(g, outputs, images);
  const found = await runLayersModel(await open(g, ...outputs), images);
  found.forEach((tensor, index) => assert.ok(largestDifference(tensor, wanted[index]) < 1e-5));
  tf.dispose([images, wanted, found]);
});

Deno.test("BatchNormalization fused to a convolution, which TensorFlow.js cannot run, is that behind it", async () => {
  const build = (isFused: boolean) => {
    const g = new GraphSketch();
    const weights = [[3, 3, 3, 4], [4], [4], [4]].map((shape) => g.weight(shape, 0.5));
    const constants = [...weights, g.weight([4], 0.5, 1)];
    const epsilon = float(1e-3);
    const more = { ...strides(1), dilations: [1, 1, 1, 1], padding: "SAME" };
    if (isFused) {
      const fused_ops = ["FusedBatchNorm", "Relu"];
      const x = g.node("_FusedConv2D", ["x", ...constants], { ...more, fused_ops, epsilon });
      return [g, x] as const;
    }
    const x = g.node("Conv2D", ["x", constants[0]], more);
    const normal = g.node("FusedBatchNormV3", [x, ...constants.slice(1)], {
      epsilon,
      is_training: false,
    });
    return [g, g.node("Relu", [normal])] as const;
  };
  const [apart, output] = build(false);
  const images = sketchImages(apart);
  const wanted = await runGraphModel(apart, [output], images);
  const found = await runLayersModel(await open(...build(true)), images);
  assert.ok(largestDifference(found[0], wanted[0]) < 1e-5);
  tf.dispose([images, wanted, found]);
});

Deno.test("an input that the signature leaves out comes behind those it has", async () => {
  const g = new GraphSketch();
  const x = g.node("AddV2", ["x", g.input("rest", [-1, 8, 8, 3])]);
  await inTempFolder(async (folder) => {
    await g.write(folder, x);
    const json = g.json(x) as { signature: { inputs: Record<string, unknown> } };
    delete json.signature.inputs.x;
    await Deno.writeTextFile(`${folder}/model.json`, JSON.stringify(json));
    const { input_layers } = (await openModel(folder)).topology.config;
    assert.deepEqual(input_layers, [["rest", 0, 0], ["x", 0, 0]]);
  });
});

Deno.test("open sizes stay open, a fixed batch does not stay, and metadata is kept", async () => {
  const g = new GraphSketch([1, -1, -1, 3]);
  const x = g.global(g.conv("x", [3, 3, 3, 4], strides(2)));
  const y = g.node("Reshape", [x, g.integers([1, 4])]);
  await inTempFolder(async (folder) => {
    await g.write(folder, y);
    const metadata = { classes: ["a", "b"] };
    const json = { ...g.json(y), format: undefined, userDefinedMetadata: metadata };
    await Deno.writeTextFile(`${folder}/model.json`, JSON.stringify(json));
    const file = await openModel(`${folder}/model.json`);
    const [input] = file.topology.config.layers!;
    assert.deepEqual(input.config.batch_input_shape, [null, null, null, 3]);
    assert.deepEqual(file.metadata, metadata);
    const bytes = (await Deno.stat(`${folder}/model.json`)).size + g.shard().length;
    assert.equal(file.bytes, bytes);
  });
});

Deno.test("what is written of a graph model with kernels of one byte has these too", async () => {
  const g = new GraphSketch();
  const more = { strides: [1, 1, 1, 1], dilations: [1, 1, 1, 1], padding: "SAME" };
  const kernel = g.weight([3, 3, 3, 3], 0.4, 0, "uint8");
  assert.equal((await open(g, g.node("Conv2D", ["x", kernel], more))).quantized, "uint8");
});
