import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { startBackend } from "../../../src/kernels/backend.ts";
import { KernelMatrix } from "../../../src/execution/forward/kernel_matrix.ts";
import { randomArray, relativeDifference } from "../../reference/samples.ts";

await startBackend();

const [ROWS, COLUMNS, SAMPLES] = [37, 5, 3];
const ROW_BYTES = COLUMNS * Float32Array.BYTES_PER_ELEMENT;

Deno.test("a matrix that goes through in parts gives the products of the whole one", () => {
  const values = Float32Array.from(randomArray(ROWS * COLUMNS, 1));
  const x = tf.tensor2d(Float32Array.from(randomArray(SAMPLES * ROWS, 2)), [SAMPLES, ROWS]);
  const gradient = tf.tensor2d(
    Float32Array.from(randomArray(SAMPLES * COLUMNS, 3)),
    [SAMPLES, COLUMNS],
  );
  const bias = tf.tensor1d([1, 2, 3, 4, 5]);
  const products = (large?: number) => {
    const kernel = new KernelMatrix(values, [ROWS, COLUMNS], large);
    const results = tf.tidy(() =>
      [kernel.multiply(x), kernel.multiply(x, bias), kernel.multiplyTransposed(gradient)].map((
        product,
      ) => [product.shape, product.dataSync()] as const)
    );
    kernel.dispose();
    return results;
  };
  const whole = products();
  // Parts of one row, of ten of which the last has seven, and of all but one.
  for (const large of [1, 10 * ROW_BYTES, ROWS * ROW_BYTES - 1]) {
    const before = tf.memory().numTensors;
    products(large).forEach(([shape, found], index) => {
      assert.deepEqual(shape, whole[index][0]);
      assert.ok(relativeDifference(found, whole[index][1]) < 1e-6);
    });
    assert.equal(tf.memory().numTensors, before);
  }
  tf.dispose([x, gradient, bias]);
});
