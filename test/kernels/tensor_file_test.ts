import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { ScratchFile } from "../../src/base/scratch_file.ts";
import { backendMemory } from "../../src/kernels/memory.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { TensorFile } from "../../src/kernels/tensor_file.ts";

await startBackend();

Deno.test("tensors come back from a file as they were, and none is left behind", () => {
  const before = tf.memory().numTensors;
  const file = new TensorFile(backendMemory());
  const tensors = [[2, 3, 4, 5], [7], [1, 9], []].map((shape) => tf.randomNormal(shape));
  const places = tensors.map((tensor) => file.write(tensor)!);
  places.forEach((place, index) => {
    const read = file.read(place);
    assert.deepEqual(read.shape, tensors[index].shape);
    assert.deepEqual(read.dataSync(), tensors[index].dataSync());
    read.dispose();
  });
  file.free(places[0]);
  const again = file.write(tensors[0])!;
  assert.equal(again.start, places[0].start);
  tf.dispose(tensors);
  file.close();
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("what cannot wait in a file says so: other types, a full disk, no file at all", () => {
  const [floats, integers] = [tf.ones([3]), tf.ones([3], "int32")];
  const file = new TensorFile(backendMemory());
  assert.equal(file.write(integers), undefined);
  const { write, open } = {
    write: ScratchFile.prototype.write,
    open: ScratchFile.open,
  };
  ScratchFile.prototype.write = () => {
    throw new Error("ENOSPC");
  };
  try {
    assert.equal(file.write(floats), undefined);
    ScratchFile.open = () => undefined;
    const none = new TensorFile(backendMemory());
    assert.equal(none.isThere, false);
    assert.equal(none.write(floats), undefined);
  } finally {
    ScratchFile.prototype.write = write;
    ScratchFile.open = open;
  }
  file.close();
  tf.dispose([floats, integers]);
});
