import assert from "node:assert/strict";
import { fingerprintModel } from "../../src/model/fingerprint.ts";
import { shareWeights } from "../../src/model/share_weights.ts";
import { createModelFile } from "./fixtures.ts";

Deno.test("shared weights are the same weights, and no copies in what is sent", async () => {
  const file = await createModelFile();
  const odd = {
    name: "odd/flags",
    shape: [3],
    dtype: "bool" as const,
    values: Uint8Array.of(1, 0, 1),
  };
  file.weights.set(odd.name, odd);
  const shared = shareWeights(file);
  assert.deepEqual([...shared.weights.keys()], [...file.weights.keys()]);
  for (const [name, { values, ...rest }] of file.weights) {
    const { values: view, ...others } = shared.weights.get(name)!;
    assert.deepEqual([others, view], [rest, values]);
    assert.ok(view.buffer instanceof SharedArrayBuffer);
  }
  assert.equal(await fingerprintModel(shared), await fingerprintModel(file));
  const sent = structuredClone(shared);
  shared.weights.get(odd.name)!.values[1] = 1;
  assert.equal(sent.weights.get(odd.name)!.values[1], 1);
});
