import assert from "node:assert/strict";
import { startBackend } from "../../../src/kernels/backend.ts";
import { readKeras, writeKeras } from "../../../src/formats/keras/mod.ts";
import { buildNetworkFile, networkNames } from "../../support/networks.ts";
import { storageOf } from "../../../src/formats/keras/weighted_layers.ts";
import { assertSame } from "./same_model.ts";

await startBackend();

/** The gates have a hard sigmoid, which Keras 3 computes otherwise. */
const WRITABLE = networkNames.filter((name) => name !== "gates");

for (const name of WRITABLE) {
  Deno.test(`the ${name} network is written for Keras and read back the same`, async () => {
    const file = await buildNetworkFile(name);
    const bytes = await writeKeras(file);
    const again = await readKeras(bytes, `${name}.keras`);
    await assertSame(file, again);
    assert.equal(again.bytes, bytes.length);
  });
}

Deno.test("writing what was read gives the same bytes", async () => {
  const bytes = await writeKeras(await buildNetworkFile("inception"));
  const again = await readKeras(bytes, "inception.keras");
  assert.deepEqual(await writeKeras(again), bytes);
});

Deno.test("float16 kernels are read, and written back so; everything else is float32", async () => {
  const file = await buildNetworkFile("postActivation");
  const half = await writeKeras(file, "float16");
  const whole = await writeKeras(file);
  const kernels = [...file.weights.values()].filter(({ shape }) => shape.length > 1);
  const saved = kernels.reduce((bytes, { values }) => bytes + 2 * values.length, 0);
  assert.ok(Math.abs(whole.length - half.length - saved) < 8 * kernels.length);
  const read = await readKeras(half, "half.keras");
  assert.equal(read.quantized, "float16");
  assert.equal((await readKeras(whole, "whole.keras")).quantized, undefined);
  for (const [name, { shape, values }] of file.weights) {
    const wanted = shape.length > 1 ? Float32Array.from(Float16Array.from(values)) : values;
    assert.deepEqual(read.weights.get(name)!.values, wanted, name);
  }
  assert.deepEqual(await writeKeras(read, "float16"), half);
});

Deno.test("a kernel beyond float16 stays float32, and the file is float16 all the same", async () => {
  const file = await buildNetworkFile("postActivation");
  const [name, kernel] = [...file.weights].find(([, { shape }]) => shape.length === 4)!;
  const values = Float32Array.from(kernel.values);
  values[0] = 70000;
  const weights = new Map(file.weights).set(name, { ...kernel, values });
  const read = await readKeras(await writeKeras({ ...file, weights }, "float16"), "far.keras");
  assert.equal(read.quantized, "float16");
  assert.deepEqual(read.weights.get(name)!.values, values);
});

Deno.test("a file with one float16 kernel among others is a float32 one", () => {
  const weight = (name: string, isHalf: boolean, shape = [2, 2]) => ({
    weight: { name, shape, dtype: "float32" as const, values: new Float32Array(4) },
    isHalf,
  });
  assert.equal(storageOf([weight("a", true), weight("b", false)]), undefined);
  assert.equal(storageOf([weight("a", true), weight("b", false, [4])]), "float16");
  assert.equal(storageOf([weight("a", false), weight("b", true, [4])]), undefined);
});
