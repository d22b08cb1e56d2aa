import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  bypassBlocks,
  findResidualBlocks,
  leaveOutBypasses,
  type LeftBlock,
  meanOfBlock,
} from "../../../src/graph/cuts/residual_blocks.ts";
import type { LayerGraph } from "../../../src/graph/layer_graph.ts";
import { withWeights } from "../../../src/graph/weights.ts";
import { writeGraph } from "../../../src/graph/write_graph.ts";
import { createRandom } from "../../../src/base/random.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { instantiate } from "../../../src/model/instantiate.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import {
  buildNetworkFile,
  largestDifference,
  type NetworkName,
  randomImages,
} from "../../support/networks.ts";
import { openSplit } from "../masked.ts";

await startBackend();

async function openBlocks(name: NetworkName) {
  const { file, model, graph, map } = await openSplit(await buildNetworkFile(name));
  model.dispose();
  return { file, graph, blocks: [...findResidualBlocks(graph, map).values()] };
}

/** The network with other values of a layer's weights; a bias is made where there is none. */
function withValues(
  graph: LayerGraph,
  key: string,
  values: Readonly<Record<string, (index: number) => number>>,
): LayerGraph {
  const node = graph.nodes.find((each) => each.key === key)!;
  const weights = new Map(node.weights);
  for (const [role, valueAt] of Object.entries(values)) {
    const shape = weights.get(role)?.shape ?? [node.outputShape.at(-1)!];
    const length = shape.reduce((product, size) => product * size, 1);
    weights.set(role, {
      name: `${key}/${role}`,
      dtype: "float32",
      ...weights.get(role),
      shape,
      values: Float32Array.from({ length }, (_, index) => valueAt(index)),
    });
  }
  return withWeights(graph, key, weights);
}

function leaveOut(graph: LayerGraph, left: readonly LeftBlock[]): LayerGraph {
  return leaveOutBypasses(bypassBlocks(graph, left), left.map(({ block }) => block));
}

async function difference(file: ModelFile, first: LayerGraph, second: LayerGraph) {
  const images = randomImages(3);
  const models = await Promise.all(
    [first, second].map((graph) => instantiate(writeGraph(graph, file))),
  );
  const [wanted, found] = models.map((model) => model.predict(images) as tf.Tensor);
  const largest = largestDifference(wanted, found);
  tf.dispose([images, wanted, found]);
  for (const model of models) model.dispose();
  return largest;
}

Deno.test("blocks beside a shortcut that hands its input on are found, others are not", async () => {
  const found: Partial<Record<NetworkName, string[]>> = {
    preActivation: ["block1_conv2", "block3_conv2"],
    postActivation: ["block1_conv2"],
    // Squeeze and excitation has channels of its own.
    mobileV3: [],
    plain: [],
  };
  for (const [name, lasts] of Object.entries(found)) {
    const { blocks } = await openBlocks(name as NetworkName);
    assert.deepEqual(blocks.map(({ last }) => last), lasts, name);
  }
});

Deno.test("a network without blocks that gave constants gives the same, whichever blocks they are", async () => {
  const { file, graph, blocks } = await openBlocks("preActivation");
  for (const some of [blocks.slice(0, 1), blocks.slice(1), blocks]) {
    const random = createRandom(5);
    let masked = graph;
    const left: LeftBlock[] = [];
    for (const block of some) {
      const bias = Float32Array.from({ length: 8 }, () => random() - 0.5);
      masked = withValues(masked, block.last, { kernel: () => 0, bias: (index) => bias[index] });
      const { outputShape } = graph.nodes.find(({ key }) => key === block.last)!;
      left.push({
        block,
        mean: meanOfBlock(graph, block, bias.subarray(0, outputShape.at(-1)!)),
      });
    }
    const smaller = leaveOut(masked, left);
    const gone = some.flatMap(({ layers, addition }) => [...layers, addition]);
    assert.ok(!smaller.nodes.some(({ key }) => gone.includes(key)));
    assert.equal(smaller.nodes.length, graph.nodes.length - gone.length);
    assert.ok(await difference(file, masked, smaller) < 1e-5);
    const without = leaveOut(masked, some.map((block) => ({ block })));
    assert.ok(await difference(file, masked, without) > 1e-3, "the constants matter");
  }
});

Deno.test("a mean goes through the normalization behind a block, and is lost where nothing can take it", async () => {
  const { file, graph, blocks: [block] } = await openBlocks("postActivation");
  const norm = block.layers.at(-1)!;
  const width = graph.nodes.find(({ key }) => key === norm)!.outputShape.at(-1)!;
  const scaled = withValues(graph, norm, {
    gamma: () => 3,
    beta: (index) => index,
    moving_mean: () => 1,
    moving_variance: () => 4 - 1e-3,
  });
  const mean = meanOfBlock(scaled, block, new Float32Array(width).fill(2))!;
  mean.forEach((value, channel) => assert.ok(Math.abs(value - (1.5 + channel)) < 1e-5));
  const silent = withValues(graph, norm, { gamma: () => 0, beta: () => 0 });
  const smaller = leaveOut(silent, [{ block, mean }]);
  assert.ok(await difference(file, silent, smaller) < 1e-5);
});
