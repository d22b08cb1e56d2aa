import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { createRandom } from "../../../src/base/random.ts";
import {
  ChangeWeigher,
  type LayerChange,
  type LossMeaning,
} from "../../../src/execution/backward/change_weigher.ts";
import { givesProbabilities } from "../../../src/execution/forward/classification.ts";
import { ForwardPlan } from "../../../src/execution/forward/forward_plan.ts";
import type { LayerGraph } from "../../../src/graph/layer_graph.ts";
import type { Network } from "../../../src/graph/opening/network.ts";
import { withWeights } from "../../../src/graph/weights.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { loadKernels } from "../../../src/kernels/load.ts";
import { registerKernels } from "../../../src/kernels/register.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import { buildNetwork, type NetworkName, randomImages } from "../../support/networks.ts";

await startBackend();
registerKernels(await loadKernels());

const IMAGES = 4;
const PROBES = 1500;

/** A random change of some layers together, as large as the test wants it. */
function drawChange({ nodes }: LayerGraph, keys: readonly string[], size: number): LayerChange[] {
  const random = createRandom(5);
  return keys.map((key) => {
    const kernel = nodes.find((node) => node.key === key)!.weights.get("kernel")!;
    const draw = (count: number) =>
      Float32Array.from({ length: count }, () => size * (random() - 0.5));
    const bias = { ...kernel, shape: [kernel.shape.at(-1)!], values: draw(kernel.shape.at(-1)!) };
    return { key, kernel: { ...kernel, values: draw(kernel.values.length) }, bias };
  });
}

/** Outputs with the change times a factor, image by image. */
function outputsWith({ graph, model }: Network, change: readonly LayerChange[], factor: number) {
  const changed = change.reduce((all, { key, kernel, bias }) => {
    const { weights: old } = all.nodes.find((node) => node.key === key)!;
    const weights = new Map(old);
    for (const [role, added] of [["kernel", kernel], ["bias", bias]] as const) {
      const values = Float32Array.from(
        added.values,
        (value, index) => Number(old.get(role)?.values[index] ?? 0) + factor * Number(value),
      );
      weights.set(role, { ...added, name: `${key}/${role}`, values });
    }
    return withWeights(all, key, weights);
  }, graph);
  const plan = new ForwardPlan(changed, model);
  const outputs = plan.predict([randomImages(IMAGES)]);
  const values = outputs.map((output) => output.dataSync());
  tf.dispose(outputs);
  plan.dispose();
  return values;
}

function weigh(network: Network, change: readonly LayerChange[], loss: LossMeaning): Float64Array {
  const request = { changes: [change], loss, probes: PROBES, seed: 1 };
  const weigher = new ChangeWeigher(network, request, Infinity);
  const [rises] = weigher.weigh([randomImages(IMAGES)], [3, 1, 4, 15]);
  weigher.dispose();
  return rises!;
}

/** A mean of squares of sums of random signs: its relative deviation is √(2 / probes) at most. */
function assertNear(found: number, wanted: number, message: string): void {
  const tolerance = 5 * Math.sqrt(2 / PROBES) + 0.01;
  assert.ok(Math.abs(found / wanted - 1) < tolerance, `${message}: ${found}, ${wanted}`);
}

const CASES: [NetworkName, string[]][] = [
  ["preActivation", ["block1_conv1"]],
  ["preActivation", ["block2_conv1", "block2_projection", "dense"]],
  ["postActivation", ["block1_conv1", "block2_conv2"]],
  ["decoder", ["dense"]],
];

for (const [name, keys] of CASES) {
  Deno.test(`a change of ${keys.join(" and ")} of the ${name} network raises the loss as its answers move`, async () => {
    const network = await buildNetwork(name);
    assert.ok(givesProbabilities(network.graph));
    const change = drawChange(network.graph, keys, 0.02);
    const rises = weigh(network, change, { kind: "classes" });
    const [[p], [moved], [back]] = [0, 0.1, -0.1].map((factor) =>
      outputsWith(network, change, factor)
    );
    const classes = p.length / IMAGES;
    rises.forEach((rise, image) => {
      let wanted = 0;
      for (let i = image * classes; i < (image + 1) * classes; i++) {
        // ½ (J Δy)ᵀ H (J Δy) is ½ Σ (dp/dt)² / p.
        wanted += 0.5 * ((moved[i] - back[i]) / 0.2) ** 2 / p[i];
      }
      assertNear(rise, wanted, `image ${image}`);
    });
    disposeModel(network.model);
  });
}

Deno.test("without classes the rise is the squared error relative to the variance, a mean over outputs", async () => {
  const network = await buildNetwork("detection");
  const change = drawChange(network.graph, ["conv1"], 0.02);
  const variances = [2, 0.5];
  const rises = weigh(network, change, { kind: "outputs", variances });
  const [moved, back] = [0.1, -0.1].map((factor) => outputsWith(network, change, factor));
  rises.forEach((rise, image) => {
    const shares = moved.map((values, output) => {
      const width = values.length / IMAGES;
      let sum = 0;
      for (let i = image * width; i < (image + 1) * width; i++) {
        sum += ((values[i] - back[output][i]) / 0.2) ** 2;
      }
      return sum / width / variances[output];
    });
    assertNear(rise, (shares[0] + shares[1]) / 2, `image ${image}`);
  });
  disposeModel(network.model);
});

Deno.test("rises follow the image and the seed, not the batch; what cannot be told is undefined", async () => {
  const network = await buildNetwork("opaque");
  const changes = ["conv5", "conv1"].map((key) => drawChange(network.graph, [key], 0.02));
  const request = { changes, loss: { kind: "classes" }, probes: 2, seed: 1 } as const;
  const weigher = new ChangeWeigher(network, request, Infinity);
  const [together, unknown] = weigher.weigh([randomImages(IMAGES)], [0, 1, 2, 3]);
  const last = tf.tidy(() => randomImages(IMAGES).slice([3, 0, 0, 0], [1, -1, -1, -1]));
  const [alone] = weigher.weigh([last], [3]);
  assert.equal(unknown, undefined);
  assert.ok(Math.abs(alone![0] / together![3] - 1) < 1e-4);
  weigher.dispose();
  disposeModel(network.model);
});
