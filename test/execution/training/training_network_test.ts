import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { loadKernels } from "../../../src/kernels/load.ts";
import { registerKernels } from "../../../src/kernels/register.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { disposeModel, instantiate } from "../../../src/model/instantiate.ts";
import { createLoss } from "../../../src/execution/training/training_loss.ts";
import {
  layOutParameters,
  packParameters,
  unpackParameters,
} from "../../../src/execution/training/parameters.ts";
import { TrainingNetwork } from "../../../src/execution/training/training_network.ts";
import { buildInputNetwork, drawSplit, tensorsOf } from "../../support/input_networks.ts";
import { onCpu } from "../../kernels/on_cpu.ts";
import { buildNetwork, networkNames, randomImages } from "../../support/networks.ts";

await startBackend();
const kernels = await loadKernels();
registerKernels(kernels);

const OPTIONS = { labelSmoothing: 0.1, distillationWeight: 4, temperature: 4 };
const LOSS = createLoss({ kind: "classes", options: OPTIONS });
const labels = Int32Array.of(0, 1, 2, 3, 1, 0);

/** Gradients and batch loss of stock TensorFlow.js on its cpu backend. */
function stockGradients(name: typeof networkNames[number]) {
  return onCpu(async () => {
    const { model } = await buildNetwork(name);
    const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const images = randomImages(labels.length);
    const { value, grads } = tf.variableGrads(() => {
      const probabilities = model.apply(images, { training: true }) as tf.Tensor;
      const exact = tf.oneHot(tf.tensor1d(labels, "int32"), 4).toFloat();
      const targets = exact.mul(0.9).add(0.1 / 4);
      return tf.neg(tf.mean(tf.sum(targets.mul(tf.log(probabilities)), -1))) as tf.Scalar;
    }, variables);
    const byName = new Map<string, Float32Array>();
    model.trainableWeights.forEach((weight, index) => {
      byName.set(weight.originalName, grads[variables[index].name].dataSync() as Float32Array);
    });
    return { loss: value.dataSync()[0], byName };
  });
}

for (const name of ["preActivation", "postActivation", "mobile", "sequence", "decoder"] as const) {
  Deno.test(`a step over the ${name} network gives the gradients of stock TensorFlow.js`, async () => {
    const stock = await stockGradients(name);
    const before = tf.memory().numTensors;
    const { model, graph } = await buildNetwork(name);
    const layout = layOutParameters(graph);
    const network = new TrainingNetwork(kernels, graph, model, layout, { loss: LOSS });
    const flat = new Float32Array(layout.length);
    packParameters(graph, layout, flat);
    network.load(flat);
    const out = new Float32Array(layout.length);
    const images = randomImages(labels.length);
    const { loss, images: count } = network.step({ inputs: [images], labels }, out);
    assert.equal(count, labels.length);
    assert.ok(Math.abs(loss / count - stock.loss) < 1e-4, `${loss / count} is not ${stock.loss}`);
    for (const { key, role, offset, length } of layout.trained) {
      const wanted = stock.byName.get(`${key}/${role}`) ?? splitGradient(stock.byName, key, role);
      const scale = Math.max(1e-2, ...wanted.map(Math.abs));
      for (let i = 0; i < length; i++) {
        const difference = Math.abs(out[offset + i] - wanted[i]);
        assert.ok(difference < 2e-3 * scale, `${key}/${role}: ${out[offset + i]}, ${wanted[i]}`);
      }
    }
    images.dispose();
    network.dispose();
    disposeModel(model);
    assert.equal(tf.memory().numTensors, before);
  });
}

