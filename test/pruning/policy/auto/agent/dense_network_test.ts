import assert from "node:assert/strict";
import {
  DenseNetwork,
  initializeWeights,
  perturbWeights,
} from "../../../../../src/pruning/policy/auto/agent/dense_network.ts";
import { createRandom, drawNormal, type Random } from "../../../../../src/base/random.ts";
import { checkGradient } from "./gradients.ts";

const ROWS = 5;

const shapes = [
  { widths: [3, 12, 10], outputs: 2, batch: ROWS },
  { widths: [3, 12], batch: ROWS },
  { widths: [4], outputs: 1, batch: ROWS },
];

function drawNormals(length: number, random: Random): Float64Array {
  return Float64Array.from({ length }, () => drawNormal(random));
}

/** A network with random weights and a loss Σ c · Y with random c. */
function createCase(shape: typeof shapes[number], seed: number) {
  const random = createRandom(seed);
  const network = new DenseNetwork(shape);
  const flat = drawNormals(network.weightCount, random);
  const layers = network.layOut(flat);
  const [inputs, outputs] = [shape.widths[0], shape.outputs ?? shape.widths.at(-1)!];
  const input = drawNormals(ROWS * inputs, random);
  const slopes = drawNormals(ROWS * outputs, random);
  const measureLoss = () =>
    network.forward(layers, input, ROWS).reduce((sum, y, index) => sum + slopes[index] * y, 0);
  return { network, flat, layers, inputs, outputs, input, slopes, measureLoss };
}

for (const shape of shapes) {
  const name = `${shape.widths.join("-")}${shape.outputs ? `, ${shape.outputs} linear` : ""}`;

  Deno.test(`gradients of all weights and inputs match finite differences, ${name}`, () => {
    for (const seed of [1, 2, 3]) {
      const { network, flat, layers, input, slopes, measureLoss } = createCase(shape, seed);
      measureLoss();
      const gradient = new Float64Array(network.weightCount);
      const byInput = network.backward(layers, slopes.slice(), ROWS, network.layOut(gradient));
      checkGradient(input, byInput.slice(), measureLoss, "input");
      checkGradient(flat, gradient, measureLoss, "weight");
    }
  });

  Deno.test(`a batch gives the outputs of its rows and the sum of their gradients, ${name}`, () => {
    const { network, layers, inputs, outputs, input, slopes } = createCase(shape, 4);
    const together = network.forward(layers, input, ROWS).slice();
    const gradient = new Float64Array(network.weightCount);
    network.backward(layers, slopes.slice(), ROWS, network.layOut(gradient));
    const sum = new Float64Array(network.weightCount);
    for (let row = 0; row < ROWS; row++) {
      const alone = network.forward(layers, input.slice(row * inputs, (row + 1) * inputs), 1);
      for (let output = 0; output < outputs; output++) {
        assert.ok(Math.abs(alone[output] - together[row * outputs + output]) < 1e-12);
      }
      const slope = slopes.slice(row * outputs, (row + 1) * outputs);
      network.backward(layers, slope, 1, network.layOut(sum));
    }
    gradient.forEach((value, index) => assert.ok(Math.abs(value - sum[index]) < 1e-11));
  });
}

Deno.test("without gradients of the weights, those of the inputs are the same", () => {
  const { network, layers, slopes, measureLoss } = createCase(shapes[0], 5);
  measureLoss();
  const into = network.layOut(new Float64Array(network.weightCount));
  const wanted = network.backward(layers, slopes.slice(), ROWS, into).slice();
  assert.deepEqual(network.backward(layers, slopes.slice(), ROWS), wanted);
});

Deno.test("a hidden layer does not care about the scale of its kernel", () => {
  const { network, layers, input } = createCase(shapes[1], 6);
  layers[0].dense.bias.fill(0);
  const before = network.forward(layers, input, ROWS).slice();
  layers[0].dense.kernel.forEach((value, index, kernel) => kernel[index] = 10 * value);
  const after = network.forward(layers, input, ROWS);
  after.forEach((value, index) => assert.ok(Math.abs(value - before[index]) < 1e-3));
});

Deno.test("first weights lie within their ranges, gains are 1 and shifts 0", () => {
  const { network } = createCase(shapes[0], 7);
  const layers = network.layOut(new Float64Array(network.weightCount).fill(9));
  initializeWeights(layers, createRandom(1));
  const ranges = [1 / Math.sqrt(3), 1 / Math.sqrt(12), 3e-3];
  for (const [index, { dense, norm }] of layers.entries()) {
    for (const part of [dense.kernel, dense.bias]) {
      assert.ok(part.every((value) => value !== 0 && Math.abs(value) <= ranges[index]));
    }
    assert.ok(dense.kernel.some((value) => Math.abs(value) > 0.8 * ranges[index]));
    assert.ok(norm === undefined || norm.gain.every((gain) => gain === 1));
    assert.ok(norm === undefined || norm.shift.every((shift) => shift === 0));
  }
});

Deno.test("noise has its standard deviation, and gains and shifts stay as they are", () => {
  const network = new DenseNetwork({ widths: [30, 40], outputs: 30, batch: 1 });
  const from = network.layOut(new Float64Array(network.weightCount).fill(2));
  const into = network.layOut(new Float64Array(network.weightCount));
  perturbWeights(from, 0.5, createRandom(3), into);
  for (const { dense: { kernel }, norm } of into) {
    const variance = kernel.reduce((sum, value) => sum + (value - 2) ** 2, 0) / kernel.length;
    assert.ok(Math.abs(Math.sqrt(variance) - 0.5) < 0.05, `${Math.sqrt(variance)}`);
    assert.ok(norm === undefined || norm.gain.every((gain) => gain === 2));
    assert.ok(norm === undefined || norm.shift.every((shift) => shift === 2));
  }
});
