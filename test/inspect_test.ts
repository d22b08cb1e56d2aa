import assert from "node:assert/strict";
import { inspect } from "../src/inspect.ts";
import { startBackend } from "../src/kernels/mod.ts";
import { buildNetworkFile } from "./networks.ts";
import { buildArchitecture } from "./zoo/zoo.ts";

await startBackend();

Deno.test("inspect() numbers the convolutions in the order of a ratio list", async () => {
  const report = await inspect({ model: await buildNetworkFile("preActivation") });
  const listed = report.layers.filter(({ place }) => place !== undefined);
  assert.deepEqual(listed.map(({ place }) => place), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.equal(listed[3].name, "block2_projection");
  assert.equal(listed[3].mode, "select");
  assert.equal(listed[0].reason, "it is the first convolution");
});

Deno.test("inspect() says for every space who makes, carries and reads it, and why it is kept", async () => {
  const report = await inspect({ model: await buildNetworkFile("opaque") });
  const frozen = report.spaces.filter((space) => space.frozen !== undefined);
  assert.ok(frozen.some(({ producers }) => producers.includes("transposed")));
  for (const { spaces } of report.layers) {
    for (const id of spaces) assert.equal(report.spaces[id].id, id);
  }
});

Deno.test("inspect() takes the size of a model that leaves it open", async () => {
  const file = await buildNetworkFile("mobile");
  for (const layer of file.topology.config.layers!) {
    if (layer.config.batch_input_shape) layer.config.batch_input_shape = [null, null, null, 3];
  }
  const report = await inspect({ model: file, inputSize: [16, 16] });
  assert.deepEqual(report.inputShape, [16, 16, 3]);
  assert.equal(report.layers.find(({ name }) => name === "conv1")!.macs, 8 * 8 * 27 * 5);
});

Deno.test("inspect() does not offer a coupled space that the last convolution reads, and says so", async () => {
  const report = await inspect({ model: await buildArchitecture("mobileV2"), shared: "couple" });
  const listed = report.layers.filter(({ place }) => place !== undefined);
  assert.deepEqual(listed.map(({ mode }) => mode), [
    ...["whole", "couple", "private", "couple", "private", "whole", "private", "whole"],
  ]);
  assert.equal(
    listed[5].reason,
    "convolution conv8 reads the same channels, and it is the last convolution",
  );
});
