import assert from "node:assert/strict";
import { prune, type PruneOptions } from "../../src/api/prune.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { settleEffort } from "../../src/pruning/effort.ts";
import type { Effort, Forecast } from "../../src/pruning/prune_options.ts";
import { noisyNetwork, withNoise, withUnlabeledNoise } from "../support/noise.ts";

await startBackend();

const SMALL = { batches: 4, batchSize: 20, seed: 2, workers: 1 } as const;
const HALF = { kind: "budget", share: 0.5 } as const;

Deno.test("without a word a run is standard: half of the MACs, and the whole network is repaired", () => {
  const standard = { effort: "standard", policy: HALF, repair: "network" };
  assert.deepEqual(settleEffort({}), standard);
  assert.deepEqual(settleEffort({ policy: HALF }), standard);
  assert.deepEqual(settleEffort({ effort: "quick" }), {
    effort: "quick",
    policy: HALF,
    repair: "layers",
  });
  assert.equal(settleEffort({ effort: "thorough" }).policy.kind, "auto");
});

Deno.test("PocketFlow's policies are its method alone, unless an effort is given", () => {
  for (
    const policy of [
      { kind: "uniform", ratio: 0.5 },
      { kind: "list", text: "1", source: "a list" },
      { kind: "auto", share: 0.5 },
    ] as const
  ) {
    const { effort, repair } = settleEffort({ policy });
    assert.deepEqual([effort, repair], [undefined, "layers"]);
    const given = settleEffort({ policy, effort: "standard" });
    assert.deepEqual([given.policy, given.repair], [policy, "network"]);
  }
});

Deno.test("what the options say wins over the effort", () => {
  const options = { effort: "thorough", policy: HALF, repair: "layers" } as const;
  assert.deepEqual(settleEffort(options), options);
});

/** A run that says what it is going to do. */
async function runWith(more: Partial<PruneOptions>, model: PruneOptions["model"], data: string) {
  const forecasts: Forecast[] = [];
  const onForecast = (forecast: Forecast) => void forecasts.push(forecast);
  const { report } = await prune({ ...SMALL, ...more, model, data, onForecast });
  assert.equal(forecasts.length, 1);
  return { report, forecast: forecasts[0] };
}

Deno.test(
  "a run says beforehand what it then does",
  withNoise(async (data) => {
    const model = await noisyNetwork("plain");
    for (const effort of ["quick", "standard"] as Effort[]) {
      const { report, forecast } = await runWith({ effort }, model, data);
      assert.equal(forecast.effort, effort);
      assert.equal(forecast.repairSteps, report.networkRepair?.steps ?? 0);
      assert.equal(forecast.repairSteps > 0, effort === "standard");
      assert.ok(forecast.seconds > 0 && Number.isFinite(forecast.seconds));
      assert.ok(report.macs.after <= 0.5 * report.macs.before);
      assert.deepEqual([forecast.epochs, report.tuning], [0, undefined]);
    }
  }),
);

const THOROUGH = {
  effort: "thorough",
  policy: {
    kind: "auto",
    share: 0.6,
    search: { rollouts: 4, rolloutsMin: 2 },
    images: 20,
    finalists: 1,
  },
} as const;

Deno.test(
  "thorough tunes where images have labels",
  withNoise(async (data) => {
    const { report, forecast } = await runWith(THOROUGH, await noisyNetwork("plain"), data);
    assert.ok(forecast.epochs > 0);
    assert.equal(report.tuning!.epochs.length, forecast.epochs);
  }),
);

Deno.test(
  "thorough does not tune where they have none",
  withUnlabeledNoise(async (data) => {
    const { report, forecast } = await runWith(THOROUGH, await noisyNetwork("plain"), data);
    assert.deepEqual([forecast.epochs, report.tuning], [0, undefined]);
    assert.ok(report.networkRepair!.steps > 0);
  }),
);

Deno.test(
  "a network that cannot be trained is kept as its layers were repaired, and the report says why",
  withNoise(async (data) => {
    const model = await noisyNetwork("inception");
    const settings = { ...SMALL, model, data, policy: HALF, shared: "select" } as const;
    const layers = await prune({ ...settings, repair: "layers" });
    const network = await prune(settings);
    const { steps, reason } = network.report.networkRepair!;
    assert.equal(steps, 0);
    assert.match(String(reason), /^training inception: found .*dilation.*, wanted gradients for/);
    assert.deepEqual(network.report.accuracy, layers.report.accuracy);
  }),
);
