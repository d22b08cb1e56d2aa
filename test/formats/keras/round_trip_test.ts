import assert from "node:assert/strict";
import { startBackend } from "../../../src/kernels/backend.ts";
import { readKeras, writeKeras } from "../../../src/formats/keras/mod.ts";
import { buildNetworkFile, networkNames } from "../../support/networks.ts";
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
