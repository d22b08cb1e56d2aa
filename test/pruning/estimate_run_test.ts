import assert from "node:assert/strict";
import { findChannelSpaces } from "../../src/graph/channels/channel_spaces.ts";
import { openNetwork } from "../../src/graph/opening/network.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { disposeModel } from "../../src/model/instantiate.ts";
import { estimateRun, solvingSeconds } from "../../src/pruning/estimate_run.ts";
import { buildNetworkFile, type NetworkName } from "../support/networks.ts";

await startBackend();

async function openSized(name: NetworkName) {
  const { graph, model } = await openNetwork(await buildNetworkFile(name));
  disposeModel(model);
  return { graph, map: findChannelSpaces(graph) };
}

Deno.test("an estimate follows images and threads as docs/size.md says", async () => {
  const network = await openSized("preActivation");
  const solvingBy = (images: number, threads: number) =>
    solvingSeconds(network, { images, threads });
  const solving = solvingBy(1000, 1);
  const [one, two, more] = [[1000, 1], [1000, 2], [3000, 1]].map(([images, threads]) =>
    estimateRun(network, { images, threads })
  );
  const start = 4, passing = one.seconds - start - solving;
  assert.ok(passing > 0 && solving > 0);
  assert.ok(Math.abs(two.seconds - start - solvingBy(1000, 2) - passing / 2) < 1e-9);
  assert.ok(Math.abs(more.seconds - start - solvingBy(3000, 1) - 3 * passing) < 1e-9);
  assert.ok(solvingBy(1000, 2) > solving / 2 && solvingBy(1000, 2) < solving);
  assert.ok(two.bytes > one.bytes && more.bytes === one.bytes);
});

Deno.test("a layer of more inputs takes its cube of time and its square of memory", async () => {
  const network = await openSized("preActivation");
  const convolutions = network.graph.nodes.filter(({ weights }) => weights.has("kernel"));
  const cubes = convolutions.reduce((sum, { weights }) => {
    const { shape } = weights.get("kernel")!;
    return sum + shape.slice(0, -1).reduce((product, extent) => product * extent, 1) ** 3;
  }, 0);
  const solving = solvingSeconds(network, { images: 1000, threads: 1 });
  assert.ok(Math.abs(solving / (6.1e-10 * cubes) - 1) < 1e-9);
});
