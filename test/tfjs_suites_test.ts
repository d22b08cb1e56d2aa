/**
 * Runs the suites that tfjs-core tests its backends with against the WASM backend, unedited: first as it comes, then with
 * the kernels of this project registered. `stock_failures.json` lists every spec that fails as it comes, why, and its
 * outcome with these kernels; all others must pass both times.
 */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { type KernelBuild, loadKernels } from "../src/kernels/load.ts";
import { registerKernels } from "../src/kernels/register.ts";
import { startBackend } from "../src/kernels/backend.ts";
import FAILURES from "./tfjs_suites/stock_failures.json" with { type: "json" };
import { loadSuites } from "./tfjs_suites/suites.ts";

/** Why a spec fails. */
interface Failure {
  reason: string;
  message: RegExp;
  /** With these kernels; an unpredictable spec is not run at all. */
  outcome: string;
}

/** A suite and a spec of it, as one key. */
const keyOf = (suite: string, spec: string) => `${suite}: ${spec}`;

const listed = new Map<string, Failure>();
for (const { reason, message, outcome, specs } of FAILURES) {
  for (const key of specs) listed.set(key, { reason, message: new RegExp(message), outcome });
}

// The specs provoke warnings by the hundred, and the backend's are bound to the console when it starts.
console.warn = () => {};
console.error = () => {};
await startBackend();
const suites = await loadSuites();

/** Runs a spec that must fail, with the message that is listed. */
async function expectFailure(run: () => Promise<void>, { message, reason }: Failure) {
  await assert.rejects(run, (error) => {
    const text = error instanceof Error ? error.message : String(error);
    assert.match(text, message, `fails, but not because ${reason}`);
    return true;
  });
}

Deno.test("the WASM backend as it comes fails the listed specs and no others", async () => {
  const failed = new Set<string>();
  for (const [suite, runSuite] of suites) {
    await runSuite(async (name, run) => {
      const key = keyOf(suite, name);
      if (listed.get(key)?.outcome === "unpredictable") return;
      try {
        await run();
      } catch (error) {
        failed.add(key);
        const failure = listed.get(key);
        if (failure) await expectFailure(() => Promise.reject(error), failure);
        else throw new Error(key, { cause: error });
      }
    });
  }
  const passed = [...listed].filter(([key]) => !failed.has(key));
  assert.deepEqual(passed.filter(([, { outcome }]) => outcome !== "unpredictable"), []);
});

for (const build of ["relaxed", "plain"] satisfies KernelBuild[]) {
  for (const [suite, runSuite] of suites) {
    Deno.test(`tfjs-core's suite ${suite} with these kernels (${build} build)`, async (test) => {
      await tf.setBackend("wasm");
      registerKernels(await loadKernels({ build }));
      await runSuite(async (name, run) => {
        const failure = listed.get(keyOf(suite, name));
        await test.step({
          name,
          ignore: failure?.outcome === "unpredictable",
          fn: () => failure?.outcome === "fails" ? expectFailure(run, failure) : run(),
        });
      });
    });
  }
}
