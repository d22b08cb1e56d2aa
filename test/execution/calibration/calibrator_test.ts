import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  asImages,
  geometryOf,
  outputSizeOf,
  sampledImages,
} from "../../../src/execution/calibration/sampled_images.ts";
import { ScratchFile } from "../../../src/base/scratch_file.ts";
import { Calibrator } from "../../../src/execution/calibration/calibrator.ts";
import { KeptTargets } from "../../../src/execution/calibration/kept_targets.ts";
import { findResidualTargets } from "../../../src/execution/calibration/residual_target.ts";
import { ForwardPlan } from "../../../src/execution/forward/forward_plan.ts";
import { samplePositions } from "../../../src/execution/calibration/sampling.ts";
import { findChannelSpaces } from "../../../src/graph/channels/channel_spaces.ts";
import { kernelMatrix, kernelSize } from "../../../src/graph/kernel.ts";
import { isFirstCall, type LayerGraph } from "../../../src/graph/layer_graph.ts";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { buildArchitecture } from "../../zoo/zoo.ts";
import { loadKernels } from "../../../src/kernels/load.ts";
import { joinParts, type MomentParts, type Moments } from "../../../src/kernels/moments.ts";
import { unpackMoments } from "../../../src/kernels/packed_moments.ts";
import { samplePatches } from "../../../src/kernels/patches.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { TensorFile } from "../../../src/kernels/tensor_file.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import type { Weight } from "../../../src/model/model_file.ts";
import { buildNetwork, type NetworkName, randomImages } from "../../support/networks.ts";

await startBackend();
const kernels = await loadKernels();

const BATCHES = 3;
const BATCH = 4;
/** Images of a batch that belong to the first half. */
const FIRST_HALF = 1;
const SAMPLING = { seed: 5, pointsPerImage: 6, images: BATCHES * BATCH };

async function openCalibrator(
  name: NetworkName | "sharedLayer",
  memoryBudget = Infinity,
  changeBefore: (graph: LayerGraph) => LayerGraph = (graph) => graph,
  { kept, hasOriginal = true }: { kept?: KeptTargets; hasOriginal?: boolean } = {},
) {
  const { model, graph } = name === "sharedLayer"
    ? await openNetwork(await buildArchitecture(name))
    : await buildNetwork(name);
  const { rules } = findChannelSpaces(graph);
  const layers = graph.nodes.filter(isFirstCall).map((node) => node.key)
    .filter((key) => ["convolution", "dense"].includes(rules.get(key)!.kind));
  let reads = 0;
  const calibrator = new Calibrator({
    kernels,
    kept,
    original: { graph, model: hasOriginal ? model : { layers: [] } as unknown as typeof model },
    repaired: { graph: changeBefore(graph), model },
    layers,
    batches: BATCHES,
    readBatch: (batch) => {
      reads++;
      const indices = Int32Array.from({ length: BATCH }, (_, index) => 10 * batch + index);
      const inputs = [randomImages(BATCH, batch + 1)];
      return Promise.resolve({ inputs, indices, firstHalf: FIRST_HALF });
    },
  }, { ...SAMPLING, memoryBudget });
  const close = () => {
    calibrator.dispose();
    disposeModel(model);
  };
  return { calibrator, graph, model, layers, close, reads: () => reads };
}

/** Another kernel: half of the old one, without its first input. */
function changedWeights(graph: LayerGraph, key: string): Map<string, Weight> {
  const node = graph.nodes.find((each) => each.key === key)!;
  const kernel = node.weights.get("kernel")!;
  const width = kernel.shape.at(-1)!;
  const values = (kernel.values as Float32Array).map((value, index) =>
    index < width ? 0 : 0.5 * value
  );
  return new Map([...node.weights, ["kernel", { ...kernel, values }]]);
}

function assertClose(found: Float64Array, wanted: ArrayLike<number>, scale: number): void {
  found.forEach((value, index) => {
    assert.ok(Math.abs(value - wanted[index]) <= 1e-4 * scale, `${value} is not ${wanted[index]}`);
  });
}

