import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { findChannelSpaces, spacesOfTensor } from "../../../src/graph/channels/channel_spaces.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { captureModel, disposeModel } from "../../../src/model/instantiate.ts";
import { assertMaskedEqualsShrunk, openSplit, randomCuts, randomInputs } from "../masked.ts";
import { buildNetwork, type NetworkName } from "../../support/networks.ts";

await startBackend();

async function spacesOf(name: NetworkName) {
  const { model, graph } = await buildNetwork(name);
  model.dispose();
  const map = findChannelSpaces(graph);
  return { graph, map, spaceOf: (key: string) => spacesOfTensor(map, key)[0] };
}

Deno.test("a residual stream is one space with all that write to it and read from it", async () => {
  const { spaceOf } = await spacesOf("preActivation");
  const stream = spaceOf("block3_add");
  assert.deepEqual(stream.producers, ["block2_projection", "block2_conv2", "block3_conv2"]);
  assert.deepEqual(stream.riders, ["block3_bn1", "final_bn"]);
  assert.deepEqual(stream.consumers, ["block3_conv1", "dense"]);
  assert.equal(stream.channels, 8);
  assert.equal(stream.frozen, undefined);
});

Deno.test("the channels inside a branch are a space of their own", async () => {
  const { spaceOf } = await spacesOf("preActivation");
  assert.deepEqual(spaceOf("block2_relu2"), {
    id: spaceOf("block2_conv1").id,
    channels: 8,
    producers: ["block2_conv1"],
    riders: ["block2_bn2"],
    consumers: ["block2_conv2"],
    frozen: undefined,
  });
});

Deno.test("a depth multiplier repeats channels, Flatten repeats them for every position", async () => {
  const mobile = await spacesOf("mobile");
  const single = mobile.map.layouts.get("relu1")!;
  const doubled = mobile.map.layouts.get("depthwise")!;
  assert.deepEqual([...doubled], [...single].flatMap((channel) => [channel, channel]));
  const plain = await spacesOf("plain");
  const [conv, flat] = ["conv3", "flatten"].map((key) => plain.map.layouts.get(key)!);
  assert.ok(flat.length > conv.length);
  flat.forEach((channel, position) => assert.equal(channel, conv[position % conv.length]));
});

Deno.test("Concatenate lays spaces side by side without joining them", async () => {
  const { map } = await spacesOf("inception");
  assert.deepEqual(
    spacesOfTensor(map, "concat").map((space) => [space.producers, space.channels]),
    [[["wide"], 4], [["narrow"], 3], [["stem"], 6]],
  );
});

Deno.test("rows that are joined have their channels in common", async () => {
  const image = tf.input({ shape: [8, 8, 3] });
  const parts = ["upper", "lower"].map((name) =>
    tf.layers.conv2d({ name, filters: 4, kernelSize: 3 }).apply(image) as tf.SymbolicTensor
  );
  const both = tf.layers.concatenate({ name: "both", axis: 1 }).apply(parts) as tf.SymbolicTensor;
  const outputs = tf.layers.conv2d({ filters: 2, kernelSize: 1 }).apply(both);
  const model = tf.model({ inputs: image, outputs: outputs as tf.SymbolicTensor });
  const file = await captureModel(model);
  disposeModel(model);
  const network = await openSplit(file);
  assert.deepEqual(
    spacesOfTensor(network.map, "both").map((
      space,
    ) => [space.producers.toSorted(), space.channels]),
    [[["lower", "upper"], 4]],
  );
  const images = randomInputs(network.model, 2);
  const cuts = randomCuts(network.graph, network.map, { seed: 2, select: false });
  await assertMaskedEqualsShrunk(network, cuts, images, 1e-4);
  tf.dispose(images);
  disposeModel(network.model);
});

Deno.test("an Add of a Concatenate joins channel by channel", async () => {
  const { map, graph } = await spacesOf("inception");
  const merged = {
    ...graph,
    nodes: graph.nodes.flatMap((node) =>
      node.key !== "bn" ? [node] : [
        {
          ...node,
          key: "wide13",
          name: "wide13",
          className: "Conv2D",
          config: {},
          inputs: ["stem"],
          weights: new Map(),
        },
        {
          ...node,
          key: "sum",
          name: "sum",
          className: "Add",
          config: {},
          inputs: ["concat", "wide13"],
          weights: new Map(),
        },
        { ...node, inputs: ["sum"] },
      ]
    ),
  };
  assert.equal(spacesOfTensor(map, "concat").length, 3);
  const [space, ...others] = spacesOfTensor(findChannelSpaces(merged), "concat");
  assert.equal(others.length, 0);
  assert.deepEqual(space.producers, ["stem", "wide", "narrow", "wide13"]);
  assert.equal(space.channels, 13);
});

Deno.test("squeeze and excitation couples the gate with what it scales", async () => {
  const { spaceOf } = await spacesOf("inception");
  assert.deepEqual(spaceOf("scale").producers, ["gated", "excite"]);
  assert.deepEqual(spaceOf("scale").consumers, ["excite", "mix"]);
});

Deno.test("input, output and layers that are not understood freeze their spaces, with the reason", async () => {
  const { spaceOf } = await spacesOf("opaque");
  const reasons = ["image", "dense", "conv2", "layer_norm", "conv3", "shared", "transposed"]
    .map((key) => spaceOf(key).frozen);
  assert.deepEqual(reasons, [
    "image is an input of the model",
    "the softmax of layer dense mixes channels",
    "LayerNormalization layer layer_norm normalizes over channels",
    "LayerNormalization layer layer_norm normalizes over channels",
    "layer shared is called 2 times, one behind the other",
    "layer shared is called 2 times, one behind the other",
    undefined,
  ]);
});

Deno.test("a softmax freezes what it makes, not what its Dense layer reads", async () => {
  const { spaceOf } = await spacesOf("plain");
  assert.match(spaceOf("dense").frozen!, /softmax/);
  assert.equal(spaceOf("hidden").frozen, undefined);
  assert.deepEqual(spaceOf("hidden").consumers, ["dense"]);
});
