import assert from "node:assert/strict";
import { join } from "node:path";
import { zipSync } from "fflate";
import { openSession } from "../../src/session/mod.ts";
import { toTensors } from "../../src/session/workers/to_tensors.ts";
import { readBatch } from "../../src/data/batches.ts";
import { ImageFaults } from "../../src/data/image_faults.ts";
import { isJsonObject } from "../../src/model/mod.ts";
import { encodeNpy, inTempFolder } from "../data/fixtures.ts";
import { exampleModel } from "../cli/run_cli.ts";

const COUNT = 20;
const SIZE = 28 * 28;

/** Opens images of one value, stored as floats or bytes, with or without a flag; gives what the network reads of them. */
async function readOne(type: "<f4" | "|u1", preset?: string) {
  const values = type === "<f4" ? new Float32Array(COUNT * SIZE) : new Uint8Array(COUNT * SIZE);
  const x = encodeNpy(type, `(${COUNT}, 28, 28, 1)`, values.fill(51));
  const y = encodeNpy("|u1", `(${COUNT},)`, Uint8Array.from({ length: COUNT }, (_, i) => i % 10));
  let found: { value: number; floats: unknown } | undefined;
  await inTempFolder(async (folder) => {
    const data = join(folder, "set.npz");
    await Deno.writeFile(data, zipSync({ "x.npy": x, "y.npy": y }));
    const preprocessing = preset === undefined ? {} : { preset };
    const session = await openSession(
      { model: exampleModel, data, preprocessing, workers: 1 },
      () => undefined,
    );
    const { train } = session.pool.local.dataset;
    const batch = await readBatch(train, Int32Array.of(0), session.inputs, new ImageFaults());
    const [tensor] = toTensors(batch, session.inputs);
    const { preprocess } = session.file.metadata!;
    assert.ok(isJsonObject(preprocess));
    found = { value: tensor.dataSync()[0], floats: preprocess.floats };
    tensor.dispose();
    await session.close();
  });
  return found!;
}

Deno.test("floats are taken as they are, and prepared where a flag says how", async () => {
  assert.deepEqual(await readOne("<f4"), { value: 51, floats: undefined });
  const asked = await readOne("<f4", "unit");
  assert.ok(Math.abs(asked.value - 0.2) < 1e-6);
  assert.equal(asked.floats, true);
});

Deno.test("a flag for bytes says nothing about floats that come later", async () => {
  const asked = await readOne("|u1", "unit");
  assert.ok(Math.abs(asked.value - 0.2) < 1e-6);
  assert.equal(asked.floats, undefined);
});