/** Moments of one layer, at all its calls, by running both networks from the images and adding up plain matrices. */
function naiveMoments(
  graph: LayerGraph,
  original: ForwardPlan,
  repaired: ForwardPlan,
  name: string,
  images = BATCH,
): { gram: Float32Array; cross: Float32Array } {
  const calls = graph.nodes.filter((node) => node.name === name)
    .map(({ key }) => naiveCallMoments(graph, original, repaired, key, images));
  const add = (sum: Float32Array, part: Float32Array) => sum.map((value, at) => value + part[at]);
  return {
    gram: calls.map(({ gram }) => gram).reduce(add),
    cross: calls.map(({ cross }) => cross).reduce(add),
  };
}

function naiveCallMoments(
  graph: LayerGraph,
  original: ForwardPlan,
  repaired: ForwardPlan,
  key: string,
  images: number,
): { gram: Float32Array; cross: Float32Array } {
  const number = graph.nodes.findIndex((node) => node.key === key);
  const node = graph.nodes[number];
  const residual = findResidualTargets(graph).get(key);
  return tf.tidy(() => {
    const grams: tf.Tensor[] = [];
    const crosses: tf.Tensor[] = [];
    for (let batch = 0; batch < BATCHES; batch++) {
      const indices = Int32Array.from({ length: BATCH }, (_, index) => 10 * batch + index);
      const positions = samplePositions(number, indices, outputSizeOf(node), SAMPLING);
      const sample = (plan: ForwardPlan) => {
        const activations = plan.start([randomImages(BATCH, batch + 1)]);
        plan.advance(activations, plan.stepOf(key));
        const images = sampledImages(activations.tensors.get(node.inputs[0])!, node);
        const geometry = geometryOf(node);
        const x = samplePatches(kernels, images, positions, geometry);
        const shortcut = residual?.shortcuts.map((name) => {
          const tensor = asImages(activations.tensors.get(name)!);
          const one = { ...geometry, kernel: [1, 1], strides: [1, 1] } as const;
          return samplePatches(kernels, tensor, positions, one) as tf.Tensor;
        }).reduce((sum, part) => sum.add(part));
        return { x, shortcut };
      };
      const [before, after] = [sample(original), sample(repaired)];
      const { inputs, outputs } = kernelSize(node);
      const weights = tf.tensor2d(kernelMatrix(node), [inputs, outputs]);
      let y = tf.matMul(before.x, weights);
      if (before.shortcut) {
        const inverse = residual!.inverseScale;
        const drift = before.shortcut.sub(after.shortcut!);
        y = y.add(inverse ? drift.mul(tf.tensor1d(inverse)) : drift);
      }
      const rows = after.x.shape[0] * images / BATCH;
      const [x, target] = [after.x, y].map((matrix) => matrix.slice(0, rows) as tf.Tensor2D);
      grams.push(tf.matMul(x, x, true));
      crosses.push(tf.matMul(x, target, true));
    }
    return {
      gram: tf.addN(grams).dataSync().slice() as Float32Array,
      cross: tf.addN(crosses).dataSync().slice() as Float32Array,
    };
  });
}

const SAMPLED = [
  "preActivation",
  "postActivation",
  "plain",
  "mobile",
  "sequence",
  "decoder",
  "gates",
  "sharedLayer",
] as const;