for (const name of ["regression", "detection"] as const) {
  Deno.test(`a step of a ${name} network towards a teacher gives the gradients of stock TensorFlow.js`, async () => {
    const variances = [2, 0.5];
    const targetsOf = (outputs: tf.Tensor[]) =>
      outputs.map((output, index) =>
        tf.randomNormal(output.shape, 0, 1, "float32", index + 1) as tf.Tensor
      );
    const stock = await onCpu(async () => {
      const { model } = await buildNetwork(name);
      const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
      const { value, grads } = tf.variableGrads(() => {
        const outputs = [model.apply(randomImages(6), { training: true }) as tf.Tensor].flat();
        const losses = targetsOf(outputs).map((target, index) =>
          tf.losses.meanSquaredError(target, outputs[index]).div(variances[index])
        );
        return tf.addN(losses).div(losses.length) as tf.Scalar;
      }, variables);
      const gradients = model.trainableWeights.map(({ originalName }, index) =>
        [originalName, grads[variables[index].name].dataSync()] as const
      );
      return { loss: value.dataSync()[0], gradients: new Map(gradients) };
    });
    const before = tf.memory().numTensors;
    const { model, graph } = await buildNetwork(name);
    const layout = layOutParameters(graph);
    const loss = createLoss({ kind: "outputs", variances });
    const network = new TrainingNetwork(kernels, graph, model, layout, { loss });
    const out = new Float32Array(layout.length);
    const images = randomImages(6);
    const teacher = tf.tidy(() => targetsOf([model.predict(images)].flat()));
    const sums = network.step({ inputs: [images], teacher }, out);
    assert.deepEqual([sums.images, sums.correct], [6, undefined]);
    assert.ok(Math.abs(sums.loss / 6 / stock.loss - 1) < 1e-4);
    for (const { key, role, offset, length } of layout.trained) {
      const wanted = stock.gradients.get(`${key}/${role}`)!;
      const scale = Math.max(1e-2, ...wanted.map(Math.abs));
      for (let i = 0; i < length; i++) {
        assert.ok(Math.abs(out[offset + i] - wanted[i]) < 2e-3 * scale, `${key}/${role}`);
      }
    }
    tf.dispose([images, ...teacher]);
    network.dispose();
    disposeModel(model);
    assert.equal(tf.memory().numTensors, before);
  });
}

for (const name of ["concatenated", "added", "described"] as const) {
  Deno.test(`a step over the ${name} network of two inputs gives the gradients of stock TensorFlow.js`, async () => {
    const file = await buildInputNetwork(name);
    // Where a value lies within rounding of a ReLU's corner, gradients differ: one of the test split does.
    const { labels, ...rows } = drawSplit("train");
    const stock = await onCpu(async () => {
      const model = await instantiate(file);
      const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
      const { value, grads } = tf.variableGrads(() => {
        const inputs = tensorsOf({ labels, ...rows }, model.inputNames);
        const output = model.apply(inputs, { training: true }) as tf.Tensor;
        const targets = tf.oneHot(tf.tensor1d(labels, "int32"), 4).toFloat().mul(0.9).add(0.1 / 4);
        return tf.neg(tf.mean(tf.sum(targets.mul(tf.log(output)), -1))) as tf.Scalar;
      }, variables);
      const gradients = model.trainableWeights.map(({ originalName }, index) =>
        [originalName, grads[variables[index].name].dataSync()] as const
      );
      return { loss: value.dataSync()[0], gradients: new Map(gradients) };
    });
    const before = tf.memory().numTensors;
    const { model, graph } = await openNetwork(file);
    const layout = layOutParameters(graph);
    const network = new TrainingNetwork(kernels, graph, model, layout, { loss: LOSS });
    const out = new Float32Array(layout.length);
    const inputs = tensorsOf({ labels, ...rows }, model.inputNames);
    const { loss, images } = network.step({ inputs, labels: Int32Array.from(labels) }, out);
    assert.equal(images, rows.count);
    assert.ok(Math.abs(loss / images - stock.loss) < 1e-4 * stock.loss);
    for (const { key, role, offset, length } of layout.trained) {
      const wanted = stock.gradients.get(`${key}/${role}`)!;
      const scale = Math.max(1e-2, ...wanted.map(Math.abs));
      for (let i = 0; i < length; i++) {
        assert.ok(Math.abs(out[offset + i] - wanted[i]) < 2e-3 * scale, `${key}/${role}`);
      }
    }
    tf.dispose(inputs);
    network.dispose();
    disposeModel(model);
    assert.equal(tf.memory().numTensors, before);
  });
}

/** The gradient of a separable convolution that was split into two layers. */
function splitGradient(byName: Map<string, Float32Array>, key: string, role: string) {
  const owner = key.replace(/_depthwise$/, "");
  return byName.get(`${owner}/${role === "kernel" ? "pointwise_kernel" : role}`)!;
}

