import assert from "node:assert/strict";
import { costModel } from "../../../src/cost/cost_model.ts";
import { networkCost } from "../../../src/cost/layer_cost.ts";
import { listCutUnits } from "../../../src/graph/cuts/cut_units.ts";
import type { SharedMode } from "../../../src/graph/cuts/readers.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { allowedCounts, ratiosOfCounts } from "../../../src/pruning/policy/unit_counts.ts";
import { chooseCounts } from "../../../src/pruning/policy/budget/budget.ts";
import { planLayers, type PlanRules } from "../../../src/pruning/policy/plan.ts";
import { createRandom } from "../../../src/base/random.ts";
import { evenNetworkNames, type NetworkName, networkNames } from "../../support/networks.ts";
import { openUnits, plannedCounts, shrinkUnits } from "../../support/units.ts";

await startBackend();

const SHARED_MODES: readonly SharedMode[] = ["select", "couple"];

async function openRules(name: NetworkName, shared: SharedMode, rules: PlanRules) {
  const opened = await openUnits(name, shared);
  const { graph, map, places, units } = opened;
  const counts = units.map((unit) => allowedCounts(graph, map, places, unit, rules));
  const planCounts = (chosen: readonly number[]) =>
    planLayers(graph, map, places, ratiosOfCounts(places, units, chosen), rules);
  return { ...opened, counts, planCounts };
}

for (const shared of SHARED_MODES) {
  Deno.test(`a count is allowed when planLayers() carries it out, ${shared}`, async () => {
    for (const name of networkNames) {
      for (const channelMultiple of [1, 2, 4]) {
        const { places } = await openUnits(name, shared);
        for (const skip of [[], [places[2].key]]) {
          const rules = { skip, channelMultiple };
          const { units, counts, planCounts } = await openRules(name, shared, rules);
          const whole = units.map(({ channels }) => channels);
          for (const [index, { channels, block }] of units.entries()) {
            for (let count = block ? 0 : 1; count <= channels; count++) {
              const wanted = whole.with(index, count);
              const planned = plannedCounts(units, planCounts(wanted));
              const isPlanned = planned.join() === wanted.join();
              assert.equal(counts[index].includes(count), isPlanned, `${name} ${count}`);
            }
          }
        }
      }
    }
  });

  Deno.test(`the counts chosen meet the budget after surgery, ${shared}`, async () => {
    for (const name of networkNames) {
      const rules = { skip: [], channelMultiple: 1 };
      const { graph, map, units, counts, planCounts } = await openRules(name, shared, rules);
      const random = createRandom(3);
      const problem = {
        units: units.map((unit, index) => ({
          name: unit.name,
          counts: counts[index],
          errors: counts[index].map((count) => (1 - count / unit.channels) * (1 + random())),
        })),
        terms: costModel(graph, map, units).macs,
      };
      const { macs } = networkCost(graph);
      for (const share of [0.9, 0.97]) {
        const { counts: chosen, cost, budget } = chooseCounts(problem, share);
        assert.ok(Math.abs(budget - share * macs) < 1e-6);
        assert.deepEqual(plannedCounts(units, planCounts(chosen)), chosen);
        const kept = chosen.map((count) => Int32Array.from({ length: count }, (_, own) => own));
        const { macs: left } = networkCost(shrinkUnits(graph, map, units, kept));
        if (evenNetworkNames.includes(name)) assert.equal(left, cost, name);
        assert.ok(left <= cost, name);
        assert.ok(left <= share * macs);
      }
    }
  });
}

Deno.test("a shared space that a layer reads which stays whole is no unit", async () => {
  const { graph, map, places } = await openUnits("preActivation", "couple");
  const reader = places.find(({ mode }) => mode === "couple")!;
  const changed = places.map((place) =>
    place === reader ? { ...place, mode: "whole" as const, reason: "a test" } : place
  );
  const spaces = listCutUnits(graph, map, changed).map(({ space }) => space);
  assert.ok(!spaces.includes(reader.spaces![0]));
});