for (const name of SAMPLED) {
  Deno.test(`statistics of the ${name} network are those of plain matrices, layer by layer`, async () => {
    const before = tf.memory().numTensors;
    const { calibrator, graph, model, layers, close } = await openCalibrator(name);
    const [original, repaired] = [new ForwardPlan(graph, model), new ForwardPlan(graph, model)];
    for (const key of layers) {
      const found = wholeOf(await calibrator.collect(key));
      const wanted = naiveMoments(graph, original, repaired, key);
      const scale = Math.max(...found.gram, ...found.cross.map(Math.abs));
      assertClose(found.gram, wanted.gram, scale);
      assertClose(found.cross, wanted.cross, scale);
      const half = naiveMoments(graph, original, repaired, key, FIRST_HALF);
      assert.equal(found.half!.count, found.count * FIRST_HALF / BATCH);
      assertClose(found.half!.gram, half.gram, scale);
      assertClose(found.half!.cross, half.cross, scale);
      const weights = changedWeights(graph, key);
      calibrator.setWeights(key, weights);
      repaired.setWeights(key, weights);
    }
    for (const plan of [original, repaired]) plan.dispose();
    close();
    assert.equal(tf.memory().numTensors, before);
  });
}

/** Moments of all images, as a pool makes them of the parts of its threads. */
function wholeOf(parts: MomentParts): Moments {
  return unpackMoments(joinParts([parts]));
}

/** No scratch file can be opened until this is disposed, as in a browser. */
function withoutFiles(): Disposable {
  const { open } = ScratchFile;
  ScratchFile.open = () => undefined;
  return { [Symbol.dispose]: () => ScratchFile.open = open };
}

Deno.test("a small memory budget changes where batches wait, not the statistics", async () => {
  const collectAll = async (memoryBudget: number, hasFile = true) => {
    using _ = hasFile ? undefined : withoutFiles();
    const { calibrator, graph, layers, close, reads } = await openCalibrator(
      "preActivation",
      memoryBudget,
    );
    const found: Moments[] = [];
    for (const key of layers) {
      found.push(wholeOf(await calibrator.collect(key)));
      calibrator.setWeights(key, changedWeights(graph, key));
    }
    close();
    const weights = graph.nodes.flatMap((node) => [...node.weights.values()]);
    const weightBytes = weights.reduce((sum, { values }) => sum + values.byteLength, 0);
    return { found, reads: reads(), layers, weightBytes };
  };
  const roomy = await collectAll(Infinity);
  assert.equal(roomy.reads, BATCHES);
  // Where there is no room for both networks at a time, the images go through them one after the other.
  for (const [budget, times] of [[2 * roomy.weightBytes, 1], [20_000, 2], [0, 2]]) {
    const { reads, found } = await collectAll(budget);
    assert.equal(reads, times * BATCHES);
    assert.deepEqual(found, roomy.found);
  }
  const tight = await collectAll(20_000, false);
  const none = await collectAll(0, false);
  assert.equal(none.reads, BATCHES * none.layers.length);
  assert.ok(tight.reads > roomy.reads && tight.reads < none.reads);
  assert.deepEqual(tight.found, roomy.found);
  assert.deepEqual(none.found, roomy.found);
});

Deno.test("what waits in the file for the other end of a shortcut is written once", async () => {
  const { write } = TensorFile.prototype;
  const written: string[] = [];
  TensorFile.prototype.write = function (tensor) {
    if (tensor.rank === 4) written.push(`${tensor.shape}: ${tensor.dataSync().join()}`);
    return write.call(this, tensor);
  };
  try {
    const [roomy, tight] = [await openCalibrator("decoder"), await openCalibrator("decoder", 0)];
    for (const key of roomy.layers) {
      assert.deepEqual(await tight.calibrator.collect(key), await roomy.calibrator.collect(key));
    }
    roomy.close();
    tight.close();
  } finally {
    TensorFile.prototype.write = write;
  }
  assert.ok(written.length > BATCHES);
  assert.equal(new Set(written).size, written.length);
});

