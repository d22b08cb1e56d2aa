import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { calibrate } from "../../src/api/calibrate.ts";
import { prune } from "../../src/api/prune.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { noisyNetwork, withNoise } from "../support/noise.ts";

await startBackend();

/** More bytes than there can be: the guard of the heap refuses them as it does where there is no room. */
const TOO_MANY = 2 ** 32 - 1;

/** Has an allocation in the WASM heap fail; counts them all. */
async function withFault(at: number, run: () => Promise<unknown>): Promise<number> {
  const { wasm } = tf.backend() as unknown as { wasm: { _malloc(bytes: number): number } };
  const malloc = wasm._malloc;
  let count = 0;
  wasm._malloc = (bytes) => malloc(++count === at ? TOO_MANY : bytes);
  try {
    await run();
  } finally {
    wasm._malloc = malloc;
  }
  return count;
}

const SMALL = { batches: 1, batchSize: 20, seed: 2, workers: 1, batchSizeEval: 40 } as const;

for (
  const [name, work] of [
    ["calibrate", calibrate],
    [
      "prune",
      (common: Omit<Parameters<typeof calibrate>[0], "onForecast">) =>
        prune({ ...common, policy: { kind: "uniform", ratio: 0.5 } }),
    ],
  ] as const
) {
  Deno.test(
    `an allocation that fails at any moment of ${name} is one clear error, and the next run is as ever`,
    withNoise(async (data) => {
      const common = { ...SMALL, model: await noisyNetwork("plain"), data };
      const run = async () => void await work(common);
      const count = await withFault(0, run);
      assert.ok(count > 100, `${count} allocations`);
      for (let at = 1; at <= count; at++) {
        await assert.rejects(withFault(at, run), (error: Error) => {
          assert.equal(error.name, "InputError", `allocation ${at} of ${count}: ${error.stack}`);
          assert.match(error.message, /reserving 4294967295 bytes of WASM memory/);
          return true;
        });
      }
      await run();
    }),
  );
}
