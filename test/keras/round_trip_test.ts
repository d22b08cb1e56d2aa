import type * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { openNetwork } from "../../src/graph/mod.ts";
import { startBackend } from "../../src/kernels/mod.ts";
import { readKeras, writeKeras } from "../../src/keras/mod.ts";
import { disposeModel, instantiate, type ModelFile } from "../../src/model/mod.ts";
import { buildNetworkFile, largestDifference, networkNames, randomImages } from "../networks.ts";

await startBackend();

async function outputsOf(file: ModelFile, images: tf.Tensor): Promise<tf.Tensor[]> {
  const model = await instantiate(file);
  const outputs = [model.predict(images)].flat();
  disposeModel(model);
  return outputs;
}

/** Same weights, the same outputs, and a graph that can be opened. */
async function assertSame(file: ModelFile, again: ModelFile): Promise<void> {
  assert.deepEqual(
    new Map([...again.weights].sort()),
    new Map([...file.weights].map(([name, weight]) => [name, weight] as const).sort()),
  );
  const images = randomImages(3);
  const [outputs, outputsAgain] = [await outputsOf(file, images), await outputsOf(again, images)];
  assert.equal(outputs.length, outputsAgain.length);
  outputs.forEach((output, index) => {
    assert.equal(largestDifference(output, outputsAgain[index]), 0);
  });
  disposeModel((await openNetwork(again)).model);
}

for (const name of networkNames) {
  Deno.test(`the ${name} network is written for Keras and read back the same`, async () => {
    const file = await buildNetworkFile(name);
    const bytes = await writeKeras(file);
    const again = await readKeras(bytes, `${name}.keras`);
    await assertSame(file, again);
    assert.equal(again.bytes, bytes.length);
    assert.deepEqual(await writeKeras({ ...again, path: file.path }), await writeKeras(again));
    assert.deepEqual(
      await writeKeras(await readKeras(await writeKeras(again), "b")),
      await writeKeras(again),
    );
  });
}
