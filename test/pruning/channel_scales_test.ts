import assert from "node:assert/strict";
import { prune } from "../../src/api/prune.ts";
import { createRandom } from "../../src/base/random.ts";
import { type ChannelMap, findChannelSpaces } from "../../src/graph/channels/channel_spaces.ts";
import { foldGraph } from "../../src/graph/folding/fold_graph.ts";
import { kernelMatrix, kernelOfMatrix } from "../../src/graph/kernel.ts";
import { type LayerGraph, nodeKeyOf } from "../../src/graph/layer_graph.ts";
import { openNetwork } from "../../src/graph/opening/network.ts";
import { withWeights } from "../../src/graph/weights.ts";
import { writeGraph } from "../../src/graph/write_graph.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { disposeModel, instantiate } from "../../src/model/instantiate.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import { largestDifference, type NetworkName, randomImages } from "../support/networks.ts";
import type * as tf from "@tensorflow/tfjs";
import { noisyNetwork, withNoise } from "../support/noise.ts";

await startBackend();

/** The network with its BatchNormalization folded, as most files of other tools have it. */
async function foldedNetwork(name: NetworkName): Promise<{ file: ModelFile; graph: LayerGraph }> {
  const file = await noisyNetwork(name);
  const { graph, model } = await openNetwork(file);
  disposeModel(model);
  const folded = foldGraph(graph);
  return { file: writeGraph(folded, file), graph: folded };
}

/** Powers of two, 2^−6 to 2^6, for the channels that no input or output of the network shows. */
function drawScales({ spaces, channels }: ChannelMap): number[] {
  const random = createRandom(4);
  return channels.map(({ space }) =>
    spaces[space].frozen === undefined ? 2 ** Math.round(12 * random() - 6) : 1
  );
}

/** The same function: every channel is multiplied where it is made and divided where it is read. */
function rescaleChannels(graph: LayerGraph): LayerGraph {
  const map = findChannelSpaces(graph);
  const scales = drawScales(map);
  const scalesOf = (tensor: string) =>
    Array.from(map.layouts.get(nodeKeyOf(tensor))!, (channel) => scales[channel]);
  let rescaled = graph;
  for (const node of graph.nodes) {
    const { kind } = map.rules.get(node.key)!;
    const weights = new Map(node.weights);
    const made = scalesOf(node.key);
    if (kind === "convolution" || kind === "dense") {
      const read = scalesOf(node.inputs[0]);
      const n = made.length;
      const matrix = kernelMatrix(node).map((weight, at) =>
        weight * made[at % n] / read[Math.floor(at / n) % read.length]
      );
      weights.set("kernel", kernelOfMatrix(node, matrix));
    }
    const bias = weights.get("bias");
    if (bias) {
      const values = bias.values.map((value, channel) => value * made[channel]) as Float32Array;
      weights.set("bias", { ...bias, values });
    }
    rescaled = withWeights(rescaled, node.key, weights);
  }
  return rescaled;
}

/** How far the answers of two networks are apart on some images. */
async function differenceOf(...files: ModelFile[]): Promise<number> {
  const images = randomImages(16, 7);
  const models = await Promise.all(files.map(instantiate));
  const [first, second] = models.map((model) => model.predict(images) as tf.Tensor);
  models.forEach(disposeModel);
  return largestDifference(first, second);
}

const POLICIES = [
  { policy: { kind: "uniform", ratio: 0.5 }, shared: "select" },
  { policy: { kind: "uniform", ratio: 0.5 }, shared: "couple" },
  { policy: { kind: "budget", share: 0.6 }, shared: "couple" },
] as const;

for (const name of ["plain", "postActivation", "decoder"] as const) {
  for (const select of ["obs", "lasso", "magnitude"] as const) {
    Deno.test(
      `a ${name} network whose channels are scaled, the same function, is pruned alike by ${select}`,
      withNoise(async (data) => {
        const { file, graph } = await foldedNetwork(name);
        const scaled = writeGraph(rescaleChannels(graph), file);
        assert.ok(await differenceOf(file, scaled) < 1e-5, "the same function");
        for (const policy of POLICIES) {
          const settings = {
            ...policy,
            select,
            data,
            repair: "layers",
            batches: 2,
            batchSize: 40,
            workers: 1,
          } as const;
          const [wanted, found] = [
            await prune({ ...settings, model: file }),
            await prune({ ...settings, model: scaled }),
          ];
          assert.deepEqual(
            found.report.layers.map(({ kept }) => kept),
            wanted.report.layers.map(({ kept }) => kept),
          );
          found.report.layers.forEach(({ relativeError }, index) => {
            const expected = wanted.report.layers[index].relativeError;
            assert.ok(Math.abs(relativeError - expected) < 1e-4, `${relativeError}, ${expected}`);
          });
          const difference = await differenceOf(wanted.file, found.file);
          assert.ok(difference < 1e-4, `${difference}`);
        }
      }),
    );
  }
}
