import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  type ChannelMap,
  findChannelSpaces,
  spacesOfTensor,
} from "../../../src/graph/channels/channel_spaces.ts";
import { type Cuts, noCuts, shrinkGraph } from "../../../src/graph/cuts/surgery.ts";
import { inputPositions } from "../../../src/graph/kernel.ts";
import type { LayerNode } from "../../../src/graph/layer_graph.ts";
import { listReaders } from "../../../src/graph/cuts/readers.ts";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { writeGraph } from "../../../src/graph/write_graph.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { captureModel, disposeModel, instantiate } from "../../../src/model/instantiate.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import { conv, head, type Symbolic } from "../../support/network_layers.ts";
import {
  buildNetwork,
  largestDifference,
  networkNames,
  randomImages,
} from "../../support/networks.ts";
import { randomCuts, runMasked } from "../masked.ts";

await startBackend();

async function open(model: tf.LayersModel) {
  const file = await captureModel(model);
  disposeModel(model);
  const network = await openNetwork(file);
  return { file, ...network, map: findChannelSpaces(network.graph) };
}

/** The channel map of an image model; `build` is given the image, and what it makes is pooled and classified. */
async function mapOf(build: (image: Symbolic) => Symbolic, shape = [8, 8, 3]) {
  const image = tf.input({ name: "image", shape });
  const opened = await open(tf.model({ inputs: image, outputs: head(build(image)) }));
  disposeModel(opened.model);
  const { map } = opened;
  const reasonOf = (key: string) => spacesOfTensor(map, key).map(({ frozen }) => frozen);
  return { ...opened, reasonOf };
}

for (const name of networkNames) {
  Deno.test(`the ${name} network from which nothing is taken gives the same outputs`, async () => {
    const { file, graph, model } = await buildNetwork(name);
    const map = findChannelSpaces(graph);
    const same = await instantiate(writeGraph(shrinkGraph(graph, map, noCuts(map)), file));
    const images = randomImages(3);
    const [wanted, found] = [model, same].map((each) => each.predict(images) as tf.Tensor);
    assert.ok(largestDifference(wanted, found) < 1e-6);
    tf.dispose([images, wanted, found]);
    [model, same].forEach(disposeModel);
  });
}

/** Opens a model, cuts it at random, and checks that masked equals shrunk. */
async function cutAtRandom(file: ModelFile, seed: number): Promise<ModelFile> {
  const { model, graph } = await openNetwork(file);
  const map = findChannelSpaces(graph);
  const cuts = randomCuts(graph, map, { seed, select: true });
  assert.ok(cuts.selections.size > 0);
  const shrunk = writeGraph(shrinkGraph(graph, map, cuts), file);
  const smaller = await instantiate(shrunk);
  const images = randomImages(3, seed);
  const [wanted] = runMasked({ model, graph, map }, cuts, [images]);
  const found = smaller.predict(images) as tf.Tensor;
  assert.ok(largestDifference(wanted, found) < 1e-5);
  tf.dispose([images, wanted, found]);
  [model, smaller].forEach(disposeModel);
  return shrunk;
}

for (const name of ["preActivation", "postActivation", "sequence", "grouped"] as const) {
  Deno.test(`a ${name} network that was cut is cut again, without a second row of selectors`, async () => {
    const { file, graph, model } = await buildNetwork(name);
    disposeModel(model);
    const written = writeGraph(graph, file);
    let [before, after] = [written, await cutAtRandom(written, 1)];
    for (const seed of [2, 3]) [before, after] = [after, await cutAtRandom(after, seed)];
    const opened = await openNetwork(after);
    const map = findChannelSpaces(opened.graph);
    const isSelector = (key: string) => map.rules.get(key)?.kind === "select";
    const selectors = opened.graph.nodes.filter(({ key }) => isSelector(key));
    assert.ok(selectors.length > 0);
    assert.ok(selectors.every(({ inputs }) => name === "grouped" || !isSelector(inputs[0])));
    const placesOf = async (each: ModelFile) => {
      const { graph, model } = await openNetwork(each);
      disposeModel(model);
      return listReaders(graph, findChannelSpaces(graph), "select").map(({ key }) => key);
    };
    assert.deepEqual(await placesOf(after), await placesOf(before), "selectors have no place");
    disposeModel(opened.model);
  });
}

Deno.test("a grouped convolution is cut inside its groups, and its selectors are index maps", async () => {
  const { graph, model } = await buildNetwork("grouped");
  disposeModel(model);
  const map = findChannelSpaces(graph);
  for (const shared of ["select", "couple"] as const) {
    const places = new Map(listReaders(graph, map, shared).map((each) => [each.key, each]));
    assert.ok(![...places.keys()].some((key) => key.includes("select")));
    for (const key of ["first_0", "first_1", "second_0", "second_1"]) {
      assert.deepEqual([places.get(key)!.mode, places.get(key)!.channels], ["private", 4]);
    }
    assert.equal(places.get("left")!.mode, shared);
  }
  assert.deepEqual(
    spacesOfTensor(map, "stem").map(({ consumers }) => consumers),
    [["first_0"], ["first_1"]],
  );
  const [from, to] = ["first_relu", "shuffle_select_0_5"].map((key) => map.layouts.get(key)!);
  assert.deepEqual([...to], [...to.keys()].map((position) => from[5 * position % 8]));
});

