import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { BackendMemory, backendMemory } from "../../src/kernels/memory.ts";
import { loadKernels } from "../../src/kernels/load.ts";
import { InputError } from "../../src/base/errors.ts";
import { startBackend } from "../../src/kernels/backend.ts";

Deno.test("the backend is WASM and starting it again changes nothing", async () => {
  await startBackend();
  const backend = tf.backend();
  await startBackend();
  assert.equal(tf.getBackend(), "wasm");
  assert.equal(tf.backend(), backend);
});

Deno.test("kernels are instantiated once per build", async () => {
  await startBackend();
  const relaxed = await loadKernels({ build: "relaxed" });
  assert.equal(await loadKernels(), relaxed);
  assert.equal((await loadKernels({ build: "plain" })).build, "plain");
});

Deno.test("views see tensors in place, before and after the memory has grown", async () => {
  await startBackend();
  const memory = backendMemory();
  const tensor = tf.tensor1d([1, 2, 3]);
  const pointer = memory.tensorPointer(tensor);
  const before = memory.memory.buffer.byteLength;
  memory.free(memory.malloc(before));
  assert.ok(memory.memory.buffer.byteLength > before);
  assert.deepEqual([...memory.f32(pointer, 3)], [1, 2, 3]);
  memory.f32(pointer, 3)[1] = 5;
  assert.deepEqual([...tensor.dataSync()], [1, 5, 3]);
  tensor.dispose();
});

Deno.test("exhausted memory is an error that says what to do, not address 0", async () => {
  await startBackend();
  const memory = backendMemory();
  for (const bytes of [2 ** 32 - 2 ** 24, 2 ** 32 - 2 ** 16, 2 ** 40]) {
    assert.throws(() => memory.malloc(bytes), /use smaller batches/);
  }
});

Deno.test("scratch is freed when its user throws, and when its second piece cannot be had", async () => {
  await startBackend();
  const memory = backendMemory();
  const lent: number[] = [];
  const freed: number[] = [];
  const backend = tf.backend() as object as { wasm: { _free: (pointer: number) => void } };
  const free = backend.wasm._free;
  backend.wasm._free = (pointer) => {
    freed.push(pointer);
    free(pointer);
  };
  try {
    const fail = ({ a, b }: { a: number; b: number }) => {
      lent.push(a, b);
      throw new Error("defect");
    };
    assert.throws(() => memory.withScratch({ a: 16, b: 32 }, fail), /defect/);
    assert.deepEqual(freed, lent);
    assert.throws(() => memory.withScratch({ a: 16, b: 2 ** 40 }, () => {}), InputError);
    assert.equal(freed.length, 3);
  } finally {
    backend.wasm._free = free;
  }
});

Deno.test("where the heap is full, stock kernels throw and what is there stays", async () => {
  await startBackend();
  const memory = backendMemory();
  const kept = tf.tensor1d([1, 2, 3]), large = tf.zeros([2 ** 22]);
  const pieces: number[] = [];
  const fill = (bytes: number) => {
    for (;;) pieces.push(memory.malloc(bytes));
  };
  const full = { name: "InputError", message: /use smaller batches/ };
  for (const bytes of [2 ** 28, 2 ** 24, 2 ** 20]) assert.throws(() => fill(bytes), full);
  assert.throws(() => large.add(1), full);
  assert.throws(() => tf.tensor1d(new Float32Array(2 ** 22)).square(), full);
  for (const piece of pieces) memory.free(piece);
  assert.deepEqual([...tf.add(1, 1).dataSync()], [2]);
  assert.deepEqual([...kept.square().dataSync()], [1, 4, 9]);
  tf.dispose([kept, large]);
});

Deno.test("another backend is refused", () => {
  assert.throws(() => new BackendMemory({}), /call startBackend\(\) first/);
});
