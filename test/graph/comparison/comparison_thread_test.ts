import assert from "node:assert/strict";
import { compareNetworks } from "../../../src/graph/comparison/compare_networks.ts";
import { compareOnThread } from "../../../src/graph/comparison/comparison_thread.ts";
import { drawRows } from "../../../src/graph/comparison/input_rows.ts";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import { noisyNetwork } from "../../support/noise.ts";

await startBackend();

/** The network with one weight changed by a factor. */
function withOneChanged(file: ModelFile, factor: number): ModelFile {
  const [name, weight] = [...file.weights].find(([each]) => each.endsWith("kernel"))!;
  const values = (weight.values as Float32Array).map((value, at) =>
    at === 4 ? factor * value : value
  );
  return { ...file, weights: new Map([...file.weights, [name, { ...weight, values }]]) };
}

Deno.test("a thread that compares networks finds what this one finds", async () => {
  const file = await noisyNetwork("plain");
  const { graph, model } = await openNetwork(file);
  disposeModel(model);
  const rows = drawRows(graph, file);
  const nearly = withOneChanged(file, 1 + 1e-6);
  const here = await compareNetworks(file, nearly, rows, "trying it");
  assert.deepEqual(await compareOnThread(file, nearly, rows, "trying it"), here);
  assert.ok(here.difference > 0);
  await assert.rejects(
    compareOnThread(file, withOneChanged(file, 3), rows, "trying it"),
    /trying it: the outputs .* differ by/,
  );
});
