import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { loadKernels } from "../../src/kernels/load.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { trainBatchNorm } from "../../src/kernels/batch_norm.ts";

await startBackend();

/** Batches of the nearer caches, and one that outgrows them. */
const SHAPES = [
  ...[[2, 3, 3, 1], [1, 1, 2, 3], [4, 5, 3, 4], [2, 7, 5, 9], [3, 4, 4, 16], [9, 17]],
  [15_000, 37],
];
const EPSILON = 1e-3;

interface Values {
  readonly output: ArrayLike<number>;
  readonly mean: ArrayLike<number>;
  readonly variance: ArrayLike<number>;
  readonly gradients: readonly ArrayLike<number>[];
}

/** Random inputs, the same on every backend. */
function drawInputs(shape: number[]) {
  const channels = shape.at(-1)!;
  const draw = (size: number[], seed: number) => tf.randomNormal(size, 0.3, 1.2, "float32", seed);
  return {
    x: draw(shape, 1),
    gamma: draw([channels], 2).mul(SPREAD) as tf.Tensor1D,
    beta: draw([channels], 3) as tf.Tensor1D,
    dy: draw(shape, 4),
  };
}

type Relu = "relu" | "relu6" | undefined;

/** What the tests go through: no ReLU, and both. */
const RELUS: Relu[] = [undefined, "relu", "relu6"];
/** Makes γ so large that both ends of a ReLU6 cut. */
const SPREAD = 5;

/** tf.moments, tf.batchNorm and tf.relu on tfjs' cpu backend. */
async function stock(shape: number[], relu: Relu): Promise<Values> {
  await tf.setBackend("cpu");
  try {
    const { x, gamma, beta, dy } = drawInputs(shape);
    const axes = shape.slice(0, -1).map((_, axis) => axis);
    const forward = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) => {
      const { mean, variance } = tf.moments(x, axes);
      const output = x.sub(mean).div(variance.add(EPSILON).sqrt()).mul(gamma).add(beta);
      return relu ? tf[relu](output) : output;
    };
    const { mean, variance } = tf.moments(x, axes);
    return {
      output: forward(x, gamma, beta).dataSync(),
      mean: mean.dataSync(),
      variance: variance.dataSync(),
      gradients: tf.grads(forward)([x, gamma, beta], dy).map((gradient) => gradient.dataSync()),
    };
  } finally {
    await tf.setBackend("wasm");
  }
}

function assertClose(found: ArrayLike<number>, wanted: ArrayLike<number>, what: string): void {
  const scale = Array.from(wanted).reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  Array.from(wanted).forEach((value, index) => {
    const difference = Math.abs(found[index] - value);
    assert.ok(difference < 2e-5 * scale, `${what} ${index}: ${found[index]} is not ${value}`);
  });
}

for (const build of ["relaxed", "plain"] as const) {
  for (const relu of RELUS) {
    Deno.test(`batch normalization ${relu ? `with a ${relu}` : "alone"} and its gradients are those of stock ops (${build})`, async () => {
      const kernels = await loadKernels({ build });
      for (const shape of SHAPES) {
        const wanted = await stock(shape, relu);
        const before = tf.memory().numTensors;
        tf.tidy(() => {
          const { x, gamma, beta, dy } = drawInputs(shape);
          const run = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) =>
            trainBatchNorm(
              kernels,
              x,
              gamma as tf.Tensor1D,
              beta as tf.Tensor1D,
              EPSILON,
              { relu },
            );
          const { output, mean, variance } = run(x, gamma, beta);
          assertClose(output.dataSync(), wanted.output, "output");
          assertClose(mean.dataSync(), wanted.mean, "mean");
          assertClose(variance.dataSync(), wanted.variance, "variance");
          const gradients = tf.grads((...inputs) => {
            const [x, gamma, beta] = inputs;
            return run(x, gamma, beta).output;
          })([x, gamma, beta], dy);
          gradients.forEach((gradient, index) => {
            assertClose(gradient.dataSync(), wanted.gradients[index], `gradient ${index} of`);
          });
        });
        assert.equal(tf.memory().numTensors, before);
      }
    });
  }
}

/** tf.batchNorm with moments that do not change, and tf.relu on tfjs' cpu backend. */
async function stockFrozen(shape: number[], relu: Relu): Promise<ArrayLike<number>[]> {
  await tf.setBackend("cpu");
  try {
    const { x, gamma, beta, dy } = drawInputs(shape);
    const { mean, variance } = drawMoments(shape.at(-1)!);
    const forward = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) => {
      const output = x.sub(mean).div(variance.add(EPSILON).sqrt()).mul(gamma).add(beta);
      return relu ? tf[relu](output) : output;
    };
    return [forward(x, gamma, beta), ...tf.grads(forward)([x, gamma, beta], dy)]
      .map((tensor) => tensor.dataSync());
  } finally {
    await tf.setBackend("wasm");
  }
}

function drawMoments(channels: number) {
  return {
    mean: tf.randomNormal([channels], 0.1, 0.5, "float32", 5) as tf.Tensor1D,
    variance: tf.randomUniform([channels], 0.2, 2, "float32", 6) as tf.Tensor1D,
  };
}

for (const relu of RELUS) {
  Deno.test(`batch normalization by given moments lets no gradient flow through them${relu ? `, with a ${relu}` : ""}`, async () => {
    const kernels = await loadKernels();
    for (const shape of SHAPES) {
      const wanted = await stockFrozen(shape, relu);
      const before = tf.memory().numTensors;
      tf.tidy(() => {
        const { x, gamma, beta, dy } = drawInputs(shape);
        const moments = drawMoments(shape.at(-1)!);
        const run = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) =>
          trainBatchNorm(kernels, x, gamma as tf.Tensor1D, beta as tf.Tensor1D, EPSILON, {
            relu,
            moments,
          }).output;
        const gradients = tf.grads((...inputs) => run(inputs[0], inputs[1], inputs[2]))(
          [x, gamma, beta],
          dy,
        );
        [run(x, gamma, beta), ...gradients].forEach((tensor, index) =>
          assertClose(tensor.dataSync(), wanted[index], `tensor ${index} of`)
        );
      });
      assert.equal(tf.memory().numTensors, before);
    }
  });
}