Deno.test("a teacher that agrees with the student adds no gradient, another one does", async () => {
  const { model, graph } = await buildNetwork("postActivation");
  const layout = layOutParameters(graph);
  const step = (teacher: tf.Tensor2D | undefined, temperature: number, weight: number) => {
    const out = new Float32Array(layout.length);
    const images = randomImages(labels.length);
    const options = { labelSmoothing: 0, distillationWeight: weight, temperature };
    const loss = createLoss({ kind: "classes", options });
    const network = new TrainingNetwork(kernels, graph, model, layout, { loss });
    network.step({ inputs: [images], labels, teacher: teacher && [teacher] }, out);
    network.dispose();
    tf.dispose(teacher ? [images, teacher] : [images]);
    return out;
  };
  const alone = step(undefined, 4, 4);
  const exact = tf.oneHot(tf.tensor1d(labels, "int32"), 4).mul(1000) as tf.Tensor2D;
  const doubled = step(exact, 1, 1);
  for (let i = 0; i < layout.trainedLength; i++) {
    assert.ok(Math.abs(doubled[i] - 2 * alone[i]) < 1e-4 + 1e-3 * Math.abs(alone[i]));
  }
  disposeModel(model);
});

Deno.test("frozen layers have no place in the flat weights and keep their values", async () => {
  const { model, graph } = await buildNetwork("preActivation");
  const frozen = {
    ...graph,
    nodes: graph.nodes.map((node) =>
      node.key === "conv1" ? { ...node, config: { ...node.config, trainable: false } } : node
    ),
  };
  const layout = layOutParameters(frozen);
  assert.ok(!layout.trained.some(({ key }) => key === "conv1"));
  const unpacked = unpackParameters(frozen, layout, new Float32Array(layout.length));
  const kernelOf = (key: string) =>
    unpacked.nodes.find((node) => node.key === key)!.weights.get("kernel")!.values;
  assert.deepEqual(
    kernelOf("conv1"),
    graph.nodes.find((node) => node.key === "conv1")!.weights.get("kernel")!.values,
  );
  assert.ok(kernelOf("block1_conv1").every((value) => value === 0));
  disposeModel(model);
});

Deno.test("packing and unpacking weights give them back", async () => {
  for (const name of networkNames) {
    const { model, graph } = await buildNetwork(name);
    const layout = layOutParameters(graph);
    const flat = new Float32Array(layout.length);
    packParameters(graph, layout, flat);
    const unpacked = unpackParameters(graph, layout, flat);
    unpacked.nodes.forEach((node, index) => {
      assert.deepEqual([...node.weights], [...graph.nodes[index].weights]);
    });
    disposeModel(model);
  }
});

Deno.test("a step towards a teacher's answers, statistics frozen, gives the gradients of stock TensorFlow.js", async () => {
  const temperature = 3;
  const drawScores = () => tf.randomNormal([labels.length, 4], 0, 2, "float32", 9) as tf.Tensor;
  const stock = await onCpu(async () => {
    const { model } = await buildNetwork("postActivation");
    const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const { value, grads } = tf.variableGrads(() => {
      const images = randomImages(labels.length);
      const probabilities = model.apply(images, { training: false }) as tf.Tensor;
      const logits = tf.log(probabilities);
      const wanted = tf.softmax(drawScores().div(temperature));
      const own = tf.logSoftmax(logits.div(temperature));
      const gap = wanted.mul(tf.log(wanted).sub(own)).sum(-1).mean();
      return gap.mul(temperature ** 2) as tf.Scalar;
    }, variables);
    const gradients = model.trainableWeights.map(({ originalName }, index) =>
      [originalName, grads[variables[index].name].dataSync()] as const
    );
    return { loss: value.dataSync()[0], gradients: new Map(gradients) };
  });
  const before = tf.memory().numTensors;
  const { model, graph } = await buildNetwork("postActivation");
  const layout = layOutParameters(graph);
  const loss = createLoss({ kind: "answers", temperature });
  const network = new TrainingNetwork(kernels, graph, model, layout, {
    loss,
    freezesStatistics: true,
  });
  const out = new Float32Array(layout.length);
  const images = randomImages(labels.length);
  const scores = drawScores();
  const sums = network.step({ inputs: [images], teacher: [scores] }, out);
  assert.ok(Math.abs(sums.loss / labels.length / stock.loss - 1) < 1e-3, `${sums.loss}`);
  for (const { key, role, offset, length } of layout.trained) {
    const wanted = stock.gradients.get(`${key}/${role}`)!;
    const scale = Math.max(1e-2, ...wanted.map(Math.abs));
    for (let i = 0; i < length; i++) {
      assert.ok(Math.abs(out[offset + i] - wanted[i]) < 2e-3 * scale, `${key}/${role}`);
    }
  }
  for (const { offset, length } of layout.statistics) {
    assert.ok(out.subarray(offset, offset + length).every((value) => value === 0));
  }
  tf.dispose([images, scores]);
  network.dispose();
  disposeModel(model);
  assert.equal(tf.memory().numTensors, before);
});
