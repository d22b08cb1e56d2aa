import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { writeGraph } from "../../../src/graph/write_graph.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel, instantiate } from "../../../src/model/instantiate.ts";
import type { LayerJson, ModelFile } from "../../../src/model/model_file.ts";
import { buildNetworkFile, largestDifference, randomImages } from "../../support/networks.ts";

await startBackend();

/** A network with further layers, of which no output needs any, and further inputs. */
async function withUnneeded(
  change: (layers: LayerJson[]) => readonly LayerJson[],
  inputs: readonly string[] = [],
): Promise<ModelFile> {
  const file = await buildNetworkFile("preActivation");
  const topology = structuredClone(file.topology);
  const layers = topology.config.layers!;
  topology.config.layers = [...layers, ...change(layers)];
  topology.config.input_layers = [
    ...topology.config.input_layers as unknown[],
    ...inputs.map((name) => [name, 0, 0]),
  ];
  return { ...file, topology };
}

const activation = (name: string, source: string): LayerJson => ({
  name,
  class_name: "Activation",
  config: { name, activation: "relu" },
  inbound_nodes: [[[source, 0, 0, {}]]],
});

const image = (name: string): LayerJson => ({
  name,
  class_name: "InputLayer",
  config: { name, batch_input_shape: [null, 4], dtype: "float32", sparse: false },
  inbound_nodes: [],
});

const KINDS: readonly [string, Promise<ModelFile>][] = [
  ["layers", withUnneeded(() => [activation("aux", "block1_add"), activation("aux2", "aux")])],
  [
    "calls of a layer",
    withUnneeded((layers) => {
      const relu = layers.find(({ name }) => name === "block2_relu1")!;
      relu.inbound_nodes = [...relu.inbound_nodes!, [["block1_add", 0, 0, {}]]];
      return [];
    }),
  ],
  ["inputs that are none of the model's", withUnneeded(() => [image("other")])],
];

for (const [name, made] of KINDS) {
  Deno.test(`${name} that no output needs are no part of a network`, async () => {
    const [file, plain] = [await made, await buildNetworkFile("preActivation")];
    const { graph, model } = await openNetwork(file);
    const needed = plain.topology.config.layers!.map((layer) => layer.name).sort();
    assert.deepEqual(graph.nodes.map(({ key }) => key).sort(), needed);
    const written = await instantiate(writeGraph(graph, file));
    const images = randomImages(3);
    const [wanted, found] = [model, written].map((each) => each.predict(images) as tf.Tensor);
    assert.ok(largestDifference(wanted, found) < 1e-6);
    tf.dispose([images, wanted, found]);
    for (const each of [model, written]) disposeModel(each);
  });
}

Deno.test("an input that no output needs stays one of the model's", async () => {
  const { graph, model } = await openNetwork(await withUnneeded(() => [image("other")], ["other"]));
  assert.deepEqual(graph.inputs, ["image", "other"]);
  assert.deepEqual(graph.nodes.find(({ key }) => key === "other")?.outputShape, [4]);
  disposeModel(model);
});