Deno.test("a kernel is a selector when it is frozen, one-hot and without bias", async () => {
  const { graph, model } = await buildNetwork("grouped");
  disposeModel(model);
  const kindOf = (change: (config: Record<string, unknown>, values: Float32Array) => void) => {
    const nodes = graph.nodes.map((node) => {
      if (node.key !== "shuffle_select_0_5") return node;
      const kernel = node.weights.get("kernel")!;
      const values = (kernel.values as Float32Array).slice();
      const config = { ...node.config };
      change(config, values);
      return { ...node, config, weights: new Map([["kernel", { ...kernel, values }]]) };
    });
    return findChannelSpaces({ ...graph, nodes }).rules.get("shuffle_select_0_5")!.kind;
  };
  assert.equal(kindOf(() => {}), "select");
  assert.equal(kindOf((_, values) => values.fill(0, 0, 8)), "select", "a channel of zeros");
  assert.equal(kindOf((config) => config.trainable = true), "convolution");
  assert.equal(kindOf((_, values) => values[0] = 0.5), "convolution");
  assert.equal(kindOf((_, values) => values.fill(1, 0, 8)), "convolution");
  assert.equal(kindOf((config) => config.activation = "relu"), "convolution");
});

Deno.test("a map of one channel that is spread over many stays, and the many are free", async () => {
  const { graph, model } = await buildNetwork("gates");
  disposeModel(model);
  const map = findChannelSpaces(graph);
  const [attention, value] = ["attention", "value"].map((key) => spacesOfTensor(map, key)[0]);
  assert.equal(attention.frozen, "Multiply layer attend broadcasts one channel over many");
  assert.equal(value.frozen, undefined);
  assert.deepEqual(value.consumers, ["narrow"]);
  assert.deepEqual(spacesOfTensor(map, "scale")[0].producers, ["wide", "gate"]);
});

Deno.test("a vector that becomes maps is cut by whole channels", async () => {
  const { graph, model } = await buildNetwork("decoder");
  disposeModel(model);
  const { layouts } = findChannelSpaces(graph);
  const [code, maps] = ["code", "maps"].map((key) => layouts.get(key)!);
  assert.equal(new Set(maps).size, 5);
  code.forEach((channel, position) => assert.equal(channel, maps[position % 5]));
});

Deno.test("a branch that loses all its channels leaves the model", async () => {
  const { file, graph, model, map } = await open(
    (() => {
      const image = tf.input({ name: "image", shape: [8, 8, 3] });
      const stem = conv(image, "stem", 4);
      const parts = ["left", "right"].map((name) => conv(stem, name, 3));
      const both = tf.layers.concatenate({ name: "both" }).apply(parts) as Symbolic;
      return tf.model({ inputs: image, outputs: head(conv(both, "last", 4)) });
    })(),
  );
  const cuts = noCuts(map);
  for (const channel of map.layouts.get("right")!) cuts.removed[channel] = 1;
  const shrunk = shrinkGraph(graph, map, cuts);
  const keys = shrunk.nodes.map(({ key }) => key);
  assert.ok(keys.includes("left") && !keys.includes("right") && !keys.includes("both"));
  const smaller = await instantiate(writeGraph(shrunk, file));
  const images = randomImages(2);
  const [wanted] = runMasked({ model, graph, map }, cuts, [images]);
  const found = smaller.predict(images) as tf.Tensor;
  assert.ok(largestDifference(wanted, found) < 1e-5);
  tf.dispose([images, wanted, found]);
  [model, smaller].forEach(disposeModel);
});

Deno.test("sizes behind a Reshape that leaves one open are known where its input's are", async () => {
  const { graph, model } = await buildNetwork("gates");
  const shapeOf = (key: string) => graph.nodes.find((node) => node.key === key)!.outputShape;
  assert.deepEqual(model.getLayer("maps").outputShape, [null, 4, null, 7]);
  assert.deepEqual(["maps", "narrow", "last"].map(shapeOf), [[4, 4, 7], [4, 4, 6], [4, 4, 5]]);
  disposeModel(model);
  const open = await mapOf((image) => {
    const rows = tf.layers.reshape({ name: "rows", targetShape: [-1, 2, 6] }).apply(
      conv(image, "a", 6),
    );
    return conv(rows as Symbolic, "b", 5);
  }, [null as unknown as number, 8, 3]);
  assert.deepEqual(open.graph.nodes.find(({ key }) => key === "b")!.outputShape[0], null);
});

Deno.test("every call of a layer without weights is a layer of its own", async () => {
  const { graph, model } = await buildNetwork("gates");
  disposeModel(model);
  const reluNames = graph.nodes.filter(({ className }) => className === "ReLU").map(({ key }) =>
    key
  );
  assert.deepEqual(reluNames.sort(), ["shared", "shared_2", "shared_3", "shared_4"]);
  assert.ok(graph.nodes.every(({ calls }) => calls === 1));
});

