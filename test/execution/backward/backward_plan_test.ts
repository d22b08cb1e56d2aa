import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { createRandom } from "../../../src/base/random.ts";
import { BackwardPlan } from "../../../src/execution/backward/backward_plan.ts";
import { makeProduct } from "../../../src/execution/backward/change_weigher.ts";
import { ForwardPlan } from "../../../src/execution/forward/forward_plan.ts";
import type { LayerNode } from "../../../src/graph/layer_graph.ts";
import type { Network } from "../../../src/graph/opening/network.ts";
import { withWeights } from "../../../src/graph/weights.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { loadKernels } from "../../../src/kernels/load.ts";
import { registerKernels } from "../../../src/kernels/register.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import type { Weight } from "../../../src/model/model_file.ts";
import { buildNetwork, networkNames, randomImages } from "../../support/networks.ts";

await startBackend();
registerKernels(await loadKernels());

const IMAGES = 3;
/** Short, so that no ReLU flips, and several, so that their mean has little of the rounding in f32. */
const STEPS = [0.8e-4, 0.9e-4, 1e-4, 1.1e-4, 1.2e-4];

/** Random numbers in the shape of a weight. */
function drawLike({ shape, values, ...weight }: Weight, seed: number): Weight {
  const random = createRandom(seed);
  const drawn = Float32Array.from(values, () => random() - 0.5);
  return { ...weight, shape, values: drawn };
}

/** v at every output, the same for all calls. */
function directions(outputs: readonly tf.Tensor[]): tf.Tensor[] {
  return outputs.map(({ shape }, index) => tf.randomNormal(shape, 0, 1, "float32", index + 1));
}

/** In f64, so that differences are not rounding. */
function dot(first: ArrayLike<number>, second: ArrayLike<number>): number {
  return Array.from(first).reduce((sum, value, index) => sum + value * second[index], 0);
}

/** Σ v · z of a network whose kernel at a layer is changed. */
function valueWith({ graph, model }: Network, node: LayerNode, change: Weight, size: number) {
  const kernel = node.weights.get("kernel")!;
  const values = (kernel.values as Float32Array)
    .map((value, i) => value + size * Number(change.values[i]));
  const weights = new Map(node.weights).set("kernel", { ...kernel, values });
  const plan = new ForwardPlan(withWeights(graph, node.key, weights), model);
  try {
    return tf.tidy(() => {
      const outputs = plan.predict([randomImages(IMAGES)]);
      return directions(outputs).reduce(
        (sum, v, index) => sum + dot(v.dataSync(), outputs[index].dataSync()),
        0,
      );
    });
  } finally {
    plan.dispose();
  }
}

/** By layer, the derivative of Σ v · z along a change of its kernel, from gradients with respect to its outputs. */
function derivatives(
  network: Network,
  changes: ReadonlyMap<string, Weight>,
  memoryBudget: number,
): { found: Map<string, number>; unknown: ReadonlySet<string> } {
  const plan = new BackwardPlan(network, [...changes.keys()], memoryBudget);
  const found = new Map<string, number>();
  plan.run(
    [randomImages(IMAGES)],
    (outputs) => [directions(outputs)],
    ({ node, input, gradients: [gradient] }) => {
      const kernel = changes.get(node.key)!;
      const { outputShape: [...shape] } = node;
      const bias = { ...kernel, shape: [shape.at(-1)!], values: new Float32Array(shape.at(-1)!) };
      const product = makeProduct(node, { kernel, bias });
      found.set(node.key, tf.sum(product.run([input])[0].mul(gradient)).dataSync()[0]);
      product.dispose();
    },
  );
  plan.dispose();
  return { found, unknown: plan.unknown };
}

function kernelsOf({ graph }: Network): Map<string, Weight> {
  const nodes = graph.nodes.filter(({ weights, calls }) => weights.has("kernel") && calls === 1);
  return new Map(
    nodes.map(({ key, weights }, index) => [key, drawLike(weights.get("kernel")!, index)]),
  );
}

/**
 * Layers in front of a padded average pooling: the derivative that TensorFlow.js has of it divides by the size of the whole
 * window where the padding is in it, unlike the pooling.
 */
const IN_FRONT_OF_PADDED_POOLING = ["conv1", "conv2", "projection", "inner", "outer"];

const HEADS = ["segmentation", "regression", "detection"] as const;
const NAMES = [...networkNames.filter((name) => name !== "opaque"), ...HEADS];

for (const name of NAMES) {
  Deno.test(`gradients at the layers of the ${name} network match finite differences`, async () => {
    const before = tf.memory().numTensors;
    const network = await buildNetwork(name);
    const changes = kernelsOf(network);
    const { found, unknown } = derivatives(network, changes, Infinity);
    assert.deepEqual([...unknown], []);
    for (const [key, change] of changes) {
      if (name === "sequence" && IN_FRONT_OF_PADDED_POOLING.includes(key)) continue;
      const node = network.graph.nodes.find((each) => each.key === key)!;
      const slopes = STEPS.map((step) => {
        const [up, down] = [step, -step].map((size) => valueWith(network, node, change, size));
        return (up - down) / (2 * step);
      });
      const wanted = slopes.reduce((sum, slope) => sum + slope, 0) / slopes.length;
      const difference = Math.abs(found.get(key)! - wanted);
      assert.ok(
        difference < 0.02 * Math.abs(wanted) + 0.02,
        `${key}: ${found.get(key)}, ${wanted}`,
      );
    }
    disposeModel(network.model);
    assert.equal(tf.memory().numTensors, before);
  });

  Deno.test(`where memory is short the gradients of the ${name} network are the same`, async () => {
    const network = await buildNetwork(name);
    const changes = kernelsOf(network);
    const whole = derivatives(network, changes, Infinity).found;
    for (const memoryBudget of [0, 8000]) {
      const before = tf.memory().numTensors;
      assert.deepEqual(derivatives(network, changes, memoryBudget).found, whole);
      assert.equal(tf.memory().numTensors, before);
    }
    disposeModel(network.model);
  });
}

Deno.test("layers in front of one without a derivative are named, those behind it have their gradients", async () => {
  const network = await buildNetwork("opaque");
  const changes = kernelsOf(network);
  const { found, unknown } = derivatives(network, changes, Infinity);
  for (const key of ["conv1", "conv2", "conv3", "transposed", "conv4"]) {
    assert.ok(unknown.has(key) && !found.has(key), key);
  }
  for (const key of ["conv5", "dense"]) assert.ok(found.has(key) && !unknown.has(key), key);
  disposeModel(network.model);
});
