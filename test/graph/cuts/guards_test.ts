import assert from "node:assert/strict";
import { findGuards, leastKept } from "../../../src/graph/cuts/guards.ts";
import { inlineModels } from "../../../src/graph/opening/inline_models.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import { openSplit } from "../masked.ts";
import { architectureNames, buildArchitecture } from "../../zoo/zoo.ts";

await startBackend();

Deno.test("a layer that reads half of a space guards what it reads, one that reads all guards nothing", async () => {
  const { graph, map, model } = await openSplit(await buildArchitecture("selected"));
  disposeModel(model);
  const guarded = map.spaces.filter(({ id }) => findGuards(graph, map, id).length > 0);
  assert.ok(guarded.length > 0);
  for (const { id, channels } of guarded) {
    const guards = findGuards(graph, map, id);
    assert.equal(leastKept(guards), guards.length);
    for (const guard of guards) assert.ok(guard.length > 0 && guard.length < channels);
  }
});

Deno.test("a layer keeps a channel when every guard keeps one", async () => {
  for (const name of architectureNames) {
    const { graph, map, model } = await openSplit(inlineModels(await buildArchitecture(name)));
    disposeModel(model);
    const left = new Set<number>();
    map.channels.forEach(({ space, channel }, global) => {
      const guards = findGuards(graph, map, space);
      const isKept = map.spaces[space].frozen !== undefined ||
        guards.length === 0 && channel === 0 ||
        guards.some((guard) => guard[0] === channel);
      if (isKept) left.add(global);
    });
    for (const { key, inputs } of graph.nodes) {
      if (!["convolution", "dense"].includes(map.rules.get(key)!.kind)) continue;
      const layout = map.layouts.get(inputs[0])!;
      assert.ok(layout.some((channel) => left.has(channel)), `${name} ${key}`);
    }
  }
});
