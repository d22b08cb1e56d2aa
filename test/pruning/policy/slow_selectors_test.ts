import assert from "node:assert/strict";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import { allowedCounts } from "../../../src/pruning/policy/unit_counts.ts";
import { planLayers, type PlanRules } from "../../../src/pruning/policy/plan.ts";
import { SLOW_SELECTOR } from "../../../src/pruning/policy/slow_selectors.ts";
import { buildNetwork } from "../../../src/tuning/nets/build.ts";
import { findUnits } from "../../support/units.ts";

await startBackend();

async function openResNet() {
  const file = await buildNetwork("resnet20", { inputShape: [32, 32, 3], classes: 10 }, 0);
  const { graph, model } = await openNetwork(file);
  disposeModel(model);
  return findUnits(graph, "select");
}

const RULES: PlanRules = { skip: [], channelMultiple: 1 };

Deno.test("selectors that lose time are not planned, the others and what needs none are", async () => {
  const { graph, map, places } = await openResNet();
  const planAt = (ratio: number, rules = RULES) =>
    planLayers(graph, map, places, { ratios: places.map(() => ratio) }, rules);
  const countModes = (ratio: number, rules = RULES) => {
    const plans = planAt(ratio, rules);
    return {
      select: plans.filter(({ mode }) => mode === "select").length,
      private: plans.filter(({ mode }) => mode === "private").length,
      slow: plans.filter(({ reason }) => reason === SLOW_SELECTOR).length,
    };
  };
  assert.deepEqual(countModes(0.85), { select: 0, private: 9, slow: 7 });
  assert.deepEqual(countModes(0.5), { select: 11, private: 9, slow: 0 });
  const insisting = { ...RULES, slowSelectors: true };
  assert.deepEqual(countModes(0.85, insisting), { select: 7, private: 9, slow: 0 });
});

Deno.test("readers of one BatchNormalization select together where each alone would lose time", async () => {
  const { graph, map, places } = await openResNet();
  const entrance = places.filter(({ key, mode }) =>
    mode === "select" &&
    places.some((other) =>
      other.key !== key &&
      graph.nodes.find((node) => node.key === key)!.inputs[0] ===
        graph.nodes.find((node) => node.key === other.key)!.inputs[0]
    )
  ).slice(2, 4);
  const modesAt = (skip: readonly string[]) => {
    const rules = { ...RULES, skip };
    const plans = planLayers(graph, map, places, { ratios: places.map(() => 0.5) }, rules);
    return entrance.map(({ key }) => plans.find(({ node }) => node.key === key)!.mode);
  };
  assert.deepEqual(modesAt([]), ["select", "select"]);
  for (const { key } of entrance) assert.deepEqual(modesAt([key]), ["whole", "whole"]);
});

Deno.test("what pays at a count pays below it, but for the steps in which outputs are computed", async () => {
  const { graph, map, places, units } = await openResNet();
  for (const unit of units) {
    const counts = allowedCounts(graph, map, places, unit, RULES);
    const all = allowedCounts(graph, map, places, unit, { ...RULES, slowSelectors: true });
    assert.ok(counts.every((count) => all.includes(count)));
    const most = counts.at(-2) ?? 0;
    const tiled = all.filter((count) => count <= most && count % 8 === 0);
    assert.ok(tiled.every((count) => counts.includes(count)), unit.name);
  }
});
