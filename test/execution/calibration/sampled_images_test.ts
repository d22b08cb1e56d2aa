import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  geometryOf,
  outputSizeOf,
  sampledImages,
} from "../../../src/execution/calibration/sampled_images.ts";
import {
  kernelMatrix,
  kernelOfMatrix,
  kernelPositions,
  kernelSize,
} from "../../../src/graph/kernel.ts";
import type { LayerNode } from "../../../src/graph/layer_graph.ts";
import { loadKernels } from "../../../src/kernels/load.ts";
import { samplePatches } from "../../../src/kernels/patches.ts";
import { startBackend } from "../../../src/kernels/backend.ts";

await startBackend();
const kernels = await loadKernels();

const IMAGES = 2;

interface Case {
  readonly className: "Conv1D" | "Conv2DTranspose";
  readonly size: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations?: readonly number[];
  readonly padding: "same" | "valid";
}

const CASES: Case[] = [
  ...(["same", "valid"] as const).flatMap((padding): Case[] => [
    { className: "Conv1D", size: [9], kernel: [3], strides: [1], padding },
    { className: "Conv1D", size: [9], kernel: [4], strides: [2], padding },
    { className: "Conv1D", size: [9], kernel: [3], strides: [1], dilations: [3], padding },
    { className: "Conv2DTranspose", size: [3, 4], kernel: [3, 3], strides: [2, 2], padding },
    { className: "Conv2DTranspose", size: [3, 4], kernel: [4, 5], strides: [2, 1], padding },
    { className: "Conv2DTranspose", size: [2, 3], kernel: [1, 2], strides: [3, 2], padding },
    { className: "Conv2DTranspose", size: [3, 2], kernel: [2, 3], strides: [1, 4], padding },
  ]),
];

const CHANNELS = 3;
const FILTERS = 2;

/** A layer alone, as stock TensorFlow.js makes it, and as a node. */
function makeLayer({ className, kernel, strides, dilations, padding, size }: Case) {
  const isSequence = className === "Conv1D";
  const make = isSequence ? tf.layers.conv1d : tf.layers.conv2dTranspose;
  const layer = make({
    filters: FILTERS,
    kernelSize: [...kernel] as [number, number],
    strides: [...strides] as [number, number],
    padding,
    useBias: false,
    kernelInitializer: tf.initializers.randomNormal({ seed: 3 }),
    ...(dilations ? { dilationRate: [...dilations] as [number, number] } : {}),
  });
  const input = tf.randomNormal([IMAGES, ...size, CHANNELS], 0, 1, "float32", 5);
  const output = layer.apply(input) as tf.Tensor;
  const [weight] = layer.getWeights();
  const values = weight.dataSync().slice() as Float32Array;
  const node: LayerNode = {
    key: "layer",
    name: "layer",
    className,
    calls: 1,
    config: { kernel_size: kernel, strides, dilation_rate: dilations ?? [1], padding },
    inputs: ["image"],
    callArguments: [{}],
    weights: new Map([
      ["kernel", { name: "layer/kernel", shape: weight.shape, dtype: "float32", values }],
    ]),
    outputShape: output.shape.slice(1),
  };
  return { node, input, output, layer };
}

/** Where the output begins in what an unpadded layer would give, or the input in what it would read. */
function cropped(test: Case, axis: number, outputs: number): number {
  if (test.padding === "valid") return 0;
  const [kernel, stride] = [test.kernel[axis], test.strides[axis]];
  const window = (kernel - 1) * (test.dilations?.[axis] ?? 1) + 1;
  const beyond = test.className === "Conv1D"
    ? (outputs - 1) * stride + window - test.size[axis]
    : kernel - stride;
  return Math.floor(Math.max(0, beyond) / 2);
}

/** The input index that a tap reads for an output, if it reads any. */
function indexRead(test: Case, axis: number, output: number, tap: number, outputs: number) {
  const [stride, before] = [test.strides[axis], cropped(test, axis, outputs)];
  const index = test.className === "Conv1D"
    ? output * stride + tap * (test.dilations?.[axis] ?? 1) - before
    : (output + before - tap) / stride;
  return Number.isInteger(index) && index >= 0 && index < test.size[axis] ? index : undefined;
}

/** Every position's inputs by the definition of the layer, taps in the kernel's own order. */
function naivePatches(test: Case, node: LayerNode, input: tf.Tensor): number[][] {
  const values = input.dataSync();
  const [height, width] = outputSizeOf(node);
  const [rows, columns] = test.size.length === 1 ? [1, test.size[0]] : test.size;
  const taps = test.kernel.length === 1 ? [1, test.kernel[0]] : test.kernel;
  const read = (axis: number, output: number, tap: number, outputs: number) =>
    test.size.length === 2
      ? indexRead(test, axis, output, tap, outputs)
      : axis === 0
      ? 0
      : indexRead(test, 0, output, tap, outputs);
  const patches: number[][] = [];
  for (let image = 0; image < IMAGES; image++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const patch: number[] = [];
        for (let v = 0; v < taps[0]; v++) {
          for (let u = 0; u < taps[1]; u++) {
            const [row, column] = [read(0, y, v, height), read(1, x, u, width)];
            const isInside = row !== undefined && column !== undefined;
            const at = isInside ? ((image * rows + row) * columns + column) * CHANNELS : 0;
            for (let c = 0; c < CHANNELS; c++) patch.push(isInside ? values[at + c] : 0);
          }
        }
        patches.push(patch);
      }
    }
  }
  return patches;
}

/** The taps of a transposed convolution are sampled backwards. */
function reverseTaps(patch: readonly number[]): number[] {
  const taps = Array.from(
    { length: patch.length / CHANNELS },
    (_, tap) => patch.slice(tap * CHANNELS, (tap + 1) * CHANNELS),
  );
  return taps.reverse().flat();
}

for (const test of CASES) {
  const { className, kernel, strides, dilations = [1], padding } = test;
  const what = `${className} ${kernel} by ${strides}, dilation ${dilations}, ${padding}`;
  Deno.test(`samples of a ${what} are those of its definition, and give its output`, () => {
    const before = tf.memory().numTensors;
    const { node, input, output, layer } = makeLayer(test);
    const [height, width] = outputSizeOf(node);
    const positions = Int32Array.from(
      { length: IMAGES * height * width },
      (_, position) => position,
    );
    const triples = Int32Array.from([...positions].flatMap((position) => [
      Math.floor(position / height / width),
      Math.floor(position / width) % height,
      position % width,
    ]));
    tf.tidy(() => {
      const images = sampledImages(input, node);
      const found = samplePatches(kernels, images, triples, geometryOf(node));
      const naive = naivePatches(test, node, input);
      const wanted = className === "Conv1D" ? naive : naive.map(reverseTaps);
      assert.deepEqual(found.arraySync(), wanted);
      const { inputs, outputs } = kernelSize(node);
      const product = found.matMul(tf.tensor2d(kernelMatrix(node), [inputs, outputs]));
      const difference = product.sub(output.reshape(product.shape)).abs().max().arraySync();
      assert.ok(difference as number < 1e-5);
    });
    const again = kernelOfMatrix(node, kernelMatrix(node));
    assert.deepEqual(again, node.weights.get("kernel"));
    const places = className === "Conv1D" ? height * width : test.size[0] * test.size[1];
    assert.equal(kernelPositions(node), places);
    tf.dispose([input, output]);
    layer.dispose();
    assert.equal(tf.memory().numTensors, before);
  });
}
