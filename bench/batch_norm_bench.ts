/**
 * Batch normalization in training mode with a ReLU, and its gradient, against stock tfjs: `tf.moments`, `tf.batchNorm`,
 * `tf.relu` and their gradients on tfjs-backend-wasm as it comes.
 *
 *     deno run --allow-read bench/batch_norm_bench.ts [relaxed|plain]
 *
 * "Step" is the forward pass and the gradients in x, γ and β. Bytes are what a step must at least move: x read twice and
 * the output written; dy, x and the output read twice and dx written. All are timed in turns, minimum / median /
 * maximum. The error is the largest element-wise difference of output or dx from an f64 twin, over the largest element.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type KernelBuild, type Kernels, loadKernels } from "../src/kernels/load.ts";
import { startBackend } from "../src/kernels/backend.ts";
import { trainBatchNorm } from "../src/kernels/batch_norm.ts";
import { naiveBatchNorm, naiveBatchNormGradient } from "../test/reference/batch_norm.ts";
import { randomArray, relativeDifference } from "../test/reference/samples.ts";
import { formatSpread, formatTable, measureInTurns } from "./timing.ts";

const RUNS = 15;
const EPSILON = 1e-3;
const SHAPES: [number, number, number, number][] = [
  [128, 32, 32, 16],
  [128, 16, 16, 32],
  [128, 8, 8, 64],
];
const PASSES_FORWARD = 3;
const PASSES_STEP = 10;
const F32_BYTES = 4;

type Normalize = (x: tf.Tensor4D, gamma: tf.Tensor1D, beta: tf.Tensor1D) => tf.Tensor;

const stock: Normalize = (x, gamma, beta) => {
  const { mean, variance } = tf.moments(x, [0, 1, 2]);
  const [means, variances] = [mean, variance] as tf.Tensor1D[];
  return tf.batchNorm4d(x, means, variances, beta, gamma, EPSILON).relu();
};

const fused = (kernels: Kernels): Normalize => (x, gamma, beta) =>
  trainBatchNorm(kernels, x, gamma, beta, EPSILON, { relu: "relu" }).output;

function measureShape(kernels: Kernels, shape: typeof SHAPES[number]): Record<string, string> {
  const size = tf.util.sizeFromShape(shape), channels = shape[3];
  const problem = {
    x: randomArray(size, 1),
    gamma: randomArray(channels, 2).map((value) => value + 1.5),
    beta: randomArray(channels, 3),
    epsilon: EPSILON,
    relu: true,
  };
  const dyValues = randomArray(size, 4);
  const x = tf.tensor4d(problem.x, shape), dy = tf.tensor4d(dyValues, shape);
  const gamma = tf.tensor1d(problem.gamma), beta = tf.tensor1d(problem.beta);

  const forward = (normalize: Normalize) => () => {
    tf.tidy(() => void normalize(x, gamma, beta));
  };
  const differentiate = (normalize: Normalize) =>
    tf.valueAndGrads((...inputs) => {
      const [x, gamma, beta] = inputs;
      return normalize(x as tf.Tensor4D, gamma as tf.Tensor1D, beta as tf.Tensor1D);
    })([x, gamma, beta], dy);
  const step = (normalize: Normalize) => () => tf.tidy(() => void differentiate(normalize));

  const ours = fused(kernels);
  const [stockForward, ourForward, stockStep, ourStep] = measureInTurns(RUNS, [
    forward(stock),
    forward(ours),
    step(stock),
    step(ours),
  ]);
  const error = tf.tidy(() => {
    const { value, grads: [dx] } = differentiate(ours);
    const expected = naiveBatchNormGradient(problem, dyValues);
    return Math.max(
      relativeDifference(value.dataSync(), naiveBatchNorm(problem)),
      relativeDifference(dx.dataSync(), expected.dx),
    );
  });
  tf.dispose([x, dy, gamma, beta]);
  const gigabytes = (passes: number, seconds: number) =>
    (passes * size * F32_BYTES / seconds / 1e9).toFixed(1);
  return {
    shape: shape.join("×"),
    "forward stock (ms)": formatSpread(stockForward, 1e3, 2),
    "forward (ms)": formatSpread(ourForward, 1e3, 2),
    "GB/s": gigabytes(PASSES_FORWARD, ourForward.median),
    "step stock (ms)": formatSpread(stockStep, 1e3, 2),
    "step (ms)": formatSpread(ourStep, 1e3, 2),
    "GB/s ": gigabytes(PASSES_STEP, ourStep.median),
    "step speed-up": (stockStep.median / ourStep.median).toFixed(1),
    error: error.toExponential(1),
  };
}

await startBackend();
const kernels = await loadKernels({ build: Deno.args[0] as KernelBuild | undefined });
console.log(`${kernels.build} build\n`);
console.log(formatTable(SHAPES.map((shape) => measureShape(kernels, shape))));
