import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { startBackend } from "../../src/kernels/backend.ts";
import { lendTensor, lendZeros } from "../../src/kernels/lent_tensors.ts";
import { backendMemory } from "../../src/kernels/memory.ts";

await startBackend();

Deno.test("a lent tensor takes no memory of the backend before it is computed with", () => {
  const { memory } = backendMemory();
  const before = { bytes: memory.buffer.byteLength, ...tf.memory() };
  const length = 2 ** 26;
  const zeros = lendZeros([length], "float32");
  const ones = lendTensor(new Float32Array(length).fill(1), [2, length / 2], "float32");
  assert.equal(memory.buffer.byteLength, before.bytes);
  assert.equal(tf.memory().numBytes, before.numBytes + 8 * length);
  tf.dispose([zeros, ones]);
  assert.deepEqual({ bytes: memory.buffer.byteLength, ...tf.memory() }, before);
});

Deno.test("lent values are computed with and read like others", async () => {
  const values = Float32Array.of(1, 2, 3, 4);
  const before = tf.memory();
  const lent = lendTensor(values, [2, 2], "float32");
  assert.deepEqual(await lent.data(), values);
  const flags = lendTensor(Uint8Array.of(1, 0), [2], "bool");
  const whole = lendZeros([3], "int32");
  assert.deepEqual([...tf.tidy(() => lent.matMul(lent as tf.Tensor2D).dataSync())], [
    7,
    10,
    15,
    22,
  ]);
  assert.deepEqual([...tf.tidy(() => flags.logicalNot().dataSync())], [0, 1]);
  assert.deepEqual(whole.dataSync(), new Int32Array(3));
  assert.deepEqual([...tf.tidy(() => whole.add(1).dataSync())], [1, 1, 1]);
  assert.deepEqual(lent.dataSync(), values);
  tf.dispose([lent, flags, whole]);
  assert.deepEqual(tf.memory(), before);
});

Deno.test("tensors and variables have lent values in common until the last of them goes", () => {
  const before = tf.memory();
  const lent = lendTensor(Float32Array.of(5, 6), [2], "float32");
  const first = lendZeros([2], "float32");
  const variable = tf.variable(first);
  const copy = lent.reshape([1, 2]);
  variable.assign(lent);
  tf.dispose([lent, first]);
  assert.deepEqual([...variable.dataSync()], [5, 6]);
  variable.dispose();
  assert.deepEqual([...tf.tidy(() => copy.mul(2).dataSync())], [10, 12]);
  copy.dispose();
  assert.deepEqual(tf.memory(), before);
});

Deno.test("values that do not fit a shape are refused", () => {
  assert.throws(() => lendTensor(new Float32Array(3), [2, 2], "float32"), /shape/);
});
