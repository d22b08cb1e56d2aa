import assert from "node:assert/strict";
import { InputError } from "../../../src/base/errors.ts";
import { networkCost } from "../../../src/cost/layer_cost.ts";
import { findChannelSpaces } from "../../../src/graph/channels/channel_spaces.ts";
import {
  inputChannels,
  listReaders,
  selectionSaving,
  type SharedMode,
} from "../../../src/graph/cuts/readers.ts";
import { noCuts, shrinkGraph } from "../../../src/graph/cuts/surgery.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { checkSkipped, planLayers } from "../../../src/pruning/policy/plan.ts";
import { parseRatioList, uniformRatios } from "../../../src/pruning/policy/ratios.ts";
import { buildNetwork, type NetworkName, networkNames } from "../../support/networks.ts";

await startBackend();

const NO_RULES = { skip: [], channelMultiple: 1 };

async function openPlaces(name: NetworkName, shared: SharedMode) {
  const { model, graph } = await buildNetwork(name);
  model.dispose();
  const map = findChannelSpaces(graph);
  return { graph, map, places: listReaders(graph, map, shared) };
}

Deno.test("convolutions inside a branch are private, those that read a stream select or couple", async () => {
  for (const shared of ["select", "couple"] as const) {
    const { places } = await openPlaces("preActivation", shared);
    assert.deepEqual(
      places.map(({ key, mode }) => [key, mode]),
      [
        ["conv1", "whole"],
        ["block1_conv1", shared],
        ["block1_conv2", "private"],
        ["block2_projection", shared],
        ["block2_conv1", shared],
        ["block2_conv2", "private"],
        ["block3_conv1", shared],
        ["block3_conv2", "private"],
        ["dense", shared === "couple" ? "couple" : "whole"],
      ],
    );
  }
});

Deno.test("every layer that stays whole says why", async () => {
  for (const name of networkNames) {
    const { places } = await openPlaces(name, "couple");
    for (const { key, mode, reason } of places) {
      assert.equal(mode === "whole", reason !== undefined, key);
    }
  }
});

Deno.test("a coupled space keeps the largest share that one of its convolutions asks for", async () => {
  const { graph, map, places } = await openPlaces("preActivation", "couple");
  const ratios = places.map(({ key }) =>
    key === "block2_projection" ? 0.5 : key === "block2_conv1" ? 0.75 : 0.25
  );
  const plans = planLayers(graph, map, places, { ratios }, NO_RULES);
  const keepOf = (key: string) => plans.find(({ node }) => node.key === key)!.keep;
  assert.equal(keepOf("block2_projection"), Math.round(6 * 0.75));
  assert.equal(keepOf("block2_conv1"), Math.round(6 * 0.75));
  assert.equal(keepOf("block2_conv2"), 2);
});

Deno.test("a coupled space stays whole when a skipped convolution reads it", async () => {
  const { graph, map, places } = await openPlaces("preActivation", "couple");
  const ratios = places.map(() => 0.5);
  const rules = { ...NO_RULES, skip: ["block2_projection"] };
  const plans = planLayers(graph, map, places, { ratios }, rules);
  const modeOf = (key: string) => plans.find(({ node }) => node.key === key)!.mode;
  assert.equal(modeOf("block2_conv1"), "whole");
  assert.equal(modeOf("block1_conv1"), "whole");
  assert.equal(modeOf("block3_conv1"), "couple");
});

Deno.test("given ratios leave the last convolution whole, and Dense layers unless others lose their channels", async () => {
  const { graph, map, places } = await openPlaces("plain", "select");
  const plans = planLayers(graph, map, places, uniformRatios(0.5, places), NO_RULES);
  const last = plans.find(({ node }) => node.key === "conv3")!;
  assert.deepEqual([last.mode, last.reason], ["whole", "it is the last convolution"]);
  const denseLayers = plans.filter(({ node }) => node.className === "Dense");
  assert.deepEqual(denseLayers.map(({ mode }) => mode), ["whole", "whole"]);
  const chosen = parseRatioList("1,1,1,conv3=0.5,hidden=0.4,dense=0.3", "a test", places);
  const cut = planLayers(graph, map, places, chosen, NO_RULES)
    .filter(({ mode }) => mode !== "whole").map(({ node, keep }) => [node.key, keep]);
  assert.deepEqual(cut, [["conv3", 4], ["hidden", 2], ["dense", 2]]);
});

Deno.test("an unknown name on the skip list is an error that lists the layers", async () => {
  const { places } = await openPlaces("mobile", "select");
  checkSkipped([places[0].key], places);
  assert.throws(
    () => checkSkipped(["conv9"], places),
    (error: Error) => error instanceof InputError && /"conv9".*pointwise/.test(error.message),
  );
});

Deno.test("selectionSaving() is the difference that surgery makes to the network's cost", async () => {
  for (const name of networkNames) {
    const { graph, map, places } = await openPlaces(name, "select");
    const before = networkCost(graph).macs;
    for (const { key, mode } of places) {
      if (mode !== "select") continue;
      const node = graph.nodes.find((each) => each.key === key)!;
      const positions = inputChannels(map, node).channelOf.length;
      for (const kept of [1, positions - 1]) {
        const selections = new Map([[key, Int32Array.from({ length: kept }, (_, i) => i)]]);
        const shrunk = shrinkGraph(graph, map, { ...noCuts(map), selections });
        const saved = before - networkCost(shrunk).macs;
        assert.equal(selectionSaving(graph, map, key, kept), saved, `${name} ${key}`);
      }
    }
  }
});

Deno.test("a selection that would not save anything is not planned", async () => {
  const { graph, map, places } = await openPlaces("inception", "select");
  const plans = planLayers(graph, map, places, { ratios: places.map(() => 0.9) }, NO_RULES);
  const narrow = plans.find(({ node }) => node.key === "narrow")!;
  assert.equal(narrow.mode, "whole");
  assert.match(narrow.reason!, /selector/);
});
