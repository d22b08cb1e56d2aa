import assert from "node:assert/strict";
import { InputError } from "../../src/base/errors.ts";
import { findImageSize } from "../../src/data/image_size.ts";
import { exampleData } from "../cli/run_cli.ts";

/** A data set of arrays: `x` of this shape, without labels. */
const arraysOf = (x: { shape: number[]; type: "|u1" | "<f4" }) => {
  const count = x.shape.reduce((product, extent) => product * extent, 1);
  const values = x.type === "|u1" ? new Uint8Array(count) : new Float32Array(count);
  return { path: "made.npz", arrays: new Map([["x", { ...x, values }]]) };
};

Deno.test("the size of images is found in files, and in arrays of bytes and of floats", async () => {
  assert.deepEqual(await findImageSize(exampleData), [28, 28]);
  assert.deepEqual(await findImageSize(arraysOf({ shape: [3, 20, 12, 3], type: "|u1" })), [20, 12]);
  assert.deepEqual(await findImageSize(arraysOf({ shape: [3, 20, 12], type: "<f4" })), [20, 12]);
});

Deno.test("a place without data is named", async () => {
  await assert.rejects(findImageSize("no-such-data"), (error: Error) => {
    assert.ok(error instanceof InputError);
    assert.match(error.message, /^opening no-such-data: found nothing there/);
    return true;
  });
});
