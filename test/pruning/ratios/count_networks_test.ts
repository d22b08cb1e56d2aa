import assert from "node:assert/strict";
import { costModel } from "../../../src/cost/cost_model.ts";
import { networkCost } from "../../../src/cost/layer_cost.ts";
import { sumTerms } from "../../../src/cost/cost_term.ts";
import { findChannelSpaces } from "../../../src/graph/channels/channel_spaces.ts";
import { listReaders, type SharedMode } from "../../../src/graph/cuts/readers.ts";
import { type CutUnit, listCutUnits } from "../../../src/graph/cuts/cut_units.ts";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { loadKernels } from "../../../src/kernels/load.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import { prune } from "../../../src/api/prune.ts";
import { calibrate } from "../../../src/api/calibrate.ts";
import { CountNetworks } from "../../../src/pruning/ratios/count_networks.ts";
import { createRandom } from "../../../src/base/random.ts";
import { ThreadReplica } from "../../../src/session/workers/thread_replica.ts";
import type { NetworkName } from "../../support/networks.ts";
import { noisyNetwork, withNoise } from "../../support/noise.ts";

await startBackend();

const SAMPLING = { batches: 4, batchSize: 40, workers: 1 };

async function openSubject(name: NetworkName, shared: SharedMode, data: string) {
  const file = await noisyNetwork(name);
  const { statistics } = await calibrate({ ...SAMPLING, model: file, data });
  const { graph, model } = await openNetwork(file);
  disposeModel(model);
  const map = findChannelSpaces(graph);
  const units = listCutUnits(graph, map, listReaders(graph, map, shared));
  const context = { graph, map, kernels: await loadKernels(), select: "obs", ridge: 1e-4 } as const;
  const create = () =>
    new CountNetworks(context, units, {
      get: (key) => structuredClone(statistics.layers.get(key)!),
    });
  return { file, graph, map, units, create };
}

/** Residual blocks leave about every other time. */
function randomCounts(units: readonly CutUnit[], seed: number): number[] {
  const random = createRandom(seed);
  return units.map(({ channels, block }) =>
    block && random() < 0.5 ? 0 : 1 + Math.floor(random() * channels)
  );
}

const weightsOf = ({ nodes }: { nodes: readonly { weights: ReadonlyMap<string, unknown> }[] }) =>
  nodes.map(({ weights }) => [...weights]);

for (const name of ["preActivation", "postActivation", "mobile", "plain"] as NetworkName[]) {
  for (const shared of ["select", "couple"] as const) {
    Deno.test(
      `a ${name} network of any counts costs what the cost model says (${shared})`,
      withNoise(async (data) => {
        const { graph, map, units, create } = await openSubject(name, shared, data);
        const networks = create();
        const whole = networks.networkFor(units.map(({ channels }) => channels));
        assert.deepEqual(weightsOf(whole), weightsOf(graph), "whole counts change nothing");
        const { convMacs } = costModel(graph, map, units);
        for (let seed = 0; seed < 5; seed++) {
          const counts = randomCounts(units, seed);
          const found = networkCost(networks.networkFor(counts)).convMacs;
          const counted = sumTerms(convMacs, counts);
          // The selectors of a block that leaves are counted.
          if (shared === "couple" || !counts.includes(0)) assert.equal(found, counted);
          assert.ok(found <= counted);
          const fresh = create().networkFor(counts);
          assert.deepEqual(
            weightsOf(networks.networkFor(counts)),
            weightsOf(fresh),
            "a network does not depend on those before it",
          );
        }
      }),
    );
  }
}

Deno.test(
  "a convolution that alone is cut is fitted as prune() fits it",
  withNoise(async (data) => {
    const { file, graph, units, create } = await openSubject("preActivation", "select", data);
    const cut = units.findIndex(({ mode }) => mode === "private");
    const counts = units.map(({ channels }, unit) => unit === cut ? channels >> 1 : channels);
    const ratios = graph.nodes.filter(({ className }) => className === "Conv2D")
      .map(({ name }) => name === units[cut].name ? 0.5 : 1);
    const policy = { kind: "list", text: ratios.join(","), source: "list" } as const;
    const pruned = await prune({ ...SAMPLING, model: file, data, policy, ridge: 1e-4 });
    const { graph: wanted, model } = await openNetwork(pruned.file);
    disposeModel(model);
    const kernelIn = ({ nodes }: typeof graph) =>
      nodes.find(({ name }) => name === units[cut].name)!.weights.get("kernel")!;
    const [found, expected] = [kernelIn(create().networkFor(counts)), kernelIn(wanted)];
    assert.deepEqual(found.shape, expected.shape);
    found.values.forEach((value, index) =>
      assert.ok(Math.abs(value - expected.values[index]) < 1e-5 * (1 + Math.abs(value)))
    );
  }),
);

for (const name of ["postActivation", "plain"] as NetworkName[]) {
  Deno.test(
    `threads that rank channels of a ${name} network find what one finds`,
    withNoise(async (data) => {
      const { units, create } = await openSubject(name, "couple", data);
      const [alone, together] = [create(), create()];
      const asked = [0, 0];
      const threads = asked.map((_, index) => {
        const thread = new ThreadReplica(`${index + 2} of 3`);
        const ask = (request: unknown, moved?: readonly ArrayBuffer[]) => {
          asked[index]++;
          return thread.ask(request, moved);
        };
        return { thread, ask };
      });
      await together.rank(units, threads, 0);
      for (const { thread } of threads) thread.terminate();
      assert.ok(asked.every((requests) => requests > 0));
      for (const unit of units) {
        assert.deepEqual(together.errorsOf(unit), alone.errorsOf(unit));
        const half = unit.channels >> 1;
        assert.deepEqual(
          together.kept(units.indexOf(unit), half),
          alone.kept(units.indexOf(unit), half),
        );
      }
      const counts = randomCounts(units, 1);
      assert.deepEqual(
        weightsOf(together.networkFor(counts)),
        weightsOf(alone.networkFor(counts)),
      );
    }),
  );
}