Deno.test("a network that is partly repaired at the start has the original's targets", async () => {
  const changed = ["block1_conv1", "block1_bn2", "block1_conv2"];
  const halve = (graph: LayerGraph) => ({
    ...graph,
    nodes: graph.nodes.map((node) => {
      if (!changed.includes(node.key)) return node;
      const weights = [...node.weights].map(([role, weight]) =>
        [role, { ...weight, values: weight.values.map((value) => 0.5 * value) }] as const
      );
      return { ...node, weights: new Map(weights) };
    }),
  });
  const { calibrator, graph, model, close } = await openCalibrator("preActivation", 0, halve);
  const original = new ForwardPlan(graph, model);
  const repaired = new ForwardPlan(halve(graph), model);
  for (const key of ["block2_conv1", "block2_conv2"]) {
    const found = wholeOf(await calibrator.collect(key));
    const wanted = naiveMoments(graph, original, repaired, key);
    const scale = Math.max(...found.gram, ...found.cross.map(Math.abs));
    assertClose(found.gram, wanted.gram, scale);
    assertClose(found.cross, wanted.cross, scale);
  }
  original.dispose();
  repaired.dispose();
  close();
});

Deno.test("gatherOriginal() gives the statistics of an untouched network in one pass", async () => {
  const together = await openCalibrator("preActivation");
  await together.calibrator.gatherOriginal();
  assert.equal(together.reads(), BATCHES);
  const alone = await openCalibrator("preActivation");
  for (const key of alone.layers.slice(0, -1)) {
    const taken = wholeOf(together.calibrator.takeOriginal(key));
    const found = wholeOf(await alone.calibrator.collect(key));
    const scale = Math.max(...found.gram, ...found.cross.map(Math.abs));
    assertClose(taken.gram, found.gram, scale);
    assertClose(taken.cross, found.cross, scale);
    assertClose(taken.half!.gram, found.half!.gram, scale);
    assertClose(taken.half!.cross, found.half!.cross, scale);
  }
  alone.close();
  together.close();
});

for (const name of ["preActivation", "sharedLayer"] as const) {
  Deno.test(`what gatherOriginal() keeps spares a repair the original: ${name}`, async () => {
    const kept = new KeptTargets(kernels.memory);
    const first = await openCalibrator(name, undefined, undefined, { kept });
    await first.calibrator.gatherOriginal();
    first.close();
    const withOriginal = await openCalibrator(name, 0);
    const without = await openCalibrator(name, 0, undefined, { kept, hasOriginal: false });
    for (const key of withOriginal.layers) {
      const found = await without.calibrator.collect(key);
      assert.deepEqual(found, await withOriginal.calibrator.collect(key));
      const changed = changedWeights(without.graph, key);
      for (const { calibrator } of [withOriginal, without]) calibrator.setWeights(key, changed);
    }
    withOriginal.close();
    without.close();
    kept.close();
  });
}

Deno.test("kept targets are read in any order of the images, and said to be absent where they are", () => {
  const before = tf.memory().numTensors;
  const kept = new KeptTargets(kernels.memory);
  const rows = (images: readonly number[]) =>
    tf.tensor2d(images.flatMap((image) => [[image, 0], [image, 1]]));
  for (const images of [[4, 7, 1], [9, 2]]) {
    const target = rows(images);
    kept.put("layer", images, target);
    target.dispose();
  }
  assert.ok(kept.has("layer", [7, 9]) && !kept.has("layer", [7, 8]) && !kept.has("other", [7]));
  for (const images of [[4, 7, 1, 9, 2], [2, 7], [1, 9, 4]]) {
    const [read, wanted] = [kept.read("layer", images), rows(images)];
    assert.deepEqual(read.arraySync(), wanted.arraySync());
    tf.dispose([read, wanted]);
  }
  kept.close();
  assert.ok(kept.isEmpty);
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("the last convolution of a residual branch is the one computed last, and only it", async () => {
  const { graph, model } = await buildNetwork("postActivation");
  const targets = findResidualTargets(graph);
  disposeModel(model);
  assert.deepEqual([...targets.keys()], ["block1_conv2", "block2_conv2"]);
  assert.deepEqual(targets.get("block1_conv2")!.shortcuts, ["relu1"]);
  assert.deepEqual(targets.get("block2_conv2")!.shortcuts, ["block2_projection_bn"]);
  assert.equal(targets.get("block2_conv2")!.inverseScale!.length, 8);
});