Deno.test("a dilated separable convolution stays one layer, which alone can be dilated", async () => {
  const { graph, map } = await mapOf((image) => {
    const options = { filters: 5, kernelSize: 3, dilationRate: 2, padding: "same" } as const;
    const x = conv(image, "stem", 4);
    return tf.layers.separableConv2d({ name: "spread", ...options }).apply(x) as Symbolic;
  });
  const place = listReaders(graph, map, "select").find(({ key }) => key === "spread")!;
  assert.equal(place.mode, "whole");
  assert.match(place.reason!, /SeparableConv2D layer spread is dilated/);
});

const LAYERS: [what: string, layer: tf.layers.Layer, reason: RegExp | undefined][] = [
  ["over channels", tf.layers.layerNormalization({ name: "it" }), /normalizes over channels/],
  ["over rows", tf.layers.layerNormalization({ name: "it", axis: 1 }), /axis 1, not channels/],
  [
    "over positions",
    tf.layers.layerNormalization({ name: "it", axis: [1, 2], center: false, scale: false }),
    undefined,
  ],
  ["channels first", tf.layers.permute({ name: "it", dims: [3, 1, 2] }), /to another axis/],
  ["rows and columns", tf.layers.permute({ name: "it", dims: [2, 1, 3] }), undefined],
  ["across channels", tf.layers.reshape({ name: "it", targetShape: [8, 4, 12] }), undefined],
  ["into halves", tf.layers.reshape({ name: "it", targetShape: [16, 8, 3] }), undefined],
  ["broken up", tf.layers.reshape({ name: "it", targetShape: [8, 12, 4] }), /6 become 4/],
  ["masked", tf.layers.masking({ name: "it" }), /by all their channels/],
  [
    "normalized rows",
    tf.layers.batchNormalization({ name: "it", axis: 1 }),
    /axis 1, not channels/,
  ],
  ["softmax", tf.layers.softmax({ name: "it", axis: -1 }), /softmax of layer it/],
  ["cropped", tf.layers.cropping2D({ name: "it", cropping: 1 }), undefined],
  ["enlarged", tf.layers.upSampling2d({ name: "it" }), undefined],
];

for (const [what, layer, reason] of LAYERS) {
  Deno.test(`${layer.getClassName()}, ${what}: ${reason ? "kept with the reason" : "followed"}`, async () => {
    const { reasonOf } = await mapOf((image) => {
      const x = layer.apply(conv(image, "before", 6)) as Symbolic;
      const maps = x.shape.length === 4
        ? x
        : tf.layers.reshape({ targetShape: [8, -1, 4] }).apply(x);
      return conv(maps as Symbolic, "after", 5);
    });
    for (const frozen of reasonOf("before")) {
      if (reason === undefined) assert.equal(frozen, undefined);
      else assert.match(frozen!, reason);
    }
  });
}

/** A layer whose kernel is zero where what it reads is removed. */
function maskKernel(node: LayerNode, map: ChannelMap, { removed }: Cuts): LayerNode {
  const { kind } = map.rules.get(node.key)!;
  if (kind !== "convolution" && kind !== "dense") return node;
  const layout = map.layouts.get(node.inputs[0])!;
  const kernel = node.weights.get("kernel")!;
  const positions = inputPositions(node);
  const values = Float32Array.from(
    kernel.values,
    (value, element) => removed[layout[positions[element]]] === 1 ? 0 : value,
  );
  return { ...node, weights: new Map([...node.weights, ["kernel", { ...kernel, values }]]) };
}

Deno.test("several inputs and outputs each keep their own channels, and masked equals shrunk", async () => {
  const inputs = ["a", "b"].map((name) => tf.input({ name, shape: [8, 8, 3] }));
  const [left, right] = inputs.map((input) => conv(input, `${input.name}_stem`, 6));
  const middle = conv(tf.layers.add({ name: "sum" }).apply([left, right]) as Symbolic, "middle", 5);
  const outputs = [conv(middle, "maps", 4), head(conv(middle, "last", 5))];
  const { file, graph, model, map } = await open(tf.model({ inputs, outputs }));
  assert.equal(spacesOfTensor(map, "maps")[0].frozen, "maps is an output of the model");
  assert.equal(spacesOfTensor(map, "sum")[0].producers.length, 2);
  const cuts = randomCuts(graph, map, { seed: 4, select: false });
  assert.ok(cuts.removed.includes(1));
  const shrunk = await instantiate(writeGraph(shrinkGraph(graph, map, cuts), file));
  const images = [randomImages(2, 1), randomImages(2, 2)];
  const nodes = graph.nodes.map((node) => maskKernel(node, map, cuts));
  const masked = await instantiate(writeGraph({ ...graph, nodes }, file));
  const wanted = masked.predict(images) as tf.Tensor[];
  const found = shrunk.predict(images) as tf.Tensor[];
  assert.deepEqual(found.map(({ shape }) => shape), wanted.map(({ shape }) => shape));
  wanted.forEach((output, index) => assert.ok(largestDifference(output, found[index]) < 1e-5));
  tf.dispose([images, wanted, found]);
  [model, masked, shrunk].forEach(disposeModel);
});
